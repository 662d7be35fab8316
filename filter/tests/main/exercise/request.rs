//! What the first bytes of an input ask for: level, layout, frames, chains, cuts. The rest is what
//! is compressed.
//!
//! Every input asks for something that is allowed; what takes long is kept small (columns, of which
//! each has a model, and bytes).

use std::sync::Arc;

use catena_filter::{ByteOrder, CompressOptions, Field, Kind, Layout, Level, Model};

/// Most bytes that are compressed at levels 7 to 9.
const RAW_MAX: usize = 4096;

/// How to compress what.
pub struct Request<'a> {
    pub options: CompressOptions,
    /// What the bytes are said to be, also where the options leave that to be detected.
    pub layout: Layout,
    /// Lengths of the writes, over and over; 0 is a flush.
    pub pieces: Vec<usize>,
    pub raw: &'a [u8],
}

/// Bytes from the front; zeros once there are none.
struct Front<'a>(&'a [u8]);

impl Front<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn below(&mut self, n: u8) -> usize {
        usize::from(self.byte() % n)
    }
}

impl<'a> Request<'a> {
    /// Takes an input apart. `model` is used if the input asks for it and the level has one.
    pub fn read(input: &'a [u8], model: &Arc<Model>) -> Self {
        let mut front = Front(input);
        let level = Level::new(1 + front.byte() % 9).unwrap_or_default();
        let flags = front.byte();
        let mut layout = layout(&mut front);
        let mut options = CompressOptions::default()
            .with_level(level)
            .with_threads(1)
            .with_index(flags & 1 == 0);
        if level.uses_network() && flags & 2 != 0 {
            layout = model.layout().clone();
            options = options
                .with_model(Arc::clone(model))
                .with_embed_model(flags & 4 != 0);
        }
        if flags & 8 == 0 {
            options = options.with_layout(layout.clone());
        }
        if let size @ 1.. = front.byte() {
            let exponent = u32::from(size >> 5);
            options = options.with_frame_size((1 + usize::from(size & 31)) << exponent);
        }
        options = options.with_chains(1 + front.below(5) as u32);
        if let every @ 1.. = front.below(4) {
            options = options.with_key_every(every as u32);
        }
        let pieces = (0..1 + front.below(7))
            .map(|_| match front.byte() {
                len @ ..=200 => usize::from(len),
                long => usize::from(long - 200) * 97,
            })
            .collect();
        let most = if !level.learns() { usize::MAX } else { RAW_MAX };
        Request {
            options,
            layout,
            pieces,
            raw: &front.0[..front.0.len().min(most)],
        }
    }
}

/// Any layout of few columns: of numbers, of opaque bytes, of an array that is a word and an axis,
/// with a grid or without.
fn layout(front: &mut Front<'_>) -> Layout {
    let field_n = 1 + front.below(5);
    let fields: Vec<Field> = (0..field_n).map(|_| field(front)).collect();
    let layout = Layout::from_fields(fields).unwrap_or_else(|_| Layout::bytes());
    let axis_n = front.below(4);
    let shape: Vec<u64> = (0..axis_n)
        .map(|axis| u64::from(front.byte()) + u64::from(axis > 0))
        .collect();
    layout.clone().with_shape(&shape).unwrap_or(layout)
}

fn field(front: &mut Front<'_>) -> Field {
    let byte = front.byte();
    let order = match byte & 0x80 {
        0 => ByteOrder::Little,
        _ => ByteOrder::Big,
    };
    let count = match byte >> 4 & 7 {
        // Too many for columns.
        7 => 300,
        n => 1 + u32::from(n) / 2,
    };
    let (kind, width) = [
        (Kind::Float, 4),
        (Kind::Float, 8),
        (Kind::Float, 2),
        (Kind::Int, 1),
        (Kind::Int, 2),
        (Kind::Int, 4),
        (Kind::Int, 8),
        (Kind::Uint, 1),
        (Kind::Uint, 2),
        (Kind::Uint, 4),
        (Kind::Uint, 8),
        (Kind::Bytes, 1),
        (Kind::Bytes, 3),
    ][usize::from(byte & 15) % 13];
    Field::new(kind, width, count, order)
}
