//! The training curve at the end of a run: bits per byte over time, among the baselines, as SVG.

mod draw;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use catena_files::{Attributes, Inputs, Unfinished, shown};

use super::baselines::Baseline;
use super::progress::{Outcome, Step, Validation, Watch};

/// Gathers a run and draws it when it ends.
#[derive(Debug)]
pub struct Curve {
    stem: PathBuf,
    title: String,
    baselines: Vec<Baseline>,
    /// Seconds and bits per byte of every step.
    train: Vec<(f64, f64)>,
    validations: Vec<Validation>,
}

impl Curve {
    /// A curve that will be written to `stem` with the ending `.svg`.
    pub fn new(stem: &Path, title: &str, baselines: &[Baseline]) -> Self {
        Curve {
            stem: stem.to_owned(),
            title: title.to_owned(),
            baselines: baselines.to_vec(),
            train: Vec::new(),
            validations: Vec::new(),
        }
    }

    /// The drawing of what was gathered so far; nothing if that is nothing.
    pub fn svg(&self) -> Option<String> {
        draw::draw(self)
    }

    /// Writes the drawing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self) -> Result<()> {
        let Some(svg) = self.svg() else { return Ok(()) };
        let mut path = self.stem.clone().into_os_string();
        path.push(".svg");
        let path = PathBuf::from(path);
        let drawn = Unfinished::create(&path, true, &Inputs::default()).and_then(|mut file| {
            file.file().write_all(svg.as_bytes())?;
            file.commit(&Attributes::default())
        });
        drawn.with_context(|| format!("writing {}", shown(&path)))
    }
}

impl Watch for Curve {
    fn step(&mut self, s: &Step) {
        self.train.push((s.seconds, s.train_bpb));
    }

    fn validation(&mut self, v: &Validation) {
        self.validations.push(*v);
    }

    fn ended(&mut self, _: &Outcome) {
        if let Err(why) = self.write() {
            eprintln!("the training curve could not be drawn: {why:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::End;

    /// A run as runs go: fast at first, with noise.
    pub fn run(step_n: u64, curve: &mut Curve) {
        for step in 1..=step_n {
            let seconds = step as f64 * 0.7;
            let falling =
                |end: f64| end + 5.0 * (-(step as f64) / 60.0).exp() + 60.0 / (step as f64 + 90.0);
            curve.step(&Step {
                step,
                steps: step_n,
                seconds,
                seconds_left: 0.0,
                train_bpb: falling(2.7) + 0.1 * f64::from((step * 7919 % 100) as u32) / 100.0,
                learning_rate: 1e-3,
                gradient_norm: 1.0,
                chunk: 64,
            });
            if step % 40 == 0 {
                curve.validation(&Validation {
                    step,
                    seconds,
                    alone_bpb: falling(2.78),
                    mixed_bpb: (step % 80 == 0).then(|| 2.6 + 20.0 / (step as f64 + 90.0)),
                    best: true,
                });
            }
        }
    }

    fn marks() -> [Baseline; 4] {
        let marks = [
            ("xz -9e", 3.54),
            ("zstd -19", 3.83),
            ("pco, columns", 3.1),
            ("experts alone", 2.744),
        ];
        marks.map(|(name, bpb)| Baseline {
            name: name.into(),
            bpb,
        })
    }

    #[test]
    fn the_file_is_written() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let stem = folder.path().join("jets.model");
        let mut curve = Curve::new(&stem, "jets <f4 & more", &marks());
        run(1200, &mut curve);
        curve.ended(&Outcome {
            steps: 1200,
            seconds: 840.0,
            best: None,
            end: End::Finished,
        });
        let svg = std::fs::read_to_string(folder.path().join("jets.model.svg"))?;
        for name in [
            "xz -9e",
            "experts alone",
            "network alone",
            "with experts",
            "jets &lt;f4 &amp; more",
        ] {
            assert!(svg.contains(name), "{name}");
        }
        assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"));
        Ok(())
    }

    #[test]
    fn runs_with_little_to_show() {
        let stem = Path::new("nowhere");
        assert!(Curve::new(stem, "", &marks()).svg().is_none());
        for (step_n, marks) in [(1, &marks()[..]), (1, &[]), (50, &[])] {
            let mut curve = Curve::new(stem, "", marks);
            run(step_n, &mut curve);
            let svg = curve.svg().unwrap_or_default();
            assert!(svg.contains("</svg>") && !svg.contains("NaN") && !svg.contains("inf"));
        }
        let mut curve = Curve::new(stem, "", &[]);
        run(3, &mut curve);
        curve.train.iter_mut().for_each(|t| t.1 = f64::NAN);
        assert!(curve.svg().is_none(), "nothing finite");
    }
}
