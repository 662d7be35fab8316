//! Promise: training on a small case learns, ends, resumes, can be interrupted, and what it exports
//! says in integers what it learned in floats; what cannot be learned from is refused in words.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use candle_core::Device;
use catena_filter::engine::predict::{Spec, evaluate, network_lane_count};
use catena_filter::{Layout, Level};
use catena_train::batch::Batcher;
use catena_train::data;
use catena_train::learn::{Learning, Split, learn};
use catena_train::network::Network;
use catena_train::records::Records;
use catena_train::report::{End, Outcome, Step, Validation, Watch, Watchers};
use catena_train::{Precision, Preset, TrainOptions, export, held_out, parameters, train};

const ROWS: usize = 3000;
const KNOTS: usize = 9;

fn layout() -> Layout {
    Layout::parse("<u4,<f4,<f4,u1").expect("a layout")
}

/// A running number, a smooth value, another that follows from it, and a kind that follows from
/// both.
fn records(rows: usize) -> Vec<u8> {
    let mut state = 7u64;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let mut raw = Vec::new();
    for row in 0..rows as u32 {
        let a = next() + next() + next();
        let b = a * a * 3.0 + 0.05 * next();
        let kind = u8::from(b > 4.0) + 2 * u8::from(a < 0.8);
        raw.extend(row.to_le_bytes());
        raw.extend(a.to_le_bytes());
        raw.extend(b.to_le_bytes());
        raw.push(kind);
    }
    raw
}

fn learning(steps: u64) -> Learning {
    Learning {
        seconds: None,
        steps: Some(steps),
        sequences: 2,
        threads: 2,
        mixed: 0.0,
        ..Learning::default()
    }
}

#[derive(Default)]
struct Log {
    train: Vec<f64>,
    held_out: Vec<f64>,
    stop_after: Option<(usize, Arc<AtomicBool>)>,
}

impl Watch for &mut Log {
    fn step(&mut self, step: &Step) {
        assert!(step.train_bpb.is_finite() && step.gradient_norm.is_finite());
        self.train.push(step.train_bpb);
        if let Some((after, stop)) = &self.stop_after
            && self.train.len() >= *after
        {
            stop.store(true, Ordering::Relaxed);
        }
    }
    fn validation(&mut self, validation: &Validation) {
        self.held_out.push(validation.alone_bpb);
    }
    fn ended(&mut self, _: &Outcome) {}
}

#[test]
fn it_learns_and_the_integers_say_the_same() -> Result<()> {
    let raw = records(ROWS);
    let records = Records::new(&layout(), &raw);
    let split = Split {
        train: 2400,
        all: ROWS,
    };
    let fields = data::plan_fields(&records, split.train, KNOTS);
    let dims = Preset::Tiny.dims();
    let mut network = Network {
        dims,
        parameters: parameters::start(&dims, KNOTS, &fields, 1, &Device::Cpu)?,
        quantised: false,
        precision: Precision::Single,
    };
    let batcher = Batcher {
        records: &records,
        fields: &fields,
        knots: KNOTS,
        own: true,
        experts: None,
    };
    let mut log = Log::default();
    let outcome = learn(&mut network, &batcher, split, &learning(60), &mut &mut log)?;
    assert_eq!((outcome.end, outcome.steps), (End::Finished, 60));
    let (first, last) = (log.held_out[0], log.held_out[log.held_out.len() - 1]);
    assert!(
        last < first - 0.3,
        "{first} bits a byte at first, {last} at last"
    );

    // The same rows by candle's floats (not rounded) and by the codec's integers.
    let float = Network {
        quantised: false,
        precision: Precision::Single,
        ..network.clone()
    };
    let held = Batcher {
        own: false,
        ..batcher
    };
    let by_floats = held_out::measure(&float, &held, split.train, split.all, &Device::Cpu)?;
    let looked_at = by_floats.rows as f64;
    let exported = export::export(&network, &fields)?;
    let level = Level::new(8).expect("a level");
    let spec = Spec::new(layout(), level, network_lane_count(&layout(), 1 << 17))
        .with_network(&exported, &Default::default())?;
    let record = records.record;
    let costs = evaluate(&spec, &raw[split.train * record..], 1 << 17)?;
    let mut by_integers = 0.0;
    for field in &fields {
        let bits = costs.columns[field.column].network;
        by_integers += field.planes.iter().map(|&plane| bits[plane]).sum::<f64>();
    }
    let by_integers = by_integers / (ROWS - split.train) as f64;
    assert!(looked_at > 500.0);
    assert!(
        by_integers < by_floats.alone * 1.005,
        "{by_integers} bits a record in integers, {} in floats",
        by_floats.alone
    );
    Ok(())
}

