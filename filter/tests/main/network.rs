//! Promise: the network computes what `docs/network.md` says, to the bit, on every vector unit,
//! whether values come one at a time or all at once.

use std::sync::Arc;

use crate::common::reference::{Chain, RowState};
use catena_filter::Layout;
use catena_filter::engine::kernel::vector::Isa;
use catena_filter::engine::kernel::{Kernel, Task, run};
use catena_filter::engine::numeric::ValueType;
use catena_filter::engine::predict::network::{Engine, NetworkState, Tokens};
use catena_filter::model::{Dims, Network, sample_dims, sample_network};

/// A frame's columns, which repeat now and then.
fn columns(layout: &Layout, rows: usize, seed: u64) -> Vec<Vec<u64>> {
    let mut seed = seed;
    let mut next = || {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(seed >> 7 | 1);
        seed >> 11
    };
    let types = layout.columns().columns;
    (types.iter())
        .map(|column| {
            let most = u64::MAX >> (64 - 8 * u32::from(column.width));
            let mut value = 0;
            (0..rows)
                .map(|_| {
                    value = match next() % 8 {
                        0 => value,
                        1 => value ^ 1,
                        2 => most,
                        3 => 0,
                        4 => value.wrapping_add(next() % 1000) & most,
                        _ => (next() << 11 ^ next()) & most,
                    };
                    value
                })
                .collect()
        })
        .collect()
}

/// What the heads said: logits and hidden activations, as bits.
type Said = Vec<u32>;

/// Nodes on the way to a byte's leaf.
fn nodes(byte: u8) -> impl Iterator<Item = u32> {
    (0..8).map(move |bit| (256 | u32::from(byte)) >> (8 - bit))
}

/// Runs a chain of frames through the engine. `Late`: a value is told only after its row has been
/// asked.
struct Run<'a> {
    engine: &'a Engine,
    widths: &'a [usize],
    frames: &'a [Vec<Vec<u64>>],
    late: bool,
    /// Rows whose heads are not asked, as copies are: those that are a multiple of this.
    skip: usize,
}

impl Task for Run<'_> {
    type Output = Said;

    #[inline(always)]
    fn run<I: Isa>(self) -> Said {
        let mut said = Vec::new();
        let half = self.widths.len() / 2;
        // Two lanes.
        let mut states = [
            NetworkState::new(self.engine, 0..half),
            NetworkState::new(self.engine, half..self.widths.len()),
        ];
        let mut last: Vec<u64> = Vec::new();
        for frame in self.frames {
            let columns: Vec<&[u64]> = frame.iter().map(Vec::as_slice).collect();
            let rows = columns[0].len();
            let mut tokens: Vec<Arc<Tokens>> = Vec::new();
            for (column, &width) in self.widths.iter().enumerate() {
                if self.engine.field_of(column).is_none() {
                    continue;
                }
                let values = columns[column];
                let state = &mut states[usize::from(column >= half)];
                let above = last.get(column).copied();
                let left = &columns[..column];
                let left_above = &last[..column.min(last.len())];
                let mut pass = self
                    .engine
                    .begin(state, column, rows, left, left_above, above, &tokens);
                for row in 0..rows {
                    let known = if self.late { &values[..row] } else { values };
                    pass.row::<I>(row, known);
                    if self.skip > 0 && row.is_multiple_of(self.skip) {
                        continue;
                    }
                    for plane in (0..width).filter(|&p| p < 8) {
                        if !pass.has_head(plane) {
                            continue;
                        }
                        let shift = 8 * (width - plane);
                        let prefix = values[row].checked_shr(shift as u32).unwrap_or(0);
                        pass.plane::<I>(plane, prefix);
                        said.extend(pass.hidden().as_flattened().iter().map(|h| h.to_bits()));
                        let byte = (values[row] >> (shift - 8)) as u8;
                        said.extend(nodes(byte).map(|n| pass.logit::<I>(n).to_bits()));
                    }
                }
                tokens.push(Arc::new(pass.finish::<I>(values)));
            }
            last = columns.iter().filter_map(|c| c.last().copied()).collect();
        }
        said
    }
}

