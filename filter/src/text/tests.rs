//! Texts come back, and what is damaged is refused.

use super::*;

fn level(number: u8) -> Level {
    Level::new(number).unwrap()
}

fn back(raw: &[u8]) -> Option<usize> {
    let payload = pack(raw, true, level(3), 2).unwrap()?;
    assert!(unpack(&Layout::bytes(), &payload, raw.len()).unwrap() == raw);
    Some(payload.len())
}

/// Lines of a table with numbers in many styles.
fn table(n: usize) -> String {
    let mut state = 7u64;
    let mut draw = move || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let names = ["alpha", "beta", "gamma-2"];
    (0..n)
        .map(|at| {
            let (x, y) = (draw() * 100.0 - 50.0, draw());
            format!(
                "{at},{:03},{x:.16e},{x},{y:.3},{:>10.2},{:<8}|{},{:+.1}\n",
                at % 1000,
                x * y,
                (y * 5000.0) as i32,
                names[at % 3],
                x / 9.0,
            )
        })
        .collect()
}

#[test]
fn tables_come_back_in_columns() {
    let text = table(3000);
    let len = back(text.as_bytes()).unwrap();
    assert!(len * 3 < text.len(), "{len} of {}", text.len());
    assert!(has_numbers(text.as_bytes(), b'\n'));
    let prose = "It was the best of times, it was the worst of times.\n".repeat(900);
    assert!(!has_numbers(prose.as_bytes(), b'\n') && back(b"").is_none());
}

#[test]
fn odd_lines_come_back() {
    let mut text = table(200);
    for (at, odd) in [
        "nan,inf,-inf,NaN,-nan(0x1)\r\n",
        "-0,-0.0,+0,00,1e400,-1e-400,1e5,1E+5,.5,5.\n",
        "\0\0\u{1}\n",
        "\n\n\r\n",
        "1,2,3",
    ]
    .iter()
    .enumerate()
    {
        text += &odd.repeat(40);
        text += &table(40 + at);
    }
    text += &format!("{}\n", "7".repeat(400)).repeat(40);
    text += "no end of line";
    assert!(back(text.as_bytes()).is_some());
    let mut bytes = text.into_bytes();
    bytes.iter_mut().step_by(1001).for_each(|byte| *byte = 0xFF);
    assert!(back(&bytes).is_some());
}

#[test]
fn numbers_that_are_missing_are_values_of_their_columns() {
    let row = |at: u32| match at % 7 {
        2 => format!("{at},,{:.2}\n", f64::from(at) / 3.0),
        4 => format!("{at},{:.9e},nan\n", f64::from(at) / 7.0),
        5 => format!("-inf,{:.9e},\n", f64::from(at) / 7.0),
        _ => format!(
            "{at},{:.9e},{:.2}\n",
            f64::from(at) / 7.0,
            f64::from(at) / 3.0
        ),
    };
    let text: String = (0..3000).map(row).collect();
    let payload = pack(text.as_bytes(), false, level(3), 1).unwrap().unwrap();
    let found = describe(&payload, text.len()).unwrap();
    assert_eq!(
        (found.shapes.len(), found.literal_lines),
        (1, 0),
        "{found:?}"
    );
    assert!(back(text.as_bytes()).is_some());
}

#[test]
fn rows_without_line_ends_are_cut_at_brackets() {
    let row = |at: u32| format!("[{}.25,{:.3}],", at * 7 % 360, f64::from(at) / 8.0);
    let text: String = (0..4000).map(row).collect();
    assert_eq!(line_end(text.as_bytes()), b']');
    assert!(back(text.as_bytes()).unwrap() * 4 < text.len());
}

#[test]
fn what_is_damaged_is_refused() {
    let text = table(60);
    let payload = pack(text.as_bytes(), true, level(1), 1).unwrap().unwrap();
    let layout = Layout::bytes();
    for at in 0..payload.len() {
        for flip in [1, 0x80, 0xFF] {
            let mut wrong = payload.clone();
            wrong[at] ^= flip;
            if let Ok(raw) = unpack(&layout, &wrong, text.len()) {
                assert_eq!(raw.len(), text.len());
            }
        }
        assert!(unpack(&layout, &payload[..at], text.len()).is_err());
    }
    assert!(unpack(&layout, &payload, text.len() - 1).is_err());
    assert!(unpack(&Layout::parse("<f4").unwrap(), &payload, text.len()).is_err());
}
