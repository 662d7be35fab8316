//! Every option does what the help says.

use crate::common::{Folder, JETS, jets, sample};
use serde_json::Value;

/// The listing of one file.
#[track_caller]
fn listed(folder: &Folder, name: &str) -> Value {
    let text = folder.run(["-l", "--json", name]).ok().stdout;
    let json: Value = serde_json::from_slice(&text).expect("JSON");
    json[0].clone()
}

#[test]
fn every_level_comes_back() {
    let (folder, raw) = (Folder::new(), jets(300));
    folder.put("x", &raw);
    for level in 1..=9 {
        let flag = format!("-{level}");
        folder.run([&flag, "-f", "--dtype", JETS, "x"]).ok();
        assert!(
            folder.run(["-dc", "x.cat"]).ok().stdout == raw,
            "level {level}"
        );
        assert_eq!(listed(&folder, "x.cat")["level"], level);
    }
}

#[test]
fn long_and_short_names_are_the_same() {
    let (folder, raw) = (Folder::new(), jets(40));
    folder.put("x", &raw);
    folder.run(["--keep", "--force", "--compress", "x"]).ok();
    let coded = folder.get("x.cat");
    assert!(folder.run(["--stdout", "x"]).ok().stdout == coded);
    assert!(folder.run(["--to-stdout", "x"]).ok().stdout == coded);
    for flags in [
        ["--decompress", "--stdout"],
        ["--uncompress", "-c"],
        ["-d", "-c"],
    ] {
        assert!(
            folder.run(flags.into_iter().chain(["x.cat"])).ok().stdout == raw,
            "{flags:?}"
        );
    }
    folder.run(["--test", "x.cat"]).ok();
    folder.run(["--list", "x.cat"]).ok();
}

#[test]
fn sources_are_kept_unless_rm_is_given() {
    let (folder, raw) = (Folder::new(), jets(40));
    folder.put("x", &raw);
    folder.run(["x"]).ok();
    assert_eq!(folder.names(), ["x", "x.cat"]);
    folder.run(["-f", "--rm", "x"]).ok();
    assert_eq!(folder.names(), ["x.cat"]);
    folder.run(["-d", "--rm", "x.cat"]).ok();
    assert_eq!(folder.names(), ["x"]);
    assert!(folder.get("x") == raw);
    folder.run(["--rm", "-k", "x"]).ok();
    assert_eq!(
        folder.names(),
        ["x", "x.cat"],
        "the last of --rm and -k wins"
    );
    folder.run(["--rm", "-c", "x"]).ok();
    assert_eq!(
        folder.names(),
        ["x", "x.cat"],
        "what went to standard output may be lost: the source stays"
    );
}

#[test]
fn verify_reads_back_what_was_written() {
    let (folder, raw) = (Folder::new(), jets(40));
    folder.put("x", &raw);
    folder.run(["--verify", "x"]).ok();
    assert!(folder.run(["-dc", "x.cat"]).ok().stdout == raw);
}

#[test]
fn the_output_can_be_named() {
    let (folder, raw) = (Folder::new(), jets(40));
    folder.put("x", &raw);
    folder.run(["x", "-o", "other"]).ok();
    folder.run(["-d", "other", "--output", "back"]).ok();
    assert!(folder.get("back") == raw);
    folder.run(["-o", "y", "x", "x"]).failed(2, "one input");
    folder
        .run(["-c", "-o", "y", "x"])
        .failed(2, "cannot be used with");
    folder.run(["-o", "/dev/null", "x"]).ok();
    assert_eq!(folder.names(), ["back", "other", "x"]);
}

#[test]
fn threads_do_not_change_the_bytes() {
    let (folder, raw) = (Folder::new(), sample("jets.bin"));
    let coded = |threads: &str| {
        folder
            .pipe(
                [
                    "-3",
                    "--frame-size",
                    "64K",
                    "--chains",
                    "2",
                    "-T",
                    threads,
                    "--dtype",
                    JETS,
                ],
                &raw,
            )
            .ok()
            .stdout
    };
    let one = coded("1");
    for threads in ["0", "2", "5"] {
        assert!(coded(threads) == one, "{threads} threads");
    }
    for threads in ["1", "3"] {
        assert!(folder.pipe(["-d", "--threads", threads], &one).ok().stdout == raw);
    }
    folder.pipe(["-T", "x"], &raw).failed(2, "invalid value");
}

