//! Promise: what an earlier version has written, this one reads.
//!
//! `tests/golden/*.cat` were written once and are never written again; their inputs are made by
//! `common`. With `CATENA_GOLDEN=1` in the environment, the files that are missing are added
//! (`just golden`). Streams with a model name `sample.catmodel`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{self, Sample};
use catena_filter::model::{Dims, Starts, sample_network};
use catena_filter::{CompressOptions, DecompressOptions, Layout, Model, compress, decompress};

/// Levels whose streams without a model are kept: 5 and 6 search as 4 does, 8 and 9 behave as 7.
const LEVELS: [u8; 5] = [1, 2, 3, 4, 7];
/// The model that streams of the others name.
const MODEL: &str = "sample.catmodel";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A network of random weights, with all parts, as small as can be.
fn sample_model() -> Model {
    let layout = Layout::parse(common::records(1).dtype).unwrap();
    let dims = Dims {
        width: 16,
        heads: 1,
        blocks: 1,
        hidden: 16,
        head_width: 16,
        window: 4,
        slots: 2,
        rate: 4,
        chunk: 16,
    };
    let network = sample_network(&layout, dims, 6);
    Model::new(layout, network, Starts::default(), "random").unwrap()
}

/// The model as it was written once.
fn golden_model() -> Arc<Model> {
    let path = folder().join(MODEL);
    if std::env::var_os("CATENA_GOLDEN").is_some() && !path.exists() {
        fs::write(&path, sample_model().write()).unwrap();
    }
    Arc::new(Model::read(&fs::read(&path).unwrap()).unwrap())
}

/// Name, input and options of every golden file.
fn cases(model: &Arc<Model>) -> Vec<(String, Sample, CompressOptions)> {
    let mut cases = Vec::new();
    for level in LEVELS {
        for mut sample in [
            common::records(200),
            common::grid(),
            common::odd_floats(),
            common::text(),
            common::noise(),
            common::constant(),
        ] {
            sample.raw.truncate(4000);
            let name = format!("v2-level{level}-{}.cat", sample.name);
            let options = common::options(&sample, level).with_frame_size(2000);
            cases.push((name, sample, options));
        }
    }
    let sample = common::segments();
    let options = common::options(&sample, 3).with_frame_size(sample.raw.len());
    cases.push(("v2-level3-segments.cat".into(), sample, options));
    for level in [8, 9] {
        let mut sample = common::records(200);
        sample.raw.truncate(4000);
        let options = common::options(&sample, level)
            .with_frame_size(1500)
            .with_model(Arc::clone(model));
        cases.push((format!("v2-level{level}-model.cat"), sample, options));
    }
    cases
}

#[test]
fn golden_files_are_read() {
    let adding = std::env::var_os("CATENA_GOLDEN").is_some();
    let model = golden_model();
    let mut names = BTreeSet::from([MODEL.to_owned()]);
    for (name, sample, options) in cases(&model) {
        let path = folder().join(&name);
        if adding && !path.exists() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, compress(&sample.raw, &options).unwrap()).unwrap();
        }
        let packed = fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let raw = decompress(
            &packed,
            &DecompressOptions::default().with_model(Arc::clone(&model)),
        )
        .unwrap();
        assert!(raw == sample.raw, "{name}");
        names.insert(name);
    }
    let found = fs::read_dir(folder()).unwrap();
    let found = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), names);
}
