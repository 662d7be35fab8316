//! The sample files are what their descriptions say.

use crate::common;
use catena::Layout;
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct List {
    sample: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    file: String,
    bytes: usize,
    record: u32,
    sha256: String,
    dtype: String,
}

#[test]
fn lengths_layouts_and_checksums_hold() {
    let list = String::from_utf8(common::sample("layouts.toml")).expect("text");
    let readme = String::from_utf8(common::sample("README.md")).expect("text");
    let list: List = toml::from_str(&list).expect("layouts.toml");
    assert_eq!(list.sample.len(), 3);
    for sample in list.sample {
        let bytes = common::sample(&sample.file);
        assert_eq!(bytes.len(), sample.bytes, "{}", sample.file);
        let layout = Layout::parse(&sample.dtype).expect("dtype");
        assert_eq!(layout.record_size(), sample.record, "{}", sample.file);
        assert!(
            layout.fields().iter().all(|field| !field.name.is_empty()),
            "{}",
            sample.file
        );
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hash, sample.sha256, "{}", sample.file);
        assert!(
            readme.contains(&hash),
            "README.md names another checksum of {}",
            sample.file
        );
    }
}
