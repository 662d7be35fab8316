//! The border between the container and the modelled codec.
//!
//! A chain's frames are modelled one after another. A frame is planned, then coded in lanes: each lane is a group
//! of the record's columns with a state of its own that goes on to the same lane of the chain's next frame. Encoding
//! may run all lanes of a frame side by side; decoding lane `i` needs the finished columns of the lanes before it in
//! the same frame. This module's bodies are a placeholder (raw bytes) until the experts land; its signatures are what
//! frame/, chain and pool build on.

use std::sync::Arc;

use crate::{Layout, Level, Result};

/// What all chains of a stream share.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What the bytes are.
    pub layout: Layout,
    /// Effort.
    pub level: Level,
    /// Lanes a frame is cut into; see [`lane_count`].
    pub lane_n: u32,
}

/// The number of lanes for a stream whose first frame has `frame_len` raw bytes. Stored in the stream's header.
pub fn lane_count(layout: &Layout, level: Level, frame_len: usize) -> u32 {
    let _ = (level, frame_len);
    (layout.fields().len() as u32).clamp(1, 16)
}

/// A frame taken apart into what the lanes code. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Columns(Arc<Vec<u8>>);

/// What the decoder must know of a frame before its first lane, and the encoder's choices for it.
#[derive(Clone, Debug)]
pub struct Plan {
    raw_len: usize,
}

impl Plan {
    /// Appends the plan's bytes, the first part of a modelled frame's payload.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.raw_len as u32).to_le_bytes());
    }

    /// Reads what [`Plan::write`] wrote from the front of `input` and advances it past that.
    pub fn read(spec: &Spec, offset: u64, raw_len: usize, input: &mut &[u8]) -> Result<Plan> {
        let _ = (spec, offset);
        let Some((_, rest)) = input.split_first_chunk::<4>() else {
            return Err(crate::Error::corrupt("plan"));
        };
        *input = rest;
        Ok(Plan { raw_len })
    }
}

/// Plans the frames of one chain, in their order. Deterministic.
#[derive(Debug)]
pub struct Planner {}

impl Planner {
    /// A planner for a chain that starts anew (first frame or key frame).
    pub fn new(spec: &Spec) -> Self {
        let _ = spec;
        Planner {}
    }

    /// Takes a frame of the chain apart and plans it. `offset` is the place of its first byte in the stream.
    pub fn plan(&mut self, spec: &Spec, offset: u64, raw: &[u8]) -> (Plan, Columns) {
        let _ = (spec, offset);
        (Plan { raw_len: raw.len() }, Columns(Arc::new(raw.to_vec())))
    }
}

/// The state of one lane of one chain: all that its frames hand to one another.
#[derive(Debug)]
pub struct Lane {
    index: u32,
}

impl Lane {
    /// An empty state, for a chain's first frame and for key frames.
    pub fn new(spec: &Spec, index: u32) -> Self {
        let _ = spec;
        Lane { index }
    }

    /// Codes this lane of a frame and learns from it. Infallible: any bytes can be coded.
    pub fn encode(&mut self, spec: &Spec, plan: &Plan, columns: &Columns) -> Vec<u8> {
        let _ = (spec, plan);
        if self.index == 0 {
            columns.0.to_vec()
        } else {
            Vec::new()
        }
    }

    /// Decodes this lane of a frame, given the finished lanes before it, and learns from it exactly as `encode` did.
    pub fn decode(
        &mut self,
        spec: &Spec,
        plan: &Plan,
        payload: &[u8],
        before: &[LaneColumns],
    ) -> Result<LaneColumns> {
        let _ = (spec, plan, before);
        Ok(LaneColumns(Arc::new(payload.to_vec())))
    }
}

/// The finished columns of one lane of one frame. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LaneColumns(Arc<Vec<u8>>);

/// Puts a frame's bytes together again from all its lanes, `raw_len` of them as the plan says.
pub fn assemble(spec: &Spec, plan: &Plan, lanes: &[LaneColumns]) -> Result<Vec<u8>> {
    let _ = (spec, plan);
    Ok(lanes.first().map(|l| l.0.to_vec()).unwrap_or_default())
}
