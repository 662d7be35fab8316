//! Nothing is lost and nothing half-written stays: bad input, files in the way, interrupts, full
//! disks.

use std::fs;
use std::time::Duration;

use crate::common::{self, Folder, JETS, Ran, jets, ran, sample};

#[test]
fn existing_files_are_not_overwritten() {
    let (folder, raw) = (Folder::new(), jets(30));
    folder.put("x", &raw);
    folder.put("x.cat", b"precious");
    folder
        .run(["x"])
        .failed(1, "x.cat: already exists; -f overwrites it");
    assert_eq!(folder.get("x.cat"), b"precious");
    folder.run(["x", "-o", "x.cat"]).failed(1, "already exists");
    folder.run(["-f", "x"]).ok();
    folder.put("x", b"precious too");
    folder.run(["-d", "x.cat"]).failed(1, "x: already exists");
    assert_eq!(folder.get("x"), b"precious too");
    folder.run(["-df", "x.cat"]).ok();
    assert!(folder.get("x") == raw);
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::new();
    for line in [
        &["nowhere"][..],
        &["-d", "nowhere.cat"],
        &["-t", "nowhere.cat"],
        &["-l", "nowhere.cat"],
    ] {
        folder.run(line).failed(1, "nowhere");
    }
    folder.put("x", &jets(2));
    folder
        .run(["x", "-o", "no/such/folder/x.cat"])
        .failed(1, "no/such/folder/x.cat: ");
    assert_eq!(folder.names(), ["x"]);
}

