//! Whether a stream may be decoded: what it takes is estimated from its header before any of it is allocated.
//!
//! The estimate is an upper bound in practice, so that a hostile header (many chains, many columns, huge frames) is
//! refused and an honest one is not held up: the program's own streams of default frame size stay far below the limit.

use super::flight_max;
use crate::error::{ErrorKind, Result};
use crate::frame::StreamHeader;
use crate::model;
use crate::options::DecompressOptions;
use crate::pool::Pool;
use crate::predict::Spec;

/// Most bytes of the contexts of a chain.
const CONTEXT_MAX: u64 = 64 << 20;
/// Bytes of contexts that a value of a frame is worth, at most.
const CONTEXT_PER_VALUE: u64 = 128;

/// Bytes that a column's model keeps of a network's bits, at most about.
const AID_BYTES: u64 = 1 << 19;

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
        if header.level.get() <= 2 {
            return Needs {
                states: 0,
                frame: 4 * size,
            };
        }
        let expansion = header.layout.columns();
        let column_n = expansion.columns.len() as u64;
        let value_n = size / u64::from(expansion.record_size) * column_n;
        let column = match header.level.get() {
            ..=3 => 512 << 10,
            4 | 5 => 1 << 20,
            _ => 3 << 19,
        };
        let contexts = CONTEXT_MAX.min(CONTEXT_PER_VALUE * value_n);
        Needs {
            states: u64::from(header.chains) * (column_n * column + contexts),
            // Payload, raw bytes, and columns of 8 bytes a value, as lanes hold them and as they are put together.
            frame: 3 * size + 16 * value_n,
        }
    }
}

/// Bytes that a model of so many weights takes: its file, its weights, and the weights as they are computed with.
fn model_bytes(weight_n: u64) -> u64 {
    3 * weight_n
}

/// The stream's spec and the frames that may be under way, unless it needs too much or something that is not at hand.
/// `embedded` is the file of the model that the stream carries.
pub(crate) fn admit(
    header: &StreamHeader,
    embedded: Option<&[u8]>,
    options: &DecompressOptions,
    pool: &Pool,
) -> Result<(Spec, usize)> {
    let limit = options.memory_limit;
    let Needs {
        mut states,
        mut frame,
    } = Needs::of(header);
    let afford = |states: u64, frame: u64| match states + 2 * frame {
        needed if needed > limit => Err(ErrorKind::MemoryLimit { needed, limit }.into()),
        _ => Ok(()),
    };
    afford(states, frame)?;
    let mut spec = Spec::new(header.layout.clone(), header.level, header.lane_n);
    if let Some(id) = &header.model {
        let model = model::resolve(id, embedded, options, |weight_n| {
            afford(states + model_bytes(weight_n), frame)
        })?;
        model.fits(&header.layout)?;
        states += model_bytes(model.weight_n());
        spec = spec.with_model(model)?;
        // What the columns' models keep of the network's bits, and the network's memory.
        let column_n = header.layout.columns().columns.len() as u64;
        states += u64::from(header.chains) * (column_n * AID_BYTES + spec.network_state_bytes());
        frame += spec.token_bytes(header.frame_size);
        afford(states, frame)?;
    }
    let fit = usize::try_from((limit - states) / frame).unwrap_or(usize::MAX);
    let flight_max = flight_max(pool, &spec, header.frame_size).min(fit);
    Ok((spec, flight_max))
}
