//! Promise: random damage to streams of every level is found or does no harm, and spoils no other
//! frames than those that depend on it.
//!
//! `CATENA_DAMAGES=10000` does so many (`./nightly damage`), printing a table; a few hundred
//! otherwise.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::AddAssign;
use std::sync::Arc;

use crate::common::models;
use crate::common::{self, Noise, Sample};
use catena_filter::io::read;
use catena_filter::{
    Archive, DecompressOptions, ErrorKind, FrameInfo, FrameKind, Model, compress, decompress,
};

/// Bytes that a frame's header takes beside its two lengths.
const FIXED_HEAD: usize = 17;

/// A stream that is damaged, and what is known of it while it is whole.
struct Subject {
    raw: Vec<u8>,
    packed: Vec<u8>,
    frames: Vec<FrameInfo>,
    index: bool,
    options: DecompressOptions,
}

impl Subject {
    /// Bytes from here to there are this frame; `frames.len()` is what stands behind the last one.
    fn place(&self, frame: usize) -> usize {
        match self.frames.get(frame) {
            Some(info) => info.position as usize,
            None => {
                let last = self.frames[frame - 1];
                let varint = |n: usize| (usize::BITS - n.leading_zeros()).div_ceil(7) as usize;
                let head = FIXED_HEAD + varint(last.raw_len) + varint(last.coded_len);
                last.position as usize + head + last.coded_len
            }
        }
    }

    /// The frame that holds this byte; `None` outside of them.
    fn frame_at(&self, byte: usize) -> Option<usize> {
        let n = self.frames.len();
        let inside = byte >= self.place(0) && byte < self.place(n);
        inside.then(|| (0..n).rfind(|&i| self.place(i) <= byte).unwrap_or(0))
    }
}

fn subject(sample: &Sample, level: u8, seed: u64, model: Option<&Arc<Model>>) -> Subject {
    let frame_size = sample.raw.len() / 14;
    let mut options = common::options(sample, level)
        .with_threads(1)
        .with_frame_size(frame_size)
        .with_chains([1, 3, 1, 2][seed as usize % 4])
        .with_key_every([Some(3), Some(2), None][seed as usize % 3])
        .with_index(seed % 5 != 4)
        .with_model(model.cloned());
    if model.is_some() {
        options = options.with_embed_model(seed % 2 == 1);
    } else if seed % 3 == 1 {
        options = options.with_layout(None);
    }
    let packed = compress(&sample.raw, &options).unwrap();
    let mut reading = DecompressOptions::default()
        .with_threads(1)
        .with_model_search(false);
    if let Some(model) = model {
        reading = reading.with_model(Arc::clone(model));
    }
    let archive = Archive::open_with(Cursor::new(&packed), reading.clone()).unwrap();
    Subject {
        raw: sample.raw.clone(),
        frames: archive.frames().to_vec(),
        index: options.index,
        options: reading,
        packed,
    }
}

/// A level's streams: of records, of a grid, of text, of noise; small, for the levels are slow.
fn subjects(level: u8) -> Vec<Subject> {
    let len = [0, 9000, 9000, 5000, 5000, 4000, 3000, 1600, 1200, 1200][usize::from(level)];
    let mut samples = vec![common::records(1500), common::walk(), common::text()];
    if level < 7 {
        samples.extend([common::grid(), common::noise(), common::events(300)]);
    }
    let mut subjects = Vec::new();
    for mut sample in samples {
        sample.raw.truncate(len);
        // A network is for records.
        let layout = sample.layout();
        let modelled = level >= 8 && layout.columns().columns.len() > 1;
        let model = modelled.then(|| Arc::new(models::model(&layout, 5)));
        for _ in 0..2 {
            let seed = subjects.len() as u64 + u64::from(level);
            subjects.push(subject(&sample, level, seed, model.as_ref()));
        }
    }
    subjects
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    Flip,
    Overwrite,
    Cut,
    Swap,
    Repeat,
    Remove,
}

const KINDS: [Damage; 6] = [
    Damage::Flip,
    Damage::Overwrite,
    Damage::Cut,
    Damage::Swap,
    Damage::Repeat,
    Damage::Remove,
];

