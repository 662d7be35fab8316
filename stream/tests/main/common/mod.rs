//! What the tests share: data, options, and IO that is as awkward as IO can be.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use catena_filter::{CompressOptions, DecompressOptions, Level};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

pub use catena_stream::{bufread, write};

/// Bytes of one small frame.
pub const FRAME: usize = 1024;

/// Records of a slowly rising float and a counter: `len` bytes, the last record possibly cut.
pub fn records(len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 8);
    for i in 0..len.div_ceil(8) as u32 {
        let noise = i.wrapping_mul(2_654_435_761) >> 20;
        bytes.extend((i as f32 * 0.25 + noise as f32 * 1e-4).to_le_bytes());
        bytes.extend((i / 3).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Frames so small that a few kilobytes have many of them; at a level that keeps no state, for
/// tests of many streams.
pub fn small_frames() -> CompressOptions {
    modelled_frames().with_level(Level::MIN)
}

/// The same at a level that models: frames wait for one another.
pub fn modelled_frames() -> CompressOptions {
    let level = Level::new(4).expect("a level");
    CompressOptions::default()
        .with_level(level)
        .with_frame_size(FRAME)
}

/// The one-shot result, which every adapter must equal to the byte.
pub fn one_shot(raw: &[u8]) -> Vec<u8> {
    one_shot_with(raw, &small_frames())
}

pub fn one_shot_with(raw: &[u8], options: &CompressOptions) -> Vec<u8> {
    catena_filter::compress(raw, options).unwrap()
}

pub fn one_shot_back(coded: &[u8]) -> catena_filter::Result<Vec<u8>> {
    catena_filter::decompress(coded, &DecompressOptions::default())
}

pub fn write_encoder<W: AsyncWrite>(writer: W) -> write::CatenaEncoder<W> {
    write::CatenaEncoder::with_options(writer, small_frames()).unwrap()
}

pub fn read_encoder<R: AsyncBufRead>(reader: R) -> bufread::CatenaEncoder<R> {
    bufread::CatenaEncoder::with_options(reader, small_frames()).unwrap()
}

/// A runtime on this thread, for tests that need no other.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(future)
}

pub async fn read_all(reader: impl AsyncRead) -> io::Result<Vec<u8>> {
    let mut reader = pin!(reader);
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// At most `chunk` bytes at a time, and `Pending` (waking at once) before every single operation.
pub struct Choppy<T> {
    pub inner: T,
    chunk: usize,
    ready: bool,
}

impl<T> Choppy<T> {
    pub fn new(inner: T, chunk: usize) -> Self {
        Choppy {
            inner,
            chunk,
            ready: false,
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.ready = !self.ready;
        if self.ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Choppy<&[u8]> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_turn(cx));
        let n = self.chunk.min(self.inner.len()).min(buf.remaining());
        buf.put_slice(&self.inner[..n]);
        self.inner = &self.inner[n..];
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Choppy<&[u8]> {
    fn poll_fill_buf(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        std::task::ready!(self.poll_turn(cx));
        let this = self.get_mut();
        Poll::Ready(Ok(&this.inner[..this.chunk.min(this.inner.len())]))
    }

    fn consume(mut self: Pin<&mut Self>, n: usize) {
        self.inner = &self.inner[n..];
    }
}

impl AsyncWrite for Choppy<Vec<u8>> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_turn(cx));
        let n = self.chunk.min(buf.len());
        self.inner.extend_from_slice(&buf[..n]);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_turn(cx).map(Ok)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_turn(cx).map(Ok)
    }
}
