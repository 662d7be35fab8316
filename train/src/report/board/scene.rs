//! What the scoreboard shows, as lines of text: nothing here knows of a terminal but its width and
//! whether it has colours.

use std::collections::VecDeque;

use console::style;

use crate::report::baselines::Baseline;
use crate::report::progress::{Outcome, Step, Validation};

/// Steps over which the speed is taken.
const RECENT: usize = 64;
/// Validations in the trend.
const TREND: usize = 24;
/// Room for names, and for a number with its gaps.
const NAME: usize = 16;
const NUMBER: usize = 8;

/// The state of the board.
#[derive(Debug)]
pub struct Scene {
    baselines: Vec<Baseline>,
    validations: Vec<Validation>,
    best: Option<Validation>,
    last: Option<Step>,
    /// Step and seconds of the last steps.
    recent: VecDeque<(u64, f64)>,
}

impl Scene {
    pub fn new(baselines: &[Baseline]) -> Self {
        Scene {
            baselines: baselines.to_vec(),
            validations: Vec::new(),
            best: None,
            last: None,
            recent: VecDeque::new(),
        }
    }

    pub fn step(&mut self, step: &Step) {
        self.last = Some(*step);
        self.recent.push_back((step.step, step.seconds));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    pub fn validation(&mut self, validation: &Validation) {
        if self.validations.len() == TREND {
            self.validations.remove(0);
        }
        self.validations.push(*validation);
        if validation.best {
            self.best = Some(*validation);
        }
    }

    /// The board, no line wider than `width`.
    pub fn lines(&self, width: usize) -> Vec<String> {
        let mut lines = vec![cut(self.head(), width), progress(self.share(), width)];
        lines.push(cut("bits per byte of held-out rows".into(), width));
        lines.extend(self.scores(width));
        lines.push(cut(self.trend(), width));
        lines.push(cut(self.now(), width));
        lines
    }

    /// One line for one validation, for logs.
    pub fn line(&self, v: &Validation) -> String {
        let mut line = format!("step {}", v.step);
        if let Some(s) = &self.last {
            line += &format!(" of {}", s.steps);
        }
        line += &format!(
            ", {}: {:.4} bits per byte alone",
            time(v.seconds),
            v.alone_bpb
        );
        if let Some(mixed) = v.mixed_bpb {
            line += &format!(", {mixed:.4} mixed");
        }
        if let Some(s) = &self.last {
            line += &format!(", {:.4} in training, {}", s.train_bpb, self.speed());
            line += &format!(", {} left", time(s.seconds_left));
        }
        line + if v.best { " (best)" } else { "" }
    }

    /// The marks to beat, for logs.
    pub fn marks(&self) -> String {
        let marks = self
            .baselines
            .iter()
            .map(|b| format!("{} {:.4}", b.name, b.bpb));
        format!(
            "held-out rows, bits per byte: {}",
            marks.collect::<Vec<_>>().join("; ")
        )
    }

    fn head(&self) -> String {
        let Some(s) = &self.last else {
            return "training".into();
        };
        format!(
            "training  step {} of {}  {}  {} done, {} left",
            s.step,
            s.steps,
            self.speed(),
            time(s.seconds),
            time(s.seconds_left)
        )
    }

    /// Of the run's time; of its steps if no time is known.
    fn share(&self) -> f64 {
        let Some(s) = &self.last else { return 0.0 };
        let whole = s.seconds + s.seconds_left;
        if whole > 0.0 && whole.is_finite() {
            s.seconds / whole
        } else {
            s.step as f64 / s.steps.max(1) as f64
        }
    }

    fn speed(&self) -> String {
        match (self.recent.front(), self.recent.back()) {
            (Some(a), Some(b)) if b.0 > a.0 && b.1 > a.1 => {
                let speed = (b.0 - a.0) as f64 / (b.1 - a.1);
                match speed {
                    10.0.. => format!("{speed:.0} steps/s"),
                    1.0.. => format!("{speed:.1} steps/s"),
                    _ => format!("{:.1} s/step", 1.0 / speed),
                }
            }
            _ => "- steps/s".into(),
        }
    }

    /// Baselines and network, the largest first, with a bar as long as each.
    fn scores(&self, width: usize) -> Vec<String> {
        let mut scores: Vec<(&str, f64, bool)> = Vec::new();
        scores.extend(
            self.baselines
                .iter()
                .map(|b| (b.name.as_str(), b.bpb, false)),
        );
        if let Some(v) = self.validations.last() {
            scores.push(("network alone", v.alone_bpb, true));
            scores.extend(v.mixed_bpb.map(|mixed| ("with experts", mixed, true)));
        }
        scores.retain(|s| s.1.is_finite());
        scores.sort_by(|a, b| b.1.total_cmp(&a.1));
        let longest = scores.first().map_or(1.0, |s| s.1).max(1e-9);
        let room = width.saturating_sub(2 + NAME + NUMBER);
        let line = |(name, bpb, ours): (&str, f64, bool)| {
            let mark = if ours { '>' } else { ' ' };
            let line = format!("{mark} {name:<NAME$}{bpb:>6.3}  ");
            let line = cut(line + &bar(bpb / longest * room as f64), width);
            if ours {
                style(line).for_stderr().green().bold().to_string()
            } else {
                line
            }
        };
        scores.into_iter().map(line).collect()
    }

    fn trend(&self) -> String {
        let values = self.validations.iter().map(|v| v.alone_bpb);
        let values: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            return "trend   no validation yet".into();
        };
        let mut text = format!("trend   {}  {first:.3} to {last:.3}", sparkline(&values));
        if let Some(best) = &self.best {
            text += &format!("; best {:.3} at step {}", best.alone_bpb, best.step);
        }
        text
    }

