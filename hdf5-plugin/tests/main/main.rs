//! All integration tests of the plugin in Rust, one program; the folder beside holds those in
//! Python.

mod dynamic_section;
mod values;
