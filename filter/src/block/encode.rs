//! Raw bytes to a block.

use std::sync::Arc;

use super::header::{Coding, Header, prefix, raw_sum};
use super::options::BlockOptions;
use crate::error::{Error, Result};
use crate::flow::Wavefront;
use crate::flow::{Pack, Raw};
use crate::frame::put_varint;
use crate::pool::Pool;
use crate::predict::{Spec, lane_count, network_lane_count};
use crate::{Layout, Level};

/// Frame size without a model, as a power of two: 1 MiB, as in streams.
const FRAME_LOG: u8 = 20;
/// Frame size with one: 128 KiB.
const NETWORK_FRAME_LOG: u8 = 17;
/// Frame size of levels 1 to 6: 8 MiB.
const TOKEN_FRAME_LOG: u8 = 23;
/// Most lanes that a block can have.
const MAX_LANES: u32 = 16;
/// Blocks below this size are coded in the caller's thread.
const INLINE_MAX: usize = 1 << 15;

/// Encodes a piece of data of this layout into a block. Any bytes can be encoded, also those that
/// the layout is wrong for; a grid's first axis may be unknown (0).
///
/// # Errors
/// None that comes from the data: `Panicked`, of a defect.
///
/// ```
/// use catena_filter::Layout;
/// use catena_filter::block::{BlockOptions, decode, encode};
///
/// let raw: Vec<u8> = (0..3000).flat_map(|i| (i as f32).sqrt().to_le_bytes()).collect();
/// let layout = Layout::parse("<f4")?;
/// let stored = encode(&raw, &layout, &BlockOptions::default())?;
/// assert!(stored.len() < raw.len());
/// assert_eq!(decode(&stored, &layout, &BlockOptions::default())?, raw);
/// # Ok::<(), catena_filter::Error>(())
/// ```
pub fn encode(raw: &[u8], layout: &Layout, options: &BlockOptions) -> Result<Vec<u8>> {
    let header = Header {
        raw_len: raw.len() as u64,
        raw_sum: raw_sum(raw),
        coding: None,
    };
    let stored = header.wrap(raw);
    if raw.is_empty() {
        return Ok(stored);
    }
    let (spec, mut coding) = plan(raw.len(), layout, options)?;
    let (frames, by_tables) = frames(raw, spec, &coding, &pool(options.threads, raw.len()))?;
    // Tables are named where a frame needs them.
    if !by_tables && !options.level.learns() {
        coding.model = None;
    }
    let coding = Some(coding);
    let coded = Header { coding, ..header }.wrap(&frames);
    Ok(if coded.len() < stored.len() {
        coded
    } else {
        stored
    })
}

/// How a block of this length is cut and coded.
fn plan(len: usize, layout: &Layout, options: &BlockOptions) -> Result<(Spec, Coding)> {
    let (level, model) = (options.level, options.model.as_ref());
    let model = model.filter(|model| model.suits(level).is_ok() && model.fits(layout).is_ok());
    let frame_log = match level.get() {
        ..=6 => TOKEN_FRAME_LOG,
        _ if model.is_some() => NETWORK_FRAME_LOG,
        _ => FRAME_LOG,
    };
    let mut coding = Coding {
        level: level.get(),
        model: model.map(|model| prefix(&model.id())),
        lane_n: 1,
        frame_log,
    };
    let first = len.min(coding.frame_len(layout.record_size()));
    coding.lane_n = match model {
        Some(_) if level.uses_network() => network_lane_count(layout, first),
        _ => lane_count(layout, level, first),
    }
    .clamp(1, MAX_LANES);
    let mut spec = Spec::new(layout.clone(), level, coding.lane_n);
    if let Some(model) = model {
        spec = spec.with_model(Arc::clone(model))?;
    }
    Ok((spec, coding))
}

/// All frames, one after another: a tag, the payload's length but for the last, the payload. Also,
/// whether one of them is of tokens by a memory that none before it has brought.
fn frames(raw: &[u8], spec: Spec, coding: &Coding, pool: &Arc<Pool>) -> Result<(Vec<u8>, bool)> {
    let learns = Pack::learns(&spec);
    let frame_len = coding.frame_len(spec.layout.record_size());
    let most = crate::flow::flight_max(pool, &spec, frame_len);
    let beginning = &raw[..raw.len().min(frame_len)];
    let mut flow = Wavefront::new(
        Pack::new(spec)
            .with_threads(pool.threads())
            .with_beginning(beginning),
        1,
        pool.clone(),
        None,
    );
    let mut left = raw.chunks(frame_len).enumerate();
    let frame_n = raw.len().div_ceil(frame_len);
    let mut out = Vec::new();
    let (mut begun, mut by_tables) = (false, false);
    for number in 0..frame_n {
        let packed = loop {
            while flow.len() < most
                && let Some((at, bytes)) = left.next()
            {
                let (key, bytes) = (at == 0 || !learns, bytes.to_vec());
                let offset = (at * frame_len) as u64;
                let raw = Raw {
                    offset,
                    key,
                    bytes,
                    last: frame_n == 1,
                    // Blocks come by the thousand: no more is done for a small one.
                    alone: false,
                    choice: None,
                };
                flow.submit(0, key, learns, raw);
            }
            match flow.pop() {
                Some(packed) => break packed.map_err(|error| error.in_frame(number as u64))?,
                None if flow.len() == 0 => return Err(Error::invalid("a frame is missing")),
                None => flow.wait(),
            }
        };
        begun |= packed.header.learned;
        by_tables |= packed.header.kind.has_tokens() && !begun;
        out.push(packed.header.kind.bits());
        let payload = packed.payload();
        if number + 1 < frame_n {
            put_varint(&mut out, payload.len() as u64);
        }
        out.extend_from_slice(payload);
        if out.len() > raw.len() {
            // It will be stored as it is; the rest need not be tried.
            break;
        }
    }
    Ok((out, by_tables))
}

/// Where the frames' jobs run.
pub(super) fn pool(threads: usize, len: usize) -> Arc<Pool> {
    match threads {
        1 => Pool::caller(),
        _ if len < INLINE_MAX => Pool::caller(),
        n => Pool::for_threads(n),
    }
}

/// The level's number as a level; the header has checked it.
pub(super) fn level(number: u8) -> Result<Level> {
    Level::new(number).ok_or_else(|| Error::corrupt("level of the block"))
}
