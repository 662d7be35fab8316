//! What a file holds, and a part of it: `-l`, `--json`, `-t`, `--range`.

use crate::common::{Folder, JETS, jets, sample};
use serde_json::Value;

/// Six frames of 16 KiB and a bit, two chains, a key frame every second one.
fn keyed(folder: &Folder, name: &str) -> Vec<u8> {
    let raw = sample("zee.bin")[..96_000].to_vec();
    folder.put(name, &raw);
    folder
        .run([
            "-3",
            "--dtype",
            "pt:<f4,19<f4",
            "--frame-size",
            "16000",
            "--chains",
            "2",
            "--key-every",
            "2",
            name,
        ])
        .ok();
    raw
}

#[test]
fn the_listing_says_what_a_reader_needs() {
    let folder = Folder::new();
    let raw = keyed(&folder, "x");
    let text = String::from_utf8(folder.run(["-l", "x.cat"]).ok().stdout).expect("text");
    for word in [
        "x.cat",
        "pt:<f4,19<f4",
        "80 bytes",
        "96,000",
        "ratio",
        "6 frames",
        "2 chains",
        "key",
    ] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    let frames = String::from_utf8(folder.run(["-lv", "x.cat"]).ok().stdout).expect("text");
    assert!(
        frames.lines().count() >= text.lines().count() + 6,
        "-v lists the frames:\n{frames}"
    );
    assert_eq!(raw.len(), 96_000);
}

#[test]
fn the_json_listing_adds_up() {
    let folder = Folder::new();
    let raw = keyed(&folder, "x");
    folder.put("y", &jets(10));
    folder.run(["y"]).ok();
    let json = folder.run(["-l", "--json", "x.cat", "y.cat"]).ok().stdout;
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    let file = &json[0];
    assert_eq!(file["file"], "x.cat");
    assert_eq!(file["raw_bytes"], raw.len());
    assert_eq!(file["coded_bytes"], folder.get("x.cat").len());
    assert_eq!(file["layout"]["record_bytes"], 80);
    assert_eq!(file["layout"]["dtype"], "pt:<f4,19<f4");
    assert_eq!(file["frames"]["count"], 6);
    assert_eq!(file["frames"]["key"], 4);
    let kinds: u64 = file["frames"]["kinds"]
        .as_object()
        .expect("kinds")
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(kinds, 6);
    let each = file["frames"]["list"].as_array().expect("frames");
    let sum = |key: &str| {
        each.iter()
            .filter_map(|frame| frame[key].as_u64())
            .sum::<u64>()
    };
    assert_eq!(sum("raw_bytes"), raw.len() as u64);
    assert!(sum("coded_bytes") < folder.get("x.cat").len() as u64);
}

#[test]
fn verbose_listings_name_fields_and_raw_planes() {
    let (folder, raw) = (Folder::new(), jets(1500));
    folder.put("x", &raw);
    folder
        .run([
            "-7",
            "--frame-size",
            "20000",
            "--dtype",
            "event:<u8,rest:33<f4",
            "x",
        ])
        .ok();
    let text = String::from_utf8(folder.run(["-lv", "x.cat"]).ok().stdout).expect("text");
    for word in ["event", "rest", "bits/value", "headers and checksums"] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    let json = folder.run(["-l", "-v", "--json", "x.cat"]).ok().stdout;
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let fields = json[0]["fields"].as_array().expect("fields");
    assert_eq!(fields.len(), 2);
    assert_eq!(
        (&fields[0]["name"], &fields[0]["dtype"]),
        (&"event".into(), &"u8".into())
    );
    // Those of the frames that are predicted bit by bit.
    let values = fields[1]["values"].as_u64();
    assert!(values.is_some_and(|n| n > 0 && n % 33 == 0), "{values:?}");
    assert_eq!(fields[1]["planes"].as_array().map(Vec::len), Some(4));
    let noise = json[0]["first_frame_raw_plane_bytes"].as_u64();
    let coded = json[0]["frames"]["list"][0]["coded_bytes"].as_u64();
    if json[0]["frames"]["list"][0]["kind"] == "modelled" {
        assert!(noise.is_some() && noise < coded, "{noise:?} of {coded:?}");
    }
    let plain = folder.run(["-l", "--json", "x.cat"]).ok().stdout;
    let plain: Value = serde_json::from_slice(&plain).expect("JSON");
    assert!(plain[0]["fields"].is_null(), "nothing is decoded unasked");
}

