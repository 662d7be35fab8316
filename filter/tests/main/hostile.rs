//! Promise: no stream makes the decoder take more memory than its limit, and what is refused says
//! why.
//!
//! Each crafted file is decoded by a process of its own (this test's, once more), whose peak of
//! resident memory is held to that of a harmless file, plus the limit, plus [`BESIDE`]. A table is
//! printed with `--nocapture`. Peaks are read from /proc: elsewhere only the errors are looked at.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::common;
use crate::common::forge::{
    FIELDS, STORED, ZSTD, end, frame_header, sealed, stream_header, varint,
};
use crate::common::models;
use catena_filter::io::read;
use catena_filter::{
    Archive, CompressOptions, DecompressOptions, ErrorKind, Layout, Remains, compress, decompress,
};

const MIB: u64 = 1 << 20;
/// What the process takes beside the limit, at most: what differs from the harmless file in the
/// allocator's and the threads' own pages.
const BESIDE: u64 = MIB;

/// Most raw bytes of a frame under a limit, for streams like this one.
fn largest_frame(limit: u64, header: impl Fn(u64) -> Vec<u8>) -> u64 {
    let options = DecompressOptions::default()
        .with_threads(2)
        .with_memory_limit(limit);
    let admitted = |size: u64| {
        let error = decompress(&header(size), &options).expect_err("a header alone");
        matches!(error.kind(), ErrorKind::Truncated)
    };
    let (mut low, mut high) = (1, 1 << 28);
    while high - low > 1 + low / 64 {
        let middle = low + (high - low) / 2;
        if admitted(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// A header of any level.
fn header(level: u8, chains: u64, frame_size: u64, dtype: &str, shape: &[u64]) -> Vec<u8> {
    let mut bytes = stream_header(chains, 16, frame_size, dtype.as_bytes(), shape);
    let lens = (6..10).find(|&i| bytes[i] < 0x80).unwrap_or(6);
    bytes[lens + 1] = level;
    sealed(bytes[..bytes.len() - 4].to_vec())
}

/// A frame with this payload, which claims `raw_len` bytes.
fn frame(tag: u8, raw_len: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = frame_header(tag, raw_len, payload.len() as u64, payload);
    bytes.extend_from_slice(payload);
    bytes
}

/// One zstd frame of so many zeros, in blocks of one repeated byte, that asks for this window.
fn zeros(raw_len: u64, window_log: u8) -> Vec<u8> {
    let mut out = vec![0x28, 0xB5, 0x2F, 0xFD, 0, (window_log - 10) << 3];
    let mut left = raw_len;
    while left > 0 {
        let len = left.min(128 << 10);
        left -= len;
        let block = u32::from(left == 0) | 1 << 1 | (len as u32) << 3;
        out.extend_from_slice(&block.to_le_bytes()[..3]);
        out.push(0);
    }
    out
}

/// Three frames as large as may be, of what compresses best or of noise, at this level: the
/// estimate of what decoding takes must hold.
fn honest(limit: u64, level: u8, chains: u32, dtype: &str, noisy: bool) -> Vec<u8> {
    let layout = Layout::parse(dtype).unwrap();
    let size = largest_frame(limit, |size| {
        header(level, chains.into(), size, &layout.dtype(), layout.shape())
    });
    let mut noise = common::Noise::new(1);
    let frames = u64::from(chains) * 3;
    let raw: Vec<u8> = (0..size * frames / 8)
        .flat_map(|i| if noisy { noise.next() } else { i * 3 }.to_le_bytes())
        .collect();
    let options = CompressOptions::default()
        .with_level(common::level(level))
        .with_layout(layout)
        .with_chains(chains)
        .with_frame_size(size as usize);
    compress(&raw, &options).unwrap()
}

/// Frames of 16 KiB, of which a few MiB are learned: what a chain remembers grows beyond the limit,
/// if that is small.
fn learning(limit: u64) -> Vec<u8> {
    let raw: Vec<u8> = (0..limit as u32 / 16).map(|i| (i / 1000) as u8).collect();
    let options = CompressOptions::default()
        .with_level(common::level(7))
        .with_layout(Layout::bytes())
        .with_frame_size(1 << 14);
    compress(&raw, &options).unwrap()
}

/// Files whose headers ask for much, or whose frames hold more than they seem to.
fn streams(limit: u64) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| files.push((name.to_owned(), bytes));
    let columns = vec!["<f4"; 250].join(",");
    add("frames of 256 MiB", header(1, 1, 1 << 28, "u1", &[]));
    add("a million chains", header(5, 1 << 20, 1000, "<f4", &[]));
    add(
        "256 chains of 250 columns",
        header(6, 256, 100_000, &columns, &[]),
    );
    add(
        "4,294,967,295 elements a record",
        header(3, 1, 1000, "4294967295<f8", &[]),
    );
    add("records of 16 MiB", header(3, 1, 1 << 24, "V16777216", &[]));
    add("4,096 fields with the longest names", {
        let name = "n".repeat(250);
        let fields: Vec<String> = (0..4096).map(|i| format!("{name}{i:04}:u1")).collect();
        header(1, 1, 5000, &fields.join(","), &[])
    });
    add(
        "two million commas for a layout",
        header(1, 1, 1000, &",".repeat(2_000_000), &[]),
    );
    add(
        "a grid beyond all bounds",
        header(3, 1, 1000, "<f4", &[1 << 40, 1 << 40]),
    );
    add("32 axes", header(3, 1, 1000, "u1", &[2; 31]));

    let largest = largest_frame(limit, |size| header(1, 1, size, "u1", &[]));
    let plain = header(1, 1, largest, "u1", &[]);
    let bomb = |window| frame(ZSTD, largest, &zeros(largest, window));
    add(
        "zeros in zstd, 300 frames",
        [plain.clone(), bomb(20).repeat(300)].concat(),
    );
    add(
        "zstd with a window of 2 GiB",
        [plain.clone(), bomb(31)].concat(),
    );
    add("zstd of twice what is said", {
        let payload = zeros(2 * largest, 20);
        [plain.clone(), frame(ZSTD, largest, &payload)].concat()
    });
    add(
        "zstd of next to nothing",
        [plain.clone(), frame(ZSTD, largest, &[0x28; 12])].concat(),
    );
    add("a frame cut after its header", {
        [plain.clone(), frame_header(STORED, largest, largest, &[])].concat()
    });
    add("a million units in a run", {
        let mut payload = Vec::new();
        varint(&mut payload, 8 * ((1 << 60) - 1));
        payload.extend_from_slice(&[0; 40]);
        [
            header(1, 1, 100_000, &columns, &[]),
            frame(FIELDS, 100_000, &payload),
        ]
        .concat()
    });
    add("slabs without end", {
        let head = header(1, 1, largest, "u1", &[0, 1 << 15]);
        let mut payload = vec![1];
        varint(&mut payload, 8 * ((1 << 40) - 1) + 4);
        payload.extend_from_slice(&[0xFF; 60]);
        [head, frame(FIELDS, largest, &payload)].concat()
    });
    for (level, dtype) in [
        (1, "<u4"),
        (2, "<u8"),
        (7, "u1"),
        (4, "<f4"),
        (3, "<u2"),
        (7, "<f8"),
    ] {
        let name = format!("largest frames of level {level}, a series");
        add(&name, honest(limit, level, 1, dtype, false));
    }
    add(
        "largest frames of level 7, noise",
        honest(limit, 7, 1, "<f4", true),
    );
    add(
        "largest frames of level 3, chains",
        honest(limit, 3, 3, "<u2,<u4,u1,u1", true),
    );

    // An archive holds the frame that was read last, and gives a copy of it.
    for (level, dtype) in [(1, "<u4"), (2, "<u8"), (7, "<f4")] {
        let name = format!("large frames of level {level}, noise");
        add(&name, honest(limit / 4 * 3, level, 1, dtype, true));
    }

    add("small frames that are learned and learned", learning(limit));
    add("an index of 16 MiB for one frame", {
        let stored = frame(STORED, 4, b"data");
        let body = [plain.clone(), stored].concat();
        let entries = vec![(STORED, 1, 1); 5_500_000];
        let index = end(5_500_000, 5_500_000, body.len() as u64, &entries);
        [body, index].concat()
    });
    add("150,000 frames of a byte", {
        let frames = frame(STORED, 1, b"x").repeat(150_000);
        let len = (plain.len() + frames.len()) as u64;
        let index = end(150_000, 150_000, len, &vec![(STORED, 1, 1); 150_000]);
        [plain.clone(), frames, index].concat()
    });
    add("1,000 streams of 4,096 fields", {
        let head = header(1, 1, 5000, &vec!["u1"; 4096].join(","), &[]);
        let tail = end(0, 0, head.len() as u64, &[]);
        [head, tail].concat().repeat(1000)
    });
    files.extend(with_models());
    files
}

/// Streams that carry models.
fn with_models() -> Vec<(String, Vec<u8>)> {
    let layout = Layout::parse("<u2,u1").unwrap();
    let model = Arc::new(models::model(&layout, 3));
    let options = CompressOptions::default()
        .with_level(common::level(9))
        .with_model(Arc::clone(&model))
        .with_embed_model(true);
    let good = compress(&[7; 300], &options).unwrap();
    let file = model.file();
    let at = good.windows(file.len()).position(|w| w == file).unwrap();
    // The header up to the length of the model, and the same with another one.
    let with = |len: u64, bytes: Vec<u8>| {
        let end = at - 4;
        let len_at = end - if file.len() < 1 << 14 { 2 } else { 3 };
        let mut head = good[..len_at].to_vec();
        varint(&mut head, len);
        head[6] = (head.len() - 7) as u8;
        [sealed(head), bytes].concat()
    };
    let mut huge = file.to_vec();
    // Its width, of one byte, becomes 4,096.
    huge.splice(5..6, [0x80, 0x20]);
    let sum: [u8; 32] = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(
        &huge[..huge.len() - 32],
    ))
    .into();
    let hash_at = huge.len() - 32;
    huge[hash_at..].copy_from_slice(&sum);
    let mut named = with(huge.len() as u64, huge);
    // The stream names it.
    let id_at = (0..named.len() - 32).find(|&i| named[i..i + 32] == *model.id().as_bytes());
    let id_at = id_at.unwrap();
    named[id_at..id_at + 32].copy_from_slice(&sum);
    let head_len = 7 + named[6] as usize;
    let head = sealed(named[..head_len].to_vec());
    named[..head_len + 4].copy_from_slice(&head);
    vec![
        (
            "an embedded model of 16 MiB".into(),
            with(1 << 24, vec![0x5A; 1 << 24]),
        ),
        (
            "an embedded model of 16 MiB, cut".into(),
            with(1 << 24, vec![0x5A; 100]),
        ),
        (
            "a model of some KB that claims millions of weights".into(),
            named,
        ),
    ]
}

/// What a process says of a file.
struct Said {
    /// Peak of its resident memory in bytes, if that can be had.
    peak: Option<u64>,
    words: String,
}

fn ask(way: &str, path: &Path, limit: u64) -> Said {
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::a_process_of_its_own", "--nocapture"])
        .env("CATENA_HOSTILE", path)
        .env("CATENA_HOSTILE_WAY", way)
        .env("CATENA_HOSTILE_LIMIT", limit.to_string())
        .output()
        .unwrap();
    let told =
        String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{way} {}: {told}", path.display());
    let line = told.lines().find_map(|line| line.split_once("SAYS "));
    let (peak, words) = line.and_then(|(_, line)| line.split_once(' ')).unwrap();
    Said {
        peak: peak.parse().ok(),
        words: words.to_owned(),
    }
}

/// Not a test by itself: what [`ask`] runs.
#[test]
fn a_process_of_its_own() {
    let Some(path) = std::env::var_os("CATENA_HOSTILE") else {
        return;
    };
    let limit = std::env::var("CATENA_HOSTILE_LIMIT").unwrap();
    let options = DecompressOptions::default()
        .with_threads(2)
        .with_model_search(false)
        .with_memory_limit(limit.parse().unwrap());
    let file = File::open(path).unwrap();
    let outcome = match std::env::var("CATENA_HOSTILE_WAY").unwrap().as_str() {
        "stream" => stream(file, options),
        "archive" => archive(file, options),
        "recover" => recover(file, options),
        _ => Remains::examine_within(file, options.memory_limit).map(drop),
    };
    let peak = fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
            let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
            Some(kib << 10)
        });
    let peak = peak.map_or("?".to_owned(), |peak| peak.to_string());
    let words = outcome.map_or_else(|e| e.to_string(), |()| "decoded".to_owned());
    println!("SAYS {peak} {words}");
}

