//! The stream that an encoder writes: frames are numbered as they are cut, and sent off, in their
//! order, once it is known what is to be done with each.
//!
//! Invariant: nothing is computed of a frame's bytes here; what a choice needs to know of them, a
//! job finds out.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::pace::{Due, Scheduler};
use crate::flow::{Answer, Choice, Meter, Pack, Packed, Raw, Wavefront};
use crate::frame::IndexBuilder;

/// For streams that keep a speed: who chooses, and what the frames took so far.
pub(super) type Pace = (Scheduler, Arc<Meter>);

/// What the stream header fixes, and the frames under way.
pub(super) struct Outgoing {
    pub(super) flow: Wavefront<Pack>,
    /// The stream header's bytes, until they are pulled.
    pub(super) head: Vec<u8>,
    pub(super) index: IndexBuilder,
    pub(super) learns: bool,
    /// By chain: whether it has learned a frame since its last key frame.
    began: Vec<bool>,
    key_every: Option<u32>,
    pub(super) flight_max: usize,
    /// Raw bytes of the frames under way.
    pub(super) flying: usize,
    /// Bytes of memory that a decoder needs at least.
    pub(super) needs: u64,
    /// Frames cut so far, and their raw bytes.
    frame_n: u64,
    pub(super) offset: u64,
    /// Frames that were cut and not chosen for.
    waiting: VecDeque<Cut>,
}

/// A frame that was cut.
struct Cut {
    chain: usize,
    key: bool,
    offset: u64,
    bytes: Vec<u8>,
    /// Too few records for a chain to begin with.
    too_little: bool,
    last: bool,
    /// By when it is to be done, in a stream that keeps a speed.
    due: Option<Due>,
    /// Whether the model gains, if it was asked for.
    gains: Option<bool>,
    /// Who has the bytes, and is finding that out.
    asked: Option<Answer<(Vec<u8>, bool)>>,
}

impl Outgoing {
    /// A stream of this many chains that begins with these bytes.
    pub(super) fn new(
        flow: Wavefront<Pack>,
        head: Vec<u8>,
        (learns, chain_n, key_every): (bool, usize, Option<u32>),
        (flight_max, needs): (usize, u64),
    ) -> Self {
        Outgoing {
            flow,
            index: IndexBuilder::new(head.len()),
            head,
            learns,
            began: vec![false; chain_n],
            key_every,
            flight_max,
            flying: 0,
            needs,
            frame_n: 0,
            offset: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Frames that were cut and not pulled.
    pub(super) fn len(&self) -> usize {
        self.flow.len() + self.waiting.len()
    }

    /// Takes the next frame. `too_little`: too few records for a chain to begin with. `last`: no
    /// other will follow.
    pub(super) fn cut(
        &mut self,
        bytes: Vec<u8>,
        (too_little, last): (bool, bool),
        pace: &mut Option<Pace>,
    ) {
        let chain_n = self.began.len() as u64;
        let place = self.frame_n / chain_n;
        let key = match self.key_every {
            _ if !self.learns => true,
            Some(every) => place.is_multiple_of(every.into()),
            None => place == 0,
        };
        let due = pace
            .as_mut()
            .map(|(scheduler, _)| scheduler.arrive(bytes.len(), Instant::now()));
        let cut = Cut {
            chain: (self.frame_n % chain_n) as usize,
            key,
            offset: self.offset,
            too_little,
            last,
            due,
            gains: None,
            asked: None,
            bytes,
        };
        self.frame_n += 1;
        self.offset += cut.bytes.len() as u64;
        self.flying += cut.bytes.len();
        self.waiting.push_back(cut);
        self.settle(pace);
    }

    /// Sends the frames off that can be chosen for, in their order.
    pub(super) fn settle(&mut self, pace: &mut Option<Pace>) {
        while let Some(mut cut) = self.waiting.pop_front() {
            if let Some(answer) = &cut.asked {
                let Some((bytes, gains)) = answer.take() else {
                    self.waiting.push_front(cut);
                    return;
                };
                (cut.bytes, cut.gains, cut.asked) = (bytes, Some(gains), None);
            }
            let began = self.began[cut.chain] && !cut.key;
            let learned = self.learns && (began || !cut.too_little);
            let choice = match (pace.as_mut(), cut.due) {
                (Some((scheduler, meter)), Some(due)) => {
                    let plain = self.learns && !learned;
                    let frame = (cut.bytes.len(), due);
                    match scheduler.choose(meter, frame, plain, cut.gains, Instant::now()) {
                        None => {
                            cut.asked = Some(self.ask(&mut cut));
                            self.waiting.push_front(cut);
                            return;
                        }
                        chosen => chosen,
                    }
                }
                _ => None,
            };
            let learned = learned && choice.is_none_or(|(choice, _)| choice == Choice::Model);
            self.began[cut.chain] = learned || began;
            let raw = Raw {
                offset: cut.offset,
                key: cut.key,
                bytes: cut.bytes,
                last: cut.last,
                choice,
            };
            self.flow.submit(cut.chain, cut.key, learned, raw);
        }
    }

    /// Has a job find out whether the model gains on a frame; it brings the bytes back.
    fn ask(&mut self, cut: &mut Cut) -> Answer<(Vec<u8>, bool)> {
        let (offset, bytes) = (cut.offset, std::mem::take(&mut cut.bytes));
        self.flow.ask(move |pack| {
            let gains = || pack.model_gains(offset, &bytes);
            // It only guesses; where it fails, the frame has the time that is its own.
            let gains = catch_unwind(AssertUnwindSafe(gains)).unwrap_or(false);
            (bytes, gains)
        })
    }

    /// A frame's bytes, behind the stream header if it is the first.
    pub(super) fn deliver(&mut self, packed: Packed) -> Vec<u8> {
        let mut data = packed.bytes;
        self.index.add(&packed.header);
        self.flying -= packed.header.raw_len;
        if !self.head.is_empty() {
            self.head.append(&mut data);
            data = std::mem::take(&mut self.head);
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Pool;
    use crate::predict::Spec;
    use crate::{Layout, Level};

    #[test]
    fn what_a_frame_is_worth_a_job_finds_out() {
        let spec = Spec::new(Layout::parse("<f4,<f4").unwrap(), Level::default(), 1);
        // Its jobs run in `wait` alone.
        let flow = Wavefront::new(Pack::new(spec), 1, Pool::caller(), None);
        let mut stream = Outgoing::new(flow, Vec::new(), (true, 1, None), (8, 0));
        let mut pace = Some((Scheduler::new(2_000_000, 7, 1), Arc::default()));
        // Two seconds of the source, but more of the model: not asked.
        stream.cut(vec![0; 4 << 20], (false, false), &mut pace);
        assert_eq!((stream.flow.len(), stream.len()), (1, 1));
        // More of the model than its own time, less than was saved: asked, and the one behind it
        // waits.
        stream.cut(vec![1; 1 << 16], (false, false), &mut pace);
        stream.cut(vec![2; 1 << 16], (false, false), &mut pace);
        assert_eq!((stream.flow.len(), stream.len()), (1, 3));
        stream.settle(&mut pace);
        assert_eq!(stream.flow.len(), 1);
        let mut out = Vec::new();
        while stream.len() > 0 {
            match stream.flow.pop() {
                Some(packed) => out.push(packed.unwrap().header.raw_len),
                None => stream.flow.wait(),
            }
            stream.settle(&mut pace);
        }
        assert_eq!(out, [4 << 20, 1 << 16, 1 << 16]);
        assert_eq!(stream.offset, (4 << 20) + (2 << 16));
    }
}
