//! Files do not depend on the vector unit that the program finds.

use crate::common::{self, Folder, JETS, ran};

/// Runs once as it is and once on the plain code.
fn both(folder: &Folder, args: &[&str], stdin: &[u8]) -> [Vec<u8>; 2] {
    [None, Some("1")].map(|scalar| {
        let mut command = folder.command(args);
        command.env_remove("CATENA_SCALAR");
        if let Some(value) = scalar {
            command.env("CATENA_SCALAR", value);
        }
        ran(command, stdin).ok().stdout
    })
}

#[test]
fn the_plain_code_writes_and_reads_the_same_files() {
    let folder = Folder::new();
    let records = common::jets(800);
    let floats = &common::sample("zee.bin")[..40_000];
    for level in ["-3", "-4", "-5", "-6"] {
        for (layout, raw) in [
            (&["--dtype", JETS][..], &records[..]),
            (&["--dtype", "<f4"], floats),
            (&["--dtype", "<f4", "--shape", "0,20"], floats),
            (&["--dtype", "u1"], floats),
        ] {
            let mut args = vec!["-c", level, "--frame-size", "48K"];
            args.extend(layout);
            let [packed, plain] = both(&folder, &args, raw);
            assert!(packed == plain, "{level} {layout:?}");
            for unpacked in both(&folder, &["-dc"], &packed) {
                assert!(unpacked == raw, "{level} {layout:?}");
            }
        }
    }
}
