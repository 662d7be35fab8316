//! A file to an archive, segment by segment.

use catena_container::{Writer, parallel};
use std::io::{Read, Seek, Write};
use std::sync::Arc;

use catena_filter::Level;

use crate::container::source::Source;
use crate::error::Result;

use super::basket::raw_len;
use super::format::{FORMAT, PLAIN, SEGMENT};
use super::group;
use super::map::{Branch, Map, Target, What};
use super::piece::Piece;
use super::recode::{Search, Setting};
use super::restore::restore;
use super::segment::{self, Segment, Stretch};

/// Most bytes of the file in a segment, and most raw bytes of the objects in it.
const SEGMENT_MAX: u64 = 32 << 20;
const SEGMENT_RAW_MAX: u64 = 128 << 20;

/// What a caller may ask for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PackOptions {
    /// Effort of coding columns, as everywhere in Catena. 5 unless asked otherwise.
    pub level: Level,
    /// Threads; 0 means one a core. The archive does not depend on it.
    pub threads: usize,
    /// Whether each segment is restored from what was coded, and compared, before it is written; if
    /// it were not the same, it would be kept as plain bytes. On unless asked otherwise.
    pub verify: bool,
}

impl Default for PackOptions {
    fn default() -> Self {
        PackOptions {
            level: Level::default(),
            threads: 0,
            verify: true,
        }
    }
}

impl PackOptions {
    /// Sets the effort.
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets the threads.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Restores and compares before writing, or does not.
    pub fn with_verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }
}

/// What was packed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// Bytes of the file in objects that were taken apart.
    pub modelled_bytes: u64,
    /// Bytes of the file in compressed objects that no known setting gives.
    pub kept_bytes: u64,
    /// The modelled bytes by codec and level.
    pub settings: Vec<(String, u64)>,
    /// Why the file is plain bytes to the archive, if it is.
    pub plain: Option<String>,
}

/// Packs a file, whatever it is: what is no ROOT file, or damaged, is packed as plain bytes, and
/// [`Summary::plain`] says why. `on` is told how many bytes of the file were dealt with since the
/// last time.
///
/// # Errors
/// Reading or writing fails.
pub fn pack(
    input: impl Read + Seek + Send + 'static,
    output: impl Write,
    options: &PackOptions,
    on: &(dyn Fn(u64) + Sync),
) -> Result<Summary> {
    let source = Arc::new(Source::new(input, 1 << 30)?);
    let mut summary = Summary {
        file_bytes: source.size(),
        ..Summary::default()
    };
    let map = Map::of(&source).unwrap_or_else(|e| {
        summary.plain = Some(e.to_string());
        Map {
            branches: vec![Branch::default()],
            targets: Vec::new(),
        }
    });
    // A damaged ROOT file has objects all the same.
    let scan = source.read_up_to(0, 4)? == b"root";
    let threads = parallel::threads(options.threads);
    let mut learned = Search::default();
    let mut writer = Writer::new(output, &FORMAT, 0)?;
    let mut targets = map.targets.as_slice();
    let mut start = 0;
    while start < source.size() {
        let mut file = source.read_up_to(start, SEGMENT_MAX)?;
        let inside = cut(&mut file, start, &mut targets);
        let told = std::sync::atomic::AtomicU64::new(0);
        let tell = |n: u64| {
            told.fetch_add(n / 2, std::sync::atomic::Ordering::Relaxed);
            on(n / 2);
        };
        let branches = &map.branches;
        let stretch = Stretch {
            file: &file,
            start,
            targets: inside,
        };
        let mut segment = segment::split(stretch, branches, scan, &mut learned, threads, &tell);
        let coded = code(&segment, options.level, threads);
        // Restoring needs the memory that they take.
        segment.columns = Vec::new();
        let plain = match segment.meta.items.is_empty() || coded.len() as u64 >= file.len() as u64 {
            true => Some(Piece::bytes(&file, options.level)),
            false => None,
        };
        let plain = plain.filter(|plain| plain.len() <= coded.len());
        let same = || !options.verify || is_same(&coded, &file, start, threads);
        match plain {
            None if same() => {
                writer.section(SEGMENT, &file, &coded)?;
                add(&mut summary, &segment);
            }
            plain => {
                let plain = plain.unwrap_or_else(|| Piece::bytes(&file, options.level));
                let mut payload = Vec::new();
                plain.write(&mut payload);
                writer.section(PLAIN, &file, &payload)?;
            }
        }
        start += file.len() as u64;
        on((file.len() as u64).saturating_sub(told.into_inner()));
    }
    summary.archive_bytes = writer.finish()?;
    Ok(summary)
}

/// Shortens a stretch of the file so that it ends between targets and its objects do not take too
/// much memory; the targets in it. A target that is too large alone is passed over: it stays plain
/// bytes.
fn cut<'a>(file: &mut Vec<u8>, start: u64, targets: &mut &'a [Target]) -> &'a [Target] {
    // What was passed over may reach into this stretch.
    let before = targets.partition_point(|target| target.position < start);
    let ahead = targets.get(before..).unwrap_or_default();
    let end = start + file.len() as u64;
    let mut raw = 0u64;
    let mut n = 0;
    for target in ahead.iter().take_while(|target| target.position < end) {
        let from = (target.position - start) as usize;
        let own = match &target.what {
            What::Page(page) => page.raw_len,
            _ => file.get(from..).and_then(raw_len).unwrap_or(0),
        };
        raw = raw.saturating_add(own.max(target.len));
        if target.position + target.len > end || raw > SEGMENT_RAW_MAX {
            if from > 0 {
                file.truncate(from);
            } else {
                let len = usize::try_from(target.len).unwrap_or(usize::MAX);
                file.truncate(len.max(1));
            }
            break;
        }
        n += 1;
    }
    let (inside, rest) = ahead.split_at_checked(n).unwrap_or_default();
    *targets = rest;
    inside
}

fn code(segment: &Segment, level: Level, threads: usize) -> Vec<u8> {
    let coded = group::code(&segment.columns, level, threads);
    let mut out = Vec::new();
    let meta = segment.meta.write(&coded.sources, &coded.groups);
    let streams = [&meta, &segment.rest, &segment.objects];
    for piece in parallel::map(threads, &streams, |bytes| Piece::bytes(bytes, level)) {
        piece.write(&mut out);
    }
    for piece in &coded.pieces {
        piece.write(&mut out);
    }
    out
}

fn is_same(coded: &[u8], file: &[u8], start: u64, threads: usize) -> bool {
    restore(coded, file.len() as u64, start, u64::MAX, threads).is_ok_and(|it| it == file)
}

fn add(summary: &mut Summary, segment: &Segment) {
    summary.modelled_bytes += segment.modelled;
    summary.kept_bytes += segment.kept;
    for (setting, bytes) in &segment.by_setting {
        let name = setting.as_ref().map_or("none".into(), Setting::name);
        match summary.settings.iter_mut().find(|(it, _)| *it == name) {
            Some((_, sum)) => *sum += bytes,
            None => summary.settings.push((name, *bytes)),
        }
    }
}