/// The damaged bytes, and the frames of the whole stream that are harmed themselves or may have
/// moved: all in this range. `None` as its start: the stream's header is harmed. Its end is beyond
/// the frames if what is behind them is harmed too.
struct Harm {
    bytes: Vec<u8>,
    frames: Option<std::ops::Range<usize>>,
}

fn harm(subject: &Subject, damage: Damage, noise: &mut Noise) -> Harm {
    let mut below = |n: usize| (noise.next() >> 16) as usize % n;
    let mut bytes = subject.packed.clone();
    let n = subject.frames.len();
    let place = |frame| subject.place(frame);
    let around = |from: usize, to: usize| {
        let first = match subject.frame_at(from) {
            Some(frame) => frame,
            None if from < place(0) => return None,
            None => n,
        };
        Some(first..subject.frame_at(to).map_or(n + 1, |last| last + 1))
    };
    let frames = match damage {
        Damage::Flip => {
            let bit = below(8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
            around(bit / 8, bit / 8)
        }
        Damage::Overwrite => {
            let at = below(bytes.len());
            let end = bytes.len().min(at + 1 + below(80));
            let zeros = below(3) == 0;
            bytes[at..end].fill_with(|| if zeros { 0 } else { below(256) as u8 });
            around(at, end - 1)
        }
        Damage::Cut => {
            let at = below(bytes.len());
            bytes.truncate(at);
            around(at, subject.packed.len() - 1)
        }
        Damage::Swap => {
            let (a, b) = (below(n), below(n));
            let (a, b) = (a.min(b), a.max(b));
            if a == b {
                Some(0..0)
            } else {
                let (first, second) = (place(a)..place(a + 1), place(b)..place(b + 1));
                bytes = [
                    &subject.packed[..first.start],
                    &subject.packed[second.clone()],
                    &subject.packed[first.end..second.start],
                    &subject.packed[first],
                    &subject.packed[second.end..],
                ]
                .concat();
                Some(a..b + 1)
            }
        }
        Damage::Repeat => {
            let (which, at) = (below(n), below(n + 1));
            let copy = subject.packed[place(which)..place(which + 1)].to_vec();
            bytes.splice(place(at)..place(at), copy);
            Some(at..at)
        }
        Damage::Remove => {
            let which = below(n);
            bytes.drain(place(which)..place(which + 1));
            Some(which..which + 1)
        }
    };
    Harm { bytes, frames }
}

/// Frames that must come out: those before the harm and, if the index is there, those after it, as
/// far as their chains are whole.
fn expected(subject: &Subject, harm: &Harm) -> Vec<bool> {
    let n = subject.frames.len();
    let Some(harmed) = &harm.frames else {
        return vec![false; n];
    };
    // Frames that moved are known by their lengths: not if two of them have the same.
    let moved = harm.bytes.len() != subject.packed.len();
    let same = |a: &FrameInfo, b: &FrameInfo| {
        (a.kind, a.key, a.raw_len, a.coded_len) == (b.kind, b.key, b.raw_len, b.coded_len)
    };
    let alike = subject.frames.iter().enumerate().any(|(i, a)| {
        a.kind != FrameKind::Stored && subject.frames[i + 1..].iter().any(|b| same(a, b))
    });
    let after = subject.index && harmed.end <= n && !(moved && alike);
    let whole = |i: usize| i < harmed.start || (i >= harmed.end && after);
    let stride = 1 + subject
        .frames
        .iter()
        .map(|f| f.chain as usize)
        .max()
        .unwrap_or(0);
    (0..n)
        .map(|i| {
            let mut frame = i;
            loop {
                if !whole(frame) && (frame == i || subject.frames[frame].learned) {
                    return false;
                }
                let info = &subject.frames[frame];
                // Tokens need what their chain began with, unless they say it.
                let alone = match info.kind {
                    FrameKind::Modelled => false,
                    FrameKind::Tokens => info.learned,
                    _ => true,
                };
                if info.key || (frame == i && alone) {
                    return true;
                }
                frame -= stride;
            }
        })
        .collect()
}

#[derive(Clone, Copy, Default)]
struct Counts {
    damages: u64,
    /// Refused by the decoder.
    found: u64,
    /// Decoded to the very bytes.
    harmless: u64,
    frames: u64,
    expected: u64,
    came_out: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.damages += other.damages;
        self.found += other.found;
        self.harmless += other.harmless;
        self.frames += other.frames;
        self.expected += other.expected;
        self.came_out += other.came_out;
    }
}

