//! Standard input, output and error as they come: closed, full, gone, not ready; and the signals
//! that end a program.

use std::time::Duration;

use crate::common::{CATENA, Folder, jets};

#[test]
fn closed_streams_are_errors() {
    let (folder, raw) = (Folder::new(), jets(30));
    folder.put("x", &raw);
    folder.run(["-1", "x"]).ok();
    for line in [
        "catena -1 -c x >&-",
        "catena -1 < x >&-",
        "catena -dc x.cat >&-",
        "catena -d < x.cat >&-",
        "catena -l x.cat >&-",
        "catena -l --json x.cat >&-",
        "catena --help >&-",
        "catena --version >&-",
        "catena man >&-",
        "catena completions bash >&-",
        "catena repair x.cat >&-",
    ] {
        folder.shell(line).failed(1, "is closed");
    }
    for line in [
        "catena -1 <&- > y",
        "catena -d <&- > y",
        "catena -t <&-",
        "catena -1 -o z <&-",
    ] {
        folder.shell(line).failed(1, "(standard input): is closed");
    }
    // Nobody needs them here; and what is no file is not closed.
    for line in [
        "catena -1 -f x <&- >&- 2>&-",
        "catena -t x.cat <&- >&-",
        "catena -1 -c x > /dev/null",
        "catena -1 -c x <> /dev/null 1>&0",
        "catena -1 < /dev/null > y",
    ] {
        folder.shell(line).ok();
    }
}

#[test]
fn a_full_device_is_an_error_of_every_command() {
    let folder = Folder::new();
    folder.put("x", &jets(30));
    folder.run(["-1", "x"]).ok();
    for line in [
        "--help",
        "--version",
        "root --help",
        "man",
        "completions zsh",
        "-l x.cat",
        "repair x.cat",
        "model list",
    ] {
        folder
            .shell(&format!("catena {line} > /dev/full"))
            .failed(1, "no space left on device");
    }
    // That nobody can be told is no reason to panic, and none to stop.
    folder
        .shell("catena missing 2> /dev/full; test $? = 1")
        .ok();
    folder.shell("catena -1 -f -v x 2> /dev/full").ok();
}

#[test]
fn a_reader_that_went_away_stops_every_command() {
    let folder = Folder::new();
    let coded = folder.pipe(["-1"], &jets(30)).ok().stdout;
    for i in 0..40 {
        folder.put(&format!("{i}.cat"), &coded);
    }
    for line in [
        "repair *.cat",
        "-l *.cat",
        "man",
        "--help",
        "completions bash",
        "-dc *.cat",
    ] {
        let line = format!("(sleep 0.3; exec catena {line}) | true; :");
        let ran = folder.shell(&line).ok();
        assert_eq!(ran.stderr, "", "{line}");
    }
}

#[test]
fn what_is_not_ready_is_waited_for() {
    let (folder, raw) = (Folder::new(), jets(2900));
    // Python is what makes a pipe non-blocking here.
    let have = std::process::Command::new("python3")
        .arg("--version")
        .output();
    if have.is_err() {
        eprintln!("SKIPPED: there is no python3 here");
        return;
    }
    folder.put("x", &raw);
    folder.put(
        "slow.py",
        br#"
import os, subprocess, sys, time
raw = open("x", "rb").read()
def run(arguments, data):
    read_in, write_in = os.pipe()
    read_out, write_out = os.pipe()
    for end in (read_in, write_out):
        os.set_blocking(end, False)
    child = subprocess.Popen([sys.argv[1], *arguments], stdin=read_in, stdout=write_out)
    os.close(read_in); os.close(write_out)
    if os.fork() == 0:
        os.close(read_out)
        time.sleep(0.2)
        for at in range(0, len(data), 100000):
            os.write(write_in, data[at:at + 100000])
            time.sleep(0.02)
        os._exit(0)
    os.close(write_in)
    time.sleep(0.6)
    out = b""
    while piece := os.read(read_out, 1 << 16):
        out += piece
    assert child.wait() == 0
    return out
coded = run(["-1", "--frame-size", "64K"], raw)
assert run(["-d"], coded) == raw
"#,
    );
    let line = format!("python3 slow.py {CATENA}");
    folder.shell(&line).ok();
}

#[test]
fn every_signal_that_ends_a_program_removes_what_is_unfinished() {
    let (folder, raw) = (Folder::new(), jets(500));
    for signal in ["QUIT", "XCPU", "XFSZ", "ALRM", "HUP", "INT", "TERM"] {
        // A script's background ignores some.
        let line = "grep -q 'SigIgn:\t0*$' /proc/self/status || exit 9";
        if folder.shell(line).code() != 0 && ["INT", "QUIT", "HUP"].contains(&signal) {
            continue;
        }
        let (_, took) = folder.signalled(&["-1", "-o", "x.cat"], &raw, signal);
        assert!(folder.names().is_empty(), "{signal}");
        // 0.3 s are promised; machines that run tests have other work as well.
        assert!(took < Duration::from_secs(2), "{signal}: {took:?}");
    }
}

