//! What the adapters ask of a codec: filter's sans-IO sessions behind one trait.
//!
//! Both directions look alike from here: bytes are pushed, jobs run on the worker pool, finished bytes are pulled.
//! No call of this trait waits for a job.

use catena_filter::{Decoder, Encoder, Notify, Pull, Result, Stats};

/// A codec without IO; see [`Pull`] for its states.
pub(crate) trait Session {
    /// Takes bytes; returns how many. 0 says that the session is full until something is pulled.
    fn push(&mut self, input: &[u8]) -> Result<usize>;
    /// Sends off what has been pushed so far, as far as the direction knows of it.
    fn flush(&mut self) -> Result<()>;
    /// No more input will come.
    fn finish(&mut self) -> Result<()>;
    /// The next finished bytes, or why there are none.
    fn pull(&mut self) -> Result<Pull>;
    /// Whom the workers call when a job has ended.
    fn set_notify(&mut self, notify: Notify);
    /// Bytes held: input that waits, frames in work, and finished ones.
    fn held(&self) -> usize;
    /// The most bytes to hold, for a session whose output outgrows its input.
    fn set_budget(&mut self, bytes: usize);
    /// Bytes in and out so far.
    fn stats(&self) -> Stats;
}

impl Session for Encoder {
    fn push(&mut self, input: &[u8]) -> Result<usize> {
        Encoder::push(self, input)
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

    fn set_notify(&mut self, notify: Notify) {
        Encoder::set_notify(self, notify);
    }

    fn held(&self) -> usize {
        Encoder::held(self)
    }

    /// A frame's output is hardly larger than its input: bounding what is pushed bounds both.
    fn set_budget(&mut self, _: usize) {}

    fn stats(&self) -> Stats {
        Encoder::stats(self)
    }
}

impl Session for Decoder {
    fn push(&mut self, input: &[u8]) -> Result<usize> {
        Decoder::push(self, input)
    }

    /// A decoder hands out each frame as soon as it is whole; there is nothing to hurry.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Decoder::finish(self)
    }

    fn pull(&mut self) -> Result<Pull> {
        Decoder::pull(self)
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
