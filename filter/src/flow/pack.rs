//! A frame's way from raw bytes to its header and payload.

use std::sync::Arc;
use std::time::Instant;

use super::meter::{Choice, Meter};
use super::wavefront::Work;
use crate::Level;
use crate::backend::{self, Effort, Table};
use crate::error::Result;
use crate::frame::{FrameHeader, FrameKind, put_varint, raw_hash};
use crate::predict::{Columns, FrameTokens, Lane, Plan, Planner, Spec};

/// Packs the frames of one stream.
pub(crate) struct Pack {
    spec: Spec,
    table: Table,
    /// Counts what frames take, for streams that keep a speed.
    meter: Option<Arc<Meter>>,
}

/// A frame to pack.
pub(crate) struct Raw {
    /// Place of the first byte in the stream.
    pub(crate) offset: u64,
    pub(crate) key: bool,
    pub(crate) bytes: Vec<u8>,
    /// What the scheduler chose, and the nanoseconds that it expects; nothing where the level alone decides.
    pub(crate) choice: Option<(Choice, i64)>,
}

/// What a lane yields.
#[derive(Clone)]
pub(crate) struct Part {
    bytes: Arc<Vec<u8>>,
    /// What the network hands on, from this lane and all before it.
    tokens: FrameTokens,
}

/// A packed frame: its header, and header and payload as they are stored.
pub(crate) struct Packed {
    pub(crate) header: FrameHeader,
    pub(crate) bytes: Vec<u8>,
}

impl Packed {
    /// The payload alone.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.bytes[self.bytes.len() - self.header.coded_len..]
    }
}

impl Pack {
    pub(crate) fn new(spec: Spec) -> Self {
        let table = Table::new(&spec.layout);
        Pack {
            spec,
            table,
            meter: None,
        }
    }

    /// One that counts what frames take.
    pub(crate) fn with_meter(mut self, meter: Option<Arc<Meter>>) -> Self {
        self.meter = meter;
        self
    }

    /// Does a part of a frame's work, and counts its time if anybody wants to know.
    fn metered<T>(&self, choice: Choice, work: impl FnOnce() -> T) -> T {
        let Some(meter) = &self.meter else {
            return work();
        };
        let begun = Instant::now();
        let result = work();
        meter.worked(choice, begun.elapsed());
        result
    }

    /// Whether the model is predicted to be worth its time on a frame.
    pub(crate) fn model_gains(&self, offset: u64, raw: &[u8]) -> bool {
        backend::model_gains(&self.table, offset, raw)
    }

    /// Whether frames are modelled at this level at all.
    pub(crate) fn learns(spec: &Spec) -> bool {
        spec.level.get() >= 3
    }

    /// The smallest coding of the frame, given the modelled payload if there is one.
    fn smallest(&self, input: &Raw, modelled: Option<Vec<u8>>) -> (FrameKind, Vec<u8>) {
        let (table, offset, raw) = (&self.table, input.offset, &input.bytes);
        match modelled {
            Some(payload) => backend::fall_back(table, offset, raw, payload.len())
                .unwrap_or((FrameKind::Modelled, payload)),
            None => {
                let effort = match input.choice {
                    Some((Choice::Backend(effort), _)) => effort,
                    _ if self.spec.level == Level::MIN => Effort::Quick,
                    _ => Effort::Best,
                };
                backend::pack(table, effort, offset, raw)
            }
        }
    }
}

impl Work for Pack {
    type Input = Raw;
    type Opened = (Plan, Columns);
    type Part = Part;
    type Output = Packed;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn open(&self, input: &Raw, planner: &mut Planner) -> Result<Self::Opened> {
        Ok(self.metered(Choice::Model, || {
            planner.plan(&self.spec, input.offset, &input.bytes)
        }))
    }

    fn in_order(&self, _: &Self::Opened) -> bool {
        self.spec.engine().is_some()
    }

    fn lane(
        &self,
        (plan, columns): &Self::Opened,
        _: usize,
        lane: &mut Lane,
        before: &[Part],
    ) -> Result<Part> {
        let mut tokens = before
            .last()
            .map_or_else(FrameTokens::default, |part| part.tokens.clone());
        let bytes = self.metered(Choice::Model, || {
            lane.encode(&self.spec, plan, columns, &mut tokens)
        });
        Ok(Part {
            bytes: Arc::new(bytes),
            tokens,
        })
    }

    fn close(
        &self,
        input: &Raw,
        opened: Option<&Self::Opened>,
        parts: Vec<Part>,
    ) -> Result<Packed> {
        let modelled = opened.map(|(plan, _)| {
            let mut payload = Vec::new();
            plan.write(&mut payload);
            // The last lane takes what is left.
            for part in &parts[..parts.len() - 1] {
                put_varint(&mut payload, part.bytes.len() as u64);
            }
            parts
                .iter()
                .for_each(|part| payload.extend_from_slice(&part.bytes));
            payload
        });
        let (kind, payload) = match input.choice {
            None => self.smallest(input, modelled),
            Some((choice, _)) => self.metered(choice, || self.smallest(input, modelled)),
        };
        if let (Some(meter), Some((choice, expected))) = (&self.meter, input.choice) {
            meter.done(choice, input.bytes.len(), expected);
        }
        let header = FrameHeader::new(
            kind,
            (input.key, opened.is_some()),
            (input.bytes.len(), raw_hash(&input.bytes, input.offset)),
            &payload,
        );
        let mut bytes = Vec::with_capacity(payload.len() + 32);
        header.write(&mut bytes);
        bytes.extend_from_slice(&payload);
        Ok(Packed { header, bytes })
    }
}
