//! Catena as a filter: standard input to standard output, in tar, with several files, with a reader
//! that goes away.

use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use crate::common::{Folder, JETS, jets, sample};

#[test]
fn no_file_means_a_pipe() {
    let (folder, raw) = (Folder::new(), jets(400));
    let coded = folder.pipe(["--dtype", JETS], &raw).ok();
    assert!(coded.stdout.len() < raw.len());
    assert_eq!(coded.stderr, "", "a filter is silent");
    let back = folder.pipe(["-d"], &coded.stdout).ok();
    assert!(back.stdout == raw);
    assert_eq!(folder.names(), [""; 0], "a filter writes no files");
}

#[test]
fn a_dash_is_standard_input() {
    let (folder, raw) = (Folder::new(), jets(50));
    let dash = folder.pipe(["-"], &raw).ok().stdout;
    assert!(dash == folder.pipe([""; 0], &raw).ok().stdout);
    folder.put("x.cat", &dash);
    assert!(folder.run(["-dc", "x.cat"]).ok().stdout == raw);
    assert!(folder.pipe(["-d", "-o", "-", "-"], &dash).ok().stdout == raw);
}

#[test]
fn empty_input_comes_back_empty() {
    let folder = Folder::new();
    let coded = folder.run([""; 0]).ok().stdout;
    assert!(!coded.is_empty(), "an empty stream still says what it is");
    assert_eq!(folder.pipe(["-d"], &coded).ok().stdout, b"");
}

#[test]
fn input_without_a_layout_comes_back() {
    let folder = Folder::new();
    let text = "pt eta phi mass\n".repeat(3000).into_bytes();
    let coded = folder.pipe([""; 0], &text).ok().stdout;
    assert!(coded.len() < text.len() / 10);
    assert!(folder.pipe(["-d"], &coded).ok().stdout == text);
}

#[test]
fn joined_streams_decode_as_one() {
    let (folder, raw) = (Folder::new(), jets(100));
    let (first, second) = raw.split_at(60 * 140);
    let mut joined = folder.pipe(["-3"], first).ok().stdout;
    joined.extend(folder.pipe(["-1"], second).ok().stdout);
    assert!(folder.pipe(["-d"], &joined).ok().stdout == raw);
    folder.put("a", first);
    folder.put("b", second);
    let files = folder.run(["-c", "a", "b"]).ok().stdout;
    assert!(folder.pipe(["-d"], &files).ok().stdout == raw);
}

#[test]
fn several_files_each_get_their_own() {
    let folder = Folder::new();
    let files = [
        ("a.bin", jets(30)),
        ("b.bin", jets(80)),
        ("c.bin", sample("zee.bin")[..8000].to_vec()),
    ];
    for (name, bytes) in &files {
        folder.put(name, bytes);
    }
    folder.run(["a.bin", "b.bin", "c.bin"]).ok();
    assert_eq!(
        folder.names(),
        [
            "a.bin",
            "a.bin.cat",
            "b.bin",
            "b.bin.cat",
            "c.bin",
            "c.bin.cat"
        ]
    );
    for (name, _) in &files {
        std::fs::remove_file(folder.join(name)).expect("remove");
    }
    folder
        .run(["-d", "a.bin.cat", "b.bin.cat", "c.bin.cat"])
        .ok();
    for (name, bytes) in &files {
        assert!(folder.get(name) == *bytes, "{name}");
    }
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let (folder, raw) = (Folder::new(), jets(20));
    folder.put("a", &raw);
    folder.put("z", &raw);
    let ran = folder
        .run(["a", "missing", "z"])
        .failed(1, "catena: missing: ");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(folder.names(), ["a", "a.cat", "z", "z.cat"]);
}

#[test]
fn tar_calls_it() {
    let (folder, raw) = (Folder::new(), sample("tracks.bin"));
    std::fs::create_dir(folder.join("in")).expect("folder");
    std::fs::create_dir(folder.join("out")).expect("folder");
    folder.put("in/tracks.bin", &raw);
    folder.put("in/readme", b"forty tracks a jet");
    folder.shell("tar -I catena -cf x.tar.cat -C in .").ok();
    folder.shell("tar -I catena -xf x.tar.cat -C out").ok();
    assert!(folder.get("out/tracks.bin") == raw);
    assert_eq!(folder.get("out/readme"), b"forty tracks a jet");
    let list = folder
        .shell("tar -I 'catena -3 -T1' -cf y.tar.cat -C in . && tar -I catena -tf y.tar.cat")
        .ok();
    assert!(String::from_utf8_lossy(&list.stdout).contains("./tracks.bin"));
}

#[test]
fn a_reader_that_goes_away_is_no_error_message() {
    let (folder, raw) = (Folder::new(), sample("jets.bin"));
    let coded = folder.pipe(["-1", "--frame-size", "16K"], &raw).ok().stdout;
    folder.put("x.cat", &coded);
    let ran =
        folder.shell("for i in 1 2 3 4 5 6 7 8; do cat x.cat; done | catena -d | head -c 1000");
    assert_eq!(ran.stdout, raw[..1000]);
    assert_eq!(ran.stderr, "");
}

#[test]
fn output_appears_while_the_input_is_still_open() {
    let (folder, raw) = (Folder::new(), sample("jets.bin"));
    let coded = folder.pipe(["-1", "--frame-size", "16K"], &raw).ok().stdout;
    let mut child = folder
        .command(["-d"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("spawn");
    let mut stdin = child.stdin.take().expect("stdin");
    let mut stdout = child.stdout.take().expect("stdout");
    // All but the end is written; the end waits until half of the data has come out.
    let (arrived, half_arrived) = mpsc::channel();
    let end = coded.len() - 100;
    let feeder = std::thread::spawn(move || {
        stdin.write_all(&coded[..end]).expect("write");
        half_arrived
            .recv_timeout(Duration::from_secs(30))
            .expect("half of the data");
        stdin.write_all(&coded[end..]).expect("write");
    });
    let mut half = vec![0; raw.len() / 2];
    stdout.read_exact(&mut half).expect("half of the data");
    assert!(half == raw[..raw.len() / 2]);
    arrived.send(()).expect("the feeder waits");
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).expect("the rest");
    assert!(rest == raw[raw.len() / 2..]);
    feeder.join().expect("feeder");
    assert!(child.wait().expect("wait").success());
}
