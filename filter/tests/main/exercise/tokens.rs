//! Payloads of tokens as they are, without the checksums around them.

use catena_filter::Layout;
use catena_filter::engine::tokens::frame::{self, Views};
use catena_filter::engine::tokens::rows::Table;
use catena_filter::engine::tokens::search::{Effort, search};

/// Layouts that a payload may be of, with a shape.
const LAYOUTS: [(&str, &[u64]); 7] = [
    ("<f4", &[]),
    ("<f8", &[]),
    ("u1,<i2,<f4,<u8", &[]),
    ("2<f4,3u1", &[0, 7]),
    (">f4", &[0, 6, 11]),
    ("<f2,>i8", &[]),
    ("<u2", &[4, 300]),
];
/// Most raw bytes of a payload.
const RAW_MAX: usize = 12 << 10;
/// What stands before the payload: layout, raw length, place in the stream.
const HEAD: usize = 4;
/// Bit beside the layout: columns may be of the adaptive stage.
const ADAPTS: u8 = 0x80;

fn layout(at: u8) -> Layout {
    let (dtype, shape) = LAYOUTS[usize::from(at) % LAYOUTS.len()];
    let layout = Layout::parse(dtype).expect("a dtype");
    layout.with_shape(shape).expect("a shape")
}

/// Decodes a payload behind the bytes that say what it is of: the raw bytes, the same each time.
pub fn tokens(bytes: &[u8]) -> Option<Vec<u8>> {
    let (head, payload) = bytes.split_first_chunk::<HEAD>()?;
    let (layout, adapts) = (layout(head[0] & !ADAPTS), head[0] & ADAPTS != 0);
    let raw_len = usize::from(u16::from_le_bytes([head[1], head[2]])) % RAW_MAX;
    let expansion = layout.columns();
    let offset = u64::from(head[3]);
    let views = Views::new(&expansion, body_len(&layout, offset, raw_len)?);
    let decoded = || {
        let (memory, rest) = frame::read_memory(&views, adapts, payload).ok()?;
        frame::decode(&expansion, &memory?, offset, raw_len, rest).ok()
    };
    let raw = decoded();
    assert!(raw == decoded(), "another result");
    assert!(raw.as_ref().is_none_or(|raw| raw.len() == raw_len));
    raw
}

/// Bytes of whole records, if there are any.
fn body_len(layout: &Layout, offset: u64, raw_len: usize) -> Option<usize> {
    let size = u64::from(layout.record_size());
    let head = (offset.next_multiple_of(size) - offset) as usize;
    let body = raw_len.checked_sub(head)? / size as usize * size as usize;
    (body > 0).then_some(body)
}

/// Payloads of these raw bytes by both stages, as [`tokens`] takes them.
pub fn token_seeds(at: u8, raw: &[u8]) -> Vec<Vec<u8>> {
    let layout = layout(at);
    let expansion = layout.columns();
    let raw = &raw[..raw.len().min(RAW_MAX - 1)];
    let body = &raw[..body_len(&layout, 0, raw.len()).expect("a record")];
    let seed = |level: u8| {
        let effort = Effort::of_level(level);
        let found = search(&Table::new(&expansion), body, 0, effort, 1);
        let adapts = if found.memory.adapts { ADAPTS } else { 0 };
        let len = (raw.len() as u16).to_le_bytes();
        let mut out = vec![at | adapts, len[0], len[1], 0];
        out.extend(frame::encode(&expansion, &found, 0, raw, true).expect("a payload"));
        out
    };
    vec![seed(3), seed(6)]
}
