//! How Catena stands beside the smallest peer of each file.

use serde::Serialize;

use super::Results;
use crate::row::{Row, geomean};

/// Which peers are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// Those measured in this run.
    Measured,
    /// Those whose sizes were given.
    Given,
    /// Both.
    All,
}

impl Against {
    /// In this order in tables.
    pub const EACH: [Against; 3] = [Against::All, Against::Measured, Against::Given];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Against::Measured => "peers measured here",
            Against::Given => "peers as given",
            Against::All => "all peers",
        }
    }
}

/// A level beside the smallest peers.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Catena's level.
    pub level: u8,
    /// Which peers.
    pub against: Against,
    /// Files that both sides have.
    pub files: usize,
    /// Geometric mean of Catena's size over the smallest peer's.
    pub geomean: f64,
    /// The largest of these ratios.
    pub worst: f64,
    /// The file it belongs to.
    pub worst_file: String,
}

/// The smallest peer on a file.
pub fn best_peer<'a>(rows: &'a [Row], file: &str, against: Against) -> Option<&'a Row> {
    let wanted = |r: &&Row| {
        r.file == file
            && r.level().is_none()
            && match against {
                Against::Measured => !r.given(),
                Against::Given => r.given(),
                Against::All => true,
            }
    };
    rows.iter().filter(wanted).min_by_key(|r| r.coded)
}

/// Catena's row on a file at a level.
pub fn ours<'a>(rows: &'a [Row], file: &str, level: u8) -> Option<&'a Row> {
    rows.iter()
        .find(|r| r.file == file && r.level() == Some(level))
}

/// The levels that were measured, in order.
pub fn levels(rows: &[Row]) -> Vec<u8> {
    let mut levels: Vec<u8> = rows.iter().filter_map(Row::level).collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// Every level beside every set of peers.
pub fn all(results: &Results) -> Vec<Standing> {
    let levels = levels(results.rows);
    levels
        .iter()
        .flat_map(|l| {
            Against::EACH
                .iter()
                .filter_map(|a| standing(results, *l, *a))
        })
        .collect()
}

/// One level beside one set of peers; nothing if no file has both.
pub fn standing(results: &Results, level: u8, against: Against) -> Option<Standing> {
    let ratios: Vec<(&String, f64)> = results
        .files
        .iter()
        .filter_map(|file| {
            let ours = ours(results.rows, file, level)?;
            let peer = best_peer(results.rows, file, against)?;
            Some((file, ours.coded as f64 / peer.coded as f64))
        })
        .collect();
    let (worst_file, worst) = ratios.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(Standing {
        level,
        against,
        files: ratios.len(),
        geomean: geomean(ratios.iter().map(|(_, r)| *r))?,
        worst: *worst,
        worst_file: (*worst_file).clone(),
    })
}

/// Catena's size over one peer's, the peer in its smallest arrangement on each file: geometric
/// mean, and of how many.
pub fn beside(results: &Results, level: u8, codec: &str, given: bool) -> Option<(f64, usize)> {
    let ratios: Vec<f64> = results
        .files
        .iter()
        .filter_map(|file| {
            let peers = results
                .rows
                .iter()
                .filter(|r| r.file == *file && r.codec == codec && r.given() == given);
            let peer = peers.map(|r| r.coded).min()?;
            Some(ours(results.rows, file, level)?.coded as f64 / peer as f64)
        })
        .collect();
    Some((geomean(ratios.iter().copied())?, ratios.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;

    fn row(file: &str, codec: &str, coded: u64, given: bool) -> Row {
        let cost = crate::row::Cost {
            enc_cpu: 1.0,
            dec_cpu: 1.0,
            enc_wall: 1.0,
            dec_wall: 1.0,
            enc_memory: 0,
            dec_memory: 0,
        };
        Row {
            file: file.into(),
            raw: 1000,
            codec: codec.into(),
            transform: None,
            coded,
            cost: (!given).then_some(cost),
            version: String::new(),
        }
    }

    #[test]
    fn the_smallest_peer_counts_and_sets_of_peers_are_kept_apart() {
        let rows = [
            row("a", "catena-5", 80, false),
            row("b", "catena-5", 50, false),
            row("a", "xz-9e", 100, false),
            row("a", "pco-12", 200, false),
            row("b", "xz-9e", 100, false),
            row("a", "pq", 40, true),
        ];
        let files = ["a".to_owned(), "b".to_owned()];
        let results = Results {
            rows: &rows,
            files: &files,
            machine: &Machine::here(),
            title: String::new(),
            command: String::new(),
            goals: Vec::new(),
            skipped: &[],
            failed: &[],
        };
        let get = |a| {
            standing(&results, 5, a)
                .map(|s| (s.files, (s.geomean * 1e4).round(), s.worst, s.worst_file))
        };
        assert_eq!(get(Against::Measured), Some((2, 6325.0, 0.8, "a".into())));
        assert_eq!(get(Against::Given), Some((1, 20000.0, 2.0, "a".into())));
        assert_eq!(get(Against::All), Some((2, 10000.0, 2.0, "a".into())));
        assert!(standing(&results, 6, Against::All).is_none());
        assert_eq!(beside(&results, 5, "pco-12", false), Some((0.4, 1)));
    }
}
