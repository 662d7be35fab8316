//! How often detection finds the layout of files whose layout is known.
//!
//! `cargo run --release --example detect -- FOLDER-OR-FILE...` prints, for each file and for
//! several lengths of the sample, the layout found and the time taken; for files of the development
//! corpus also whether it is the true one. Without arguments the folder is taken from the
//! environment variable `CATENA_CORPUS`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use catena_filter::layout::{Kind, Layout, detect};

/// Lengths of the sample: the first frame of a stream, and starts as short as a chunk of an HDF5
/// file.
const SAMPLES: [usize; 3] = [1 << 20, 64 << 10, 16 << 10];

/// Files of the development corpus and their layouts; integers may be found with either sign, and
/// the first axis of a grid is 0 because a sample cannot show it.
const TRUTH: [(&str, &str); 31] = [
    ("alice_hyp3_rec.bin", "37<f4"),
    ("atlas_physlite_cols.f32", "<f4"),
    ("cfd_plot3d_postq.bin", ">f4 [0,76,38]"),
    ("climate_a1b_airtemp_240x37x49.f32", "<f4 [0,37,49]"),
    ("cms_hzz_padded.bin", "38<f4"),
    ("cms_like_nanoaod_ttbar_padded43.bin", "43<f4"),
    ("cms_nanoaod_dy_cols.f32", "<f4"),
    ("cms_opendata_zee2011_rec.bin", "20<f4"),
    ("cosmo_pm_density_112.f32", "<f4 [0,112,112]"),
    ("fcc_edm4hep_winter2023_cols.f32", "<f4"),
    (
        "ftag_jets_ttbar.bin",
        "<u8,3<f4,<i4,11<f4,3<i4,2<f4,<i4,<f4,2<i4,4<f4,<i4,4<f4",
    ),
    ("ftag_tracks_ttbar.bin", "12<f4,9u1,2i1,u1 [0,40]"),
    ("legend_l200_cal_dsp_cols.f32", "<f4 [0,38343]"),
    ("legend_l200_cal_dsp_cols.f64", "<f8 [0,38343]"),
    ("ligo_H1_strain.f64", "<f8"),
    ("metoffice_uk_hires.pp", ">f4 [0,187]"),
    ("nn_resemblyzer_adam_state.f32", "<f4"),
    ("nn_resemblyzer_weights.f32", "<f4"),
    ("nn_silero_vad_16k.safetensors", "<f4"),
    ("silesia_mr.bin", "<u2 [0,512,512]"),
    ("sst_ostia_54x18x432.f32", "<f4 [0,18,432]"),
    ("turb_vorticity_41x128x128.f32", "<f4 [0,128,128]"),
    ("text_dickens_5M.txt", "u1"),
    ("hepmc_ttbar.hepmc", "u1"),
    ("image_small_1.bin", "u1"),
    ("image_small_2.bin", "u1"),
    ("image_small_3.bin", "u1"),
    ("text_medium_corpus.txt", "u1"),
    ("text_medium_sample_1.txt", "u1"),
    ("text_medium_sample_2.txt", "u1"),
    ("text_medium_sample_3.txt", "u1"),
];

fn main() -> std::io::Result<()> {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    paths.extend(
        std::env::var_os("CATENA_CORPUS")
            .filter(|_| paths.is_empty())
            .map(PathBuf::from),
    );
    let mut files = Vec::new();
    for path in paths {
        list(&path, &mut files)?;
    }
    files.sort();
    for sample_len in SAMPLES {
        println!("samples of {sample_len} bytes");
        let (mut columns_n, mut grid_n, mut known_n) = (0, 0, 0);
        for path in &files {
            let data = std::fs::read(path)?;
            let sample = &data[..data.len().min(sample_len)];
            let (found, milliseconds) = timed(sample);
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let truth = TRUTH
                .iter()
                .find(|(file, _)| *file == name)
                .and_then(|(_, dtype)| Layout::parse(dtype).ok());
            let verdict = match &truth {
                Some(truth) => {
                    let columns = same_columns(&found, truth);
                    let grid = columns && found.shape() == truth.shape();
                    (known_n, columns_n, grid_n) = (
                        known_n + 1,
                        columns_n + i32::from(columns),
                        grid_n + i32::from(grid),
                    );
                    match (columns, grid) {
                        (true, true) => "yes",
                        (true, false) => "columns",
                        (false, _) => "NO",
                    }
                }
                None => "",
            };
            println!("  {milliseconds:5.2} ms  {verdict:8} {name:40} {found}");
        }
        println!("  of {known_n} known: columns right {columns_n}, grid right too {grid_n}");
    }
    Ok(())
}

/// The files of a folder and those below it, or the file itself.
fn list(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            list(&entry?.path(), files)?;
        }
    } else {
        files.push(path.to_path_buf());
    }
    Ok(())
}

/// The layout found, and the shortest of five times in milliseconds.
fn timed(sample: &[u8]) -> (Layout, f64) {
    let seconds = (0..5).map(|_| {
        let start = Instant::now();
        std::hint::black_box(detect(std::hint::black_box(sample)));
        start.elapsed().as_secs_f64()
    });
    let shortest = seconds.fold(f64::MAX, f64::min);
    (detect(sample), shortest * 1e3)
}

/// Same places, widths and orders; floats where floats are.
fn same_columns(a: &Layout, b: &Layout) -> bool {
    let said = |layout: &Layout| -> Vec<_> {
        let columns = layout.columns().columns.into_iter();
        columns
            .map(|c| (c.offset, c.width, c.order, c.kind == Kind::Float))
            .collect()
    };
    said(a) == said(b)
}
