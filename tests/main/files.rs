//! The user's files: no output replaces an input, is seen by others, follows a link, or loses its
//! holes.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::common::{Folder, Ran, jets};

fn set_mode(folder: &Folder, name: &str, mode: u32) {
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).expect("mode");
}

fn mode(folder: &Folder, name: &str) -> u32 {
    let metadata = fs::symlink_metadata(folder.join(name)).expect(name);
    metadata.permissions().mode() & 0o7777
}

/// The line is refused because of what its output is, and every file is as it was.
#[track_caller]
fn refused(folder: &Folder, line: &[&str], why: &str) {
    let before: Vec<_> = folder
        .names()
        .iter()
        .map(|name| state(folder, name))
        .collect();
    let ran: Ran = folder.run(line);
    assert_eq!(ran.code(), 1, "{line:?}: {}", ran.stderr);
    assert!(ran.stderr.contains(why), "{line:?}: {}", ran.stderr);
    let after: Vec<_> = folder
        .names()
        .iter()
        .map(|name| state(folder, name))
        .collect();
    assert!(before == after, "{line:?}: {before:?} {after:?}");
}

fn state(folder: &Folder, name: &str) -> (String, u64, Option<Vec<u8>>) {
    let path = folder.join(name);
    let inode = fs::symlink_metadata(&path).expect(name).ino();
    (name.to_string(), inode, fs::read(path).ok())
}

/// A folder with `z`, `z.cat` of the same bytes, and other names of both.
fn with_many_names() -> Folder {
    let folder = Folder::new();
    folder.put("z", &jets(40));
    folder.run(["-1", "z"]).ok();
    for name in ["z", "z.cat"] {
        fs::hard_link(folder.join(name), folder.join(&format!("hard_{name}"))).expect("link");
        symlink(name, folder.join(&format!("soft_{name}"))).expect("link");
    }
    fs::create_dir(folder.join("sub")).expect("folder");
    folder
}

#[test]
fn no_output_is_the_input() {
    let folder = with_many_names();
    for flags in [&["-1", "-f"][..], &["-1", "-f", "--rm"], &["-f", "-o-"]] {
        for name in ["z", "./z", "sub/../z", "hard_z", "soft_z"] {
            if flags.contains(&"-o-") {
                // To standard output, which goes to the file's end: it would never end.
                let line = format!("catena -1 -f -c z >> {name}");
                folder
                    .shell(&line)
                    .failed(1, "is the input z; it would be lost");
            } else {
                refused(
                    &folder,
                    &[flags, &["z", "-o", name]].concat(),
                    "is the input z",
                );
            }
        }
    }
    for name in ["z.cat", "hard_z.cat", "soft_z.cat"] {
        refused(
            &folder,
            &["-d", "-f", "z.cat", "-o", name],
            "is the input z.cat",
        );
        refused(
            &folder,
            &["--range", "0:9", "-f", "z.cat", "-o", name],
            "is the input z.cat",
        );
        let line = format!("catena -1 -f -o {name} < z.cat");
        folder
            .shell(&line)
            .failed(1, "is the input (standard input)");
    }
    assert!(folder.get("z") == jets(40));
    // A device may be both.
    folder
        .run(["-1", "-f", "/dev/null", "-o", "/dev/null"])
        .ok();
}

#[test]
fn no_output_is_another_file_of_the_call() {
    let (folder, raw) = (Folder::new(), jets(20));
    folder.put("a", &raw);
    folder.put("a.cat", b"an input that comes later");
    folder
        .run(["-1", "-f", "a", "a.cat"])
        .failed(1, "a.cat: is the input a.cat");
    assert_eq!(folder.get("a.cat"), b"an input that comes later");
    // Two sources of one stem: the second one must not replace what the first became.
    let folder = Folder::new();
    folder.put("a.zst", &zstd::bulk::compress(&raw, 1).expect("zstd"));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, b"another one").expect("gzip");
    folder.put("a.gz", &gz.finish().expect("gzip"));
    folder
        .run(["-1", "-f", "--rm", "--from", "auto", "a.zst", "a.gz"])
        .failed(1, "a.cat: is a file that was written just now");
    assert_eq!(folder.names(), ["a.cat", "a.gz"]);
    assert!(folder.run(["-dc", "a.cat"]).ok().stdout == raw);
}

#[test]
fn links_are_not_followed() {
    let (folder, raw) = (Folder::new(), jets(20));
    folder.put("x", &raw);
    folder.put("victim", b"precious");
    set_mode(&folder, "victim", 0o600);
    symlink("victim", folder.join("x.cat")).expect("link");
    symlink("nowhere", folder.join("dangling")).expect("link");
    refused(&folder, &["-1", "x"], "x.cat: is a symbolic link");
    refused(
        &folder,
        &["-1", "x", "-o", "dangling"],
        "dangling: is a symbolic link",
    );
    // With -f the link is replaced, as xz does.
    folder.run(["-1", "-f", "x"]).ok();
    assert!(!folder.join("x.cat").is_symlink());
    assert!(folder.run(["-dc", "x.cat"]).ok().stdout == raw);
    folder.run(["-1", "-f", "x", "-o", "dangling"]).ok();
    assert!(!folder.join("dangling").is_symlink() && !folder.join("nowhere").exists());
    assert_eq!(
        (folder.get("victim"), mode(&folder, "victim")),
        (b"precious".to_vec(), 0o600)
    );
    // A link is not repaired through either.
    let coded = folder.get("x.cat");
    folder.put("cut", &coded[..coded.len() - 3]);
    symlink("cut", folder.join("link")).expect("link");
    refused(&folder, &["repair", "link"], "link: is a symbolic link");
    // The system's own links lead where they should.
    assert!(folder.run(["-d", "x.cat", "-o", "/dev/stdout"]).ok().stdout == raw);
}

