//! Promise: one file is Python's extension and the HDF5 plugin, and asks libhdf5 for nothing. This
//! test is also why `cargo test` builds the extension, which `check` then tries in Python.

#![cfg(target_os = "linux")]

use object::{Object, ObjectSymbol};

#[test]
fn python_and_libhdf5_find_what_they_look_for() {
    let test = std::env::current_exe().unwrap();
    let path = test.with_file_name("liblibh5catena.so");
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = object::File::parse(&bytes[..]).unwrap();
    let (asked, given): (Vec<_>, Vec<_>) = file.dynamic_symbols().partition(|s| s.is_undefined());
    let given: Vec<&str> = given.iter().filter_map(|s| s.name().ok()).collect();
    for name in [
        "PyInit_libh5catena",
        "H5PLget_plugin_type",
        "H5PLget_plugin_info",
    ] {
        assert!(given.contains(&name), "{name} is not in {given:?}");
    }
    let mut asked = asked.iter().filter_map(|s| s.name().ok());
    assert!(!asked.any(|name| name.starts_with("H5")));
}