/// The same by the plain reading of the definition.
fn wanted(network: &Network, types: &[ValueType], frames: &[Vec<Vec<u64>>], skip: usize) -> Said {
    let widths: Vec<usize> = types.iter().map(|t| usize::from(t.width)).collect();
    let mut chain = Chain::new(network, widths.clone());
    let mut said = Vec::new();
    let mut last = vec![0u64; widths.len()];
    let chunk = usize::from(network.dims.chunk);
    for frame in frames {
        let rows = frame[0].len();
        let at = |column: u16, row: usize| frame[usize::from(column)][row];
        let above = |column: u16, row: usize| match row {
            0 => last[usize::from(column)],
            _ => at(column, row - 1),
        };
        let mut tokens = vec![vec![Vec::new(); network.blocks.len()]; rows];
        for (p, field) in network.fields.iter().enumerate() {
            let width = widths[usize::from(field.column)];
            for first in (0..rows).step_by(chunk) {
                let end = (first + chunk).min(rows);
                let states: Vec<RowState> = (first..end)
                    .map(|r| {
                        let (v, a) = match p.checked_sub(1).map(|p| network.fields[p].column) {
                            Some(before) => (at(before, r), above(before, r)),
                            None => (0, 0),
                        };
                        chain.row(p, v, a, &mut tokens[r])
                    })
                    .collect();
                for (r, state) in (first..end).zip(&states) {
                    if skip > 0 && r.is_multiple_of(skip) {
                        continue;
                    }
                    let (value, above) = (at(field.column, r), above(field.column, r));
                    let expected = field.reference.map(|reference| {
                        let value_type = types[usize::from(field.column)];
                        reference.expect(value_type, types, |c| at(c as u16, r))
                    });
                    for plane in (0..width).filter(|j| field.planes >> j & 1 == 1) {
                        let (logits, hidden) = chain.plane(p, state, value, above, expected, plane);
                        said.extend(hidden.iter().map(|h| h.to_bits()));
                        let byte = (value >> (8 * (width - 1 - plane))) as u8;
                        said.extend(nodes(byte).map(|n| logits[n as usize].to_bits()));
                    }
                }
                let values: Vec<u64> = (first..end).map(|r| at(field.column, r)).collect();
                chain.remember(p, &states, &values);
            }
        }
        last = frame.iter().filter_map(|c| c.last().copied()).collect();
    }
    said
}

/// Holds the engine to the definition on a chain of frames of so many rows.
fn hold(name: &str, dtype: &str, dims: Dims, rows: &[usize], change: fn(&mut Network)) {
    let layout = Layout::parse(dtype).unwrap();
    let columns_of = layout.columns().columns;
    let widths: Vec<usize> = columns_of.iter().map(|c| usize::from(c.width)).collect();
    let types: Vec<_> = columns_of.iter().map(ValueType::of).collect();
    let mut network = sample_network(&layout, dims, 7 + rows.len() as u64);
    change(&mut network);
    let engine = Engine::new(&network, &types).unwrap();
    let frames: Vec<Vec<Vec<u64>>> = (rows.iter().enumerate())
        .map(|(i, &rows)| columns(&layout, rows, 99 + i as u64))
        .collect();
    for skip in [0, 2] {
        let want = wanted(&network, &types, &frames, skip);
        assert!(!want.is_empty());
        assert!(want.iter().all(|&bits| f32::from_bits(bits).is_finite()));
        for kernel in Kernel::available() {
            for late in [false, true] {
                let task = Run {
                    engine: &engine,
                    widths: &widths,
                    frames: &frames,
                    late,
                    skip,
                };
                let said = run(kernel, task);
                assert_eq!(said.len(), want.len(), "{name} {kernel:?}");
                let first = said.iter().zip(&want).position(|(a, b)| a != b);
                assert_eq!(first, None, "{name} {kernel:?} late {late} skip {skip}");
            }
        }
    }
}