/// Decoding `bytes` fails with status 1, names the file, and leaves nothing.
#[track_caller]
fn refused(folder: &Folder, bytes: &[u8], why: &str) {
    folder.put("x.cat", bytes);
    for line in [
        &["-d", "x.cat"][..],
        &["-t", "x.cat"],
        &["-d", "x.cat", "-o", "y"],
    ] {
        let ran = folder.run(line);
        assert_eq!(ran.code(), 1, "{why}, {line:?}: {}", ran.stderr);
        assert!(
            ran.stderr.starts_with("catena: x.cat: "),
            "{why}: {}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("panicked"), "{why}: {}", ran.stderr);
        assert_eq!(folder.names(), ["x.cat"], "{why}, {line:?}");
    }
}

#[test]
fn damaged_files_are_refused() {
    let (folder, raw) = (Folder::new(), jets(40));
    let coded = folder
        .pipe(["-3", "--frame-size", "2K", "--dtype", JETS], &raw)
        .ok()
        .stdout;
    for at in (0..coded.len()).step_by(coded.len() / 40) {
        let mut damaged = coded.clone();
        damaged[at] ^= 1 << (at % 8);
        refused(&folder, &damaged, &format!("bit {} of byte {at}", at % 8));
    }
}

#[test]
fn truncated_empty_and_foreign_files_are_refused() {
    let (folder, raw) = (Folder::new(), jets(40));
    let coded = folder.pipe(["-3", "--frame-size", "2K"], &raw).ok().stdout;
    for len in [0, 1, 4, 17, coded.len() / 2, coded.len() - 1] {
        refused(&folder, &coded[..len], &format!("the first {len} bytes"));
    }
    refused(&folder, &raw, "raw data");
    refused(
        &folder,
        &zstd::bulk::compress(&raw, 1).expect("zstd"),
        "zstd",
    );
    let mut trailed = coded.clone();
    trailed.extend_from_slice(b"and something else");
    refused(&folder, &trailed, "bytes after the end");
}

#[test]
fn a_pipe_gets_the_good_frames_and_no_more() {
    let (folder, raw) = (Folder::new(), sample("jets.bin"));
    let frame = 14_000;
    let coded = folder
        .pipe(["-1", "--dtype", JETS, "--frame-size", "14000"], &raw)
        .ok()
        .stdout;
    let mut damaged = coded.clone();
    damaged[coded.len() / 2] ^= 0x40;
    let ran = folder
        .pipe(["-d"], &damaged)
        .failed(1, "(standard input): ");
    assert!(
        ran.stdout.len() < raw.len(),
        "the damage was not noticed in time"
    );
    assert!(ran.stdout.len() >= frame, "the first frames are good");
    assert_eq!(ran.stdout.len() % frame, 0, "whole frames");
    assert!(raw.starts_with(&ran.stdout));
    assert!(ran.stderr.contains("frame"), "{}", ran.stderr);

    let ran = folder
        .pipe(["-d"], &coded[..coded.len() / 2])
        .failed(1, "(standard input): ");
    assert!(
        raw.starts_with(&ran.stdout) && ran.stdout.len() % frame == 0 && !ran.stdout.is_empty()
    );
}

#[test]
fn the_source_stays_when_anything_fails() {
    let (folder, raw) = (Folder::new(), jets(40));
    let mut coded = folder.pipe([""; 0], &raw).ok().stdout;
    let at = coded.len() / 2;
    coded[at] ^= 1;
    folder.put("x.cat", &coded);
    folder.run(["-d", "--rm", "x.cat"]).failed(1, "x.cat: ");
    assert_eq!(folder.names(), ["x.cat"]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::time::SystemTime;

    #[test]
    fn time_and_mode_are_kept() {
        let (folder, raw) = (Folder::new(), jets(30));
        let path = folder.put("x", &raw);
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::File::options()
            .write(true)
            .open(&path)
            .expect("open")
            .set_modified(then)
            .expect("times");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode");
        folder.run(["--rm", "x"]).ok();
        let check = |name: &str| {
            let metadata = fs::metadata(folder.join(name)).expect("metadata");
            assert_eq!(metadata.modified().expect("time"), then, "{name}");
            assert_eq!(metadata.permissions().mode() & 0o7777, 0o640, "{name}");
        };
        check("x.cat");
        folder.run(["-d", "x.cat"]).ok();
        check("x");
    }

    #[test]
    fn links_are_read_through_but_not_removed() {
        let (folder, raw) = (Folder::new(), jets(30));
        folder.put("target", &raw);
        symlink("target", folder.join("link")).expect("link");
        folder.run(["link"]).ok();
        assert!(folder.run(["-dc", "link.cat"]).ok().stdout == raw);
        folder
            .run(["--rm", "-c", "link"])
            .failed(1, "link: is a symbolic link");
    }

    /// Whether this process, and so its children, was started with a signal ignored.
    fn is_ignored(number: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask >> (number - 1) & 1 == 1)
    }

    #[test]
    fn an_interrupt_leaves_nothing() {
        let (folder, raw) = (Folder::new(), jets(500));
        let coded = folder.pipe(["-1", "--frame-size", "4K"], &raw).ok().stdout;
        for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
            if is_ignored(number) {
                // As under nohup or in a script's background: the program must not wake it then.
                println!("{signal} is ignored where this test runs; the others are tried");
                continue;
            }
            for (args, stdin) in [
                (["-1", "-o", "x.cat"], &raw[..]),
                (["-d", "-o", "x"], &coded[..coded.len() / 2]),
            ] {
                let (status, _) = folder.signalled(&args, stdin, signal);
                assert_eq!(status.signal(), Some(number), "{args:?}, {signal}");
                assert!(folder.names().is_empty(), "{args:?}, {signal}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nohup_is_respected() {
        let (folder, raw) = (Folder::new(), jets(500));
        folder.put("x", &raw);
        // $! is the last of the pipe: catena itself.
        let line = "trap '' HUP; (cat x; sleep 0.5) | catena -1 -o y.cat & sleep 0.2; kill -HUP $!; wait $!";
        folder.shell(line).ok();
        assert_eq!(folder.names(), ["x", "y.cat"]);
    }

    #[test]
    fn an_interrupt_spares_the_file_that_was_there() {
        let (folder, raw) = (Folder::new(), jets(500));
        folder.put("x.cat", b"old");
        folder.signalled(&["-f", "-o", "x.cat"], &raw, "TERM");
        assert_eq!(folder.names(), ["x.cat"]);
        assert_eq!(folder.get("x.cat"), b"old");
    }

    #[test]
    fn a_full_device_is_told() {
        if !std::path::Path::new("/dev/full").exists() {
            eprintln!("SKIPPED: there is no /dev/full here");
            return;
        }
        let (folder, raw) = (Folder::new(), sample("jets.bin"));
        folder.put("x", &raw);
        folder.shell("catena -1 -c x > /dev/full").failed(
            1,
            "(standard output): cannot write: no space left on device",
        );
        folder
            .run(["-1", "-o", "/dev/full", "x"])
            .failed(1, "/dev/full: cannot write: no space left on device");
        folder.run(["-1", "x"]).ok();
        folder
            .shell("catena -dc x.cat > /dev/full")
            .failed(1, "no space left on device");
    }

    /// A limit on a file's length stands for a full disk where nobody may mount one.
    #[test]
    fn a_write_that_fails_half_way_leaves_nothing() {
        let (folder, raw) = (Folder::new(), sample("jets.bin"));
        folder.put("x", &raw);
        let limited =
            |line: &str| folder.shell(&format!("trap '' XFSZ; ulimit -f 64; exec {line}"));
        limited("catena -1 x").failed(1, "x.cat: cannot write: ");
        assert_eq!(folder.names(), ["x"]);
        folder.run(["-1", "--rm", "x"]).ok();
        limited("catena -d --rm x.cat").failed(1, "x: cannot write: ");
        assert_eq!(folder.names(), ["x.cat"]);
    }

    #[test]
    fn a_full_disk_leaves_nothing() {
        let (folder, raw) = (Folder::new(), sample("jets.bin"));
        folder.put("x", &raw);
        fs::create_dir(folder.join("small")).expect("folder");
        let mounted = |line: &str| -> Ran {
            let line = format!(
                "mount -t tmpfs -o size=64k none small && {{ {line}; code=$?; ls -A small; exit $code; }}"
            );
            let mut command = Command::new("unshare");
            command
                .args(["-m", "sh", "-c", &line])
                .current_dir(folder.path());
            ran(command, b"")
        };
        if Command::new("unshare").arg("--version").output().is_err() || mounted("true").code() != 0
        {
            eprintln!("SKIPPED: a small file system cannot be mounted here");
            return;
        }
        let out = mounted(&format!("{} -1 x -o small/x.cat", common::CATENA));
        let out = out.failed(1, "small/x.cat: cannot write: no space left on device");
        assert_eq!(out.stdout, b"", "something was left on the disk");
    }
}
