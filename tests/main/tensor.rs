//! `catena tensor` as users run it.

use crate::common::Folder;

/// A small checkpoint: 4000 floats and a byte.
fn checkpoint() -> Vec<u8> {
    let header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[40,100],\"data_offsets\":[0,16000]},\"flag\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[16000,16001]}}  ";
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend((0..4000u32).flat_map(|i| ((i * 7919 % 1000) as f32 * 1e-3 - 0.5).to_le_bytes()));
    file.push(1);
    file
}

#[test]
fn a_checkpoint_goes_into_an_archive_and_comes_back() {
    let (place, file) = (Folder::new(), checkpoint());
    place.put("a.safetensors", &file);
    place
        .run(["tensor", "pack", "a.safetensors", "a.ctensor"])
        .ok();
    let archive = place.get("a.ctensor");
    assert!(archive.len() < file.len());
    place
        .run(["tensor", "unpack", "a.ctensor", "b.safetensors"])
        .ok();
    assert!(place.get("b.safetensors") == file);
    // Through pipes, with any number of threads.
    let piped = place
        .run(["tensor", "pack", "-T3", "a.safetensors", "-"])
        .ok()
        .stdout;
    assert!(piped == archive);
    let back = place
        .pipe(["tensor", "unpack", "-", "-"], &piped)
        .ok()
        .stdout;
    assert!(back == file);
    let said = place.run(["tensor", "info", "a.ctensor"]).ok().stdout;
    let text = String::from_utf8(said).unwrap();
    assert!(
        text.contains("archive of a safetensors file") && text.contains("w  F32 [40, 100]"),
        "{text}"
    );
}

#[test]
fn a_loss_is_told_bounded_and_warned_of() {
    let (place, file) = (Folder::new(), checkpoint());
    place.put("a.safetensors", &file);
    let args = [
        "tensor",
        "pack",
        "--lossy",
        "--max-rel-error",
        "0.001",
        "a.safetensors",
        "a.ctensor",
    ];
    let said = place.run(args).ok().stderr;
    assert!(
        said.contains("w: largest error") && said.contains("with a loss"),
        "{said}"
    );
    let said = place
        .run(["tensor", "unpack", "a.ctensor", "b"])
        .ok()
        .stderr;
    assert!(said.contains("was packed with a loss"), "{said}");
    assert_eq!(place.get("b").len(), file.len());
    let said = place
        .run(["tensor", "info", "--json", "a.ctensor"])
        .ok()
        .stdout;
    let value: serde_json::Value = serde_json::from_slice(&said).unwrap();
    assert_eq!(value[0]["lossy"], true);
    let worst = value[0]["tensors"][0]["loss"]["max_rel_error"]
        .as_f64()
        .unwrap();
    assert!(worst > 0.0 && worst <= 0.001);
    assert_eq!(value[0]["tensors"][1]["loss"], serde_json::Value::Null);
}

#[test]
fn failures_leave_nothing() {
    let place = Folder::new();
    place.put("text", b"not really");
    place
        .run(["tensor", "pack", "text", "x"])
        .failed(1, "text: damaged, or no tensor file");
    place
        .run(["tensor", "unpack", "text", "x"])
        .failed(1, "not an archive of tensors");
    place
        .run(["tensor", "pack", "--max-rel-error", "0.1", "text", "x"])
        .failed(2, "--lossy");
    place.put("a.safetensors", &checkpoint());
    place
        .run([
            "tensor",
            "pack",
            "--lossy",
            "--max-rel-error",
            "2",
            "a.safetensors",
            "x",
        ])
        .failed(1, "at most 0.5");
    assert!(!place.join("x").exists());
}
