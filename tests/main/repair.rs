//! `catena repair`: what a crash has left is made whole, what is whole is left alone.

use crate::common::{Folder, JETS};

fn written(folder: &Folder) -> (Vec<u8>, Vec<u8>) {
    let raw: Vec<u8> = (0..60_000u32)
        .flat_map(|i| (i as f32).sqrt().to_le_bytes())
        .collect();
    folder.put("x.bin", &raw);
    folder
        .run(["-7", "--frame-size", "32K", "--dtype", JETS, "x.bin"])
        .ok();
    let packed = folder.get("x.bin.cat");
    (raw, packed)
}

#[test]
fn a_cut_file_is_ended_after_its_last_whole_frame() {
    let folder = Folder::new();
    let (raw, packed) = written(&folder);
    folder.put("x.bin.cat", &packed[..packed.len() * 2 / 3]);
    folder.run(["-t", "x.bin.cat"]).failed(1, "x.bin.cat");
    let told = folder.run(["repair", "-n", "x.bin.cat"]).ok();
    assert!(String::from_utf8_lossy(&told.stdout).contains("would be cut off"));
    folder.run(["-t", "x.bin.cat"]).failed(1, "x.bin.cat");

    let told = folder.run(["repair", "x.bin.cat"]).ok();
    assert!(String::from_utf8_lossy(&told.stdout).contains("repaired"));
    folder.run(["-t", "x.bin.cat"]).ok();
    let back = folder.run(["-dc", "x.bin.cat"]).ok().stdout;
    assert!(back.len() > raw.len() / 3 && raw.starts_with(&back));

    let once = folder.get("x.bin.cat");
    let told = folder.run(["repair", "x.bin.cat"]).ok();
    assert!(String::from_utf8_lossy(&told.stdout).contains("whole"));
    assert!(folder.get("x.bin.cat") == once);
}

#[test]
fn damage_inside_is_no_cut() {
    let folder = Folder::new();
    let (raw, mut packed) = written(&folder);
    let middle = packed.len() / 2;
    packed[middle] ^= 4;
    folder.put("x.bin.cat", &packed);
    folder
        .run(["repair", "x.bin.cat"])
        .failed(1, "this is no mere cut");
    assert!(folder.get("x.bin.cat") == packed);
    folder.run(["repair", "-f", "x.bin.cat"]).ok();
    let back = folder.run(["-dc", "x.bin.cat"]).ok().stdout;
    assert!(back.len() > raw.len() / 4 && raw.starts_with(&back));
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let folder = Folder::new();
    folder.put("x.cat", b"something else, of some length");
    folder.run(["repair", "-f", "x.cat"]).failed(1, "x.cat");
    assert!(folder.get("x.cat") == b"something else, of some length");
    folder.run(["repair", "no.cat"]).failed(1, "no.cat");
    folder.run(["repair"]).failed(2, "FILE");
}

#[test]
fn what_takes_too_much_memory_is_left_alone() {
    let folder = Folder::new();
    let (raw, packed) = written(&folder);
    let cut = &packed[..packed.len() - 20];
    folder.put("x.bin.cat", cut);
    folder
        .run(["repair", "-M", "1000", "x.bin.cat"])
        .failed(1, "bytes of memory");
    assert!(folder.get("x.bin.cat") == cut);
    folder.run(["repair", "-M", "1M", "x.bin.cat"]).ok();
    assert!(folder.run(["-dc", "x.bin.cat"]).ok().stdout == raw);
}