#[test]
fn the_limits_of_a_process_leave_nothing() {
    let (folder, raw) = (Folder::new(), jets(2900));
    folder.put("x", &raw);
    folder.shell("ulimit -f 8; catena -1 x; test $? != 0").ok();
    assert_eq!(folder.names(), ["x"]);
}

#[test]
fn output_can_be_limited() {
    let (folder, raw) = (Folder::new(), jets(300));
    folder.put("x", &raw);
    folder.run(["-1", "--frame-size", "7000", "x"]).ok();
    let all = raw.len().to_string();
    folder.run(["-dc", "--max-output", &all, "x.cat"]).ok();
    folder.run(["-t", "--max-output", &all, "x.cat"]).ok();
    for line in [
        &["-d", "-f", "--max-output", "20000", "x.cat", "-o", "y"][..],
        &["-t", "--max-output", "20000", "x.cat"],
        &[
            "--range",
            "0:20001",
            "--max-output",
            "20000",
            "x.cat",
            "-o",
            "y",
        ],
    ] {
        folder.run(line).failed(1, "20000");
    }
    assert_eq!(folder.names(), ["x", "x.cat"]);
    folder
        .run(["--range", "10:20000", "--max-output", "20000", "x.cat"])
        .ok();
    // A pipe gets what lies below the limit, in whole frames.
    let ran = folder
        .run(["-dc", "--max-output", "20000", "x.cat"])
        .failed(1, "20000 raw bytes");
    assert!(
        raw.starts_with(&ran.stdout) && ran.stdout.len() == 14_000,
        "{}",
        ran.stdout.len()
    );
}

#[test]
fn the_environment_has_defaults() {
    let (folder, raw) = (Folder::new(), jets(30));
    folder.put("x", &raw);
    let level = |line: &str| -> u64 {
        let line = format!("{line} && catena -l --json x.cat");
        let json = folder.shell(&line).ok().stdout;
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        json[0]["level"].as_u64().expect("a level")
    };
    assert_eq!(level("CATENA_LEVEL=2 catena -f x"), 2);
    assert_eq!(level("CATENA_LEVEL=2 catena -f -3 x"), 3);
    assert_eq!(level("CATENA_OPT='-4 -f' CATENA_LEVEL=2 catena x"), 4);
    assert_eq!(level("CATENA_OPT='-4 -f' catena -1 x"), 1);
    assert_eq!(level("CATENA_THREADS=1 CATENA_LEVEL= catena -f x"), 3);
    let ran = folder.shell("CATENA_LEVEL=99 catena -f x").ok();
    assert!(
        ran.stderr.contains("CATENA_LEVEL: '99' is not a level"),
        "{}",
        ran.stderr
    );
    folder
        .shell("CATENA_OPT='--no-such' catena -f x")
        .failed(2, "CATENA_OPT");
    folder
        .shell("CATENA_OPT='y' catena -f x")
        .failed(2, "only options");
    folder.shell("CATENA_OPT='-f' catena model list").ok();
    // The last of a repeated option counts; tar gives -d once more.
    folder
        .shell("catena -c -c -d -d -T2 -T1 x.cat | cmp - x")
        .ok();
    folder
        .shell("tar -I 'catena -1' -cf t x && tar -I 'catena -d' -xOf t | cmp - x")
        .ok();
}

#[test]
fn the_manual_has_every_option() {
    let folder = Folder::new();
    let page = String::from_utf8(folder.run(["man"]).ok().stdout).expect("text");
    for what in [
        "max\\-output",
        "dry\\-run",
        "all\\-fields",
        "CATENA_LEVEL",
        "CATENA MODEL INFO",
    ] {
        assert!(page.contains(what), "{what}");
    }
    #[cfg(feature = "root")]
    assert!(page.contains("CATENA ROOT UNPACK") && page.contains("memory\\-limit"));
}

#[test]
fn repairing_goes_on_after_a_failure() {
    let folder = Folder::new();
    let raw = jets(300);
    folder.put("x", &raw);
    folder.run(["-1", "--frame-size", "7000", "x"]).ok();
    let coded = folder.get("x.cat");
    folder.put("bad.cat", b"something else, of some length");
    folder.put("cut.cat", &coded[..coded.len() / 2]);
    let ran = folder.run(["repair", "missing.cat", "bad.cat", "cut.cat", "x.cat"]);
    let ran = ran.failed(1, "2 of 4 files are not repaired");
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(
        told.contains("cut.cat: repaired") && told.contains("x.cat: whole"),
        "{told}"
    );
    assert!(
        ran.stderr.contains("missing.cat: ") && ran.stderr.contains("bad.cat: "),
        "{}",
        ran.stderr
    );
    // All that is there would go.
    folder.put("stub.cat", &coded[..2000.min(coded.len() / 40)]);
    let stub = folder.get("stub.cat");
    folder.run(["repair", "stub.cat"]).failed(1, "-f does that");
    assert!(folder.get("stub.cat") == stub);
    folder.run(["repair", "-f", "stub.cat"]).ok();
    folder.run(["-t", "stub.cat"]).ok();
}
