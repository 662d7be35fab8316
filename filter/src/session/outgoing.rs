//! The stream that an encoder writes: frames are numbered as they are cut, and sent off, in their
//! order, once it is known what is to be done with each. What turns out to be one frame becomes a
//! short stream, if it may.
//!
//! Invariant: nothing is computed of a frame's bytes here; what a choice needs to know of them, a
//! job finds out.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::pace::{Due, Scheduler};
use crate::flow::{Answer, Choice, Meter, Pack, Packed, Raw, Wavefront, least};
use crate::frame::{IndexBuilder, StreamHeader, write_short};

/// For streams that keep a speed: who chooses, and what the frames took so far.
pub(super) type Pace = (Scheduler, Arc<Meter>);

/// What the stream header fixes, and the frames under way.
pub(super) struct Outgoing {
    pub(super) flow: Wavefront<Pack>,
    header: StreamHeader,
    /// The embedded model's file, until it is pulled.
    embedded: Vec<u8>,
    /// The first frame was cut as the last.
    single: bool,
    /// All is written, as a short stream.
    short: bool,
    /// What the end says of a long stream, once it has begun.
    index: Option<IndexBuilder>,
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
    alone: bool,
    /// By when it is to be done, in a stream that keeps a speed.
    due: Option<Due>,
    /// Whether the model gains, if it was asked for.
    gains: Option<bool>,
    /// Who has the bytes, and is finding that out.
    asked: Option<Answer<(Vec<u8>, bool)>>,
}

impl Outgoing {
    /// A stream that begins with this header and the file of this model.
    pub(super) fn new(
        flow: Wavefront<Pack>,
        (header, embedded): (StreamHeader, Vec<u8>),
        (learns, key_every): (bool, Option<u32>),
        (flight_max, needs): (usize, u64),
    ) -> Self {
        Outgoing {
            flow,
            learns,
            began: vec![false; header.chains as usize],
            header,
            embedded,
            single: false,
            short: false,
            index: None,
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
        let alone = last && self.frame_n == 0;
        self.single = alone;
        let cut = Cut {
            chain: (self.frame_n % chain_n) as usize,
            key,
            offset: self.offset,
            too_little,
            last,
            alone,
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
                alone: cut.alone,
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

    /// A frame's bytes, behind the stream header if it is the first; the whole stream if it can be
    /// a short one.
    pub(super) fn deliver(&mut self, packed: Packed) -> Vec<u8> {
        self.flying -= packed.header.raw_len;
        let mut out = Vec::new();
        let frame = Some((&packed.header, packed.payload()));
        self.short = self.single && write_short(&self.header, frame, &mut out);
        if self.short {
            self.needs = least(&StreamHeader {
                chains: 1,
                frame_size: packed.header.raw_len,
                ..self.header.clone()
            });
            return out;
        }
        self.long(&mut out).add(&packed.header);
        if out.is_empty() {
            return packed.bytes;
        }
        out.extend_from_slice(&packed.bytes);
        out
    }

    /// The bytes behind the last frame.
    pub(super) fn end(&mut self, index: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let begun = self.short || self.index.is_some();
        if !begun && write_short(&self.header, None, &mut out) {
            self.short = true;
        }
        if !self.short {
            let mut end = Vec::new();
            self.long(&mut out).write(index, &mut end);
            out.append(&mut end);
        }
        out
    }

    /// What is known of a long stream; appends its beginning if it has not begun.
    fn long(&mut self, out: &mut Vec<u8>) -> &mut IndexBuilder {
        if self.index.is_none() {
            self.header.write(out);
            out.append(&mut self.embedded);
        }
        let beginning = out.len();
        self.index
            .get_or_insert_with(|| IndexBuilder::new(beginning))
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
        let header = StreamHeader {
            level: spec.level,
            layout: spec.layout.clone(),
            chains: 1,
            lane_n: 1,
            frame_size: 4 << 20,
            model: None,
            embedded: None,
            short: false,
        };
        let flow = Wavefront::new(Pack::new(spec), 1, Pool::caller(), None);
        let mut stream = Outgoing::new(flow, (header, Vec::new()), (true, None), (8, 0));
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
