//! `catena h5`: files of the library's own making, packed, interrupted, described, compared.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{CATENA, Folder};
use catena_h5::calls::{
    Handle, Standard, close, create_dataset, create_file, dataset_create_plist, link_object,
    make_compound, open_object, set_chunk_shape, simple_space, standard, write_block,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn dataset(file: &Handle, name: &str, of: &Handle, n: u64, chunk: u64, raw: &[u8]) -> Outcome {
    let dcpl = dataset_create_plist()?;
    set_chunk_shape(&dcpl, &[chunk])?;
    let made = create_dataset(file, of, &simple_space(&[n], None)?, &dcpl)?;
    write_block(&made, of, (&[0], &[n], &[n]), raw)?;
    let name = std::ffi::CString::new(name)?;
    Ok(link_object(&made, &open_object(file, c"/")?, &name, false)?)
}

/// Records of three related columns, and a column alone.
fn write(path: &Path, n: u64) -> Outcome {
    let file = create_file(path, None, 0)?;
    let f32s = standard(Standard::F32)?;
    let record = make_compound(
        12,
        &[(c"pt", 0, &f32s), (c"eta", 4, &f32s), (c"e", 8, &f32s)],
    )?;
    let mut raw = Vec::new();
    let mut state = 12345u32;
    for _ in 0..n {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        let (pt, eta) = (
            (state >> 20) as f32 * 0.25 + 20.0,
            ((state >> 8) & 0x1FF) as f32 / 100.0,
        );
        for value in [pt, eta, pt * (1.0 + eta * eta)] {
            raw.extend(value.to_le_bytes());
        }
    }
    dataset(&file, "jets", &record, n, n.min(1000), &raw)?;
    let alone: Vec<u8> = raw.chunks_exact(12).flat_map(|r| r[..4].to_vec()).collect();
    dataset(&file, "pt", &f32s, n, n.min(1000), &alone)?;
    close(file)?;
    Ok(())
}

#[test]
fn there_and_back() -> Outcome {
    let folder = Folder::new();
    write(&folder.join("in.h5"), 5000)?;
    folder.run(["h5", "pack", "-4", "in.h5", "out.h5"]).ok();
    folder.run(["h5", "verify", "in.h5", "out.h5"]).ok();
    assert!(fs::metadata(folder.join("out.h5"))?.len() < fs::metadata(folder.join("in.h5"))?.len());
    folder
        .run(["h5", "pack", "in.h5", "out.h5"])
        .failed(1, "already exists");
    folder
        .run(["h5", "unpack", "-f", "out.h5", "plain.h5"])
        .ok();
    folder.run(["h5", "verify", "in.h5", "plain.h5"]).ok();
    let told = folder.run(["h5", "info", "out.h5", "--json"]).ok();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout)?;
    assert_eq!(told["datasets"][0]["path"], "/jets");
    assert_eq!(told["datasets"][0]["catena"]["level"], 4);
    assert_eq!(told["datasets"][0]["raw"], 60_000);
    let text = String::from_utf8(folder.run(["h5", "info", "out.h5"]).ok().stdout)?;
    assert!(
        text.contains("catena -4") && text.contains("5 of 1000"),
        "{text}"
    );

    write(&folder.join("other.h5"), 4999)?;
    folder
        .run(["h5", "verify", "in.h5", "other.h5"])
        .failed(1, "/jets: has another shape");
    Ok(())
}

