//! `catena train` and `catena eval` as users run them: a model from data, its use, what is refused,
//! interrupts, checkpoints.

use crate::common::{Folder, Ran, sample};
use catena::Model;
use serde_json::Value;

/// The layout of the electrons in `zee.bin`.
const ZEE: &str = "20<f4";
const RECORD: usize = 80;
const RECORDS: usize = 1000;
/// As short as training gets.
const TINY: [&str; 6] = ["--dtype", ZEE, "--preset", "tiny", "--steps", "3"];

/// A folder with electrons in `zee.bin`, and what its programs see of models: the folders of a
/// search path alone.
struct Place {
    folder: Folder,
    raw: Vec<u8>,
}

impl Place {
    fn new() -> Self {
        let folder = Folder::new();
        let raw = sample("zee.bin")[..RECORDS * RECORD].to_vec();
        folder.put("zee.bin", &raw);
        Place { folder, raw }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.folder.run_with_models("", args)
    }

    /// `catena train`, three steps of a tiny network.
    fn train(&self, args: &[&str]) -> Ran {
        self.run(&[&["train"], args, &TINY].concat())
    }

    fn text(&self, args: &[&str]) -> String {
        String::from_utf8(self.run(args).ok().stdout).expect("text")
    }

    #[track_caller]
    fn model(&self, name: &str) -> Model {
        Model::open(self.folder.join(name)).expect("a model")
    }
}

#[test]
fn a_trained_model_is_used_and_without_it_nothing_is_decoded() {
    let place = Place::new();
    let said = place.train(&["zee.bin", "-o", "m.catmodel"]).ok();
    let model = place.model("m.catmodel");
    let hash = model.id().to_string();
    assert_eq!(
        place.folder.names(),
        ["m.catmodel", "zee.bin"],
        "nothing else is left"
    );
    assert!(said.stdout.is_empty());
    for word in [
        "1,000 records of 80 bytes",
        "the last 100 are held out",
        "xz -9e",
        "step 3",
        "all steps taken",
        "m.catmodel: ",
        &hash,
    ] {
        assert!(
            said.stderr.contains(word),
            "'{word}' is not in:\n{}",
            said.stderr
        );
    }
    let info = place.text(&["model", "info", "m.catmodel"]);
    for word in [ZEE, "width 32", "trained on zee.bin (1,000 records)"] {
        assert!(info.contains(word), "'{word}' is not in:\n{info}");
    }

    place.run(&["-8", "-m", "m.catmodel", "zee.bin"]).ok();
    let back = |path: &str, args: &[&str]| {
        assert!(place.folder.run_with_models(path, args).ok().stdout == place.raw);
    };
    back("", &["-dc", "-m", "m.catmodel", "zee.bin.cat"]);
    back(".", &["-dc", "zee.bin.cat"]);
    let missing = place.run(&["-dc", "zee.bin.cat"]).failed(1, &hash);
    let installed = place.folder.join("data/catena/models");
    for place in [
        "zee.bin.cat: ",
        "built in",
        &installed.display().to_string(),
    ] {
        assert!(missing.stderr.contains(place), "{}", missing.stderr);
    }
    assert!(missing.stdout.is_empty());

    let embedded = ["-8f", "-m", "m.catmodel", "--embed-model", "zee.bin"];
    place.run(&embedded).ok();
    back("", &["-dc", "zee.bin.cat"]);
}

#[test]
fn a_model_is_named_after_the_data_and_its_seed_and_notes_are_the_user_s() {
    let place = Place::new();
    place.folder.put("run.4.bin", &place.raw);
    place.train(&["run.4.bin", "-T1", "--notes", "mine"]).ok();
    let model = place.model("run.4.catmodel");
    assert_eq!(model.notes(), "mine");
    let again = ["run.4.bin", "-T1", "--notes", "mine", "-o", "b"];
    place.train(&again).ok();
    assert_eq!(place.model("b").id(), model.id(), "the same run");
    let other = [&again[..4], &["-o", "c", "--seed", "7"]].concat();
    place.train(&other).ok();
    assert_ne!(place.model("c").id(), model.id(), "another seed");
}

