//! `-l`: what a file holds, read from its headers, its index and the first frame's payload. Nothing
//! is decoded, but for -v the first frame.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use catena::engine::predict::Spec;
use catena::{Archive, DecompressOptions, FrameInfo, FrameKind, Layout, StreamHeader};
use catena_files::printable;
use serde::Serialize;

use crate::args::{Args, is_stdin};
use crate::costs::{self, FieldCost};
use crate::input::Input;
use crate::progress::Progress;
use crate::report::{Failure, Outcome, grouped, raw_name};
use crate::stdio;
use crate::text_list::TextList;

/// Listings of all files of a call: text is written as it comes, JSON when all are there.
#[derive(Debug)]
pub struct Listing {
    json: Option<Vec<FileList>>,
    verbose: bool,
    options: DecompressOptions,
}

/// One file.
#[derive(Debug, Serialize)]
struct FileList {
    file: String,
    raw_bytes: u64,
    coded_bytes: u64,
    /// Raw over coded; nothing for an empty file.
    ratio: Option<f64>,
    /// Streams that follow one another; what comes next is the first one's.
    streams: usize,
    level: u8,
    layout: LayoutList,
    /// The trained model that it needs.
    model: Option<ModelList>,
    chains: u32,
    lanes: u32,
    frame_bytes: usize,
    frames: FramesList,
    /// Of the first frame: bytes of noise planes that are stored as they are.
    first_frame_raw_plane_bytes: usize,
    /// With -v: what the first frame's bytes went to. Empty where it is not modelled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldCost>,
    /// What the first frame holds, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<TextList>,
}

#[derive(Debug, Serialize)]
struct LayoutList {
    dtype: String,
    shape: Vec<u64>,
    record_bytes: u32,
    fields: usize,
}

#[derive(Debug, Serialize)]
struct ModelList {
    hash: String,
    /// Bytes of its file, if the stream carries it.
    embedded_bytes: Option<usize>,
}

#[derive(Debug, Serialize)]
struct FramesList {
    count: usize,
    key: usize,
    kinds: BTreeMap<&'static str, usize>,
    list: Vec<FrameList>,
}

#[derive(Debug, Serialize)]
struct FrameList {
    stream: usize,
    chain: u32,
    kind: &'static str,
    key: bool,
    learned: bool,
    raw_offset: u64,
    raw_bytes: usize,
    coded_offset: u64,
    coded_bytes: usize,
}

impl Listing {
    /// For these arguments; the options say how a first frame is decoded.
    pub fn new(args: &Args, options: &DecompressOptions) -> Self {
        Listing {
            options: options.clone(),
            json: args.json.then(Vec::new),
            verbose: args.verbose > 0,
        }
    }

    /// Lists one file.
    pub fn add(&mut self, path: &Path) -> Outcome<()> {
        let list = read(path, &self.options, self.verbose)?;
        match &mut self.json {
            Some(files) => files.push(list),
            None => stdio::print(text(&list, self.verbose).as_bytes())?,
        }
        Ok(())
    }

    /// Writes what waited for the last file.
    pub fn finish(self) -> Outcome<()> {
        let Some(files) = self.json else {
            return Ok(());
        };
        let text = serde_json::to_string_pretty(&files).map_err(|e| Failure::new("json", e))?;
        stdio::print((text + "\n").as_bytes())
    }
}

