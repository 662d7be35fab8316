//! The engine without its container: whole inputs through lanes, frame by frame.

use catena_filter::engine::kernel::Kernel;
use catena_filter::engine::predict::{
    FrameTokens, Lane, LaneColumns, Plan, Planner, Spec, assemble, lane_count,
};
use catena_filter::model::{Network, Starts};
use catena_filter::{Layout, Result};

/// A frame as the engine leaves it: the plan's bytes and each lane's.
#[derive(Clone)]
pub struct Coded {
    pub offset: u64,
    pub raw_len: usize,
    pub plan: Vec<u8>,
    pub lanes: Vec<Vec<u8>>,
}

impl Coded {
    pub fn len(&self) -> usize {
        self.plan.len() + self.lanes.iter().map(Vec::len).sum::<usize>()
    }
}

/// What a stream of this layout and level would share; at least three lanes where there are columns
/// for them.
pub fn spec(layout: &Layout, level: u8, raw_len: usize) -> Spec {
    let level = super::level(level);
    let columns = layout.columns().columns.len() as u32;
    let lane_n = lane_count(layout, level, raw_len).max(3).min(columns);
    Spec::new(layout.clone(), level, lane_n)
}

/// The same with a network.
pub fn spec_with(layout: &Layout, level: u8, raw_len: usize, network: &Network) -> Spec {
    spec(layout, level, raw_len)
        .with_network(network, &Starts::default())
        .unwrap()
}

fn lanes(spec: &Spec, kernel: Kernel) -> Vec<Lane> {
    (0..spec.lane_n)
        .map(|index| Lane::new(spec, index).with_kernel(kernel))
        .collect()
}

/// Encodes the input as one chain with frames of these lengths (the last one goes on to the end).
pub fn encode(spec: &Spec, kernel: Kernel, raw: &[u8], cuts: &[usize]) -> Vec<Coded> {
    let mut planner = Planner::new(spec);
    let mut lanes = lanes(spec, kernel);
    let mut coded = Vec::new();
    let mut from = 0;
    while from < raw.len() {
        let len = cuts
            .get(coded.len())
            .map_or(raw.len() - from, |&len| len.min(raw.len() - from));
        let (plan, columns) = planner.plan(spec, from as u64, &raw[from..from + len]);
        let mut bytes = Vec::new();
        plan.write(&mut bytes);
        let mut tokens = FrameTokens::default();
        coded.push(Coded {
            offset: from as u64,
            raw_len: len,
            plan: bytes,
            lanes: lanes
                .iter_mut()
                .map(|lane| lane.encode(spec, &plan, &columns, &mut tokens))
                .collect(),
        });
        from += len;
    }
    coded
}

/// Decodes one frame.
pub fn decode_frame(spec: &Spec, lanes: &mut [Lane], frame: &Coded) -> Result<Vec<u8>> {
    let plan = Plan::read(spec, frame.offset, frame.raw_len, &mut &frame.plan[..])?;
    let mut done: Vec<LaneColumns> = Vec::new();
    for (lane, bytes) in lanes.iter_mut().zip(&frame.lanes) {
        let columns = lane.decode(spec, &plan, bytes, &done)?;
        done.push(columns);
    }
    assemble(spec, &plan, &done)
}

/// Decodes a chain.
pub fn decode(spec: &Spec, kernel: Kernel, frames: &[Coded]) -> Result<Vec<u8>> {
    let mut lanes = lanes(spec, kernel);
    let mut raw = Vec::new();
    for frame in frames {
        raw.extend(decode_frame(spec, &mut lanes, frame)?);
    }
    Ok(raw)
}

/// Decodes the first frame alone with fresh lanes.
pub fn decode_first(spec: &Spec, frame: &Coded) -> Result<Vec<u8>> {
    decode_frame(spec, &mut lanes(spec, Kernel::best()), frame)
}
