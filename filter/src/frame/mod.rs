//! The bytes of the format: stream header, frame headers, index, trailer, and the short form.
//! `docs/format.md` describes them.
//!
//! The only place that knows them: everything before and after works on [`StreamHeader`],
//! [`FrameHeader`] and payloads.
//! Invariant: a length that was read allocates nothing; buffers grow with the bytes that have
//! arrived, and no length passes that exceeds the limits below.
//!
//! | version | written by | read by |
//! |---|---|---|
//! | 2 | 0.2 and later | 0.2 and later |

mod checksum;
mod cursor;
mod frame_header;
mod index;
mod layout_bytes;
mod parser;
mod short;
mod stream_header;

pub use frame_header::{FrameHeader, FrameKind};
pub use stream_header::StreamHeader;

pub(crate) use checksum::{check, crc, raw_hash};
pub(crate) use cursor::{Cursor, put_varint};
pub(crate) use index::{EndRecord, IndexBuilder, IndexEntry, MAX_END_BODY, TAIL_LEN, Tail, is_end};
pub(crate) use layout_bytes::{put_layout, take_layout};
pub(crate) use parser::{EmbeddedModel, FrameItem, Item, Parser};
pub(crate) use short::{ShortHead, write as write_short};
pub(crate) use stream_header::Start;

/// First bytes of every stream.
pub const MAGIC: [u8; 4] = [0xCA, 0x7E, 0x4E, 0xA0];
/// Last bytes of every finished stream.
pub const TAIL_MAGIC: [u8; 4] = [0xA0, 0x4E, 0x7E, 0xCA];
/// The version of the format.
pub const VERSION: u8 = 2;

/// Most raw bytes of a frame (256 MiB).
pub const MAX_FRAME_SIZE: usize = 1 << 28;
/// Most bytes of a model's file inside a stream (16 MiB).
pub const MAX_EMBEDDED: usize = 1 << 24;
/// Most chains of a stream.
pub const MAX_CHAINS: u32 = 256;
/// Most lanes of a frame.
pub const MAX_LANES: u32 = 256;