#[test]
fn eval_tells_where_the_bits_go() {
    let place = Place::new();
    place.train(&["zee.bin", "-o", "m.catmodel"]).ok();
    let text = place.text(&["eval", "zee.bin", "-m", "m.catmodel"]);
    for word in [
        "zee.bin: 1000 records, level 8, bits per byte",
        "xz -9e",
        "zstd -19",
        "pco, columns",
        "experts alone (level 7)",
        "network alone",
        "network and experts",
        "with the model's file",
        "| experts ",
    ] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    let part = [
        "eval",
        "zee.bin",
        "-m",
        "m.catmodel",
        "--json",
        "--level",
        "9",
        "--skip",
        "900",
        "--records",
        "60",
    ];
    let json: Value = serde_json::from_str(&place.text(&part)).expect("JSON");
    assert_eq!(json["records"], 60);
    assert_eq!(json["raw_bytes"], 60 * RECORD);
    assert_eq!(json["level"], 9);
    let model = place.model("m.catmodel");
    assert_eq!(json["model"], model.id().to_string());
    assert_eq!(json["model_bytes"], model.file().len());
    assert_eq!(json["peers"].as_array().expect("peers").len(), 3);
    assert_eq!(json["fields"].as_array().expect("fields").len(), 20);
    let bpb = |name: &str| json["bpb"][name].as_f64().expect("a number");
    for name in ["network_alone", "experts_alone", "mixed"] {
        assert!((1.0..9.0).contains(&bpb(name)), "{name}: {}", bpb(name));
    }
    assert!(bpb("mixed_with_model") > bpb("mixed"));
    // Planes of the first field: about as many bits as its values have.
    let planes = json["fields"][0]["network_alone"]
        .as_array()
        .expect("planes");
    assert_eq!(planes.len(), 4);

    let refused = |args: &[&str], why: &str| {
        let ran = place.run(&[&["eval", "-m", "m.catmodel"], args].concat());
        let ran = ran.failed(1, why);
        assert!(ran.stdout.is_empty());
    };
    refused(&["zee.bin", "--level", "6"], "levels 8 and 9");
    refused(&["zee.bin", "--skip", "1000"], "none are left");
    refused(&["nowhere"], "nowhere: ");
    place
        .run(&["eval", "zee.bin", "-m", "nothing"])
        .failed(1, "no model is called");
}