#[test]
fn listing_a_bad_file_fails() {
    let folder = Folder::new();
    folder.put("x.cat", &jets(10));
    folder.run(["-l", "x.cat"]).failed(1, "x.cat: ");
    let ran = folder.run(["-l", "--json", "x.cat"]).failed(1, "x.cat: ");
    assert_eq!(
        serde_json::from_slice::<Value>(&ran.stdout).expect("JSON"),
        serde_json::json!([])
    );
    folder.run(["-l", "folder"]).failed(1, "folder");
}

#[test]
fn a_test_reads_everything_and_writes_nothing() {
    let folder = Folder::new();
    keyed(&folder, "x");
    let before = folder.names();
    let ran = folder.run(["-t", "x.cat"]).ok();
    assert_eq!((ran.stdout.as_slice(), ran.stderr.as_str()), (&b""[..], ""));
    assert_eq!(folder.names(), before);
    let mut bad = folder.get("x.cat");
    let at = bad.len() / 2;
    bad[at] ^= 1;
    folder.put("bad.cat", &bad);
    let ran = folder
        .run(["-t", "bad.cat", "x.cat"])
        .failed(1, "bad.cat: ");
    assert_eq!(
        ran.stderr.lines().count(),
        1,
        "the good one is silent: {}",
        ran.stderr
    );
    folder.pipe(["-t"], &folder.get("x.cat")).ok();
}

#[test]
fn ranges_of_files_and_pipes_are_the_same_bytes() {
    let folder = Folder::new();
    let raw = keyed(&folder, "x");
    let coded = folder.get("x.cat");
    for (range, from, to) in [
        ("0:1", 0, 1),
        ("0:16000", 0, 16_000),
        ("15990:20", 15_990, 16_010),
        ("40001:30000", 40_001, 70_001),
        ("95999:1", 95_999, 96_000),
        ("96000:0", 96_000, 96_000),
        ("90000", 90_000, 96_000),
        ("16K:1K", 16_384, 17_408),
        ("0:", 0, 96_000),
    ] {
        assert!(
            folder.run(["--range", range, "x.cat"]).ok().stdout == raw[from..to],
            "{range} of the file"
        );
        assert!(
            folder.pipe(["-d", "--range", range], &coded).ok().stdout == raw[from..to],
            "{range} of the pipe"
        );
    }
    folder
        .run(["--range", "80:800", "-o", "part", "x.cat"])
        .ok();
    assert!(folder.get("part") == raw[80..880]);
    assert_eq!(folder.names(), ["part", "x", "x.cat"]);
}

#[test]
fn ranges_must_lie_in_the_data() {
    let folder = Folder::new();
    keyed(&folder, "x");
    let coded = folder.get("x.cat");
    for range in ["95999:2", "96001:0", "1T:1", "96001"] {
        folder
            .run(["--range", range, "-o", "part", "x.cat"])
            .failed(1, "x.cat: the range");
        folder
            .pipe(["-d", "--range", range, "-o", "part"], &coded)
            .failed(1, "(standard input): the range");
    }
    assert_eq!(folder.names(), ["x", "x.cat"], "no part is left behind");
    folder.run(["--range", "x", "x.cat"]).failed(2, "--range");
}

#[test]
fn a_range_needs_no_more_than_its_frames() {
    let folder = Folder::new();
    let raw = keyed(&folder, "x");
    let mut coded = folder.get("x.cat");
    // Damage early in the file does not reach a range behind the next key frame.
    let at = coded.len() / 8;
    coded[at] ^= 0x10;
    folder.put("bad.cat", &coded);
    folder.run(["-t", "bad.cat"]).failed(1, "bad.cat: ");
    assert!(
        folder
            .run(["--range", "80000:16000", "bad.cat"])
            .ok()
            .stdout
            == raw[80_000..]
    );
}

#[test]
fn a_large_layout_survives_the_trip() {
    let folder = Folder::new();
    folder.put("x", &jets(20));
    folder.run(["--dtype", JETS, "x"]).ok();
    let json: Value =
        serde_json::from_slice(&folder.run(["-l", "--json", "x.cat"]).ok().stdout).expect("JSON");
    assert_eq!(json[0]["layout"]["dtype"], JETS);
    assert_eq!(json[0]["layout"]["fields"], 2);
}
