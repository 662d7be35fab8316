//! Models on the command line: `-m`, `--embed-model`, `catena model ...`, and what is said where
//! one is missing.

use crate::common::{Folder, JETS, Ran, jets, models};
use catena::Layout;
use serde_json::Value;

/// A folder with jets in `x`, and a model for them in `jets.catmodel`.
struct Place {
    folder: Folder,
    raw: Vec<u8>,
    hash: String,
}

impl Place {
    fn new() -> Self {
        let folder = Folder::new();
        let layout = Layout::parse(JETS).expect("layout");
        let model = models::model(&layout, 1);
        folder.put("jets.catmodel", model.file());
        let raw = jets(60);
        folder.put("x", &raw);
        Place {
            folder,
            raw,
            hash: model.id().to_string(),
        }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.folder.run_with_models("", args)
    }

    #[track_caller]
    fn decodes(&self, path: &str, args: &[&str]) {
        let back = self.folder.run_with_models(path, args).ok();
        assert!(back.stdout == self.raw);
    }
}

#[test]
fn a_stream_is_decoded_with_its_model_alone() {
    let place = Place::new();
    place
        .run(&["-8", "-m", "jets.catmodel", "--dtype", JETS, "x"])
        .ok();
    let missing = place.run(&["-dc", "x.cat"]).failed(1, &place.hash);
    for word in ["x.cat: ", "CATENA_MODEL_PATH", "built in"] {
        assert!(
            word == "CATENA_MODEL_PATH" || missing.stderr.contains(word),
            "{}",
            missing.stderr
        );
    }
    let data = place.folder.join("data/catena/models");
    assert!(
        missing.stderr.contains(&data.display().to_string()),
        "{}",
        missing.stderr
    );
    assert!(missing.stdout.is_empty());
    let elsewhere = place
        .folder
        .run_with_models("/nowhere:/there", &["-t", "x.cat"]);
    let elsewhere = elsewhere.failed(1, "/nowhere (CATENA_MODEL_PATH)");
    assert!(elsewhere.stderr.contains("/there"));

    place.decodes("", &["-dc", "-m", "jets.catmodel", "x.cat"]);
    place.decodes("", &["-dc", "-m", "./jets.catmodel", "x.cat"]);
    place.decodes(".", &["-dc", "x.cat"]);
    place.decodes("/nowhere:.", &["-c", "--range", "0", "x.cat"]);
    place
        .run(&["-d", "-m", &place.hash[..8], "x.cat"])
        .failed(1, "no model is called");
    place
        .run(&["-d", "-m", "nothing.catmodel", "x.cat"])
        .failed(1, "no model is called");
    place
        .run(&["-d", "-m", "./nothing", "x.cat"])
        .failed(1, "./nothing: ");
    place
        .run(&["-d", "-m", "x", "x.cat"])
        .failed(1, "not a model file");
}

#[test]
fn an_embedded_model_needs_no_other() {
    let place = Place::new();
    let asked = [
        "-8",
        "-m",
        "jets",
        "--embed-model",
        "--dtype",
        JETS,
        "--verify",
        "x",
    ];
    place.folder.run_with_models(".", &asked).ok();
    place.decodes("", &["-dc", "x.cat"]);
    place.decodes("", &["--range", "0", "x.cat"]);
    let packed = place.folder.get("x.cat");
    let back = place.folder.pipe(["-d"], &packed).ok();
    assert!(back.stdout == place.raw);
    let json = place.run(&["-l", "--json", "x.cat"]).ok().stdout;
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let model = &json[0]["model"];
    assert_eq!(model["hash"], place.hash);
    assert_eq!(
        model["embedded_bytes"],
        place.folder.get("jets.catmodel").len()
    );
    let text = String::from_utf8(place.run(&["-lv", "x.cat"]).ok().stdout).expect("text");
    assert!(
        text.contains(&place.hash) && text.contains("(embedded"),
        "{text}"
    );
}

#[test]
fn installing_listing_and_removing() {
    let place = Place::new();
    let listed = || String::from_utf8(place.run(&["model", "list"]).ok().stdout).expect("text");
    assert!(listed().contains("no models"));
    let installed = place
        .folder
        .join(&format!("data/catena/models/{}.catmodel", place.hash));
    for _ in 0..2 {
        let said = place
            .run(&["model", "install", "jets.catmodel"])
            .ok()
            .stdout;
        assert_eq!(
            String::from_utf8(said).expect("text").trim_end(),
            installed.display().to_string()
        );
    }
    assert_eq!(
        std::fs::read(&installed).expect("installed"),
        place.folder.get("jets.catmodel")
    );
    let list = listed();
    for word in [&place.hash[..], JETS, "sample"] {
        assert!(list.contains(word), "'{word}' is not in:\n{list}");
    }
    place.run(&["-8", "-m", &place.hash[..6], "x"]).ok();
    let text = String::from_utf8(place.run(&["-l", "x.cat"]).ok().stdout).expect("text");
    assert!(
        text.contains(&place.hash) && text.contains("not embedded"),
        "{text}"
    );
    place.decodes("", &["-dc", "x.cat"]);
    place
        .run(&["model", "install", "x"])
        .failed(1, "not a model file");
    place
        .run(&["model", "remove", "ffff00"])
        .failed(1, "no model is called");
    place.run(&["model", "remove", &place.hash[..6]]).ok();
    assert!(!installed.exists());
    place.run(&["-dc", "x.cat"]).failed(1, "needs the model");
}

#[test]
fn info_tells_what_a_model_is() {
    let place = Place::new();
    let text = place.run(&["model", "info", "jets.catmodel"]).ok().stdout;
    let text = String::from_utf8(text).expect("text");
    for word in [
        &place.hash[..],
        JETS,
        "weights",
        "width 16",
        "1 block",
        "random weights",
    ] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    let json = place
        .folder
        .run_with_models(".", &["model", "info", "--json", &place.hash[..9]]);
    let json: Value = serde_json::from_slice(&json.ok().stdout).expect("JSON");
    assert_eq!(json["hash"], place.hash);
    assert_eq!(json["network"]["width"], 16);
    assert_eq!(json["file_bytes"], place.folder.get("jets.catmodel").len());
}

#[test]
fn what_does_not_go_together_is_refused() {
    let place = Place::new();
    let usage = |args: &[&str], why: &str| {
        place.run(args).failed(2, why);
        assert!(!place.folder.names().contains(&"x.cat".to_string()));
    };
    usage(&["-5", "-m", "jets.catmodel", "x"], "levels 8 and 9");
    usage(
        &["-8", "-m", "jets.catmodel", "--dtype", "<f4", "x"],
        "does not fit",
    );
    usage(&["-8", "--embed-model", "x"], "--model");
    usage(&["-8", "-m", "a", "-m", "b", "x"], "one model");
}
