//! The linker's part: the plugin stays mapped once it is loaded, because worker threads may still
//! be running in it when libhdf5 closes it.

fn main() {
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if target == "linux" || target == "freebsd" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