#[test]
fn dtype_shape_frames_chains_and_keys_reach_the_stream() {
    let (folder, raw) = (Folder::new(), sample("zee.bin"));
    folder.put("x", &raw);
    let line = "--dtype <f4 --shape 3200,20 --frame-size 32K --chains 2 --key-every 2 -3 x";
    folder.run(line.split(' ')).ok();
    let list = listed(&folder, "x.cat");
    assert_eq!(list["layout"]["dtype"], "<f4");
    assert_eq!(list["layout"]["shape"], serde_json::json!([3200, 20]));
    assert_eq!(list["chains"], 2);
    assert_eq!(list["frames"]["count"], 8);
    // Two chains of four frames each: frames 0 and 2 of both.
    assert_eq!(list["frames"]["key"], 4);
    assert!(folder.run(["-dc", "x.cat"]).ok().stdout == raw);
}

#[test]
fn a_layout_is_detected_or_given() {
    let (folder, raw) = (Folder::new(), sample("zee.bin"));
    folder.put("x", &raw);
    folder.run(["-2", "x"]).ok();
    assert_eq!(listed(&folder, "x.cat")["raw_bytes"], raw.len());
    assert!(folder.run(["-dc", "x.cat"]).ok().stdout == raw);
    folder.run(["-f", "-2", "--dtype", "u1", "x"]).ok();
    assert_eq!(listed(&folder, "x.cat")["layout"]["record_bytes"], 1);
}

#[test]
fn wrong_usage_is_status_two() {
    let (folder, raw) = (Folder::new(), jets(10));
    folder.put("x", &raw);
    for (line, with) in [
        ("--no-such-option x", "unexpected argument"),
        ("--dtype f x", "--dtype"),
        ("--dtype <f4 --shape 4,0 x", "--shape"),
        ("--shape 4 x", "--dtype"),
        ("--frame-size 12Q x", "unknown unit"),
        ("--frame-size 0 x", "frame"),
        ("--chains 0 x", "chain"),
        ("--key-every 0 x", "key"),
        ("--range 5 -t x", "--range"),
        ("--from gzip -d x", "--from"),
        ("--from rar x", "possible values"),
        ("--json x", "--list"),
    ] {
        folder.run(line.split(' ')).failed(2, with);
    }
    assert_eq!(folder.names(), ["x"]);
}

#[test]
fn an_index_is_written_unless_it_is_not_wanted() {
    let (folder, raw) = (Folder::new(), sample("zee.bin"));
    let coded = |more: &[&str]| {
        let args = ["-1", "--dtype", "<f4", "--frame-size", "16K"];
        folder.pipe(args.iter().chain(more), &raw).ok().stdout
    };
    let (with, without) = (coded(&[]), coded(&["--no-index"]));
    assert!(without.len() < with.len());
    folder.put("x.cat", &without);
    assert!(folder.run(["-dc", "x.cat"]).ok().stdout == raw);
    let part = folder.run(["--range", "100K:100", "x.cat"]).ok().stdout;
    assert!(
        part == raw[102_400..102_500],
        "without an index the frames are looked for"
    );
}

#[test]
fn memory_for_decompression_is_limited() {
    let (folder, raw) = (Folder::new(), jets(40));
    folder.put("x", &raw);
    folder.run(["x"]).ok();
    folder.run(["-t", "-M", "4K", "x.cat"]).failed(1, "memory");
    folder
        .run(["--range", "0:1", "--memory", "4K", "x.cat"])
        .failed(1, "memory");
    folder.run(["-t", "--memory", "1G", "x.cat"]).ok();
}

#[test]
fn quiet_and_verbose() {
    let (folder, raw) = (Folder::new(), jets(40));
    folder.put("x", &raw);
    assert_eq!(folder.run(["x"]).ok().stderr, "", "no terminal, no summary");
    let line = folder.run(["-f", "-v", "x"]).ok().stderr;
    assert!(
        line.starts_with("x: ") && line.contains("5,600 => ") && line.contains("x.cat"),
        "{line}"
    );
    let line = folder.run(["-v", "-t", "x.cat"]).ok().stderr;
    assert!(line.starts_with("x.cat: all right, 5,600 bytes"), "{line}");
    folder.run(["-q", "x"]).failed(1, "x.cat: already exists");
    let silent = folder.run(["-q", "-q", "x"]);
    assert_eq!((silent.code(), silent.stderr.as_str()), (1, ""));
}

#[test]
fn names_after_two_dashes_are_files() {
    let (folder, raw) = (Folder::new(), jets(10));
    folder.put("-d", &raw);
    folder.put("demo", &raw);
    folder.run(["--", "-d", "demo"]).ok();
    assert_eq!(folder.names(), ["-d", "-d.cat", "demo", "demo.cat"]);
}

