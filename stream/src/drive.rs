//! The state machine that all four adapters share: a session, its budget and its waker; no IO.
//!
//! Invariants: at most one pulled chunk lies here, and nothing more is pulled until it has been
//! consumed; so the bytes that a stream holds are the session's bytes in flight and that chunk, and
//! both count against the budget. Every error leaves through [`Driver::poll_step`], behind the good
//! bytes that came before it, and again at each later step.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;
use catena_filter::session::Session;
use catena_filter::{Pull, Stats};

use crate::failure::Failure;

/// Bytes that a stream may hold unless asked otherwise: a few frames for each of a few workers.
pub const DEFAULT_BUDGET: usize = 32 << 20;

/// The most that one push takes: a copy of it does not hold up the runtime's thread.
const PUSH_MAX: usize = 256 << 10;

/// What a push may take from a codec that starves on a used-up budget: its frame is larger than the
/// budget.
const PUSH_MIN: usize = 4 << 10;

/// What the adapter has to do next; waiting for a job is `Poll::Pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// [`Driver::output`] has bytes to hand on.
    Output,
    /// No job runs and nothing is left to hand on: only input helps.
    Input,
    /// The stream is complete.
    End,
}

/// A session under a budget.
pub(crate) struct Driver<S> {
    session: S,
    /// The chunk pulled last, from `output_at` on.
    output: Vec<u8>,
    output_at: usize,
    waker: Arc<AtomicWaker>,
    budget: usize,
    /// The last step was [`Step::Input`]: input must be taken even over the budget, or nothing
    /// would ever move.
    starved: bool,
    /// Bytes came in since the last flush.
    unflushed: bool,
    finished: bool,
    ended: bool,
    /// Why no more input can be taken.
    failure: Option<Failure>,
    /// Nothing good is left before the failure.
    failed: bool,
}

impl<S: Session> Driver<S> {
    /// Takes over a fresh session.
    pub(crate) fn new(mut session: S) -> Self {
        let waker = Arc::new(AtomicWaker::new());
        let for_workers = Arc::clone(&waker);
        session.set_notify(Arc::new(move || for_workers.wake()));
        session.set_budget(DEFAULT_BUDGET);
        Driver {
            session,
            output: Vec::new(),
            output_at: 0,
            waker,
            budget: DEFAULT_BUDGET,
            starved: false,
            unflushed: false,
            finished: false,
            ended: false,
            failure: None,
            failed: false,
        }
    }

    /// Bytes that the stream may hold; a frame is let in however small the budget is.
    pub(crate) fn set_budget(&mut self, bytes: usize) {
        self.budget = bytes;
        self.session.set_budget(bytes);
    }

    /// Bytes in and out so far.
    pub(crate) fn stats(&self) -> Stats {
        self.session.stats()
    }

    /// The session, for its figures and settings.
    pub(crate) fn session(&mut self) -> &mut S {
        &mut self.session
    }

    /// Bytes held now.
    pub(crate) fn in_flight(&self) -> usize {
        self.session.held() + self.output().len()
    }

    /// Whether [`Driver::finish`] was called.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Finished bytes that have not been consumed yet.
    pub(crate) fn output(&self) -> &[u8] {
        &self.output[self.output_at..]
    }

    /// Marks the first `n` bytes of the output as handed on.
    pub(crate) fn consume(&mut self, n: usize) {
        self.output_at += n;
        if self.output_at >= self.output.len() {
            self.output = Vec::new();
            self.output_at = 0;
        }
    }

    /// Whether [`Driver::accept`] may take something.
    pub(crate) fn has_room(&self) -> bool {
        !self.finished && !self.ended && self.failure.is_none() && self.room() > 0
    }

    fn room(&self) -> usize {
        let least = if self.starved { PUSH_MIN } else { 0 };
        self.budget
            .saturating_sub(self.in_flight())
            .clamp(least, PUSH_MAX)
    }

    /// Takes input as far as budget and session allow and returns how much; 0 says: see what the
    /// next step is.
    pub(crate) fn accept(&mut self, input: &[u8]) -> usize {
        if self.ended && self.failure.is_none() {
            self.fail(io::Error::new(
                io::ErrorKind::InvalidInput,
                "bytes after the end of the stream",
            ));
        }
        if !self.has_room() || input.is_empty() {
            return 0;
        }
        let offered = &input[..input.len().min(self.room())];
        match self.session.push(offered) {
            Ok(0) if self.starved => {
                self.fail(io::Error::other("the codec neither takes nor gives bytes"))
            }
            Ok(0) => {}
            Ok(taken) => {
                self.starved = false;
                self.unflushed = true;
                return taken;
            }
            Err(error) => self.fail(error.into()),
        }
        0
    }

    /// Starts a flush: everything taken so far becomes output. Does nothing when nothing came in
    /// since the last one, so a flush whose future was dropped may simply be asked for again.
    pub(crate) fn flush(&mut self) {
        if self.unflushed && !self.finished && self.failure.is_none() {
            self.unflushed = false;
            if let Err(error) = self.session.flush() {
                self.fail(error.into());
            }
        }
    }

    /// Ends the input. Further calls do nothing.
    pub(crate) fn finish(&mut self) {
        if !self.finished && self.failure.is_none() {
            self.finished = true;
            if let Err(error) = self.session.finish() {
                self.fail(error.into());
            }
        }
    }

    /// Finds the next step. On `Pending` the task is woken when a job ends.
    pub(crate) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Step>> {
        let mut registered = false;
        loop {
            if !self.output().is_empty() {
                return Poll::Ready(Ok(Step::Output));
            }
            if let (Some(failure), true) = (&mut self.failure, self.failed || self.ended) {
                return Poll::Ready(Err(failure.give()));
            }
            if self.ended {
                return Poll::Ready(Ok(Step::End));
            }
            match self.session.pull() {
                Ok(Pull::Data(chunk)) => {
                    self.output = chunk;
                    self.output_at = 0;
                }
                // A job may have ended between the pull and the registration: look once more after
                // it.
                Ok(Pull::Pending) if registered => return Poll::Pending,
                Ok(Pull::Pending) => {
                    self.waker.register(cx.waker());
                    registered = true;
                }
                Ok(Pull::End) => self.ended = true,
                Ok(Pull::Starved) if self.failure.is_some() => self.failed = true,
                Ok(Pull::Starved) if self.finished => {
                    self.fail(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the stream is cut short",
                    ));
                }
                Ok(Pull::Starved) => {
                    self.starved = true;
                    return Poll::Ready(Ok(Step::Input));
                }
                Err(error) => {
                    self.fail(error.into());
                    self.failed = true;
                }
            }
        }
    }

    fn fail(&mut self, error: io::Error) {
        self.failure.get_or_insert_with(|| Failure::of(error));
    }
}

#[cfg(test)]
mod tests;
