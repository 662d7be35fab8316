//! Damaged files give errors or values; never a panic, never memory that the file did not pay for.

use std::io::Cursor;
use std::path::PathBuf;

use catena_root::{File, OpenOptions, Result};

/// Bytes that one object may take here. The files are small, and so is all that is in them.
const LIMIT: u64 = 1 << 20;

fn data(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(folder.join(name)).unwrap()
}

/// Reads all that there is; how many branches were read, and how many were not.
fn read_all(bytes: &[u8]) -> Result<(usize, usize)> {
    let options = OpenOptions::default().with_memory_limit(LIMIT);
    let file = File::with_options(Cursor::new(bytes.to_vec()), &options)?;
    let (mut read, mut failed) = (0, file.damage().len());
    for key in file.trees() {
        let Ok(tree) = file.open_tree(&key) else {
            failed += 1;
            continue;
        };
        // A damaged count of entries may be anything: a look at the first ones must do.
        let entries = 0..tree.entries().min(1000);
        let mut held = 0;
        for number in 0..tree.branches().len() {
            let Ok(batches) = tree.read(&[number], entries.clone()) else {
                failed += 1;
                continue;
            };
            for batch in batches {
                match batch {
                    Ok(batch) => {
                        held += batch.columns.iter().map(|c| c.bytes()).sum::<usize>();
                        read += 1;
                    }
                    Err(e) => {
                        assert!(e.tree().is_some() && e.branch().is_some(), "{e}");
                        failed += 1;
                    }
                }
            }
        }
        assert!(
            held < 64 << 20,
            "{held} bytes from a file of {}",
            bytes.len()
        );
    }
    Ok((read, failed))
}

fn whole(bytes: &[u8]) -> usize {
    let (read, failed) = read_all(bytes).unwrap();
    assert_eq!(failed, 0);
    read
}

#[test]
fn truncated_at_every_length() {
    for name in ["tree_zlib.root", "ntuple_zstd.root"] {
        let bytes = data(name);
        let all = whole(&bytes);
        for len in 0..bytes.len() {
            if let Ok((read, failed)) = read_all(&bytes[..len]) {
                // The last bytes of a file are its list of free space.
                assert!(failed > 0 || read == all, "{name} cut at {len}");
            }
        }
    }
}

#[test]
fn a_byte_flipped_at_every_position() {
    for name in [
        "tree_none.root",
        "tree_zstd.root",
        "ntuple_none.root",
        "ntuple_zstd.root",
    ] {
        let mut bytes = data(name);
        for (i, flip) in (0..bytes.len()).zip([0xFF, 0x01, 0x80, 0x40].into_iter().cycle()) {
            bytes[i] ^= flip;
            let _ = read_all(&bytes);
            bytes[i] ^= flip;
        }
    }
}

#[test]
fn words_of_all_ones_and_of_zeros() {
    for name in ["tree_lz4.root", "ntuple_none.root"] {
        let bytes = data(name);
        for i in (0..bytes.len() - 4).step_by(7) {
            for word in [[0xFF; 4], [0; 4], [0x7F, 0xFF, 0xFF, 0xFF]] {
                let mut bytes = bytes.clone();
                bytes[i..i + 4].copy_from_slice(&word);
                let _ = read_all(&bytes);
            }
        }
    }
}

#[test]
fn an_ntuple_notices_every_flip_in_its_pages() {
    let bytes = data("ntuple_zstd.root");
    let all = whole(&bytes);
    // Header, footer, pages and anchor have checksums; what is between them belongs to ROOT's
    // container.
    let silent = (0..bytes.len()).filter(|&i| {
        let mut bytes = bytes.clone();
        bytes[i] ^= 0x10;
        matches!(read_all(&bytes), Ok((read, 0)) if read == all)
    });
    assert!(silent.count() < bytes.len() / 2);
}

/// A key in the bytes of a file.
struct Found {
    start: usize,
    /// Positions take 8 bytes instead of 4.
    large: bool,
    key_len: usize,
}

impl Found {
    /// Where the data begin, if this key stands before them.
    fn data(&self) -> usize {
        self.start + self.key_len
    }

