//! What depends on a terminal: the progress bar, the summary, the refusal to write binary there. A
//! terminal is had from script(1), which every Linux has; elsewhere the decisions are tested in
//! src/report.rs alone.

use crate::common::{Folder, Ran, jets, sample};

/// Runs a line of shell on a terminal of its own. Everything it prints comes back as `stdout`.
fn on_terminal(folder: &Folder, line: &str) -> Option<Ran> {
    if std::process::Command::new("script")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("SKIPPED: there is no script(1) here");
        return None;
    }
    let quoted = line.replace('\'', r"'\''");
    Some(folder.shell(&format!(
        "TERM=xterm script -qec '{quoted}' /dev/null < /dev/null"
    )))
}

fn text(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

#[test]
fn compressed_data_do_not_go_to_a_terminal() {
    let folder = Folder::new();
    let raw = jets(20);
    folder.put("x", &raw);
    folder.run(["x"]).ok();
    for line in ["catena < x", "catena -c x", "catena -d < x.cat"] {
        let Some(ran) = on_terminal(&folder, line) else {
            return;
        };
        assert_eq!(ran.code(), 1, "{line}");
        assert!(
            text(&ran).contains("is a terminal, and the data are binary"),
            "{line}: {}",
            text(&ran)
        );
    }
    for line in ["catena -cf x", "catena -dc x.cat"] {
        let Some(ran) = on_terminal(&folder, line) else {
            return;
        };
        assert_eq!(ran.code(), 0, "{line}");
        assert!(ran.stdout.len() > 100, "{line}");
    }
}

#[test]
fn a_terminal_is_no_input() {
    let folder = Folder::new();
    let Some(ran) = on_terminal(&folder, "catena < /dev/tty > x.cat") else {
        return;
    };
    assert_eq!(ran.code(), 1);
    assert!(
        text(&ran).contains("(standard input): is a terminal"),
        "{}",
        text(&ran)
    );
}

#[test]
fn progress_and_summary_are_shown_on_a_terminal() {
    let folder = Folder::new();
    folder.put("x", &sample("jets.bin"));
    // Slow input, so that the bar has the time to be drawn.
    let slow = "(cat x; sleep 0.6; cat x) |";
    let Some(ran) = on_terminal(&folder, &format!("{slow} catena -1 -o y.cat")) else {
        return;
    };
    assert_eq!(ran.code(), 0);
    let shown = text(&ran);
    assert!(shown.contains("ratio") && shown.contains("/s"), "{shown}");
    assert!(shown.contains("812,000 => "), "the summary: {shown}");

    for (line, what) in [
        (format!("{slow} catena -1 -q -o z.cat"), "-q"),
        (format!("{slow} catena -1 > w.cat"), "a filter"),
        (
            format!("({slow} catena -1 -o v.cat) 2>&1 | cat"),
            "standard error is no terminal",
        ),
    ] {
        let Some(ran) = on_terminal(&folder, &line) else {
            return;
        };
        assert_eq!((ran.code(), text(&ran).as_str()), (0, ""), "{what}");
    }
}
