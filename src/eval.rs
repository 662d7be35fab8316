//! `catena eval`: where the bits of a file go, by the network alone, by the experts alone, and by
//! both, from what is really coded.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

use catena::engine::predict::{Costs, PlaneBits, Spec, evaluate, lane_count, network_lane_count};
use catena::options::{DEFAULT_FRAME_SIZE, DEFAULT_MODEL_FRAME_SIZE};
use catena::{Level, Model};
use catena_train::report::baselines;
use serde::Serialize;

use crate::args::EvalArgs;
use crate::models;
use crate::report::{Failure, Outcome, name_of};

/// What is told.
#[derive(Debug, Serialize)]
struct Evaluation {
    file: String,
    raw_bytes: u64,
    records: u64,
    model: String,
    model_bytes: usize,
    level: u8,
    /// Bits per raw byte.
    bpb: Totals,
    peers: Vec<Peer>,
    fields: Vec<FieldBits>,
}

#[derive(Debug, Serialize)]
struct Totals {
    network_alone: f64,
    experts_alone: f64,
    mixed: f64,
    /// The model's file counted as well.
    mixed_with_model: f64,
}

#[derive(Debug, Serialize)]
struct Peer {
    name: String,
    bpb: f64,
}

/// Bits a value, by plane.
#[derive(Debug, Serialize)]
struct FieldBits {
    name: String,
    network_alone: Vec<f64>,
    experts_alone: Vec<f64>,
    experts_copies: f64,
    mixed: Vec<f64>,
    mixed_copies: f64,
}

/// Evaluates and prints.
pub fn run(args: &EvalArgs) -> Outcome<String> {
    let name = name_of(&args.file);
    let raw = fs::read(&args.file).map_err(|e| Failure::new(&name, e))?;
    let model = models::one(&args.model)?;
    let wrong = |e: &dyn std::fmt::Display| Failure::new(&name, e);
    let layout = model.layout().clone();
    let record = layout.columns().record_size as usize;
    let rows = raw.len() / record;
    let first = args.skip.unwrap_or(0) as usize;
    let last = args
        .records
        .map_or(rows, |n| rows.min(first.saturating_add(n as usize)));
    if first >= last {
        return Err(wrong(&format!(
            "{rows} records of {record} bytes: none are left"
        )));
    }
    let raw = &raw[first * record..last * record];
    let level = Level::new(args.level).filter(|level| level.uses_network());
    let level = level.ok_or_else(|| wrong(&"a network is used at levels 8 and 9"))?;
    model.suits(level).map_err(|e| wrong(&e))?;
    let mixed = mixed(&model, level, raw).map_err(|e| wrong(&e))?;
    let experts = Level::new(7).unwrap_or_default();
    let spec = Spec::new(
        layout.clone(),
        experts,
        lane_count(&layout, experts, DEFAULT_FRAME_SIZE.min(raw.len())),
    );
    let alone = evaluate(&spec, raw, DEFAULT_FRAME_SIZE).map_err(|e| wrong(&e))?;
    let peers = baselines(raw, &layout).map_err(|e| wrong(&format!("{e:#}")))?;
    let per_byte = |bits: f64| bits / raw.len() as f64;
    let coded = |costs: &Costs| per_byte(8.0 * costs.coded as f64);
    let network: f64 = mixed.columns.iter().flat_map(|column| column.network).sum();
    let records = (last - first) as f64;
    let columns = layout.columns().columns;
    let fields = columns.iter().zip(mixed.columns.iter().zip(&alone.columns));
    let evaluation = Evaluation {
        file: name.clone(),
        raw_bytes: raw.len() as u64,
        records: (last - first) as u64,
        model: model.id().to_string(),
        model_bytes: model.file().len(),
        level: level.get(),
        bpb: Totals {
            network_alone: per_byte(network),
            experts_alone: coded(&alone),
            mixed: coded(&mixed),
            mixed_with_model: per_byte(8.0 * (mixed.coded as f64 + model.file().len() as f64)),
        },
        // The experts are told above, without the container.
        peers: peers
            .into_iter()
            .filter(|peer| peer.name != "experts alone")
            .map(|peer| Peer {
                name: peer.name,
                bpb: peer.bpb,
            })
            .collect(),
        fields: fields
            .map(|(column, (mixed, alone))| {
                let width = usize::from(column.width);
                let planes = |bits: &PlaneBits| bits[..width].iter().map(|b| b / records).collect();
                FieldBits {
                    name: column.name.clone(),
                    network_alone: planes(&mixed.network),
                    experts_alone: planes(&alone.planes),
                    experts_copies: alone.copies / records,
                    mixed: planes(&mixed.planes),
                    mixed_copies: mixed.copies / records,
                }
            })
            .collect(),
    };
    if args.json {
        let json = serde_json::to_string_pretty(&evaluation).map_err(|e| wrong(&e))?;
        return Ok(json + "\n");
    }
    Ok(text(&evaluation))
}

fn mixed(model: &Arc<Model>, level: Level, raw: &[u8]) -> catena::Result<Costs> {
    let layout = model.layout().clone();
    let lane_n = network_lane_count(&layout, DEFAULT_MODEL_FRAME_SIZE.min(raw.len()));
    let spec = Spec::new(layout, level, lane_n).with_model(model.clone())?;
    evaluate(&spec, raw, DEFAULT_MODEL_FRAME_SIZE)
}

fn text(e: &Evaluation) -> String {
    let mut out = format!(
        "{}: {} records, level {}, bits per byte\n",
        e.file, e.records, e.level
    );
    let mut line = |name: &str, bpb: f64| {
        let _ = writeln!(out, "  {name:<28} {bpb:.4}");
    };
    for peer in &e.peers {
        line(&peer.name, peer.bpb);
    }
    line("experts alone (level 7)", e.bpb.experts_alone);
    line("network alone", e.bpb.network_alone);
    line("network and experts", e.bpb.mixed);
    line("  with the model's file", e.bpb.mixed_with_model);
    let _ = writeln!(
        out,
        "\nbits a value by byte plane, the most significant first; c: bits that say whether a value is a copy"
    );
    for field in &e.fields {
        let planes = |bits: &[f64]| {
            bits.iter()
                .map(|b| format!("{b:.2}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let _ = writeln!(
            out,
            "  {:<20} network {} | experts {} c {:.2} | both {} c {:.2}",
            field.name,
            planes(&field.network_alone),
            planes(&field.experts_alone),
            field.experts_copies,
            planes(&field.mixed),
            field.mixed_copies
        );
    }
    out
}