    /// Lets the key say that its object lies elsewhere.
    fn move_to(&self, bytes: &mut [u8], position: u64) {
        let at = self.start + 18;
        if self.large {
            bytes[at..at + 8].copy_from_slice(&position.to_be_bytes());
        } else {
            bytes[at..at + 4].copy_from_slice(&(position as u32).to_be_bytes());
        }
    }
}

/// All keys with this class and name.
fn find(bytes: &[u8], class: &str, name: &str) -> Vec<Found> {
    let text = [
        &[class.len() as u8],
        class.as_bytes(),
        &[name.len() as u8],
        name.as_bytes(),
    ]
    .concat();
    let starts = (0..bytes.len()).filter(|&i| bytes[i..].starts_with(&text));
    let u16_at = |i: usize| u16::from_be_bytes([bytes[i], bytes[i + 1]]);
    starts
        .map(|i| {
            // Length, version, object length, date, key length, cycle, and two positions stand
            // before.
            let large = u16_at(i - 26 + 4) != 4;
            let start = i - if large { 34 } else { 26 };
            let key_len = u16_at(start + 14).into();
            Found {
                start,
                large,
                key_len,
            }
        })
        .collect()
}

#[test]
fn a_directory_inside_itself_is_an_error_and_other_trees_are_read() {
    let mut bytes = data("tree_zlib.root");
    let keys = find(&bytes, "TDirectory", "inner");
    let begin = u32::from_be_bytes(bytes[8..12].try_into().unwrap());
    let name_bytes = u32::from_be_bytes(bytes[28..32].try_into().unwrap());
    assert!(!keys.is_empty());
    for key in keys {
        let root = u64::from(begin + name_bytes) - key.key_len as u64;
        key.move_to(&mut bytes, root);
    }
    let file = File::from_reader(Cursor::new(bytes)).unwrap();
    assert_eq!(file.trees().len(), 1);
    let [damage] = file.damage() else {
        panic!("{:?}", file.damage());
    };
    assert!(
        damage
            .to_string()
            .contains("inner: damaged: a directory inside itself"),
        "{damage}"
    );
    assert_eq!(
        file.tree("events").unwrap().column("event").unwrap().len(),
        34
    );
}

#[test]
fn a_key_that_points_outside_is_an_error_with_the_trees_name() {
    let mut bytes = data("tree_zlib.root");
    let beyond = bytes.len() as u64 + 5;
    for key in find(&bytes, "TTree", "events") {
        key.move_to(&mut bytes, beyond);
    }
    let file = File::from_reader(Cursor::new(bytes)).unwrap();
    let error = file.tree("events").err().unwrap();
    assert!(
        error.to_string().starts_with("tree events: damaged"),
        "{error}"
    );
    assert_eq!(error.offset(), Some(beyond));
}

#[test]
fn a_damaged_basket_is_named_and_others_are_read() {
    let mut bytes = data("tree_zstd.root");
    // The first basket of `run`: its key names the branch. The first byte behind it is the codec's
    // name.
    let basket = find(&bytes, "TBasket", "run").remove(0).data();
    bytes[basket] ^= 0xFF;
    let file = File::from_reader(Cursor::new(bytes)).unwrap();
    let tree = file.tree("events").unwrap();
    let error = tree.column("run").unwrap_err();
    let place = (error.tree(), error.branch(), error.basket());
    assert_eq!(place, (Some("events"), Some("run"), Some(0)));
    let text = error.to_string();
    assert!(
        text.starts_with("tree events: branch run: basket 0: damaged: "),
        "{text}"
    );
    assert!(tree.column("event").is_ok());
}

#[test]
fn without_streamer_info_plain_branches_are_read() {
    let mut bytes = data("tree_zlib.root");
    // Its position in the file's header.
    bytes[37..41].copy_from_slice(&[0; 4]);
    assert_eq!(whole(&bytes), 11);
}

#[test]
fn no_root_file() {
    for bytes in [&b""[..], b"root", b"CATENA and more", &[0; 4096]] {
        assert!(File::from_reader(Cursor::new(bytes.to_vec())).is_err());
    }
}