#[test]
fn what_is_wrong_with_the_output_is_said_before_the_work() {
    let folder = Folder::new();
    fs::create_dir(folder.join("x.cat")).expect("folder");
    let long = "y".repeat(252);
    folder.put("x", b"1");
    folder.put(&long, b"1");
    for line in [
        &["x"][..],
        &["-f", "x"],
        &[long.as_str()],
        &["x", "-o", "x/y"],
        &["x", "-o", ".."],
    ] {
        // Standard input's writer would fail if it were read.
        let ran = folder.pipe(line, b"");
        assert_eq!(ran.code(), 1, "{line:?}: {}", ran.stderr);
    }
    let mut command = folder.command(["-1", "-o", "x"]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("spawn");
    // Nothing is written to it, and still it ends.
    let pipe = child.stdin.take();
    assert_eq!(child.wait().expect("wait").code(), Some(1));
    drop(pipe);
}

#[test]
fn nobody_else_sees_it() {
    use std::io::Write;
    let (folder, raw) = (Folder::new(), jets(200));
    folder.put("x", &raw);
    let umask = |mask: &str, line: &str| folder.shell(&format!("umask {mask}; {line}")).ok();
    for wanted in [0o600, 0o644, 0o640, 0o444] {
        set_mode(&folder, "x", wanted);
        umask("000", "catena -1 -f x");
        assert_eq!(mode(&folder, "x.cat"), wanted);
        umask("000", "catena -1 -f -o y.cat < x");
        assert_eq!(
            mode(&folder, "y.cat"),
            wanted,
            "standard input is that file"
        );
    }
    umask("027", "cat x | catena -1 -f -o y.cat");
    assert_eq!(mode(&folder, "y.cat"), 0o640, "a new file");
    umask("000", "cat x | catena -1 -f -o y.cat");
    assert_eq!(mode(&folder, "y.cat"), 0o666, "a new file");
    fs::remove_file(folder.join("y.cat")).expect("remove");

    let mut command = folder.command(["-1", "-o", "y.cat"]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("spawn");
    let mut pipe = child.stdin.take().expect("stdin");
    pipe.write_all(&raw).expect("write");
    let temporary = loop {
        let names = folder.names();
        match names.iter().find(|name| name.ends_with(".tmp")) {
            Some(name) => break name.clone(),
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    assert_eq!(mode(&folder, &temporary), 0o600);
    drop(pipe);
    assert!(child.wait().expect("wait").success());
}

#[cfg(feature = "root")]
#[test]
fn archives_and_models_keep_what_is_private() {
    let folder = Folder::new();
    folder.put("x", &jets(30));
    set_mode(&folder, "x", 0o600);
    folder.shell("umask 000; catena root pack x x.croot").ok();
    assert_eq!(mode(&folder, "x.croot"), 0o600);
    folder.shell("umask 000; catena root unpack x.croot y").ok();
    assert_eq!(mode(&folder, "y"), 0o600);
    refused(&folder, &["root", "pack", "-f", "x", "x"], "is the input x");
    refused(
        &folder,
        &["root", "unpack", "-f", "x.croot", "./x.croot"],
        "is the input x.croot",
    );
    folder
        .shell("catena root unpack -f - x.croot < x.croot")
        .failed(1, "is the input (standard input)");
    folder
        .run(["root", "unpack", "--max-output", "100", "x.croot", "z"])
        .failed(1, "more than 100 bytes would come out");
}

#[cfg(feature = "tensor")]
#[test]
fn tensors_are_not_packed_into_themselves() {
    let folder = Folder::new();
    let mut npy =
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (100,), }"
            .to_vec();
    npy.resize(127, b' ');
    npy.push(b'\n');
    npy.extend(jets(10)[..400].iter());
    folder.put("x.npy", &npy);
    symlink("x.npy", folder.join("link")).expect("link");
    for to in ["x.npy", "link"] {
        refused(
            &folder,
            &["tensor", "pack", "-f", "x.npy", to],
            "is the input x.npy",
        );
    }
}

#[cfg(feature = "train")]
#[test]
fn training_writes_over_nothing_that_it_reads() {
    let folder = Folder::new();
    folder.put("x", &jets(30));
    for line in [
        &["train", "x", "-f", "-o", "x"][..],
        &["train", "x", "-o", "m", "--checkpoint", "x"],
        &["train", "x", "-o", "m", "--checkpoint", "./x"],
    ] {
        refused(&folder, line, "is the input x");
    }
    for checkpoint in ["m", "./m"] {
        let line = ["train", "x", "-o", "m", "--checkpoint", checkpoint];
        refused(&folder, &line, "where the model goes");
    }
    folder.put("c", b"another run");
    refused(
        &folder,
        &["train", "x", "-o", "m", "--checkpoint", "c"],
        "already exists",
    );
    folder.put("m.svg", b"a drawing");
    refused(
        &folder,
        &["train", "x", "-o", "m.catmodel", "--curve"],
        "already exists",
    );
}

#[cfg(feature = "h5")]
#[test]
fn hdf5_files_are_not_written_over_themselves() {
    let folder = Folder::new();
    folder.put("x", b"\x89HDF\r\n\x1a\n");
    fs::hard_link(folder.join("x"), folder.join("y")).expect("link");
    for line in [
        &["h5", "pack", "-f", "x", "y"][..],
        &["h5", "unpack", "-f", "x", "y"],
        &["root", "convert", "-f", "x", "y"],
        &["root", "export", "-f", "x", "y"],
    ] {
        refused(&folder, line, "is the input x");
    }
}

#[test]
fn long_names_have_temporary_ones() {
    let (folder, raw) = (Folder::new(), jets(20));
    // 255 bytes with the suffix; in letters of one and of three bytes.
    for name in ["x".repeat(251), "語".repeat(83) + "xx"] {
        folder.put(&name, &raw);
        folder.run(["-1", "--rm", &name]).ok();
        folder.run(["-d", "--rm", &format!("{name}.cat")]).ok();
        assert!(folder.get(&name) == raw);
    }
    let name = "z".repeat(255);
    folder.run(["-1", "-o", &name, &"x".repeat(251)]).ok();
    assert!(folder.run(["-dc", &name]).ok().stdout == raw);
}

#[test]
fn a_source_that_was_replaced_is_not_removed() {
    let (folder, raw) = (Folder::new(), jets(2900));
    folder.put("x", &raw);
    let mut command = folder.command(["-9", "-T1", "x", "--rm"]);
    let child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("spawn");
    // It has opened its input once there is a temporary file.
    while folder.names().len() == 1 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    fs::rename(folder.join("x"), folder.join("old")).expect("rename");
    folder.put("x", b"new");
    let output = child.wait_with_output().expect("wait");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("no longer the file that was read"), "{told}");
    assert_eq!(folder.names(), ["old", "x", "x.cat"]);
    assert_eq!(folder.get("x"), b"new");
}

#[test]
fn holes_come_back_as_holes() {
    let folder = Folder::new();
    let file = fs::File::create(folder.join("x")).expect("create");
    use std::os::unix::fs::FileExt;
    file.write_all_at(&jets(10), 3 << 20).expect("write");
    file.write_all_at(b"end", 9 << 20).expect("write");
    file.set_len(12 << 20).expect("length");
    folder.run(["-1", "--rm", "x"]).ok();
    let blocks = |name: &str| {
        let metadata = fs::metadata(folder.join(name)).expect(name);
        (metadata.len(), metadata.blocks() * 512)
    };
    folder.run(["-d", "x.cat"]).ok();
    let (len, taken) = blocks("x");
    assert_eq!(len, 12 << 20);
    assert!(taken < 1 << 20, "{taken} bytes on disk");
    let raw = folder.get("x");
    assert!(raw[3 << 20..].starts_with(&jets(10)) && raw[9 << 20..].starts_with(b"end"));
    folder.run(["-d", "--no-sparse", "x.cat", "-o", "y"]).ok();
    assert!(blocks("y").1 >= 12 << 20 && folder.get("y") == raw);
    assert!(folder.run(["-dc", "x.cat"]).ok().stdout == raw);
}

#[test]
fn names_are_printed_without_what_a_terminal_obeys() {
    let (folder, raw) = (Folder::new(), jets(10));
    let name = "a\u{1b}]0;owned\u{7}\n\u{9b}2Jb";
    folder.put(name, &raw);
    let clean = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
    let coded = format!("{name}.cat");
    for line in [
        &["-1", "-v", name][..],
        &["-1", name],
        &["-v", "-t", &coded],
        &["-l", &coded],
        &["-d", name],
        &["repair", &coded],
        &["repair", "-f", name],
        &["root", "info", name],
        &["tensor", "info", name],
        &["model", "info", name],
        &["-1", "--dtype", name, name],
        &[&format!("--{name}")],
        &["-1", &format!("missing{name}")],
        &["model", "info", &format!("missing{name}")],
        &["-7", "-m", &format!("missing{name}"), name],
    ] {
        let ran = folder.run(line);
        let told = String::from_utf8_lossy(&ran.stdout) + &*ran.stderr;
        assert!(clean(&told), "{line:?}: {told:?}");
    }
    let json = folder.run(["-l", "--json", &coded]).ok().stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json[0]["file"], coded, "JSON has escapes of its own");
}