/// One damage: what the decoder says, and which frames can still be had.
fn examine(subject: &Subject, harm: &Harm, what: &str) -> Counts {
    let mut counts = Counts {
        damages: 1,
        frames: subject.frames.len() as u64,
        ..Counts::default()
    };
    match decompress(&harm.bytes, &subject.options) {
        Ok(raw) => {
            assert!(raw == subject.raw, "{what}: other bytes");
            counts.harmless = 1;
        }
        Err(error) => {
            assert!(
                !matches!(error.kind(), ErrorKind::Panicked(_)),
                "{what}: {error}"
            );
            counts.found = 1;
        }
    }
    // What the reader gives out before it notices is right.
    let mut raw = Vec::new();
    let options = subject.options.clone();
    let _ = read::Decoder::new(&harm.bytes[..], options.clone())
        .unwrap()
        .read_to_end(&mut raw);
    assert!(
        subject.raw.starts_with(&raw),
        "{what}: other bytes before the error"
    );

    let mut out = vec![false; subject.frames.len()];
    if let Ok(mut archive) = Archive::recover(Cursor::new(&harm.bytes), options) {
        for (number, info) in archive.frames().to_vec().into_iter().enumerate() {
            let Ok(raw) = archive.read_frame(number) else {
                continue;
            };
            let from = info.offset as usize;
            let right = subject.raw.get(from..from + raw.len());
            assert!(right == Some(&raw), "{what}: frame {number} is another");
            let known = subject.frames.iter().position(|f| f.offset == info.offset);
            known.into_iter().for_each(|i| out[i] = true);
        }
    }
    for (i, must) in expected(subject, harm).into_iter().enumerate() {
        assert!(
            out[i] || !must,
            "{what}: frame {i} of {} is lost",
            out.len()
        );
        counts.expected += u64::from(must);
        counts.came_out += u64::from(out[i]);
    }
    counts
}

#[test]
fn damage_is_found_and_the_rest_comes_out() {
    let asked = std::env::var("CATENA_DAMAGES").ok();
    let total: u64 = asked.map_or(324, |n| n.parse().expect("a number of damages"));
    let mut table = BTreeMap::new();
    let mut done = 0;
    for level in 1..=9u8 {
        let subjects = subjects(level);
        let mut noise = Noise::new(u64::from(level) * 7919 + total);
        let upto = total * u64::from(level) / 9;
        while done < upto {
            let subject = &subjects[(noise.next() >> 20) as usize % subjects.len()];
            let damage = KINDS[done as usize % KINDS.len()];
            let harm = harm(subject, damage, &mut noise);
            let what = format!("level {level}, damage {done} ({damage:?})");
            let counts = examine(subject, &harm, &what);
            *table.entry((level, damage)).or_insert_with(Counts::default) += counts;
            done += 1;
        }
    }
    assert_eq!(done, total);
    print(&table);
}

fn print(table: &BTreeMap<(u8, Damage), Counts>) {
    let row = |name: &str, c: &Counts| {
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} |",
            c.damages, c.found, c.harmless, c.frames, c.expected, c.came_out
        );
    };
    println!("| | damages | found | harmless | frames | expected | came out |");
    println!("|---|---|---|---|---|---|---|");
    let mut all = Counts::default();
    for level in 1..=9 {
        let mut sum = Counts::default();
        for ((_, _), counts) in table.iter().filter(|((l, _), _)| *l == level) {
            sum += *counts;
        }
        row(&format!("level {level}"), &sum);
        all += sum;
    }
    for damage in KINDS {
        let mut sum = Counts::default();
        for ((_, _), counts) in table.iter().filter(|((_, d), _)| *d == damage) {
            sum += *counts;
        }
        row(&format!("{damage:?}").to_lowercase(), &sum);
    }
    row("all", &all);
}
