//! Fields by prediction against fields by trying everything, and both against pco and zstd at the quick levels that people use.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use catena_filter::Layout;
use catena_filter::plan::trial::{fields, planning};

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
        "| file | bytes | pco-8 by field | zstd-3 shuffled | all tried | planned | planned : tried | planned : smaller peer | tried s | planned s | predicting s |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let (mut ratios, mut peers, mut times) = (Vec::new(), Vec::new(), [Duration::ZERO; 3]);
    let (mut raw_n, mut sums) = (0, [0usize; 2]);
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
        let mut found = [(0, Duration::ZERO); 3];
        for frame in raw.chunks(FRAME - FRAME % record) {
            let mut best = [(0, Duration::MAX); 3];
            for _ in 0..asked.repeat.max(1) {
                let [tried, planned] = fields(&layout, frame);
                for (best, run) in
                    best.iter_mut()
                        .zip([tried, planned, (0, planning(&layout, frame))])
                {
                    *best = (run.0, best.1.min(run.1));
                }
            }
            for (sum, best) in found.iter_mut().zip(best) {
                *sum = (sum.0 + best.0, sum.1 + best.1);
            }
        }
        let [(tried, tried_s), (planned, planned_s), (_, predicting)] = found;
        let smaller = by_pco.map_or(by_zstd, |n| n.min(by_zstd));
        let ratio = |a: usize, b: usize| a as f64 / b.max(1) as f64;
        println!(
            "| {} | {} | {} | {by_zstd} | {tried} | {planned} | {:.4} | {:.4} | {:.4} | {:.4} | {:.4} |",
            entry.file,
            raw.len(),
            by_pco.map_or("-".into(), |n| n.to_string()),
            ratio(planned, tried),
            ratio(planned, smaller),
            tried_s.as_secs_f64(),
            planned_s.as_secs_f64(),
            predicting.as_secs_f64(),
        );
        ratios.push(ratio(planned, tried));
        peers.push(ratio(planned, smaller));
        for (sum, time) in times.iter_mut().zip([tried_s, planned_s, predicting]) {
            *sum += time;
        }
        raw_n += raw.len();
        sums = [sums[0] + tried, sums[1] + planned];
    }
    let worst = |ratios: &[f64]| ratios.iter().copied().fold(0.0, f64::max);
    let [tried, planned, predicting] = times.map(|time| time.as_secs_f64());
    println!(
        "\nplanned : tried: geometric mean {:.4}, worst {:.4}, all bytes {:.4}; against the smaller of the two peers: geometric mean {:.4}, worst {:.4}",
        geomean(ratios.iter().copied()).unwrap_or(1.0),
        worst(&ratios),
        sums[1] as f64 / sums[0].max(1) as f64,
        geomean(peers.iter().copied()).unwrap_or(1.0),
        worst(&peers),
    );
    println!(
        "tried {:.1} MB/s, planned {:.1} MB/s; predicting takes {:.1} % of the planned time. Time beyond the codings that were chosen is not told apart from theirs.",
        raw_n as f64 / 1e6 / tried,
        raw_n as f64 / 1e6 / planned,
        100.0 * predicting / planned,
    );
    Ok(())
}