const MIXED: &str = "<f4,<u2,u1,<f8,<i4,<f4,u1,<u2";

#[test]
fn all_widths_and_chunks_that_do_not_fill() {
    hold("mixed", MIXED, sample_dims(), &[75, 32, 1, 33], |_| {});
}

#[test]
fn frames_of_one_row() {
    hold("single", MIXED, sample_dims(), &[1, 1, 2, 1], |_| {});
}

#[test]
fn a_window_of_few_fields() {
    for window in [1, 3] {
        let dims = Dims {
            window,
            slots: 1,
            ..sample_dims()
        };
        hold("window", MIXED, dims, &[40, 20], |_| {});
    }
}

#[test]
fn no_memory() {
    let dims = Dims {
        slots: 0,
        ..sample_dims()
    };
    hold("no memory", MIXED, dims, &[40, 20], |_| {});
}

#[test]
fn memory_that_keeps_more_than_it_has_room_for() {
    let dims = Dims {
        rate: 1,
        window: 40,
        slots: 20,
        chunk: 48,
        ..sample_dims()
    };
    hold("rate 1", MIXED, dims, &[100, 10], |_| {});
}

#[test]
fn one_column() {
    hold("one", "<f4", sample_dims(), &[50, 50], |_| {});
}

#[test]
fn heads_that_are_no_multiple_of_a_tile() {
    let dims = Dims {
        width: 48,
        heads: 8,
        blocks: 1,
        hidden: 16,
        head_width: 32,
        chunk: 16,
        ..sample_dims()
    };
    hold("heads", "<f4,<f4,<f4", dims, &[37, 5], |_| {});
}

#[test]
fn heads_wider_than_the_backbone() {
    let dims = Dims {
        width: 16,
        heads: 1,
        hidden: 16,
        head_width: 80,
        ..sample_dims()
    };
    hold("wide heads", "<f4,<u2", dims, &[20, 5], |_| {});
}

#[test]
fn columns_without_a_field() {
    hold("holes", MIXED, sample_dims(), &[40, 20], |network| {
        network.fields.remove(3);
        network.fields.remove(0);
    });
}

#[test]
fn weights_at_their_limits() {
    hold("limits", "<f4,<f8,<f4", sample_dims(), &[40], |network| {
        let block = &mut network.blocks[0];
        block.qkv.weights.fill(127);
        block.gate_up.weights.fill(-127);
        for scales in [
            &mut block.qkv.scales,
            &mut block.gate_up.scales,
            &mut block.down.scales,
        ] {
            scales.fill(1000.0);
        }
        block.attention_norm.fill(1000.0);
        block.forward_norm.fill(-1000.0);
        network.bytes.iter_mut().for_each(|t| t.scale = 1000.0);
        for field in &mut network.fields {
            field.value.scale = 1000.0;
            field.byte_scales.fill(1000.0);
            // All zeros: a row without magnitude.
            field.query.fill(0.0);
        }
    });
}

#[test]
fn memory_estimates() {
    let layout = Layout::parse(MIXED).unwrap();
    let types: Vec<_> = layout.columns().columns.iter().map(ValueType::of).collect();
    let engine = Engine::new(&sample_network(&layout, sample_dims(), 3), &types).unwrap();
    assert_eq!(engine.positions(), types.len());
    // Two blocks of 32 keys, 32 values and two scales.
    assert_eq!(engine.token_bytes(32), 8 * 32 * 2 * (64 + 8));
    assert_eq!(engine.token_bytes(17), engine.token_bytes(32));
    assert!(engine.state_bytes() > 0 && engine.bytes() > 10_000);
}