    fn now(&self) -> String {
        let Some(s) = &self.last else {
            return "now     no step yet".into();
        };
        format!(
            "now     {:.3} in training, rate {:.1e}, gradient {:.2}, chunk {}",
            s.train_bpb, s.learning_rate, s.gradient_norm, s.chunk
        )
    }
}

/// The last lines of all: why it ended, and what the best was.
pub fn end(o: &Outcome) -> String {
    let mut line = format!(
        "ended: {}, {} steps in {}",
        o.end.words(),
        o.steps,
        time(o.seconds)
    );
    if let Some(best) = &o.best {
        line += &format!("\nbest: {:.4} bits per byte alone", best.alone_bpb);
        if let Some(mixed) = best.mixed_bpb {
            line += &format!(", {mixed:.4} mixed");
        }
        line += &format!(", at step {}", best.step);
    }
    line
}

/// A bar in eighths of a character.
fn bar(length: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (length * 8.0).round().max(0.0) as usize;
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

/// The share of the run that is done, across the board.
fn progress(share: f64, width: usize) -> String {
    let room = width.saturating_sub(7);
    let done = ((share * room as f64) as usize).min(room);
    let text = format!(
        "[{}{}] {:>3.0}%",
        "#".repeat(done),
        "-".repeat(room - done),
        share * 100.0
    );
    cut(text, width)
}

/// A column for each value, from the smallest to the largest of the last two thirds: a run's steep
/// beginning would flatten all that follows.
fn sparkline(values: &[f64]) -> String {
    const COLUMNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let late = values[values.len() / 3..].iter();
    let high = late.copied().fold(f64::NEG_INFINITY, f64::max);
    let span = (high - low).max(1e-12);
    let column = |v: &f64| COLUMNS[(((v - low) / span * 7.0).round() as usize).min(7)];
    values.iter().map(column).collect()
}

/// `42s`, `6m 12s`, `3h 05m`; a dash if unknown.
fn time(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "-".into();
    }
    let s = seconds.round() as u64;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m {:02}s", s / 60, s % 60),
        _ => format!("{}h {:02}m", s / 3600, s / 60 % 60),
    }
}

fn cut(line: String, width: usize) -> String {
    match line.char_indices().nth(width) {
        Some((at, _)) => line[..at].to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::End;

    fn scene() -> Scene {
        let marks = [
            ("xz -9e", 3.54),
            ("zstd -19", 3.83),
            ("pco, columns", 3.1),
            ("experts alone", 2.744),
        ];
        let marks = marks.map(|(name, bpb)| Baseline {
            name: name.into(),
            bpb,
        });
        let mut scene = Scene::new(&marks);
        for i in 1..=40u64 {
            scene.step(&Step {
                step: i * 1_000_000,
                steps: 100_000_000,
                seconds: i as f64 * 20_000.0,
                seconds_left: 1_200_000.0,
                train_bpb: 2.95,
                learning_rate: 1.25e-3,
                gradient_norm: 1234.5,
                chunk: 4096,
            });
            scene.validation(&Validation {
                step: i * 1_000_000,
                seconds: i as f64 * 20_000.0,
                alone_bpb: 2.9 + 3.0 / i as f64,
                mixed_bpb: Some(2.6 + 1.0 / i as f64),
                best: true,
            });
        }
        scene
    }

    #[test]
    fn no_line_is_too_wide() {
        for scene in [scene(), Scene::new(&[])] {
            for width in [79, 40, 10, 1, 0] {
                for line in scene.lines(width) {
                    assert!(
                        console::measure_text_width(&line) <= width,
                        "{width}: {line}"
                    );
                }
            }
        }
    }

    #[test]
    fn scores_are_sorted() {
        let text = scene().lines(79).join("\n");
        let at = |name: &str| text.find(name).unwrap_or(usize::MAX);
        let order = [
            "zstd",
            "xz",
            "pco",
            "network alone",
            "experts alone",
            "with experts",
        ]
        .map(at);
        assert!(order.is_sorted(), "{text}");
        assert!(
            text.contains("2.975") && text.contains("2.625") && text.contains("50 steps/s"),
            "{text}"
        );
    }

    #[test]
    fn lines_for_logs() {
        let scene = scene();
        let v = scene.validations[TREND - 1];
        let line = scene.line(&v);
        let wanted =
            "step 40000000 of 100000000, 222h 13m: 2.9750 bits per byte alone, 2.6250 mixed";
        assert!(
            line.starts_with(wanted) && line.ends_with("(best)"),
            "{line}"
        );
        assert!(
            scene
                .marks()
                .contains("pco, columns 3.1000; experts alone 2.7440")
        );
        let outcome = Outcome {
            steps: 7,
            seconds: 61.0,
            best: Some(v),
            end: End::TimeUp,
        };
        let wanted = "ended: time is up, 7 steps in 1m 01s\n\
            best: 2.9750 bits per byte alone, 2.6250 mixed, at step 40000000";
        assert_eq!(end(&outcome), wanted);
    }

    #[test]
    fn pieces() {
        assert_eq!(sparkline(&[9.0, 3.0, 2.0, 1.0]), "██▅▁");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[1.0, 1.0]), "▁▁");
        assert_eq!((bar(2.5), bar(f64::NAN)), ("██▌".into(), String::new()));
        assert_eq!(
            [0.4, 61.0, 7500.0, f64::NAN].map(time),
            ["0s", "1m 01s", "2h 05m", "-"]
        );
        assert_eq!(progress(0.5, 17), "[#####-----]  50%");
    }
}
