//! `catena demo` runs from anywhere, and compares.

mod common;

use common::Folder;

#[test]
fn the_demo_runs_outside_the_repository() {
    let folder = Folder::new();
    let text = String::from_utf8(folder.run(["demo"]).ok().stdout).expect("text");
    for name in [
        "gzip -9",
        "zstd -19",
        "xz -9e",
        "pco -12",
        "catena -1",
        "catena -3",
        "catena -5",
        "catena -6",
    ] {
        assert!(text.contains(name), "'{name}' is not in:\n{text}");
    }
    for word in [
        "jets",
        "tracks",
        "zee",
        "in MB/s",
        "out MB/s",
        "█",
        "no bit differs",
        "bits/value",
        "24 more",
        "IP3D_signed_d0_signific…",
    ] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "a line is wider than 80 characters:\n{text}"
    );
    assert_eq!(folder.names(), [""; 0]);
}