#[test]
fn what_cannot_be_trained_on_is_refused_before_anything_is_written() {
    let place = Place::new();
    place.folder.put("empty", b"");
    place.folder.put("short", &place.raw[..RECORD - 1]);
    place.folder.put("few", &place.raw[..20 * RECORD]);
    place
        .folder
        .put("constant", &place.raw[..RECORD].repeat(RECORDS));
    place.folder.put("there", b"precious");
    let names = place.folder.names();
    let refused = |args: &[&str], why: &str| {
        let ran = place.run(&[&["train", "--steps", "1"], args].concat());
        let ran = ran.failed(1, why);
        assert!(ran.stderr.starts_with("catena: "), "{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        assert_eq!(place.folder.names(), names, "{args:?}");
    };
    let of = |file: &str, dtype: &str, why: &str| {
        refused(&[file, "--dtype", dtype, "-o", "m"], why);
    };
    of("empty", ZEE, "empty: is empty");
    refused(&["empty", "-o", "m"], "empty: is empty");
    of("short", ZEE, "short: 79 bytes hold no record of 80");
    of("few", ZEE, "20 records are too few");
    of("constant", ZEE, "nothing to learn");
    of("zee.bin", "<f4", "one column");
    of("nowhere", ZEE, "nowhere: ");
    let to = |output: &str, why: &str| {
        refused(&["zee.bin", "--dtype", ZEE, "-o", output], why);
    };
    to("there", "there: already exists; -f overwrites it");
    to("no/such/folder/m", "no/such/folder/m: ");
    assert_eq!(place.folder.get("there"), b"precious");
    for wrong in [
        &["--preset", "huge"][..],
        &["--dtype", "nonsense"],
        &["--resume"],
    ] {
        let args = [&["train", "zee.bin", "-o", "m"], wrong].concat();
        assert_eq!(place.run(&args).code(), 2, "{wrong:?}");
    }
    assert_eq!(place.folder.names(), names);
    place.train(&["-f", "zee.bin", "-o", "there"]).ok();
    place.model("there");
}

#[test]
fn where_a_model_does_not_belong_nothing_is_compressed() {
    let place = Place::new();
    place.train(&["zee.bin", "-o", "m"]).ok();
    let refused = |args: &[&str], why: &str| {
        place.run(args).failed(2, why);
        assert!(!place.folder.names().contains(&"zee.bin.cat".to_string()));
    };
    refused(&["-5", "-m", "m", "zee.bin"], "levels 8 and 9");
    for other in ["19<f4", "20<i4", "<f4", "<u8,18<f4"] {
        let args = ["-8", "-m", "m", "--dtype", other, "zee.bin"];
        refused(&args, "does not fit");
    }
    // Names may differ.
    let named = ["-8", "-m", "m", "--dtype", "pt:<f4,19<f4", "zee.bin"];
    place.run(&named).ok();
}

#[test]
fn a_checkpoint_is_gone_on_from() {
    let place = Place::new();
    let at = ["zee.bin", "--checkpoint", "c", "-o"];
    let train = |args: &[&str]| place.train(&[&at, args].concat());
    train(&["a"]).ok();
    assert_eq!(place.folder.names(), ["a", "c", "zee.bin"]);
    let longer = |output: &str, more: &[&str]| {
        let args = [&["train"], &at[..], &[output], &TINY[..4], more].concat();
        place.run(&args)
    };
    let more = longer("b", &["--steps", "6", "--resume"]).ok();
    for word in ["step 3", "6 steps in"] {
        assert!(
            more.stderr.contains(word),
            "'{word}' is not in:\n{}",
            more.stderr
        );
    }
    assert!(!more.stderr.contains("step 0"), "{}", more.stderr);
    assert_ne!(place.model("a").id(), place.model("b").id());
    longer("d", &["--steps", "9", "--resume", "--seed", "1"]).failed(1, "another run");
    place.folder.put("c", b"no checkpoint");
    longer("d", &["--steps", "9", "--resume"]).failed(1, "the checkpoint c");
    assert!(!place.folder.names().contains(&"d".to_string()));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_training_with_a_model() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // As under nohup or in a script's background: SIGINT would be ignored there, as it should be.
    let signal = match mask.is_some_and(|mask| mask & 2 != 0) {
        true => "-TERM",
        false => "-INT",
    };
    let place = Place::new();
    let args = ["train", "zee.bin", "-o", "m", "--minutes", "30"];
    let mut child = place
        .folder
        .command([&args[..], &TINY[..4]].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("spawn");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line.expect("text");
        said += &line;
        said.push('\n');
        if line.starts_with("held-out rows") {
            break;
        }
    }
    // The shell has a kill of its own; the program is not everywhere.
    let line = format!("kill {signal} {}", child.id());
    let killed = Command::new("sh").args(["-c", &line]).status();
    assert!(killed.expect("sh").success(), "{said}");
    for line in lines {
        said += &line.expect("text");
        said.push('\n');
    }
    let status = child.wait().expect("wait");
    assert!(status.success(), "{status}: {said}");
    assert!(said.contains("ended: interrupted"), "{said}");
    assert_eq!(place.folder.names(), ["m", "zee.bin"]);
    place.model("m");
    place.run(&["-8", "-m", "m", "--verify", "zee.bin"]).ok();
}