#[test]
fn a_run_can_be_interrupted_and_taken_up_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.checkpoint");
    let raw = records(1200);
    let stop = Arc::new(AtomicBool::new(false));
    let mut options = TrainOptions {
        preset: Preset::Tiny,
        learning: Learning {
            checkpoint: Some(path.clone()),
            stop: stop.clone(),
            mixed: 0.5,
            about: "a test".into(),
            ..learning(1000)
        },
        notes: "made for a test".into(),
    };
    let mut log = Log {
        stop_after: Some((6, stop.clone())),
        ..Log::default()
    };
    let cut = train(&layout(), &raw, &options, &mut &mut log)?;
    assert_eq!(cut.outcome.end, End::Interrupted);
    assert!(path.exists(), "a checkpoint is left");
    // What came of it can be used.
    let file = cut.model.write();
    assert_eq!(
        catena_filter::model::Model::read(&file)?.id(),
        cut.model.id()
    );
    assert_eq!(cut.model.notes(), "made for a test");

    stop.store(false, Ordering::Relaxed);
    options.learning.resume = true;
    options.learning.steps = Some(12);
    let more = train(&layout(), &raw, &options, &mut Watchers::default())?;
    assert_eq!((more.outcome.end, more.outcome.steps), (End::Finished, 12));
    options.learning.about = "another".into();
    let refused = train(&layout(), &raw, &options, &mut Watchers::default());
    let why = format!("{:#}", refused.expect_err("another run's checkpoint"));
    assert!(why.contains("another run"), "{why}");
    Ok(())
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let options = TrainOptions {
        preset: Preset::Tiny,
        learning: learning(2),
        notes: String::new(),
    };
    let why = |layout: &str, raw: &[u8]| {
        let layout = Layout::parse(layout).expect("a layout");
        let refused = train(&layout, raw, &options, &mut Watchers::default());
        format!("{:#}", refused.expect_err("nothing to learn"))
    };
    assert!(why("<f4,<f4", &[]).contains("0 records are too few"));
    assert!(why("<f4,<f4", &records(20)).contains("too few"));
    assert!(why("<f4", &records(1000)).contains("one column"));
    assert!(why("<f4,<f4", &vec![7; 80_000]).contains("nothing to learn"));
}

/// Data that is constant but for a few rows, huge, or no number at all leaves no weight that is not
/// finite.
#[test]
fn odd_data_leaves_no_nan() -> Result<()> {
    let mut raw = Vec::new();
    for row in 0..600u32 {
        let odd = match row % 7 {
            0 => f32::NAN,
            1 => f32::INFINITY,
            2 => -0.0,
            3 => f32::MAX,
            _ => 1.0,
        };
        raw.extend(odd.to_le_bytes());
        raw.extend((if row == 300 { 5.0f32 } else { 1.0 }).to_le_bytes());
        raw.extend((row as f32).to_le_bytes());
    }
    let options = TrainOptions {
        preset: Preset::Tiny,
        learning: learning(4),
        notes: String::new(),
    };
    let layout = Layout::parse("3<f4")?;
    // Export refuses numbers that are not finite.
    let trained = train(&layout, &raw, &options, &mut Watchers::default())?;
    assert!(
        trained
            .outcome
            .best
            .is_some_and(|best| best.alone_bpb.is_finite())
    );
    Ok(())
}

#[test]
fn products_of_rounded_factors_learn_as_well() -> Result<()> {
    let raw = records(1200);
    let held_out = |precision| -> Result<f64> {
        let mut log = Log::default();
        let options = TrainOptions {
            preset: Preset::Tiny,
            learning: Learning {
                precision: Some(precision),
                ..learning(60)
            },
            notes: String::new(),
        };
        let trained = train(&layout(), &raw, &options, &mut &mut log)?;
        let best = trained.outcome.best.expect("it was measured");
        Ok(best.alone_bpb)
    };
    let (single, mixed) = (held_out(Precision::Single)?, held_out(Precision::Mixed)?);
    assert!(single != mixed, "nothing was rounded");
    assert!(
        (mixed / single - 1.0).abs() < 0.01,
        "{mixed} bits a byte, {single} with f32"
    );
    Ok(())
}

#[test]
#[cfg(feature = "cuda")]
fn a_gpu_learns_what_a_cpu_learns() -> Result<()> {
    use catena_train::Place;
    let raw = records(1200);
    let held_out = |place, precision| -> Result<f64> {
        let options = TrainOptions {
            preset: Preset::Tiny,
            learning: Learning {
                place,
                precision: Some(precision),
                threads: 1,
                ..learning(60)
            },
            notes: String::new(),
        };
        let trained = train(&layout(), &raw, &options, &mut Watchers::default())?;
        Ok(trained.outcome.best.expect("it was measured").alone_bpb)
    };
    let cpu = held_out(Place::Cpu, Precision::Single)?;
    for precision in [Precision::Single, Precision::Mixed] {
        let gpu = held_out(Place::Cuda(0), precision)?;
        assert!((gpu / cpu - 1.0).abs() < 0.02, "{gpu} bits a byte, {cpu}");
    }
    Ok(())
}
