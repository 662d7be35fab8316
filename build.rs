//! Builds the one piece of C that the command line has: what has to happen before Rust's runtime
//! begins.

fn main() {
    println!("cargo:rerun-if-changed=src/stdio.c");
    #[cfg(feature = "cli")]
    if std::env::var_os("CARGO_CFG_UNIX").is_some() {
        cc::Build::new().file("src/stdio.c").compile("catena_stdio");
    }
}