/// Reads the headers.
fn read(path: &Path, options: &DecompressOptions, costs: bool) -> Outcome<FileList> {
    let input = Input::open(path)?;
    let file = input.name.clone();
    let wrong = |e: &dyn std::fmt::Display| Failure::new(&file, e);
    if is_stdin(path) || !input.metadata.is_file() {
        return Err(wrong(&"only a file can be listed: its end is read first"));
    }
    let coded_bytes = input.metadata.len();
    let source = BufReader::new(input.into_file());
    let mut archive = Archive::open_with(source, options.clone()).map_err(|e| wrong(&e))?;
    let first = archive.streams().next().cloned();
    let first = first.ok_or_else(|| wrong(&"holds no stream"))?;
    let (raw_bytes, streams) = (archive.len(), archive.streams().len());
    Ok(FileList {
        file: raw_name(path),
        raw_bytes,
        coded_bytes,
        ratio: (raw_bytes > 0).then(|| raw_bytes as f64 / coded_bytes as f64),
        streams,
        level: first.level.get(),
        layout: LayoutList::new(&first.layout),
        model: first.model.map(|id| ModelList {
            hash: id.to_string(),
            embedded_bytes: first.embedded,
        }),
        chains: first.chains,
        lanes: first.lane_n,
        frame_bytes: first.frame_size,
        frames: FramesList::new(archive.frames()),
        first_frame_raw_plane_bytes: match archive.frames() {
            [] => 0,
            _ => archive.raw_plane_bytes(0).map_err(|e| wrong(&e))?,
        },
        text: match archive.frames() {
            [] => None,
            _ => archive
                .describe_text(0)
                .map_err(|e| wrong(&e))?
                .map(TextList::new),
        },
        fields: match costs {
            true => fields(&mut archive, &first).map_err(|e| wrong(&e))?,
            false => Vec::new(),
        },
    })
}

/// What the first frame's bytes went to: it is decoded, and coded once more to see.
fn fields<R: Read + Seek>(
    archive: &mut Archive<R>,
    header: &StreamHeader,
) -> catena::Result<Vec<FieldCost>> {
    if !archive
        .frames()
        .first()
        .is_some_and(|frame| frame.kind == FrameKind::Modelled)
    {
        return Ok(Vec::new());
    }
    let _running = Progress::spinner("first frame");
    let raw = archive.read_frame(0)?;
    let mut spec = Spec::new(header.layout.clone(), header.level, header.lane_n);
    if let Some(model) = archive.model(0)? {
        spec = spec.with_model(model)?;
    }
    Ok(costs::of_frame(&spec, &raw))
}

impl LayoutList {
    fn new(layout: &Layout) -> Self {
        LayoutList {
            dtype: layout.dtype(),
            shape: layout.shape().to_vec(),
            record_bytes: layout.record_size(),
            fields: layout.fields().len(),
        }
    }
}

impl FramesList {
    fn new(frames: &[FrameInfo]) -> Self {
        let mut kinds = BTreeMap::new();
        for frame in frames {
            *kinds.entry(frame.kind.name()).or_insert(0) += 1;
        }
        FramesList {
            count: frames.len(),
            key: frames.iter().filter(|frame| frame.key).count(),
            kinds,
            list: frames.iter().map(FrameList::new).collect(),
        }
    }
}

impl FrameList {
    fn new(frame: &FrameInfo) -> Self {
        FrameList {
            stream: frame.stream,
            chain: frame.chain,
            kind: frame.kind.name(),
            key: frame.key,
            learned: frame.learned,
            raw_offset: frame.offset,
            raw_bytes: frame.raw_len,
            coded_offset: frame.position,
            coded_bytes: frame.coded_len,
        }
    }
}