#[test]
fn names_must_fit() {
    let (folder, raw) = (Folder::new(), jets(10));
    folder.put("x", &raw);
    folder.run(["x"]).ok();
    folder
        .run(["x.cat"])
        .failed(1, "x.cat: already has the suffix .cat");
    folder.put("y", &folder.get("x.cat"));
    folder.run(["-d", "y"]).failed(1, "y: does not end in .cat");
    folder.run(["-d", "-o", "z", "y"]).ok();
    assert!(folder.get("z") == raw);
    std::fs::create_dir(folder.join("folder")).expect("folder");
    folder.run(["folder"]).failed(1, "folder: is a directory");
    folder.run(["-c", "/dev/null"]).ok();
    folder
        .run(["/dev/null"])
        .failed(1, "/dev/null: is not a regular file");
}

#[test]
fn help_version_man_and_completions() {
    let folder = Folder::new();
    let help = String::from_utf8(folder.run(["--help"]).ok().stdout).expect("text");
    for word in [
        "--decompress",
        "--range",
        "--key-every",
        "Exit status",
        "demo",
    ] {
        assert!(help.contains(word), "{word}");
    }
    let version = String::from_utf8(folder.run(["-V"]).ok().stdout).expect("text");
    assert_eq!(
        version.trim(),
        format!("catena {}", env!("CARGO_PKG_VERSION"))
    );
    let man = folder.run(["man"]).ok().stdout;
    assert!(man.starts_with(b".") || man.starts_with(b"'"), "roff");
    for shell in ["bash", "zsh", "fish"] {
        let script =
            String::from_utf8(folder.run(["completions", shell]).ok().stdout).expect("text");
        assert!(script.contains("frame-size"), "{shell}");
    }
}

#[test]
fn input_of_other_compressors_is_read_through() {
    use std::io::Write;
    let (folder, raw) = (Folder::new(), sample("zee.bin"));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&raw).expect("gzip");
    folder.put("zee.bin.gz", &gzip.finish().expect("gzip"));
    folder.put("zee.bin.zst", &zstd::bulk::compress(&raw, 1).expect("zstd"));
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 0);
    xz.write_all(&raw).expect("xz");
    folder.put("zee.bin.xz", &xz.finish().expect("xz"));
    for (name, format) in [
        ("zee.bin.gz", "gzip"),
        ("zee.bin.zst", "zstd"),
        ("zee.bin.xz", "xz"),
    ] {
        for from in ["auto", format] {
            folder.run(["-f", "-2", "--from", from, name]).ok();
            assert!(
                folder.run(["-dc", "zee.bin.cat"]).ok().stdout == raw,
                "{name} as {from}"
            );
            let piped = folder
                .pipe(["-2", "--from", from], &folder.get(name))
                .ok()
                .stdout;
            assert!(
                folder.pipe(["-d"], &piped).ok().stdout == raw,
                "{name} as {from}, piped"
            );
        }
    }
    folder.put("plain", &raw);
    folder.run(["-2", "--from", "auto", "plain"]).ok();
    assert!(
        folder.run(["-dc", "plain.cat"]).ok().stdout == raw,
        "what is not compressed is taken as it is"
    );
    folder.run(["-2", "zee.bin.gz"]).ok();
    assert!(
        folder.run(["-dc", "zee.bin.gz.cat"]).ok().stdout == folder.get("zee.bin.gz"),
        "nothing is read through unasked"
    );
}

#[test]
fn broken_foreign_input_is_an_error() {
    use std::io::Write;
    let (folder, raw) = (Folder::new(), jets(100));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&raw).expect("gzip");
    let coded = gzip.finish().expect("gzip");
    folder.put("x.gz", &coded[..coded.len() / 2]);
    folder.run(["--from", "gzip", "x.gz"]).failed(1, "x.gz: ");
    folder.put("y", &raw);
    folder.run(["--from", "xz", "y"]).failed(1, "y: ");
    assert_eq!(folder.names(), ["x.gz", "y"]);
}

#[test]
fn a_speed_is_kept_or_said_not_to_be() {
    let (folder, raw) = (Folder::new(), jets(2000));
    folder.put("x", &raw);
    for speed in ["1kB/s", "1K", "2KiB/s", "500"] {
        let said = folder
            .run(["-3", "--dtype", JETS, "--min-speed", speed, "-fo", "y", "x"])
            .ok();
        assert_eq!(said.stderr, "", "{speed}");
        assert!(folder.run(["-dc", "y"]).ok().stdout == raw);
    }
    let said = folder
        .run(["--dtype", JETS, "--min-speed", "900TB/s", "-fo", "y", "x"])
        .ok();
    let said = said.stderr;
    assert!(
        said.contains("--min-speed of 900") && said.contains("was not kept"),
        "{said}"
    );
    assert!(folder.run(["-dc", "y"]).ok().stdout == raw);
    for wrong in ["0", "fast", "20MB/h", "-3"] {
        let arg = format!("--min-speed={wrong}");
        folder.run([&arg, "x"]).failed(2, "--min-speed");
    }
}
