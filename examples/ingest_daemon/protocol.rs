//! What goes over the wire between a client and the daemon. Numbers are least significant byte
//! first.
//!
//! ```text
//! client: "CTIN" 01             then
//!         u16 n, n bytes        the source's name
//!         u16 n, n bytes        dtype, or none to have it detected
//! daemon: 01 u64 0              welcome; or
//!         02 u16 n, n bytes     refused, why
//! client: u32 n, n bytes        a message, as often as it likes;
//!         u32 0                 goodbye
//!         u32 2^32 - 2          still here
//! daemon: 01 u64 k              the first k messages of this connection are on disk
//! ```
//!
//! After a goodbye the daemon says how many messages are on disk, which is all of them, and closes.
//! A refusal may come at any time, and closes as well.

#![allow(dead_code, reason = "daemon and client each use a part of this")]

use std::io;

use catena_filter::Layout;
use catena_stream::segment::SourceName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MAGIC: [u8; 4] = *b"CTIN";
const VERSION: u8 = 1;
const ACK: u8 = 1;
const REFUSED: u8 = 2;
/// In place of a message's length: there is none, but the client is alive.
pub const STILL_HERE: u32 = u32::MAX - 1;
/// Longest dtype.
const DTYPE_MAX: u16 = 4096;

/// How a client introduces itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    pub source: SourceName,
    /// `None`: the daemon finds out.
    pub layout: Option<Layout>,
}

/// What the daemon says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// So many messages of this connection are on disk.
    Ack(u64),
    Refused(String),
}

fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

async fn text<R: AsyncRead + Unpin>(reader: &mut R, most: u16) -> io::Result<String> {
    let len = reader.read_u16_le().await?;
    if len > most {
        return Err(wrong(format!("a text of {len} bytes")));
    }
    let mut bytes = vec![0; usize::from(len)];
    reader.read_exact(&mut bytes).await?;
    String::from_utf8(bytes).map_err(|_| wrong("a text that is not UTF-8"))
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let len = text.len().min(usize::from(u16::MAX));
    out.extend((len as u16).to_le_bytes());
    out.extend(&text.as_bytes()[..len]);
}

impl Hello {
    pub async fn read<R: AsyncRead + Unpin>(reader: &mut R) -> io::Result<Self> {
        let mut start = [0; 5];
        reader.read_exact(&mut start).await?;
        if start[..4] != MAGIC {
            return Err(wrong("not a client of this daemon"));
        }
        if start[4] != VERSION {
            return Err(wrong(format!("version {} of the protocol", start[4])));
        }
        let source = text(reader, 1024).await?.parse().map_err(wrong)?;
        let dtype = text(reader, DTYPE_MAX).await?;
        let layout = match dtype.as_str() {
            "" => None,
            dtype => Some(Layout::parse(dtype).map_err(|e| wrong(format!("dtype {dtype}: {e}")))?),
        };
        Ok(Hello { source, layout })
    }

    pub async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut W) -> io::Result<()> {
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        put_text(&mut out, self.source.as_str());
        let dtype = self
            .layout
            .as_ref()
            .map(|layout| layout.dtype().to_string());
        put_text(&mut out, &dtype.unwrap_or_default());
        writer.write_all(&out).await
    }
}

impl Said {
    pub async fn read<R: AsyncRead + Unpin>(reader: &mut R) -> io::Result<Self> {
        match reader.read_u8().await? {
            ACK => reader.read_u64_le().await.map(Said::Ack),
            REFUSED => text(reader, u16::MAX).await.map(Said::Refused),
            other => Err(wrong(format!("a reply of kind {other}"))),
        }
    }

    pub async fn write<W: AsyncWrite + Unpin>(&self, writer: &mut W) -> io::Result<()> {
        let mut out = Vec::new();
        match self {
            Said::Ack(n) => {
                out.push(ACK);
                out.extend(n.to_le_bytes());
            }
            Said::Refused(why) => {
                out.push(REFUSED);
                put_text(&mut out, why);
            }
        }
        writer.write_all(&out).await?;
        writer.flush().await
    }
}
