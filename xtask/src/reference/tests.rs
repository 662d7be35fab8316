//! On data so small that a test can train on it.

use super::*;
use catena_train::report::Watchers;

fn small(tables: Tables) -> ReferenceOptions {
    ReferenceOptions {
        shape: Shape {
            width: 16,
            heads: 2,
            blocks: 2,
            window: 24,
            tables,
        },
        batch: 4,
        steps: 80,
        schedule: Schedule::new(2e-2),
        validate_every: 20,
        ..ReferenceOptions::default()
    }
}

/// Bytes that repeat every 12.
fn periodic(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 12 * 37 % 256) as u8).collect()
}

/// What was seen, in bits per byte.
#[derive(Default)]
struct Seen {
    train: Vec<f64>,
    held_out: Vec<f64>,
    ended: usize,
}

impl Watch for Seen {
    fn step(&mut self, s: &Step) {
        assert_eq!(s.step as usize, self.train.len() + 1);
        self.train.push(s.train_bpb);
    }
    fn validation(&mut self, v: &Validation) {
        self.held_out.push(v.alone_bpb);
    }
    fn ended(&mut self, _: &Outcome) {
        self.ended += 1;
    }
}

#[test]
fn periodic_data_are_learned() -> Result<()> {
    let (raw, held_out) = (periodic(600), periodic(100));
    for tables in [Tables::Stream, Tables::Record] {
        let mut seen = Seen::default();
        let outcome = train_reference(&raw, 12, &held_out, &small(tables), &mut seen)?;
        assert!(
            (7.0..9.0).contains(&seen.train[0]),
            "{:?}: about nothing is known at first",
            seen.train
        );
        assert!(seen.train[79] < 1.5, "{:?}", seen.train);
        assert!(outcome.held_out_bpb < 1.5 && seen.held_out.len() == 4 && seen.ended == 1);
        assert_eq!(outcome.steps, 80);
        let d = 16;
        let blocks = 2 * (12 * d * d + 13 * d);
        let places = if tables == Tables::Record { 12 * d } else { 0 };
        assert_eq!(
            outcome.parameters,
            1025 * d + 24 * d + places + blocks + 2 * d + 256 * d + 256
        );
    }
    Ok(())
}

#[test]
fn a_byte_at_a_time_gives_the_same() -> Result<()> {
    let mut random = Random::new(9);
    for tables in [Tables::Stream, Tables::Record] {
        let shape = small(tables).shape;
        let network = Network::new(shape, 7, &mut random, &Device::Cpu)?;
        // Weights as large as after training: with the first ones all bytes are alike.
        for (_, var) in network.vars() {
            let more = Tensor::from_vec(
                random.normal(var.elem_count(), 0.4),
                var.shape(),
                &Device::Cpu,
            )?;
            var.set(&(var.as_tensor() + more)?)?;
        }
        let n = shape.window;
        let data: Vec<u8> = (0..2 * n).map(|_| random.below(256) as u8).collect();
        let starts = [0, 5];
        let probabilities = |logits: &Tensor| candle_nn::ops::softmax(logits, 2);
        let whole =
            network.forward(&network.input(&data, 3, &starts, n)?, &mut Cache::default())?;
        let whole = probabilities(&whole)?;
        // One at a time, and in pieces.
        for piece in [1, 5] {
            let mut cache = Cache::default();
            for at in (0..n).step_by(piece) {
                let until = n.min(at + piece);
                let input = network
                    .input(&data, 3, &starts, until)?
                    .narrow(at, until - at)?;
                let part = probabilities(&network.forward(&input, &mut cache)?)?;
                let away = (part - whole.narrow(1, at, until - at)?)?
                    .abs()?
                    .max_all()?;
                assert!(away.to_scalar::<f32>()? < 1e-4, "byte {at}: {away}");
            }
            assert!(
                network
                    .forward(&network.input(&data, 3, &starts, 1)?, &mut cache)
                    .is_err()
            );
        }
        let sharpest: f32 = whole.max_all()?.to_scalar()?;
        assert!(
            sharpest > 0.1,
            "a test of a network that says nothing: {sharpest}"
        );
    }
    Ok(())
}

#[test]
fn time_and_bad_input() -> Result<()> {
    let raw = periodic(600);
    let mut none = Watchers::default();
    let soon = ReferenceOptions {
        seconds: 0.0,
        ..small(Tables::Record)
    };
    let outcome = train_reference(&raw, 12, &raw[..10], &soon, &mut none)?;
    assert!(outcome.steps == 0 && (7.0..9.0).contains(&outcome.held_out_bpb));
    let options = small(Tables::Record);
    let mut fails = |raw: &[u8], record, held_out: &[u8], options: &ReferenceOptions| {
        train_reference(raw, record, held_out, options, &mut none).is_err()
    };
    assert!(fails(&[], 1, &raw, &options) && fails(&raw[..24], 12, &raw, &options));
    assert!(fails(&raw, 12, &[], &options) && fails(&raw, 0, &raw, &options));
    let mut odd = options.clone();
    odd.shape.heads = 5;
    assert!(fails(&raw, 12, &raw, &odd));
    // A constant file is no reason for a number that is none.
    let brief = ReferenceOptions {
        steps: 5,
        ..options
    };
    assert!(!fails(&[7; 100], 1, &[7; 30], &brief));
    Ok(())
}
