//! The progress bar: bytes, rate, ratio so far, time left. It looks at two counters; the work does
//! not know of it.

use std::time::Duration;

use catena_files::printable;
use indicatif::{
    BinaryBytes, HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState,
    ProgressStyle,
};

use crate::input::Counter;

/// A bar on standard error, or nothing. Gone from the screen when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    read_n: Counter,
}

/// Redraws a second.
const HZ: u8 = 10;

impl Progress {
    /// A bar for `name`, `total` bytes long if that is known. `raw_n` and `coded_n` give the ratio.
    pub fn start(
        name: &str,
        total: Option<u64>,
        read_n: &Counter,
        raw_n: &Counter,
        coded_n: &Counter,
    ) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(HZ);
        let bar = ProgressBar::with_draw_target(total, target);
        let (raw_n, coded_n) = (raw_n.clone(), coded_n.clone());
        let name = printable(name);
        let line = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let ratio = ratio_text(raw_n.get(), coded_n.get());
            // A line that reaches the last column wraps on some terminals.
            let _ = out.write_str(&line(
                &name,
                state.into(),
                &ratio,
                width().saturating_sub(1),
            ));
        };
        let style = ProgressStyle::with_template("{line}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.with_key("line", line));
        bar.enable_steady_tick(Duration::from_millis(1000 / u64::from(HZ)));
        Progress {
            bar,
            read_n: read_n.clone(),
        }
    }

    /// Says that `what` is running, for as long as this lives. Nothing if standard error is no
    /// terminal.
    pub fn spinner(what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(HZ));
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(what.to_string());
        bar.enable_steady_tick(Duration::from_millis(1000 / u64::from(HZ)));
        Progress {
            bar,
            read_n: Counter::default(),
        }
    }

    /// No bar.
    pub fn hidden() -> Self {
        Progress {
            bar: ProgressBar::hidden(),
            read_n: Counter::default(),
        }
    }

    /// Some bytes went by.
    pub fn tick(&self) {
        self.bar.set_position(self.read_n.get());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A bar for work whose length is told when it is known; two counters of its own.
#[cfg(feature = "h5")]
pub struct LateProgress<'a> {
    name: &'a str,
    shown: bool,
    bar: std::cell::RefCell<Progress>,
    raw_n: Counter,
    coded_n: Counter,
}

#[cfg(feature = "h5")]
impl<'a> LateProgress<'a> {
    /// Shown on a terminal alone, if it is wanted.
    pub fn new(name: &'a str, wanted: bool) -> Self {
        LateProgress {
            name,
            shown: wanted && std::io::IsTerminal::is_terminal(&std::io::stderr()),
            bar: std::cell::RefCell::new(Progress::hidden()),
            raw_n: Counter::default(),
            coded_n: Counter::default(),
        }
    }

    /// Begins a bar of so many raw bytes.
    pub fn total(&self, total: u64) {
        if self.shown {
            let (raw, coded) = (&self.raw_n, &self.coded_n);
            *self.bar.borrow_mut() = Progress::start(self.name, Some(total), raw, raw, coded);
        }
    }

    /// So many more raw bytes were done, and became so many.
    pub fn add(&self, raw: u64, coded: u64) {
        self.raw_n.add(usize::try_from(raw).unwrap_or(0));
        self.coded_n.add(usize::try_from(coded).unwrap_or(0));
        self.bar.borrow().tick();
    }
}

/// A bar for work that tells how many bytes it dealt with, from any thread.
#[cfg(any(feature = "root", feature = "tensor"))]
pub struct Watch {
    done: Counter,
    bar: std::sync::Mutex<Progress>,
}

#[cfg(any(feature = "root", feature = "tensor"))]
impl Watch {
    /// Shown on a terminal alone, if it is wanted; a `total` of 0 is not known.
    pub fn new(name: &str, total: u64, wanted: bool) -> Self {
        let done = Counter::default();
        let shown = wanted && std::io::IsTerminal::is_terminal(&std::io::stderr());
        let none = Counter::default();
        let bar = match shown {
            true => Progress::start(name, Some(total).filter(|&n| n > 0), &done, &none, &none),
            false => Progress::hidden(),
        };
        Watch {
            done,
            bar: std::sync::Mutex::new(bar),
        }
    }

