//! Broken files give errors that say what is wrong; no bytes at all give a panic or take much
//! memory.

use catena_tensor::archive::{PackOptions, UnpackOptions, info};
use catena_tensor::{ErrorKind, LossyOptions};

use crate::made::*;

fn refused(file: &[u8], words: &str) {
    let error = try_pack(file, &PackOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains(words),
        "'{words}' is not in: {error}"
    );
}

#[test]
fn broken_headers_of_safetensors() {
    let one = |entry: &str, data: &[u8]| safetensors(&format!("{{\"w\":{{{entry}}}}}"), data);
    refused(b"", "shorter than its header");
    refused(&[255; 40], "a header of");
    refused(&safetensors("{\"w\":", b""), "no header of safetensors");
    refused(&safetensors("[]", b""), "no header of safetensors");
    refused(&100u64.to_le_bytes(), "shorter than its header");
    refused(
        &one(
            "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]",
            &[0; 7],
        ),
        "w: damaged",
    );
    refused(
        &one(
            "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]",
            &[0; 8],
        ),
        "offsets 8 to 0",
    );
    refused(
        &one(
            "\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]",
            &[0; 8],
        ),
        "asks for 12 bytes",
    );
    refused(
        &one(
            "\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]",
            &[0; 8],
        ),
        "w: cannot be packed: the unknown dtype \"F33\"",
    );
    refused(
        &one(
            "\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]",
            &[0; 8],
        ),
        "no header of safetensors",
    );
    let huge = "\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4],\"data_offsets\":[0,8]";
    refused(&one(huge, &[0; 8]), "more bytes than can be counted");
    let entry = |name: &str, from: u32| {
        format!(
            "\"{name}\":{{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[{from},{}]}}",
            from + 4
        )
    };
    refused(
        &safetensors(&format!("{{{},{}}}", entry("a", 0), entry("b", 2)), &[0; 8]),
        "b: damaged, or no tensor file: overlapping",
    );
    refused(
        &safetensors(&format!("{{{},{}}}", entry("a", 0), entry("a", 4)), &[0; 8]),
        "twice",
    );
}

#[test]
fn broken_headers_of_npy() {
    refused(&npy("'|O'", false, "(2,)", &[0; 8]), "object array");
    refused(&npy("'<q9'", false, "(2,)", &[0; 8]), "unknown dtype");
    refused(
        &npy("'<f4'", false, "(3,)", &[0; 8]),
        "asks for 12 bytes, 8 are there",
    );
    refused(&npy("'<f4'", false, "(3", &[0; 8]), "no header of npy");
    refused(b"\x93NUMPY\x01\x00\xFF\xFF{", "shorter than its header");
    refused(b"\x93NUMPY\x09\x00\xFF\xFF{", "npy of version 9.0");
    refused(b"\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF{", "a header of");
}

#[test]
fn broken_zip_files() {
    let file = npz();
    refused(&file[..file.len() - 30], "a zip file");
    let mut damaged = file.clone();
    let at = file.windows(4).position(|it| it == b"PK\x01\x02").unwrap();
    damaged[at + 42] = 1;
    refused(&damaged, "not where it should be");
    let lossy = PackOptions::default().with_lossy(LossyOptions::default());
    let error = try_pack(&file, &lossy).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unsupported(_)));
}

/// Files that were damaged anywhere are refused, or come back as they are.
#[test]
fn mutations_of_files() {
    let mut next = random(7);
    let options = PackOptions::default()
        .with_level(catena_filter::Level::MIN)
        .with_threads(1);
    for (name, file) in files() {
        for _ in 0..400 {
            let file = mutated(&file, &mut next);
            if let Ok((archive, _)) = try_pack(&file, &options) {
                assert!(unpacked(&archive).unwrap().0 == file, "{name}");
            }
        }
    }
}

#[test]
fn mutations_of_archives() {
    let mut next = random(8);
    for (_, file) in files() {
        let lossy = PackOptions::default()
            .with_threads(1)
            .with_lossy(LossyOptions::default());
        let archives = [
            Some(packed(&file).0),
            try_pack(&file, &lossy).ok().map(|(it, _)| it),
        ];
        for archive in archives.into_iter().flatten() {
            for _ in 0..300 {
                let damaged = mutated(&archive, &mut next);
                if damaged != archive {
                    assert!(unpacked(&damaged).is_err());
                }
                let _ = info(damaged.as_slice(), &UnpackOptions::default());
            }
        }
    }
}
