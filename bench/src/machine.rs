//! What the figures were measured on.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The machine, the day and the build.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Vector units that matter here.
    pub vectors: Vec<String>,
    /// Hardware threads.
    pub threads: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Operating system and kernel.
    pub system: String,
    /// Jobs that were running when the measurement began (one minute's mean).
    pub load: String,
    /// UTC, as 2026-01-31.
    pub date: String,
    /// Catena's version and commit.
    pub catena: String,
}

impl Machine {
    /// Processor and threads.
    pub fn short(&self) -> String {
        format!("{}, {} threads", self.cpu, self.threads)
    }

    /// This machine, now.
    pub fn here() -> Machine {
        let cpuinfo = read("/proc/cpuinfo");
        let line = |key: &str| {
            let found = cpuinfo.lines().find(|l| l.starts_with(key));
            found
                .and_then(|l| l.split_once(':'))
                .map(|(_, v)| v.trim().to_owned())
                .unwrap_or_default()
        };
        let flags = line("flags");
        let has = |f: &&&str| flags.split(' ').any(|g| g == **f);
        let vectors = ["avx2", "avx512f", "avx512_vnni", "avx_vnni"]
            .iter()
            .filter(has)
            .map(|f| (*f).to_owned());
        let total = read("/proc/meminfo")
            .lines()
            .next()
            .and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
        let version = read("/proc/version");
        let kernel: Vec<&str> = version.split(' ').take(3).collect();
        Machine {
            cpu: line("model name"),
            vectors: vectors.collect(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: total.unwrap_or(0) / 1024,
            system: format!("{} ({})", system_name(), kernel.join(" ")),
            load: read("/proc/loadavg")
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
            date: date(
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |d| d.as_secs()),
            ),
            catena: format!("{}{}", env!("CARGO_PKG_VERSION"), commit()),
        }
    }

    /// One line for tables and plots.
    pub fn line(&self) -> String {
        format!(
            "{} · {} threads · {} MiB · {} · {} · Catena {}",
            self.cpu,
            self.threads,
            self.memory_mib,
            self.vectors.join(" "),
            self.date,
            self.catena
        )
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn system_name() -> String {
    let release = read("/etc/os-release");
    let name = release.lines().find_map(|l| l.strip_prefix("PRETTY_NAME="));
    name.unwrap_or("unknown system")
        .trim_matches('"')
        .to_owned()
}

fn commit() -> String {
    let out = Command::new("git")
        .args([
            "-C",
            env!("CARGO_MANIFEST_DIR"),
            "describe",
            "--always",
            "--dirty",
        ])
        .output();
    match out {
        Ok(out) if out.status.success() => {
            format!(" ({})", String::from_utf8_lossy(&out.stdout).trim())
        }
        _ => String::new(),
    }
}

/// The civil date of a Unix time (Howard Hinnant's algorithm, days from 0000-03-01).
fn date(unix: u64) -> String {
    let days = unix / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    format!(
        "{:04}-{month:02}-{day:02}",
        era * 400 + year + u64::from(month <= 2)
    )
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_795_219_200), "2026-11-21");
    }
}
