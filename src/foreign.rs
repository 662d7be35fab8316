//! Input that another compressor wrote: decoded on the fly by `catena_stream`, seen from here as
//! plain [`Read`].

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use catena::stream::{Foreign, decode_foreign};
use tokio::io::{AsyncRead, AsyncReadExt, BufReader, ReadBuf};
use tokio::runtime::{Builder, Runtime};

use crate::input::Input;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// The raw bytes of `input`.
pub fn open(input: Input, format: Foreign) -> io::Result<Box<dyn Read + Send>> {
    if format == Foreign::None {
        return Ok(Box::new(input));
    }
    let runtime = Builder::new_current_thread().build()?;
    let source = BufReader::with_capacity(CHUNK, Blocking(input));
    Ok(Box::new(Decoded {
        runtime,
        decoded: decode_foreign(source, format),
    }))
}

/// An asynchronous reader whose waiting is done here.
struct Decoded {
    runtime: Runtime,
    decoded: Box<dyn AsyncRead + Send + Unpin>,
}

impl Read for Decoded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.runtime.block_on(self.decoded.read(buf))
    }
}

/// A blocking reader as an asynchronous one. Nothing else runs on this runtime, so nobody is held
/// up.
struct Blocking(Input);

impl AsyncRead for Blocking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = self.0.read(buf.initialize_unfilled())?;
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}
