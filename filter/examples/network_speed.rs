//! How fast the network runs: nanoseconds a value by part and kernel, and what its int8 products
//! reach.
//!
//! ```text
//! cargo run --release -p catena-filter --example network_speed -- \
//!     [--rows 1024] [--columns 35] [--seconds 1] [--kernel Avx2]
//! ```
//!
//! A network of random weights (d = 64, 2 blocks, hidden 128, window 64, 32 slots) over columns of
//! `<f4` with two or three heads each. The share of the peak is told against what the unit could do
//! at the clock that a loop of dependent additions shows: 32 multiply-adds of int16 a cycle with
//! AVX2 (two `vpmaddwd` of 256 bits on current cores), 64 with AVX-512, 128 (two of 64) with VNNI.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use catena_filter::Layout;
use catena_filter::engine::kernel::int8::{Lanes, ROWS, Weights, pair};
use catena_filter::engine::kernel::vector::Isa;
use catena_filter::engine::kernel::{Kernel, Task, run};
use catena_filter::engine::numeric::ValueType;
use catena_filter::engine::predict::network::{Engine, NetworkState, Tokens};
use catena_filter::model::{Dims, sample_network};

type Failure = Box<dyn std::error::Error>;

/// Frames of one chain, with heads or without.
struct Frames<'a> {
    engine: &'a Engine,
    columns: &'a [Vec<u64>],
    frames: usize,
    heads: bool,
}

impl Task for Frames<'_> {
    /// Heads asked, and something that depends on all results.
    type Output = (usize, f32);

    #[inline(always)]
    fn run<I: Isa>(self) -> (usize, f32) {
        let (mut asked, mut sum) = (0, 0.0);
        let left: Vec<&[u64]> = self.columns.iter().map(Vec::as_slice).collect();
        let mut state = NetworkState::new(self.engine, 0..left.len());
        for _ in 0..self.frames {
            let mut tokens: Vec<Arc<Tokens>> = Vec::new();
            for (column, values) in left.iter().enumerate() {
                let before = &left[..column];
                let rows = values.len();
                let mut pass =
                    self.engine
                        .begin(&mut state, column, rows, before, &[], None, &tokens);
                for (row, &value) in values.iter().enumerate() {
                    pass.row::<I>(row, &values[..row]);
                    for plane in (0..4).filter(|_| self.heads) {
                        if !pass.has_head(plane) {
                            continue;
                        }
                        asked += 1;
                        let prefix = value >> (8 * (4 - plane));
                        pass.plane::<I>(plane, prefix);
                        let byte = (value >> (8 * (3 - plane))) as u32 & 255;
                        for bit in 0..8 {
                            sum += pass.logit::<I>((256 | byte) >> (8 - bit));
                        }
                    }
                }
                tokens.push(Arc::new(pass.finish::<I>(values)));
            }
        }
        (asked, sum)
    }
}

/// The products of a block alone, for sixteen rows.
struct Products<'a> {
    weights: &'a [Weights],
    x: &'a [Lanes<i32>],
    out: &'a mut [Lanes<i32>],
    times: usize,
}

impl Task for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for _ in 0..self.times {
            for w in self.weights {
                let x = black_box(&self.x[..w.inputs() / 2]);
                I::product(x, w, 0, &mut self.out[..w.outputs()]);
                black_box(&mut *self.out);
            }
        }
    }
}

/// Time that this thread has run, where the system tells: other programs on the machine then
/// disturb little.
fn thread_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let wall = START.elapsed();
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .map_or(wall, Duration::from_nanos)
}

/// Clock in GHz, by a chain of operations of one cycle each.
fn clock() -> f64 {
    let n = 50_000_000u64;
    let start = thread_time();
    let mut x = black_box(1u64);
    for _ in 0..n / 10 {
        for _ in 0..10 {
            x = advance(x);
        }
    }
    black_box(x);
    2.0 * n as f64 / (thread_time() - start).as_nanos() as f64
}

/// Two operations of one cycle each, one after the other.
#[inline(always)]
fn advance(x: u64) -> u64 {
    (x ^ 0x9e37_79b9).wrapping_add(0x1234_5677)
}