/// The listing for people; `frames`: with a line for every frame.
fn text(list: &FileList, frames: bool) -> String {
    let mut text = format!("{}\n", printable(&list.file));
    let mut line = |name: &str, value: String| text += &format!("  {name:<9}{value}\n");
    let (raw, coded) = (grouped(list.raw_bytes), grouped(list.coded_bytes));
    line(
        "size",
        match list.ratio {
            None => format!("empty, in {coded} bytes"),
            Some(ratio) => {
                format!(
                    "{raw} bytes in {coded}, ratio {ratio:.3}, {:.3} bits a byte",
                    8.0 / ratio
                )
            }
        },
    );
    if list.streams > 1 {
        line(
            "streams",
            format!("{}, joined; the first one:", list.streams),
        );
    }
    line("layout", list.layout.text());
    let (chains, lanes) = (
        count(list.chains as usize, "chain"),
        count(list.lanes as usize, "lane"),
    );
    let frame_bytes = grouped(list.frame_bytes as u64);
    line(
        "level",
        format!(
            "{}, {chains}, {lanes}, frames of up to {frame_bytes} bytes",
            list.level
        ),
    );
    if let Some(model) = &list.model {
        let place = match model.embedded_bytes {
            Some(bytes) => format!("embedded, {} bytes", grouped(bytes as u64)),
            None => "not embedded".into(),
        };
        line("model", format!("{} ({place})", model.hash));
    }
    let kinds: Vec<String> = list
        .frames
        .kinds
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();
    let kinds = match kinds.join(", ") {
        none if none.is_empty() => none,
        kinds => format!(" ({kinds})"),
    };
    let keys = count(list.frames.key, "key frame");
    line(
        "frames",
        format!("{}{kinds}, {keys}", count(list.frames.count, "frame")),
    );
    if let Some(first) = list.frames.list.first()
        && first.kind == FrameKind::Modelled.name()
    {
        let raw = list.first_frame_raw_plane_bytes;
        line(
            "noise",
            format!(
                "{} of the first frame's {} bytes are planes stored raw, {:.1}%",
                grouped(raw as u64),
                grouped(first.coded_bytes as u64),
                100.0 * raw as f64 / first.coded_bytes.max(1) as f64
            ),
        );
    }
    if let Some(lines) = &list.text {
        line("text", lines.summary());
    }
    if frames {
        text += &frame_table(&list.frames.list);
        if let Some(lines) = &list.text {
            text += &lines.table();
        }
    }
    if let (false, Some(first)) = (list.fields.is_empty(), list.frames.list.first()) {
        text += "  the first frame, field by field:\n";
        text += &costs::table(list.fields.clone(), first.coded_bytes as u64, usize::MAX);
    }
    text
}

impl LayoutList {
    fn text(&self) -> String {
        let grid: Vec<String> = self.shape.iter().map(axis).collect();
        let grid = if grid.is_empty() {
            String::new()
        } else {
            format!(", grid {}", grid.join(" x "))
        };
        let (fields, bytes) = (
            count(self.fields, "field"),
            count(self.record_bytes as usize, "byte"),
        );
        format!("{}{grid} ({fields}, {bytes})", self.dtype)
    }
}

/// The slowest axis may be unknown.
fn axis(length: &u64) -> String {
    if *length == 0 {
        "?".into()
    } else {
        length.to_string()
    }
}

fn frame_table(frames: &[FrameList]) -> String {
    let mut text = format!(
        "  {:>6} {:>5} {:>8}  {:<9}{:>14}{:>11}{:>11}{:>8}\n",
        "frame", "chain", "", "kind", "raw offset", "raw", "coded", "ratio"
    );
    for (number, frame) in frames.iter().enumerate() {
        let mark = match (frame.key, frame.learned) {
            (true, _) => "key",
            (false, true) => "learned",
            (false, false) => "",
        };
        let ratio = frame.raw_bytes as f64 / frame.coded_bytes.max(1) as f64;
        let (raw, coded) = (
            grouped(frame.raw_bytes as u64),
            grouped(frame.coded_bytes as u64),
        );
        let (chain, kind, offset) = (frame.chain, frame.kind, grouped(frame.raw_offset));
        text += &format!(
            "  {number:>6} {chain:>5} {mark:>8}  {kind:<9}{offset:>14}{raw:>11}{coded:>11}{ratio:>8.2}\n"
        );
    }
    text
}

/// `1 frame`, `2 frames`.
pub fn count(n: usize, what: &str) -> String {
    format!(
        "{} {what}{}",
        grouped(n as u64),
        if n == 1 { "" } else { "s" }
    )
}
