//! Fields by prediction, alone or where it is clear (level 1), against fields by trying everything,
//! and pco and zstd at the quick levels that people use.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use catena_filter::Layout;
use catena_filter::engine::backend::trial::{fields, planning};

use crate::codec::transforms;
use crate::corpus::{List, default_list};
use crate::job::{Direction, Job, Settings, Transform};
use crate::row::geomean;

/// Raw bytes of a frame, as at level 1.
const FRAME: usize = 1 << 23;

/// What to look at.
#[derive(Clone, Debug, clap::Args)]
pub struct Plan {
    /// Folder with the corpus
    #[arg(long, default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// Runs; the fastest counts
    #[arg(long, default_value_t = 3)]
    repeat: u32,
}

/// Prints a row for each file that the goals speak of.
pub fn plan(asked: &Plan) -> Result<()> {
    println!(
        "| file | bytes | pco-8 by field | zstd-3 shuffled | all tried | level 1 | predicted alone | level 1 : tried | predicted alone : tried | level 1 : smaller peer | tried s | level 1 s | predicted alone s | predicting s |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let (mut ratios, mut peers) = ([Vec::new(), Vec::new()], Vec::new());
    let (mut raw_n, mut sums, mut times) = (0, [0usize; 3], [Duration::ZERO; 4]);
    for entry in List::read(&default_list())?
        .files
        .into_iter()
        .filter(|e| e.counts)
    {
        let raw = std::fs::read(asked.corpus.join(&entry.file))?;
        let shape = entry.shape()?;
        let peer = |codec: &str, transform: Transform| -> Result<usize> {
            let job = Job {
                direction: Direction::Encode,
                file: PathBuf::new(),
                head: None,
                codec: codec.to_owned(),
                transform,
                shape: shape.clone(),
                blob: PathBuf::new(),
                repeat: 1,
                settings: Settings::default(),
            };
            Ok(crate::codec::encode(&job, &raw)?.len())
        };
        let by_pco = transforms("pco-8", &shape)
            .into_iter()
            .map(|t| peer("pco-8", t));
        let by_pco = by_pco.collect::<Result<Vec<_>>>()?.into_iter().min();
        let by_zstd = peer("zstd-3", Transform::Word)?;
        let mut layout = Layout::parse(entry.dtype.as_deref().unwrap_or("|u1"))?;
        if !entry.shape.is_empty() {
            layout = layout.with_shape(&entry.shape)?;
        }
        let record = layout.record_size() as usize;
        let mut found = [(0, Duration::ZERO); 4];
        for frame in raw.chunks(FRAME - FRAME % record) {
            let mut best = [(0, Duration::MAX); 4];
            for _ in 0..asked.repeat.max(1) {
                let runs = fields(&layout, frame).into_iter();
                let runs = runs.chain([(0, planning(&layout, frame))]);
                for (best, run) in best.iter_mut().zip(runs) {
                    *best = (run.0, best.1.min(run.1));
                }
            }
            for (sum, best) in found.iter_mut().zip(best) {
                *sum = (sum.0 + best.0, sum.1 + best.1);
            }
        }
        let (bytes, seconds) = (found.map(|of| of.0), found.map(|of| of.1));
        let [tried, planned, alone, _] = bytes;
        let smaller = by_pco.map_or(by_zstd, |n| n.min(by_zstd));
        let ratio = |a: usize, b: usize| a as f64 / b.max(1) as f64;
        let [tried_s, planned_s, alone_s, predicting_s] = seconds.map(|s| s.as_secs_f64());
        println!(
            "| {} | {} | {} | {by_zstd} | {tried} | {planned} | {alone} | {:.4} | {:.4} | {:.4} | {tried_s:.4} | {planned_s:.4} | {alone_s:.4} | {predicting_s:.4} |",
            entry.file,
            raw.len(),
            by_pco.map_or("-".into(), |n| n.to_string()),
            ratio(planned, tried),
            ratio(alone, tried),
            ratio(planned, smaller),
        );
        ratios[0].push(ratio(planned, tried));
        ratios[1].push(ratio(alone, tried));
        peers.push(ratio(planned, smaller));
        for (sum, time) in times.iter_mut().zip(seconds) {
            *sum += time;
        }
        raw_n += raw.len();
        for (sum, n) in sums.iter_mut().zip(bytes) {
            *sum += n;
        }
    }
    let told = |ratios: &[f64]| {
        let worst = ratios.iter().copied().fold(0.0, f64::max);
        let mean = geomean(ratios.iter().copied()).unwrap_or(1.0);
        format!("geometric mean {mean:.4}, worst {worst:.4}")
    };
    let all = |n: usize| n as f64 / sums[0].max(1) as f64;
    println!(
        "\nAgainst trying everything: level 1 {}, all bytes {:.4}; predicted alone {}, all bytes {:.4}. Level 1 against the smaller of the two peers: {}.",
        told(&ratios[0]),
        all(sums[1]),
        told(&ratios[1]),
        all(sums[2]),
        told(&peers),
    );
    let [tried, planned, alone, predicting] = times.map(|time| time.as_secs_f64());
    let speed = |seconds: f64| raw_n as f64 / 1e6 / seconds;
    // What prediction alone takes beyond predicting is the coding of what was chosen.
    let beyond = |seconds: f64| (seconds - alone + predicting).max(predicting);
    println!(
        "Tried {:.1} MB/s, level 1 {:.1}, predicted alone {:.1}; predicting takes {:.1} % of level 1's time. Time beyond the codings that prediction alone does: tried {:.2} s, level 1 {:.2} s, predicting {:.3} s.",
        speed(tried),
        speed(planned),
        speed(alone),
        100.0 * predicting / planned,
        beyond(tried),
        beyond(planned),
        predicting,
    );
    Ok(())
}
