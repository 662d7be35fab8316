//! The plugin links no libhdf5, exports what libhdf5 looks for, and stays mapped.

use std::path::PathBuf;

use object::elf::{DF_1_NODELETE, DT_FLAGS_1, DT_NEEDED, FileHeader64};
use object::read::elf::{Dyn, FileHeader};
use object::{Endianness, Object, ObjectSymbol};

/// The shared library that was built beside this test.
fn plugin() -> Vec<u8> {
    let test = std::env::current_exe().unwrap();
    let folders = test.ancestors().skip(1).take(2);
    let places: Vec<PathBuf> = folders.map(|f| f.join("libh5catena.so")).collect();
    let found = places.iter().find_map(|place| std::fs::read(place).ok());
    found.unwrap_or_else(|| panic!("libh5catena.so is in none of {places:?}"))
}

#[test]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn no_libhdf5_is_linked_and_the_plugin_stays() {
    let bytes = plugin();
    let header = FileHeader64::<Endianness>::parse(&bytes[..]).unwrap();
    let endian = header.endian().unwrap();
    let sections = header.sections(endian, &bytes[..]).unwrap();
    let (entries, strings) = sections.dynamic(endian, &bytes[..]).unwrap().unwrap();
    let strings = sections.strings(endian, &bytes[..], strings).unwrap();
    let mut needed = Vec::new();
    let mut stays = false;
    for entry in entries {
        match entry.tag32(endian) {
            Some(tag) if tag == DT_NEEDED as i32 => {
                let name = entry.string(endian, strings).unwrap();
                needed.push(String::from_utf8_lossy(name).into_owned());
            }
            Some(tag) if tag == DT_FLAGS_1 as i32 => {
                stays = entry.val32(endian).unwrap() & DF_1_NODELETE != 0
            }
            _ => {}
        }
    }
    assert!(
        needed.iter().any(|name| name.starts_with("libc.")),
        "{needed:?}"
    );
    assert!(
        !needed.iter().any(|name| name.contains("hdf5")),
        "{needed:?}"
    );
    assert!(stays);
}

#[test]
#[cfg(target_os = "linux")]
fn the_two_functions_are_exported_and_nothing_of_hdf5_is_asked_for() {
    let bytes = plugin();
    let file = object::File::parse(&bytes[..]).unwrap();
    let names = |defined: bool| -> Vec<&str> {
        let symbols = file.dynamic_symbols();
        let symbols = symbols.filter(|symbol| symbol.is_undefined() != defined);
        symbols.filter_map(|symbol| symbol.name().ok()).collect()
    };
    let exported = names(true);
    for name in ["H5PLget_plugin_type", "H5PLget_plugin_info"] {
        assert!(exported.contains(&name), "{exported:?}");
    }
    let asked: Vec<&str> = names(false)
        .into_iter()
        .filter(|name| name.starts_with("H5"))
        .collect();
    assert!(asked.is_empty(), "{asked:?}");
}
