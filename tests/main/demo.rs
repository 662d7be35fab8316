//! `catena demo` runs from anywhere, and compares; what the README prints beside it runs, too.

use crate::common::{self, Folder, sample};

#[test]
fn the_demo_runs_outside_the_repository() {
    let folder = Folder::new();
    let text = String::from_utf8(folder.run(["demo"]).ok().stdout).expect("text");
    for name in [
        "gzip -9",
        "zstd -19",
        "xz -9e",
        "pco -12",
        "catena -1",
        "catena -3",
        "catena -5",
        "catena -6",
    ] {
        assert!(text.contains(name), "'{name}' is not in:\n{text}");
    }
    for word in [
        "jets",
        "tracks",
        "zee",
        "in MB/s",
        "out MB/s",
        "█",
        "no bit differs",
        "bits/value",
        "24 more",
        "IP3D_signed_d0_signific…",
    ] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "a line is wider than 80 characters:\n{text}"
    );
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn bench_measures_files_that_are_not_ours() {
    let folder = Folder::new();
    folder.put("jets", &common::jets(300));
    folder.put(
        "text",
        &b"It was the best of times, it was the worst of times. ".repeat(40),
    );
    let line = ["bench", "--levels", "1,5", "jets", "text"];
    let text = String::from_utf8(folder.run(line).ok().stdout).expect("text");
    for word in [
        "jets: ",
        "gzip -9",
        "pco -12, columns",
        "catena -5 *",
        "CAQ",
        "left out: pco",
    ] {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
    let line = [
        "bench",
        "--json",
        "--levels",
        "3",
        "--dtype",
        common::JETS,
        "jets",
    ];
    let found: serde_json::Value =
        serde_json::from_slice(&folder.run(line).ok().stdout).expect("JSON");
    let rows = found[0]["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 5);
    for row in rows {
        let [ratio, seconds, caq] =
            ["ratio", "cpu_seconds", "caq"].map(|key| row[key].as_f64().expect("a number"));
        assert!((caq - ratio / (seconds + 1.0)).abs() < 1e-9, "{row}");
    }
    assert_eq!(rows[0]["gain"], 0.0);
    folder
        .run(["bench", "--levels", "10", "jets"])
        .failed(2, "no level");
    folder.run(["bench", "nothing"]).failed(1, "nothing");
    folder.put("empty", b"");
    folder.run(["bench", "--levels", "1", "empty"]).ok();
}

#[test]
#[cfg(unix)]
fn the_readmes_commands_work_as_printed() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("samples")).expect("a folder");
    folder.put("samples/zee.bin", &sample("zee.bin"));
    let blocks = include_str!("../../README.md")
        .split("```")
        .skip(1)
        .step_by(2);
    let lines: Vec<&str> = blocks
        .filter_map(|block| block.strip_prefix("sh\n"))
        .flat_map(str::lines)
        .filter(|line| line.starts_with("catena "))
        .collect();
    assert!(lines.len() >= 3, "{lines:?}");
    for line in lines {
        folder.shell(line).ok();
    }
    assert!(folder.join("samples/zee.bin").exists() && folder.join("samples/zee.bin.cat").exists());
}
