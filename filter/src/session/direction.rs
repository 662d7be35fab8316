//! Both directions of the codec behind one trait, for loops that move bytes and need not know which
//! way.

use super::{Decoder, Encoder, Pull, Stats};
use crate::error::Result;
use crate::flow::Notify;

/// Who may be a [`Session`].
pub trait Sealed {}

impl Sealed for Encoder {}
impl Sealed for Decoder {}

/// A codec without IO, an [`Encoder`] or a [`Decoder`]: bytes are pushed, jobs run on the pool,
/// finished bytes are pulled.
///
/// Nothing but [`wait`](Self::wait) blocks. The trait is sealed: it may get methods in any version.
pub trait Session: Sealed {
    /// Takes bytes; returns how many. 0 says that the session is full until something is pulled.
    fn push(&mut self, bytes: &[u8]) -> Result<usize>;

    /// Sends off what has been pushed so far. A decoder hands out each frame as soon as it is whole
    /// and does nothing.
    fn flush(&mut self) -> Result<()>;

    /// Says that no more bytes will come.
    fn finish(&mut self) -> Result<()>;

    /// The next finished bytes, or why there are none.
    fn pull(&mut self) -> Result<Pull>;

    /// Blocks until a job has ended since the last [`pull`](Self::pull); returns at once if none is
    /// under way.
    fn wait(&self);

    /// Sets a function that worker threads call whenever a job has ended.
    fn set_notify(&mut self, notify: Notify);

    /// Bytes held: input that waits, and the raw bytes of frames that were not pulled.
    fn held(&self) -> usize;

    /// The most bytes to hold. An encoder's output is hardly larger than its input: bounding what
    /// is pushed bounds both, and it does nothing.
    fn set_budget(&mut self, bytes: usize);

    /// What went through so far.
    fn stats(&self) -> Stats;
}

impl Session for Encoder {
    fn push(&mut self, bytes: &[u8]) -> Result<usize> {
        Encoder::push(self, bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Encoder::flush(self)
    }

    fn finish(&mut self) -> Result<()> {
        Encoder::finish(self)
    }

    fn pull(&mut self) -> Result<Pull> {
        Encoder::pull(self)
    }

    fn wait(&self) {
        Encoder::wait(self);
    }

    fn set_notify(&mut self, notify: Notify) {
        Encoder::set_notify(self, notify);
    }

    fn held(&self) -> usize {
        Encoder::held(self)
    }

    fn set_budget(&mut self, _: usize) {}

    fn stats(&self) -> Stats {
        Encoder::stats(self)
    }
}

impl Session for Decoder {
    fn push(&mut self, bytes: &[u8]) -> Result<usize> {
        Decoder::push(self, bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Decoder::finish(self)
    }

    fn pull(&mut self) -> Result<Pull> {
        Decoder::pull(self)
    }

    fn wait(&self) {
        Decoder::wait(self);
    }

    fn set_notify(&mut self, notify: Notify) {
        Decoder::set_notify(self, notify);
    }

    fn held(&self) -> usize {
        Decoder::held(self)
    }

    fn set_budget(&mut self, bytes: usize) {
        Decoder::set_budget(self, bytes);
    }

    fn stats(&self) -> Stats {
        Decoder::stats(self)
    }
}
