//! Whether a stream may be decoded: what it takes is estimated from its header before any of it is
//! allocated, and what its chains remember, which grows with what they have learned, before each
//! frame.
//!
//! The estimate is an upper bound in practice, so that a hostile header (many chains, many columns,
//! huge frames) is refused and an honest one is not held up: the program's own streams of default
//! frame size stay far below the limit.

use super::flight_max;
use crate::error::{ErrorKind, Result};
use crate::frame::{FrameHeader, StreamHeader};
use crate::model;
use crate::options::DecompressOptions;
use crate::pool::Pool;
use crate::predict::{KEPT_MOST, Spec};
use crate::text;
use crate::tokens::stage;

/// Most bytes of the contexts of a chain, and what one of them takes more while it grows.
const CONTEXT_MAX: u64 = 24 << 20;
/// Bytes of contexts that a value is worth, at most: two lines, and as many again where their
/// number is rounded up.
const CONTEXT_PER_VALUE: u64 = 256;
/// Bytes that a remembered value takes, at most: vectors grow by doubling.
const MEMORY_PER_VALUE: u64 = 16;

/// Bytes that a column's model keeps of a network's bits, at most about.
const AID_BYTES: u64 = 1 << 19;

/// Bytes of a chain's mixers and tables, whatever its columns are.
const CHAIN_BYTES: u64 = 6 << 20;

/// Bytes of what a column of the adaptive stage learns, at most about: weights and what it looks
/// at, and cells by the rows up to all of them. A row's contexts, guesses and tokens there.
const WEIGHTS_BYTES: u64 = 1 << 19;
const CELLS_PER_ROW: u64 = 128;
const CELLS_MAX: u64 = 4 << 20;
/// The same of words that are spelt out, which one column alone may be.
const SPELT_PER_ROW: u64 = 1 << 10;
const SPELT_MAX: u64 = 17 << 20;
const SEEN_PER_ROW: u64 = 32;

/// What decoding a stream takes.
#[derive(Clone, Copy, Debug)]
struct Needs {
    /// Bytes of all chains' states.
    states: u64,
    /// Bytes of a frame under way.
    frame: u64,
}

impl Needs {
    fn of(header: &StreamHeader) -> Self {
        let size = header.frame_size as u64;
        let (a_row, most) = match header.layout.columns().columns.len() {
            1 => (SPELT_PER_ROW, SPELT_MAX),
            _ => (CELLS_PER_ROW, CELLS_MAX),
        };
        let adapted = |row_n: u64| match stage::adapts(header.level) {
            true => WEIGHTS_BYTES + SEEN_PER_ROW * row_n + most.min(a_row * row_n),
            false => 0,
        };
        if !header.level.learns() && !stage::suits(&header.layout) {
            return Needs {
                states: 0,
                // Payload and raw bytes, and columns where it is text, with what rows are seen in.
                frame: (2 + text::MOST_MEMORY as u64) * size
                    + match stage::adapts(header.level) {
                        true => WEIGHTS_BYTES + most.min(a_row * size),
                        false => 0,
                    },
            };
        }
        if !header.level.learns() {
            // Payload and raw bytes; words, residuals, predictions, tokens and numbers of a column,
            // words and tokens of all.
            let expansion = header.layout.columns();
            let column_n = expansion.columns.len() as u64;
            let widest = expansion
                .columns
                .iter()
                .map(|c| u64::from(c.width.max(4)))
                .max()
                .unwrap_or(4);
            let row_n = size / u64::from(expansion.record_size);
            // Of columns that stand one after another each has tables.
            let table_n = match expansion.shape[..] {
                [n, _] if column_n == 1 => n.clamp(1, 256),
                _ => column_n,
            };
            let tables = (256 << 10) + table_n * (24 << 10);
            return Needs {
                states: u64::from(header.chains) * tables,
                frame: 2 * size
                    + row_n * column_n * (widest + 9)
                    + row_n * 40
                    + tables
                    + adapted(row_n),
            };
        }
        let expansion = header.layout.columns();
        let column_n = expansion.columns.len() as u64;
        let row_n = size / u64::from(expansion.record_size);
        let value_n = row_n * column_n;
        let column = 3 << 19;
        Needs {
            states: u64::from(header.chains)
                * (CHAIN_BYTES + column_n * column + Memory::of(header).bytes(size)),
            // Payload, raw bytes, and columns of 8 bytes a value, as lanes hold them and as they
            // are put together.
            frame: 3 * size + 16 * value_n + adapted(row_n),
        }
    }
}

/// Bytes of memory that decoding a stream takes at least, but for a model.
pub(crate) fn least(header: &StreamHeader) -> u64 {
    let Needs { states, frame } = Needs::of(header);
    states.saturating_add(2 * frame)
}

/// What a chain remembers of a stream's records.
#[derive(Clone, Copy, Debug)]
struct Memory {
    record_size: u64,
    column_n: u64,
}