fn stream(file: File, options: DecompressOptions) -> catena_filter::Result<()> {
    let mut reader = read::Decoder::new(BufReader::new(file), options)?;
    io::copy(&mut reader, &mut io::sink())?;
    Ok(())
}

/// What can be had of a file, whatever is wrong with it.
fn recover(file: File, options: DecompressOptions) -> catena_filter::Result<()> {
    let mut archive = Archive::recover(file, options)?;
    for frame in 0..archive.frames().len().min(20) {
        let _ = archive.read_frame(frame);
    }
    Ok(())
}

fn archive(file: File, options: DecompressOptions) -> catena_filter::Result<()> {
    let mut archive = Archive::open_with(file, options)?;
    let mut piece = vec![0; 1 << 16];
    let mut at = 0;
    while at < archive.len().min(64 * MIB) {
        let len = (archive.len() - at).min(1 << 16) as usize;
        archive.read_at(at, &mut piece[..len])?;
        at += len as u64;
    }
    Ok(())
}

#[test]
fn no_file_takes_more_than_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.cat");
    let mut faults = Vec::new();
    // Filling 64 MiB takes minutes: `CATENA_HOSTILE_ALL=1`, or `./nightly hostile`.
    let limits: &[u64] = match std::env::var_os("CATENA_HOSTILE_ALL") {
        Some(_) => &[16 * MIB, 64 * MIB],
        None => &[16 * MIB],
    };
    for &limit in limits {
        println!(
            "| at most {} MiB | MiB as a stream, as an archive, as far as it can be read, in repair | says |",
            limit / MIB
        );
        println!("|---|---|---|");
        fs::write(
            &path,
            compress(
                b"harmless",
                &CompressOptions::default().with_frame_size(100),
            )
            .unwrap(),
        )
        .unwrap();
        let base = ["stream", "archive"].map(|way| ask(way, &path, limit).peak);
        let base = base.into_iter().flatten().max().unwrap_or(0);
        for (name, bytes) in streams(limit) {
            fs::write(&path, &bytes).unwrap();
            let mut peaks = Vec::new();
            let mut words = Vec::new();
            for way in ["stream", "archive", "recover", "repair"] {
                let said = ask(way, &path, limit);
                assert!(
                    !said.words.contains("internal error"),
                    "{name}: {}",
                    said.words
                );
                let over = said.peak.unwrap_or(0).saturating_sub(base);
                peaks.push(format!("{:.1}", over as f64 / MIB as f64));
                if over > limit + BESIDE {
                    faults.push(format!("{name} by {way}: {} MiB", over / MIB));
                }
                words.push(said.words);
            }
            println!("| {name} | {} | {} |", peaks.join(", "), words[0]);
            // Frames may be as large as the format allows, and streams as many: all right if there
            // is room.
            if name.starts_with("large") || name.starts_with("1,000 streams") {
                let enough = words[0] == "decoded" || words[0].contains("bytes of memory");
                assert!(enough, "{name}: {}", words[0]);
            } else {
                assert!(words[0] != "decoded", "{name}");
            }
        }
    }
    assert!(faults.is_empty(), "more than the limit: {faults:#?}");
}
