//! Promise: the extension is Python's alone. libhdf5 would look for the plugin in it, and would not
//! load it without Python. This test is also why `cargo test` builds the extension, which `check`
//! then tries in Python.

#![cfg(target_os = "linux")]

use object::{Object, ObjectSymbol};

#[test]
fn python_finds_what_it_looks_for_and_libhdf5_nothing() {
    let test = std::env::current_exe().unwrap();
    let path = test.with_file_name("lib_native.so");
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = object::File::parse(&bytes[..]).unwrap();
    let names: Vec<&str> = file
        .dynamic_symbols()
        .filter_map(|s| s.name().ok())
        .collect();
    assert!(names.contains(&"PyInit__native"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("H5")));
}
