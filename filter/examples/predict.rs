//! Models a file frame by frame, without the container: sizes, speeds, and bits a value for each
//! column and plane.
//!
//! ```text
//! cargo run --release -p catena-filter --example predict -- FILE DTYPE \
//!     [--shape 41,128,128] [--level 5] [--frame BYTES] [--head BYTES] [--model FILE] \
//!     [--keys] [--verify] [-v] [-w]
//! ```
//!
//! `--keys` makes every frame a key frame, `--verify` decodes, `-v` lists the columns, `-w` prints
//! the mixers' mean weights, from which the start values in `predict/start.rs` are made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use catena_filter::engine::predict::{
    FrameTokens, Lane, LaneColumns, Plan, Planner, Spec, assemble, lane_count, network_lane_count,
};
use catena_filter::model::Model;
use catena_filter::options::{DEFAULT_FRAME_SIZE, DEFAULT_MODEL_FRAME_SIZE};
use catena_filter::{Layout, Level};

type Failure = Box<dyn std::error::Error>;

struct Asked {
    file: String,
    layout: Layout,
    level: Level,
    frame: usize,
    head: usize,
    model: Option<Arc<Model>>,
    keys: bool,
    verify: bool,
    columns: bool,
    weights: bool,
}

fn asked() -> Result<Asked, Failure> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().ok_or(format!("{what} is missing"));
    let file = next("FILE")?;
    let layout = Layout::parse(&next("DTYPE")?)?;
    let level = Level::default();
    let mut asked = Asked {
        file,
        layout,
        level,
        frame: 0,
        head: usize::MAX,
        model: None,
        keys: false,
        verify: false,
        columns: false,
        weights: false,
    };
    while let Ok(option) = next("") {
        match option.as_str() {
            "--shape" => {
                let shape = catena_filter::layout::parse_shape(&next("shape")?)?;
                asked.layout = asked.layout.with_shape(&shape)?;
            }
            "--level" => {
                asked.level = Level::new(next("level")?.parse()?).ok_or("no such level")?
            }
            "--frame" => asked.frame = next("bytes")?.parse()?,
            "--head" => asked.head = next("bytes")?.parse()?,
            "--model" => {
                let file = std::fs::read(next("model")?)?;
                asked.model = Some(Arc::new(Model::read(&file)?));
            }
            "--keys" => asked.keys = true,
            "--verify" => asked.verify = true,
            "-v" => asked.columns = true,
            "-w" => asked.weights = true,
            other => return Err(format!("unknown option {other}").into()),
        }
    }
    if asked.frame == 0 {
        asked.frame = match asked.model {
            Some(_) => DEFAULT_MODEL_FRAME_SIZE,
            None => DEFAULT_FRAME_SIZE,
        };
    }
    Ok(asked)
}

/// All lanes of a chain that starts anew.
fn lanes(spec: &Spec) -> Vec<Lane> {
    (0..spec.lane_n).map(|i| Lane::new(spec, i)).collect()
}

fn main() -> Result<(), Failure> {
    let asked = asked()?;
    let mut raw = std::fs::read(&asked.file)?;
    raw.truncate(asked.head);
    let record = asked.layout.record_size() as usize;
    let frame = (asked.frame / record).max(1) * record;
    let first = frame.min(raw.len());
    let spec = match asked.model.clone() {
        Some(model) => {
            let lane_n = network_lane_count(&asked.layout, first);
            Spec::new(asked.layout.clone(), asked.level, lane_n).with_model(model)?
        }
        None => {
            let lane_n = lane_count(&asked.layout, asked.level, first);
            Spec::new(asked.layout.clone(), asked.level, lane_n)
        }
    };
    let expansion = asked.layout.columns();
    let (mut planner, mut encoders, mut decoders) =
        (Planner::new(&spec), lanes(&spec), lanes(&spec));
    let (mut planning, mut encoding, mut decoding) =
        (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut total = 0;
    let mut costs = vec![([0u64; 8], 0u64); expansion.columns.len()];
    for (k, chunk) in raw.chunks(frame).enumerate() {
        if asked.keys {
            (planner, encoders, decoders) = (Planner::new(&spec), lanes(&spec), lanes(&spec));
        }
        let offset = (k * frame) as u64;
        let start = Instant::now();
        let (plan, columns) = planner.plan(&spec, offset, chunk);
        planning += start.elapsed();
        let mut head = Vec::new();
        plan.write(&mut head);
        let start = Instant::now();
        let mut tokens = FrameTokens::default();
        let parts: Vec<Vec<u8>> = encoders
            .iter_mut()
            .map(|lane| lane.encode(&spec, &plan, &columns, &mut tokens))
            .collect();
        encoding += start.elapsed();
        total += head.len() + parts.iter().map(|part| part.len() + 2).sum::<usize>();
        let frame_costs = encoders.iter_mut().flat_map(Lane::take_costs);
        for (sum, cost) in costs.iter_mut().zip(frame_costs) {
            sum.0.iter_mut().zip(cost.0).for_each(|(a, b)| *a += b);
            sum.1 += cost.1;
        }
        if asked.verify {
            let start = Instant::now();
            let plan = Plan::read(&spec, offset, chunk.len(), &mut &head[..])?;
            let mut done: Vec<LaneColumns> = Vec::new();
            for (lane, part) in decoders.iter_mut().zip(&parts) {
                let columns = lane.decode(&spec, &plan, part, &done)?;
                done.push(columns);
            }
            if assemble(&spec, &plan, &done)? != chunk {
                return Err(format!("frame {k} came back changed").into());
            }
            decoding += start.elapsed();
        }
    }
    let rows = (raw.len() / expansion.record_size as usize).max(1) as f64;
    if asked.columns {
        for (column, (planes, whole)) in expansion.columns.iter().zip(&costs) {
            let bits = |cost: u64| cost as f64 / 256.0 / rows;
            let planes: Vec<String> = planes[..usize::from(column.width)]
                .iter()
                .map(|&c| format!("{:6.3}", bits(c)))
                .collect();
            println!(
                "{:32} {}  copies {:.3}",
                column.name,
                planes.join(" "),
                bits(*whole)
            );
        }
    }
    if asked.weights {
        for means in encoders.iter().flat_map(Lane::mixer_means) {
            println!(
                "W {}",
                means
                    .iter()
                    .map(|w| format!("{w:.3}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            );
        }
    }
    let speed = |time: Duration| raw.len() as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{} {} -> {total} {:.4} bpd  enc {:.3} MB/s dec {:.3} MB/s plan {:.1} ms",
        asked.file.rsplit('/').next().unwrap_or_default(),
        raw.len(),
        8.0 * total as f64 / raw.len() as f64,
        speed(encoding),
        speed(decoding),
        planning.as_secs_f64() * 1e3
    );
    Ok(())
}