#[test]
fn wrong_input_leaves_nothing() -> Outcome {
    let folder = Folder::new();
    fs::write(folder.join("text.h5"), "some text")?;
    folder
        .run(["h5", "pack", "text.h5", "out.h5"])
        .failed(1, "text.h5: is not an HDF5 file");
    folder
        .run(["h5", "pack", "none.h5", "out.h5"])
        .failed(1, "none.h5: No such file");
    write(&folder.join("in.h5"), 100)?;
    folder
        .run(["h5", "pack", "in.h5", "out.h5", "--dataset", "x*"])
        .failed(1, "no dataset");
    folder
        .run(["h5", "pack", "in.h5", "out.h5", "-5", "--model", "none"])
        .failed(1, "no model is called");
    folder
        .run(["h5", "pack", "in.h5", "out.h5", "--chunk", "0"])
        .failed(2, "neither auto nor numbers");
    let mut names: Vec<_> = fs::read_dir(folder.path())?
        .map(|e| e.map(|e| e.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort();
    assert_eq!(names, ["in.h5", "text.h5"]);
    Ok(())
}

/// An interrupted run dies of the signal, and neither the output nor its temporary file is there.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing() -> Outcome {
    let folder = Folder::new();
    write(&folder.join("in.h5"), 2_000_000)?;
    let mut child = Command::new(CATENA)
        .args(["h5", "pack", "-7", "-T1", "in.h5", "out.h5"])
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .spawn()?;
    let files = || fs::read_dir(folder.path()).map_or(0, Iterator::count);
    let begun = Instant::now();
    while files() < 2 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    // As Ctrl-C, which scripts in the background are asked to ignore.
    Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()?;
    let status = child.wait()?;
    let mut said = String::new();
    child
        .stderr
        .take()
        .map(|mut e| e.read_to_string(&mut said))
        .transpose()?;
    assert!(!status.success(), "{said}");
    assert_eq!(files(), 1);
    Ok(())
}

/// m.catmodel, for records like those of [`write`].
#[cfg(feature = "train")]
fn train(folder: &Folder) -> Outcome {
    let mut flat = Vec::new();
    let mut state = 7u32;
    for _ in 0..6000 {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        let pt = (state >> 20) as f32 * 0.25 + 20.0;
        for value in [pt, 1.0f32, pt * 2.0] {
            flat.extend(value.to_le_bytes());
        }
    }
    fs::write(folder.join("flat.bin"), flat)?;
    folder
        .run([
            "train",
            "flat.bin",
            "--dtype",
            "3<f4",
            "--steps",
            "3",
            "-o",
            "m.catmodel",
        ])
        .ok();
    Ok(())
}

#[cfg(feature = "train")]
#[test]
fn a_model_travels_in_the_file() -> Outcome {
    let folder = Folder::new();
    write(&folder.join("in.h5"), 40_000)?;
    folder
        .run([
            "h5", "pack", "--train", "0.05", "--chunk", "40000", "-q", "in.h5", "out.h5",
        ])
        .ok();
    folder.run(["h5", "verify", "in.h5", "out.h5"]).ok();
    // The same with a file: whether a model of three seconds pays does not matter here.
    let raw = folder.run(["h5", "unpack", "out.h5", "plain.h5"]).ok();
    drop(raw);
    train(&folder)?;
    folder
        .run(["h5", "pack", "--model", "m.catmodel", "in.h5", "with.h5"])
        .ok();
    let told = folder.run(["h5", "info", "with.h5", "--json"]).ok();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout)?;
    assert_eq!(told["models"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["datasets"][0]["catena"]["model"], told["models"][0]);
    assert!(told["datasets"][1]["catena"]["model"].is_null());
    fs::remove_file(folder.join("m.catmodel"))?;
    folder.run(["h5", "verify", "in.h5", "with.h5"]).ok();
    folder.run(["h5", "unpack", "with.h5", "back.h5"]).ok();
    folder.run(["h5", "verify", "in.h5", "back.h5"]).ok();

    // Without the dataset it is missing, and named.
    {
        use catena_h5::calls::delete_link;
        let file = catena_h5::calls::open_file_to_change(&folder.join("with.h5"))?;
        delete_link(&open_object(&file, c"/")?, c".catena")?;
        close(file)?;
    }
    let name = told["models"][0].as_str().unwrap_or("?").to_string();
    folder
        .run(["h5", "unpack", "with.h5", "gone.h5"])
        .failed(1, &name);
    assert!(!folder.join("gone.h5").exists());
    Ok(())
}

#[cfg(all(feature = "root", feature = "train"))]
#[test]
fn trees_become_datasets_with_models() -> Outcome {
    let folder = Folder::new();
    write(&folder.join("in.h5"), 5000)?;
    train(&folder)?;
    folder
        .run(["root", "export", "in.h5", "trees.root", "-q"])
        .ok();
    let convert = |more: &[&str], to: &str| {
        let mut line = vec!["root", "convert", "-q", "trees.root", to];
        line.extend(more);
        folder.run(line)
    };
    convert(&[], "plain.h5").ok();
    convert(&["--model", "m.catmodel"], "with.h5").ok();
    convert(&["--train", "0.02", "-8"], "trained.h5").ok();
    for other in ["with.h5", "trained.h5"] {
        folder.run(["h5", "verify", "plain.h5", other]).ok();
        folder
            .run(["root", "export", other, "back.root", "-q", "-f"])
            .ok();
        folder
            .run(["root", "convert", "-q", "-f", "back.root", "again.h5"])
            .ok();
        let datasets = |file: &str| -> serde_json::Value {
            let told = folder.run(["h5", "info", file, "--json"]).ok();
            serde_json::from_slice(&told.stdout).unwrap_or_default()
        };
        let (one, two) = (datasets("plain.h5"), datasets("again.h5"));
        for (one, two) in [0, 1].map(|at| (&one["datasets"][at], &two["datasets"][at])) {
            assert!(one["raw"].is_u64(), "{one}");
            for key in ["path", "dtype", "shape", "raw", "stored"] {
                assert_eq!(one[key], two[key]);
            }
        }
    }
    let told = folder.run(["h5", "info", "with.h5", "--json"]).ok();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout)?;
    assert_eq!(told["models"].as_array().map(Vec::len), Some(1), "{told}");

    // What cannot be is said, and nothing is left of it.
    convert(&["--model", "m.catmodel", "-5"], "a.h5").failed(1, "uses no network");
    convert(&["--model", "nobody.catmodel"], "a.h5").failed(1, "nobody.catmodel");
    assert!(!folder.join("a.h5").exists());
    let files: Vec<_> = fs::read_dir(folder.join("."))?.collect::<Result<_, _>>()?;
    assert!(
        files
            .iter()
            .all(|file| !file.file_name().to_string_lossy().contains(".tmp")),
        "{files:?}"
    );
    Ok(())
}
