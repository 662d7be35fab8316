//! Mutations of the fuzz targets' seeds and of the golden files.

use std::fs;
use std::path::{Path, PathBuf};

use super::Noise;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// All files of a folder, by name.
fn files(folder: &Path, suffix: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(suffix))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

pub fn golden() -> Vec<(String, Vec<u8>)> {
    files(&Path::new(HERE).join("tests/golden"), ".cat")
}

pub fn seed_folder(target: &str) -> PathBuf {
    Path::new(HERE).join("../fuzz/seeds").join(target)
}

pub fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    files(&seed_folder(target), "")
}

fn mutate(noise: &mut Noise, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + noise.next() % 3 {
        let at = (noise.next() >> 8) as usize % bytes.len();
        match noise.next() >> 20 & 7 {
            0 | 1 => bytes[at] = (noise.next() >> 30) as u8,
            2 | 3 => bytes[at] ^= 1 << (noise.next() >> 40 & 7),
            4 => {
                let end = bytes.len().min(at + 4);
                bytes[at..end].fill([0, 0xFF, 0x7F][(noise.next() >> 33) as usize % 3]);
            }
            5 => {
                let end = bytes.len().min(at + 30);
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            6 => {
                let end = bytes.len().min(at + 1 + (noise.next() >> 50) as usize % 20);
                bytes.drain(at..end);
            }
            _ => bytes.truncate(at),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// Calls the function with this many mutations of each seed.
pub fn with_mutations<T>(seeds: Vec<(String, Vec<u8>)>, n: usize, body: impl Fn(&[u8]) -> T) {
    let mut noise = Noise::new(4711);
    for (_, seed) in seeds {
        for _ in 0..n {
            body(&mutate(&mut noise, &seed));
        }
    }
}
