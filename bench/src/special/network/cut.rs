//! Which part of a file is trained on and which is held out.

use crate::corpus::Shape;

/// Where a file is cut, in whole units: records, or what lies at one place of the grid's slowest
/// axis.
#[derive(Debug, PartialEq)]
pub struct Cut {
    /// Bytes to train on, from the file's start.
    pub train: usize,
    /// Where the last whole unit ends; what is held out ends there.
    pub end: usize,
    /// The grids of both parts.
    pub shapes: [Vec<u64>; 2],
}

impl Cut {
    /// Of a file of so many bytes.
    pub fn new(shape: &Shape, len: usize) -> Cut {
        let inner: u64 = shape.shape.iter().skip(1).product();
        let unit = (shape.record * inner as usize).max(1);
        let units = len / unit;
        let train = units * 2 / 3;
        let grid = |n: usize| match shape.shape.split_first() {
            Some((_, inner)) => [&[n as u64], inner].concat(),
            None => Vec::new(),
        };
        Cut {
            train: train * unit,
            end: units * unit,
            shapes: [grid(train), grid(units - train)],
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, Result};

    use super::*;
    use crate::corpus::{List, default_list};

    #[test]
    fn files_are_cut_at_whole_records_and_grids_along_their_slowest_axis() -> Result<()> {
        let list = List::read(&default_list())?;
        let cut = |file: &str, len: usize| -> Result<Cut> {
            let entry = list.files.iter().find(|entry| entry.file == file);
            Ok(Cut::new(&entry.context("not listed")?.shape()?, len))
        };
        let jets = cut("ftag_jets_ttbar.bin", 8_400_000)?;
        assert_eq!((jets.train, jets.end), (40_000 * 140, 60_000 * 140));
        assert!(jets.shapes.iter().all(Vec::is_empty));
        let tracks = cut("ftag_tracks_ttbar.bin", 8_040_000)?;
        assert_eq!((tracks.train, tracks.end), (2233 * 2400, 3350 * 2400));
        assert_eq!(tracks.shapes, [vec![2233, 40], vec![1117, 40]]);
        let density = cut("cosmo_pm_density_112.f32", 4 * 112 * 112 * 112)?;
        assert_eq!(density.shapes[1], [38, 112, 112]);
        assert_eq!(density.end - density.train, 4 * 38 * 112 * 112);
        let text = cut("hepmc_ttbar.hepmc", 10)?;
        assert_eq!((text.train, text.end), (6, 10));
        Ok(())
    }
}