fn main() -> Result<(), Failure> {
    let (mut rows, mut column_n, mut seconds) = (1024, 35, 1.0);
    let mut only = None;
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        let value = args.next().ok_or("a value is missing")?;
        match option.as_str() {
            "--rows" => rows = value.parse()?,
            "--columns" => column_n = value.parse()?,
            "--kernel" => only = Some(value),
            "--seconds" => seconds = value.parse()?,
            other => return Err(format!("unknown option {other}").into()),
        }
    }
    let dims = Dims {
        width: 64,
        heads: 4,
        blocks: 2,
        hidden: 128,
        head_width: 64,
        window: 64,
        slots: 32,
        rate: 8,
        chunk: 64,
    };
    let layout = Layout::parse(&format!("{column_n}<f4"))?;
    let mut network = sample_network(&layout, dims, 5);
    // Heads of 2 and 3 planes in turn.
    for field in &mut network.fields {
        if field.planes != 7 {
            let priors = field.priors.first().cloned();
            let prior = priors.unwrap_or(catena_filter::model::Priors {
                common: Box::new([0; 256]),
                after: Vec::new(),
            });
            field.planes = 3;
            field.head_types = vec![vec![0.1; 64]; 2];
            field.priors = vec![prior.clone(), prior];
        }
    }
    let heads: u32 = network.fields.iter().map(|f| f.planes.count_ones()).sum();
    let types: Vec<_> = layout.columns().columns.iter().map(ValueType::of).collect();
    let engine = Engine::new(&network, &types)?;
    let mut seed = 1u64;
    let columns: Vec<Vec<u64>> = (0..column_n)
        .map(|_| {
            let mut next = || {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1);
                seed >> 32
            };
            (0..rows).map(|_| next()).collect()
        })
        .collect();
    let values = (rows * column_n) as f64;
    let ghz = clock();
    let backbone = engine.backbone_products() as f64;
    let local = (1..=column_n).map(|p: usize| p.min(64)).sum::<usize>() as f64 / column_n as f64;
    let attention = f64::from(dims.blocks) * 2.0 * 64.0 * (local + 32.0);
    let a_value = f64::from(heads) / column_n as f64;
    let head = a_value * (64.0 * 64.0 + 8.0 * 64.0);
    let all = backbone + attention + head;
    println!(
        "{rows} rows of {column_n} <f4, {a_value:.2} heads a value; multiply-adds a value: backbone {backbone:.0}, attention {attention:.0}, heads {head:.0}; {:.0} a byte; clock about {ghz:.2} GHz",
        all / 4.0
    );
    for kernel in Kernel::available() {
        if only
            .as_ref()
            .is_some_and(|only| *only != format!("{kernel:?}"))
        {
            continue;
        }
        let mean = |heads: bool| {
            let (start, mut frames) = (thread_time(), 0);
            let mut spent = Duration::ZERO;
            while spent.as_secs_f64() < seconds {
                let task = Frames {
                    engine: &engine,
                    columns: &columns,
                    frames: 1,
                    heads,
                };
                black_box(run(kernel, task));
                frames += 1;
                spent = thread_time() - start;
            }
            spent.as_nanos() as f64 / (values * f64::from(frames))
        };
        let (with, without) = (mean(true), mean(false));
        let gmacs = products(&network, kernel, seconds);
        let peak = match kernel {
            Kernel::Avx2 => 32.0,
            Kernel::Avx512 if vnni() => 128.0,
            Kernel::Avx512 => 64.0,
            _ => f64::NAN,
        };
        println!(
            "{kernel:?}: {with:.0} ns a value ({:.3} MB/s), backbone and memory {without:.0}, heads {:.0}; {:.1} GMAC/s in all; products alone {gmacs:.1} GMAC/s, {:.0} % of the unit's peak, {:.0} ns a value",
            4e3 / with,
            with - without,
            all / with,
            100.0 * gmacs / (peak * ghz),
            backbone / gmacs
        );
    }
    Ok(())
}

/// GMAC/s of the int8 products of all blocks.
fn products(network: &catena_filter::model::Network, kernel: Kernel, seconds: f64) -> f64 {
    let weights: Vec<Weights> = (network.blocks.iter())
        .flat_map(|b| [&b.qkv, &b.out, &b.gate_up, &b.down])
        .map(|m| Weights::new(m.inputs, &m.weights))
        .collect();
    let macs: usize = weights.iter().map(|w| w.inputs() * w.outputs()).sum();
    let x = vec![Lanes([pair(17, -31); ROWS]); 64];
    let mut out = vec![Lanes([0; ROWS]); 256];
    let (start, mut times) = (thread_time(), 0);
    let mut spent = Duration::ZERO;
    while spent.as_secs_f64() < seconds / 2.0 {
        let task = Products {
            weights: &weights,
            x: &x,
            out: &mut out,
            times: 1000,
        };
        run(kernel, task);
        times += 1000;
        spent = thread_time() - start;
    }
    (times * macs * ROWS) as f64 / spent.as_nanos() as f64
}

#[cfg(target_arch = "x86_64")]
fn vnni() -> bool {
    std::arch::is_x86_feature_detected!("avx512vnni")
}

#[cfg(not(target_arch = "x86_64"))]
fn vnni() -> bool {
    false
}
