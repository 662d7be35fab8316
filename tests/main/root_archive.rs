//! `catena root pack` and `unpack` as users run them.

use crate::common::Folder;

const TREES: &[u8] = include_bytes!("../../plugins/root/tests/data/tree_zlib.root");

#[test]
fn a_file_goes_into_an_archive_and_comes_back() {
    let place = Folder::new();
    place.put("a.root", TREES);
    place.run(["root", "pack", "a.root", "a.croot"]).ok();
    let archive = place.get("a.croot");
    assert!(archive.len() < TREES.len() / 2 && !archive.starts_with(b"root"));
    place.run(["root", "unpack", "a.croot", "b.root"]).ok();
    assert!(place.get("b.root") == TREES);
    // Through pipes.
    let piped = place.run(["root", "pack", "-9", "a.root", "-"]).ok().stdout;
    assert!(piped.len() <= archive.len() + 100);
    let back = place.pipe(["root", "unpack", "-", "-"], &piped).ok().stdout;
    assert!(back == TREES);
}

#[test]
fn info_tells_how_much_could_be_modelled() {
    let place = Folder::new();
    place.put("a.root", TREES);
    place
        .run(["root", "pack", "-1", "-T1", "a.root", "a.croot"])
        .ok();
    let said = place.run(["root", "info", "a.croot"]).ok().stdout;
    let text = String::from_utf8(said).unwrap();
    assert!(
        text.contains("% taken apart, 0.0 % as plain bytes"),
        "{text}"
    );
    assert!(text.contains("zlib-"), "{text}");
    let said = place.run(["root", "info", "--json", "a.croot"]).ok();
    let value: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(value[0]["archive"]["file_bytes"], TREES.len());
}

#[test]
fn any_file_is_packed_with_a_note() {
    let place = Folder::new();
    for (name, bytes) in [
        ("text", &b"not really"[..]),
        ("cut", &TREES[..9000]),
        ("empty", b""),
    ] {
        place.put(name, bytes);
        let said = place.run(["root", "pack", "-f", name, "x.croot"]).ok();
        if name != "cut" {
            assert!(
                said.stderr.contains("packed as plain bytes"),
                "{}",
                said.stderr
            );
        }
        place.run(["root", "unpack", "-f", "x.croot", "back"]).ok();
        assert!(place.get("back") == bytes);
    }
}

#[test]
fn what_is_in_the_way_stays_and_damage_leaves_nothing() {
    let place = Folder::new();
    place.put("a.root", TREES);
    place.put("a.croot", b"precious");
    place
        .run(["root", "pack", "a.root", "a.croot"])
        .failed(1, "already exists");
    assert_eq!(place.get("a.croot"), b"precious");
    place.run(["root", "pack", "-f", "a.root", "a.croot"]).ok();
    let mut archive = place.get("a.croot");
    let middle = archive.len() / 2;
    archive[middle] ^= 4;
    place.put("a.croot", &archive);
    place
        .run(["root", "unpack", "a.croot", "b.root"])
        .failed(1, "a.croot: damaged");
    place
        .run(["root", "unpack", "a.root", "b.root"])
        .failed(1, "a.root: not an archive of a ROOT file");
    place
        .run(["root", "pack", "nowhere", "b.croot"])
        .failed(1, "nowhere");
    assert_eq!(place.names(), ["a.croot", "a.root"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let place = Folder::new();
    // Enough to be busy with for a while.
    let mut state = 1u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 26) as u8
    });
    place.put("a.root", &noise.take(8 << 20).collect::<Vec<u8>>());
    for line in [
        &["root", "pack", "-9", "a.root", "a.croot"][..],
        // Its standard input stays open.
        &["root", "unpack", "-", "b.root"],
    ] {
        let mut child = place
            .command(line)
            .stdin(Stdio::piped())
            .spawn()
            .expect("spawn");
        // Waiting would close it, and the end of its input is another way to end.
        let stdin = child.stdin.take();
        let limit = Instant::now() + Duration::from_secs(20);
        while place.names().len() == 1 {
            assert!(Instant::now() < limit, "no temporary file appeared");
            std::thread::sleep(Duration::from_millis(5));
        }
        let kill = format!("kill -TERM {}", child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .expect("sh")
                .success()
        );
        let status = child.wait().expect("wait");
        drop(stdin);
        assert_eq!(
            (status.signal(), place.names()),
            (Some(15), vec!["a.root".into()]),
            "{line:?}"
        );
    }
}
