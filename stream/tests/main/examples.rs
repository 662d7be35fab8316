//! Promise: every example runs and does what its header says.

use std::path::{Path, PathBuf};
use std::process::Command;

fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let profile = own.parent().and_then(Path::parent).unwrap();
    profile.join("examples").join(name)
}

#[track_caller]
fn run(name: &str, args: &[&str]) -> String {
    let out = Command::new(example(name)).args(args).output();
    let out = out.unwrap_or_else(|e| panic!("{name} is built with the tests: {e}"));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{name}: {}: {said}", out.status);
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn async_copy() {
    assert!(run("async_copy", &[]).starts_with("2000000 bytes went over the wire"));
}

#[test]
fn pipe() {
    assert_eq!(run("pipe", &[]), "800000 bytes arrived\n");
}

#[test]
fn range() {
    let said = run("range", &[]);
    let expected = (308_642f32).sqrt();
    assert!(
        said.contains(&format!("byte 1234568: {expected}")),
        "{said}"
    );
}

#[test]
fn synchronous() {
    assert!(run("synchronous", &[]).starts_with("800000 bytes became"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bin");
    std::fs::write(&path, [1, 0, 2, 0, 3, 0]).unwrap();
    assert!(run("synchronous", &[path.to_str().unwrap(), "<u2"]).starts_with("6 bytes"));
}

#[test]
fn upload() {
    let said = run("upload", &[]);
    assert!(said.contains("run7/0000000001.cat: "), "{said}");
    let folder = tempfile::tempdir().unwrap();
    run("upload", &[folder.path().to_str().unwrap()]);
    assert!(folder.path().join("run7/0000000000.cat").exists());
}
