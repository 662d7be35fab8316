//! Promise: what an earlier version has written, this one reads.
//!
//! `tests/golden/*.cat` were written once and are never written again; their inputs are made by
//! `common`. With `CATENA_GOLDEN=1` in the environment, the files that are missing are added
//! (`just golden`). Streams and blocks with a model name `sample.catmodel`, a network, or
//! `tables.catmodel`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{self, Sample};
use catena_filter::block::{self, BlockOptions};
use catena_filter::model::{Dims, Starts, sample_network};
use catena_filter::{CompressOptions, DecompressOptions, Layout, Model, compress, decompress};

/// Levels whose streams without a model are kept: 5 and 6 search as 4 does, 8 and 9 behave as 7.
const LEVELS: [u8; 5] = [1, 2, 3, 4, 7];
/// The models that streams of the others name.
const MODEL: &str = "sample.catmodel";
const TABLES: &str = "tables.catmodel";

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

/// Tables of what most samples are made of.
fn sample_tables() -> Model {
    let sample = common::events(1000);
    let found = Model::of_sample(&sample.layout(), common::level(3), &sample.raw, "events", 1);
    found.unwrap().unwrap()
}

/// A model as it was written once.
fn golden_model(name: &str, made: fn() -> Model) -> Arc<Model> {
    let path = folder().join(name);
    if std::env::var_os("CATENA_GOLDEN").is_some() && !path.exists() {
        fs::write(&path, made().write()).unwrap();
    }
    Arc::new(Model::read(&fs::read(&path).unwrap()).unwrap())
}

/// Name, input and options of every golden stream.
fn cases(model: &Arc<Model>, tables: &Arc<Model>) -> Vec<(String, Sample, CompressOptions)> {
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
    let sample = common::corners("<f8");
    let options = common::options(&sample, 4).with_frame_size(sample.raw.len() / 2);
    cases.push(("v2-level4-corners.cat".into(), sample, options));
    for level in [1, 4, 6, 7] {
        let sample = common::listing(80);
        let options = common::options(&sample, level).with_frame_size(sample.raw.len() / 2);
        cases.push((format!("v2-level{level}-listing.cat"), sample, options));
    }
    for (level, sample) in [
        (5, common::events(400)),
        (5, common::waves()),
        (6, common::events(400)),
        (6, common::waves()),
        (6, common::pieces("<f4")),
        (5, common::corners("<f4")),
    ] {
        let name = format!("v2-level{level}-adaptive-{}.cat", sample.name);
        let options = common::options(&sample, level).with_frame_size(sample.raw.len() / 2);
        cases.push((name, sample, options));
    }
    for level in [8, 9] {
        let mut sample = common::records(200);
        sample.raw.truncate(4000);
        let options = common::options(&sample, level)
            .with_frame_size(1500)
            .with_model(Arc::clone(model));
        cases.push((format!("v2-level{level}-model.cat"), sample, options));
    }
    let sample = common::events(300);
    let options = common::options(&sample, 3)
        .with_frame_size(5000)
        .with_model(Arc::clone(tables));
    cases.push(("v2-level3-tables.cat".into(), sample, options));
    cases.append(&mut short_cases(model, tables));
    cases
}

/// The same of short streams.
fn short_cases(model: &Arc<Model>, tables: &Arc<Model>) -> Vec<(String, Sample, CompressOptions)> {
    let mut cases = Vec::new();
    let mut add = |level: u8, mut sample: Sample, len: usize, model: Option<&Arc<Model>>| {
        sample.raw.truncate(len);
        let by = match model {
            Some(_) => "model",
            None if len == 0 => "empty",
            None => sample.name,
        };
        let options = common::options(&sample, level).with_model(model.cloned());
        cases.push((format!("v2-level{level}-short-{by}.cat"), sample, options));
    };
    for level in [1, 3, 7] {
        add(level, common::records(200), 1500, None);
        add(level, common::walk(), 2000, None);
        add(level, common::twins(100), 800, None);
        add(level, common::text(), 400, None);
        add(level, common::noise(), 100, None);
    }
    let mut segments = common::segments();
    segments.raw.drain(..4 * 700);
    add(3, segments, 4 * 1900, None);
    add(3, common::text(), 0, None);
    add(3, common::listing(200), usize::MAX, None);
    add(3, common::events(300), 9000, Some(tables));
    add(9, common::records(200), 1500, Some(model));
    cases
}

/// A block by tables, and by its own.
fn blocks(tables: &Arc<Model>) -> [(String, BlockOptions); 2] {
    let options = |model: Option<&Arc<Model>>| {
        BlockOptions::new()
            .with_level(common::level(3))
            .with_model(model.cloned())
    };
    [
        ("v2-level3.block".into(), options(None)),
        ("v2-level3-tables.block".into(), options(Some(tables))),
    ]
}

#[test]
fn golden_files_are_read() {
    let adding = std::env::var_os("CATENA_GOLDEN").is_some();
    let model = golden_model(MODEL, sample_model);
    let tables = golden_model(TABLES, sample_tables);
    let mut names = BTreeSet::from([MODEL, TABLES].map(String::from));
    for (name, sample, options) in cases(&model, &tables) {
        let path = folder().join(&name);
        if adding && !path.exists() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, compress(&sample.raw, &options).unwrap()).unwrap();
        }
        let packed = fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let options = DecompressOptions::default()
            .with_model(Arc::clone(&model))
            .with_model(Arc::clone(&tables));
        let raw = decompress(&packed, &options).unwrap();
        assert!(raw == sample.raw, "{name}");
        names.insert(name);
    }
    for (name, options) in blocks(&tables) {
        let (path, sample) = (folder().join(&name), common::events(300));
        if adding && !path.exists() {
            fs::write(
                &path,
                block::encode(&sample.raw, &sample.layout(), &options).unwrap(),
            )
            .unwrap();
        }
        let stored = fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let raw = block::decode(&stored, &sample.layout(), &options).unwrap();
        assert!(raw == sample.raw, "{name}");
        names.insert(name);
    }
    let found = fs::read_dir(folder()).unwrap();
    let found = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), names);
}