impl Memory {
    fn of(header: &StreamHeader) -> Self {
        let expansion = header.layout.columns();
        Memory {
            record_size: expansion.record_size.into(),
            column_n: expansion.columns.len() as u64,
        }
    }

    /// Bytes that it takes of so many raw ones, at most about.
    fn bytes(self, raw_len: u64) -> u64 {
        let value_n = raw_len.div_ceil(self.record_size) * self.column_n;
        // Of records a few rows are kept.
        let kept = if self.column_n > 1 {
            0
        } else {
            KEPT_MOST as u64
        };
        CONTEXT_MAX.min(CONTEXT_PER_VALUE.saturating_mul(value_n))
            + MEMORY_PER_VALUE * value_n.min(kept)
    }
}

/// What the chains of a stream remember, as its frames come.
#[derive(Debug)]
pub(crate) struct Growth {
    memory: Memory,
    /// What a chain was admitted to remember with the header.
    known: u64,
    /// Raw bytes that each chain has learned since its last key frame.
    learned: Vec<u64>,
    /// Bytes that each chain remembers beyond what was admitted with the header.
    more: Vec<u64>,
    /// Their sum.
    all: u64,
    /// Bytes there is room for.
    room: u64,
    limit: u64,
    /// Chains remember values; else tables, which were admitted with the header.
    learns: bool,
}

impl Growth {
    /// Of a stream that was admitted with so much room beside two frames.
    fn new(header: &StreamHeader, room: u64, limit: u64) -> Self {
        let chain_n = header.chains as usize;
        let memory = Memory::of(header);
        Growth {
            memory,
            known: memory.bytes(header.frame_size as u64),
            learned: vec![0; chain_n],
            more: vec![0; chain_n],
            all: 0,
            room,
            limit,
            learns: header.level.learns(),
        }
    }

    /// Counts a frame, unless its chain would remember more than there is room for.
    pub(crate) fn admit(&mut self, chain: usize, frame: &FrameHeader) -> Result<()> {
        if !frame.learned || !self.learns {
            return Ok(());
        }
        let (Some(learned), Some(more)) = (self.learned.get_mut(chain), self.more.get_mut(chain))
        else {
            return Ok(());
        };
        if frame.key {
            *learned = 0;
        }
        *learned += frame.raw_len as u64;
        let grown = self.memory.bytes(*learned).saturating_sub(self.known);
        self.all = self.all - *more + grown;
        *more = grown;
        if self.all > self.room {
            let (needed, limit) = (self.limit - self.room + self.all, self.limit);
            return Err(ErrorKind::MemoryLimit { needed, limit }.into());
        }
        Ok(())
    }
}

/// Bytes that a model of so many weights takes: its file, its weights, and the weights as they are
/// computed with.
fn model_bytes(weight_n: u64) -> u64 {
    3 * weight_n
}

/// The stream's spec, the frames that may be under way and the room for what is remembered, unless
/// it needs too much or something that is not at hand. `embedded` is the file of the model that the
/// stream carries, `held` what the caller holds beside the stream.
pub(crate) fn admit(
    header: &StreamHeader,
    embedded: Option<&[u8]>,
    held: u64,
    options: &DecompressOptions,
    pool: &Pool,
) -> Result<(Spec, usize, Growth)> {
    let limit = options.memory_limit;
    let Needs {
        mut states,
        mut frame,
    } = Needs::of(header);
    states = states.saturating_add(held);
    let afford = |states: u64, frame: u64| match states + 2 * frame {
        needed if needed > limit => Err(ErrorKind::MemoryLimit { needed, limit }.into()),
        _ => Ok(()),
    };
    afford(states, frame)?;
    let mut spec = Spec::new(header.layout.clone(), header.level, header.lane_n);
    if let Some(id) = &header.model {
        let model = model::resolve(
            id,
            embedded,
            &options.models,
            options.model_search,
            |weight_n| afford(states + model_bytes(weight_n), frame),
        )?;
        model.fits(&header.layout)?;
        states += model_bytes(model.weight_n());
        spec = spec.with_model(model)?;
        // What the columns' models keep of the network's bits, and the network's memory.
        let column_n = header.layout.columns().columns.len() as u64;
        states += u64::from(header.chains) * (column_n * AID_BYTES + spec.network_state_bytes());
        frame += spec.token_bytes(header.frame_size);
        afford(states, frame)?;
    }
    // What is free is for more frames at once; half of it only where chains remember what they have
    // learned, which takes the rest.
    let free = limit - states - 2 * frame;
    let for_frames = match header.level.get() {
        ..=6 => free,
        _ => free / 2,
    };
    let fit = usize::try_from(2 + for_frames / frame.max(1)).unwrap_or(usize::MAX);
    let flight_max = flight_max(pool, &spec, header.frame_size).min(fit);
    let more_frames = (flight_max as u64).saturating_sub(2) * frame;
    let growth = Growth::new(header, free.saturating_sub(more_frames), limit);
    Ok((spec, flight_max, growth))
}
