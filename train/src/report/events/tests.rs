//! The file is read back by a reader of its own: records, checks, messages.

use super::*;
use crate::report::End;

/// A field of a message: its number, and its value as bytes or as a number.
#[derive(Debug, PartialEq)]
enum Value<'a> {
    Integer(u64),
    Double(f64),
    Float(f32),
    Bytes(&'a [u8]),
}

fn take<'a>(input: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (part, rest) = input.split_at_checked(n)?;
    *input = rest;
    Some(part)
}

fn varint(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(input, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn fields(mut input: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !input.is_empty() {
        let key = varint(&mut input)?;
        let value = match key & 7 {
            0 => Value::Integer(varint(&mut input)?),
            1 => Value::Double(f64::from_le_bytes(take(&mut input, 8)?.try_into().ok()?)),
            2 => {
                let n = varint(&mut input)? as usize;
                Value::Bytes(take(&mut input, n)?)
            }
            5 => Value::Float(f32::from_le_bytes(take(&mut input, 4)?.try_into().ok()?)),
            _ => return None,
        };
        fields.push((key >> 3, value));
    }
    Some(fields)
}

fn records(mut input: &[u8]) -> Option<Vec<&[u8]>> {
    let mut records = Vec::new();
    while !input.is_empty() {
        let len = take(&mut input, 8)?;
        assert_eq!(take(&mut input, 4)?, masked(len).to_le_bytes());
        let n = u64::from_le_bytes(len.try_into().ok()?) as usize;
        let bytes = take(&mut input, n)?;
        assert_eq!(take(&mut input, 4)?, masked(bytes).to_le_bytes());
        records.push(bytes);
    }
    Some(records)
}

/// Step, tag and value of every scalar of a file.
fn read(file: &[u8]) -> Option<Vec<(u64, String, f32)>> {
    let mut scalars = Vec::new();
    for (i, event) in records(file)?.into_iter().enumerate() {
        let mut step = 0;
        for (number, value) in fields(event)? {
            match (number, value) {
                (1, Value::Double(time)) => assert!(time > 1.6e9),
                (2, Value::Integer(n)) => step = n,
                (3, Value::Bytes(version)) => assert_eq!((i, version), (0, &b"brain.Event:2"[..])),
                (5, Value::Bytes(summary)) => {
                    for (_, value) in fields(summary)? {
                        let Value::Bytes(value) = value else {
                            return None;
                        };
                        let [(1, Value::Bytes(tag)), (2, Value::Float(x))] = fields(value)?[..]
                        else {
                            return None;
                        };
                        scalars.push((step, String::from_utf8(tag.to_vec()).ok()?, x));
                    }
                }
                _ => return None,
            }
        }
    }
    Some(scalars)
}

#[test]
fn what_was_watched_is_in_the_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut events = Events::create(&folder.path().join("run"))?;
    let validation = Validation {
        step: 300,
        seconds: 9.0,
        alone_bpb: 2.5,
        mixed_bpb: Some(2.25),
        best: true,
    };
    events.step(&Step {
        step: 299,
        steps: 1000,
        seconds: 8.5,
        seconds_left: 20.0,
        train_bpb: 2.75,
        learning_rate: 0.125,
        gradient_norm: 1.5,
        chunk: 256,
    });
    events.validation(&validation);
    events.validation(&Validation {
        mixed_bpb: None,
        ..validation
    });
    events.ended(&Outcome {
        steps: 300,
        seconds: 9.0,
        best: Some(validation),
        end: End::Finished,
    });
    let name = events.path().file_name().and_then(|n| n.to_str());
    assert!(
        name.is_some_and(|n| n.starts_with("events.out.tfevents.")),
        "{name:?}"
    );
    let got = read(&fs::read(events.path())?).context("no event file")?;
    let got: Vec<(u64, &str, f32)> = got.iter().map(|(s, t, v)| (*s, t.as_str(), *v)).collect();
    let wanted = [
        (299, "train/bpb", 2.75),
        (299, "learning_rate", 0.125),
        (299, "gradient_norm", 1.5),
        (299, "chunk", 256.0),
        (300, "validation/bpb", 2.5),
        (300, "validation/mixed_bpb", 2.25),
        (300, "validation/bpb", 2.5),
    ];
    assert_eq!(got, wanted);
    Ok(())
}

/// The check of RFC 3720's 32 zero bytes is 0x8a9136aa; and its masked form.
#[test]
fn checks_are_those_of_tfrecord() {
    assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
    assert_eq!(masked(&[0; 32]), 0x0fd7_fffa);
}

#[test]
fn long_steps_take_more_bytes() -> Result<()> {
    for step in [0, 127, 128, 1 << 20, u64::MAX >> 1] {
        let event = scalars(2e9, step, &[("x", 1.0)]);
        assert!(
            fields(&event)
                .context("no message")?
                .contains(&(2, Value::Integer(step)))
        );
    }
    Ok(())
}