    /// So many more bytes were dealt with.
    pub fn see(&self, bytes: u64) {
        self.done.add(usize::try_from(bytes).unwrap_or(0));
        self.bar.lock().unwrap_or_else(|e| e.into_inner()).tick();
    }
}

/// Columns of the terminal.
fn width() -> usize {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(std::io::stderr())
        && size.ws_col > 0
    {
        return size.ws_col.into();
    }
    80
}

/// How far the work is.
#[derive(Clone, Copy, Debug)]
struct Standing {
    done: u64,
    total: Option<u64>,
    per_second: f64,
    elapsed: Duration,
    left: Duration,
}

impl From<&ProgressState> for Standing {
    fn from(state: &ProgressState) -> Self {
        Standing {
            done: state.pos(),
            total: state.len(),
            per_second: state.per_sec(),
            elapsed: state.elapsed(),
            left: state.eta(),
        }
    }
}

/// The most that fits into so many columns.
fn line(name: &str, at: Standing, ratio: &str, columns: usize) -> String {
    let done = HumanBytes(at.done).to_string();
    let speed = format!("{}/s", BinaryBytes(at.per_second as u64));
    let (long, short) = (shortened(name, 28), shortened(name, 14));
    let candidates = match at.total {
        Some(total) => {
            let part = at.done as f64 / total.max(1) as f64;
            let (all, left) = (HumanBytes(total), HumanDuration(at.left));
            let full = ((24.0 * part) as usize).min(24);
            let bar = "#".repeat(full) + &"-".repeat(24 - full);
            let percent = 100.0 * part.min(1.0);
            [
                format!(
                    "{long}  {bar} {done:>11} of {all}  {speed:>12}  ratio {ratio}  {left:#} left"
                ),
                format!("{short}  {done:>11} of {all}  {speed:>12}  ratio {ratio}  {left:#} left"),
                format!("{short}  {done} of {all}  ratio {ratio}  {left:#} left"),
                format!("{short} {percent:.0}% {left:#} left"),
                format!("{percent:.0}%"),
            ]
        }
        None => {
            let elapsed = HumanDuration(at.elapsed);
            [
                format!("{long}  {done:>11}  {speed:>12}  ratio {ratio}  {elapsed:#}"),
                format!("{short}  {done:>11}  {speed:>12}  ratio {ratio}  {elapsed:#}"),
                format!("{short}  {done}  ratio {ratio}  {elapsed:#}"),
                format!("{done}  {elapsed:#}"),
                done,
            ]
        }
    };
    let fits = |line: &String| columns_of(line) <= columns;
    candidates.into_iter().find(fits).unwrap_or_default()
}

/// Columns that a line takes at most: what is not ASCII may take two.
fn columns_of(line: &str) -> usize {
    line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Raw over coded bytes, or a dash while there is nothing to say.
fn ratio_text(raw: u64, coded: u64) -> String {
    if coded == 0 {
        "-".into()
    } else {
        format!("{:.2}", raw as f64 / coded as f64)
    }
}

/// The end of a long name says more than its beginning.
fn shortened(name: &str, most: usize) -> String {
    let n = name.chars().count();
    if n <= most {
        name.to_string()
    } else {
        format!("…{}", name.chars().skip(n - most + 1).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_waits_for_bytes() {
        assert_eq!(ratio_text(10, 0), "-");
        assert_eq!(ratio_text(10, 4), "2.50");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let name = "a/long/way/to/".repeat(9) + "ジェット.bin";
        let at = |total| Standing {
            done: 123_456_789_012,
            total,
            per_second: 98_765_432.1,
            elapsed: Duration::from_secs(98_765),
            left: Duration::from_secs(4321),
        };
        for total in [None, Some(0), Some(999_999_999_999)] {
            let mut before = String::new();
            for columns in 0..200 {
                let line = line(&name, at(total), "12345.67", columns);
                assert!(columns_of(&line) <= columns, "{columns}: {line}");
                assert!(
                    columns_of(&line) >= columns_of(&before),
                    "{columns}: {line}"
                );
                before = line;
            }
            assert!(before.contains("ratio 12345.67"), "{before}");
        }
    }

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(shortened("short", 28), "short");
        let long = shortened(&format!("{}/jets.bin", "x".repeat(80)), 28);
        assert!(
            long.ends_with("/jets.bin") && long.chars().count() == 28,
            "{long}"
        );
    }
}
