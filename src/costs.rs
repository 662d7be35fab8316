//! Where the bytes of a frame go: the codec's own account, plane by plane, added up by field.
//!
//! The lanes are run once more over the raw bytes. They are deterministic, so this is what coding
//! the frame did cost.

use catena::Kind;
use catena::engine::predict::{FrameTokens, Lane, PlaneMode, Planner, Spec};
use serde::Serialize;

use crate::report::grouped;

/// The cost of one field in a frame.
#[derive(Clone, Debug, Serialize)]
pub struct FieldCost {
    /// Its name, or `f` and its number.
    pub name: String,
    /// Its type as a dtype letter and width.
    pub dtype: String,
    /// Numbers in it: records by elements.
    pub values: u64,
    /// Bits for values that were coded whole, as copies of others.
    pub copies_bits: f64,
    /// Its planes, the first byte of the ordered value first.
    pub planes: Vec<PlaneCost>,
}

/// The cost of one plane.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PlaneCost {
    pub bits: f64,
    pub coding: Coding,
}

/// How a plane was coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// By the model.
    Modelled,
    /// Its upper four bits by the model, the lower stored as they are.
    Half,
    /// Stored as it is.
    Raw,
    /// The same byte throughout.
    Constant,
    /// Not the same way in all of the field's columns.
    Mixed,
}

impl FieldCost {
    /// All its bits.
    pub fn bits(&self) -> f64 {
        self.copies_bits + self.planes.iter().map(|plane| plane.bits).sum::<f64>()
    }
}

/// Units of the lanes' account a bit.
const UNITS: f64 = 256.0;

/// The cost of every field of a stream's first frame, or of a key frame.
pub fn of_frame(spec: &Spec, raw: &[u8]) -> Vec<FieldCost> {
    let (plan, values) = Planner::new(spec).plan(spec, 0, raw);
    let expansion = spec.layout.columns();
    let rows = raw.len() as u64 / u64::from(expansion.record_size).max(1);
    let mut tokens = FrameTokens::default();
    let coded = (0..spec.lane_n).flat_map(|index| {
        let mut lane = Lane::new(spec, index);
        lane.encode(spec, &plan, &values, &mut tokens);
        let modes = lane.plane_modes();
        lane.take_costs().into_iter().zip(modes)
    });

    let mut fields: Vec<FieldCost> = Vec::new();
    let mut last = None;
    for (column, ((planes, whole), modes)) in expansion.columns.iter().zip(coded) {
        let plane = |(units, mode): (&u64, &PlaneMode)| PlaneCost {
            bits: *units as f64 / UNITS,
            coding: Coding::of(*mode),
        };
        let planes = planes.iter().zip(&modes).take(column.width.into());
        let planes: Vec<PlaneCost> = planes.map(plane).collect();
        let copies_bits = whole as f64 / UNITS;
        match fields.last_mut().filter(|_| last == Some(column.field)) {
            Some(field) => field.add(rows, copies_bits, &planes),
            None => fields.push(FieldCost {
                name: column
                    .name
                    .split('[')
                    .next()
                    .unwrap_or_default()
                    .to_string(),
                dtype: format!("{}{}", letter(column.kind), column.width),
                values: rows,
                copies_bits,
                planes,
            }),
        }
        last = Some(column.field);
    }
    fields
}

impl FieldCost {
    /// One more column of the same field.
    fn add(&mut self, rows: u64, copies_bits: f64, planes: &[PlaneCost]) {
        self.values += rows;
        self.copies_bits += copies_bits;
        for (mine, other) in self.planes.iter_mut().zip(planes) {
            mine.bits += other.bits;
            if mine.coding != other.coding {
                mine.coding = Coding::Mixed;
            }
        }
    }
}

impl Coding {
    fn of(mode: PlaneMode) -> Self {
        match mode {
            PlaneMode::Modelled => Coding::Modelled,
            PlaneMode::Half => Coding::Half,
            PlaneMode::Raw => Coding::Raw,
            PlaneMode::Constant(_) => Coding::Constant,
        }
    }
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::Float => 'f',
        Kind::Int => 'i',
        Kind::Uint => 'u',
        Kind::Bytes => 'V',
    }
}

/// The most expensive fields, at most `most` of them, in a table 80 characters wide. `coded` is the
/// frame's length.
pub fn table(mut fields: Vec<FieldCost>, coded: u64, most: usize) -> String {
    fields.sort_by(|a, b| b.bits().total_cmp(&a.bits()));
    let mut text = format!(
        "  {:<24} {:<3}{:>11}{:>7}  planes, bits (h: half raw)\n",
        "field", "", "bits/value", "share"
    );
    let share = |bits: f64| format!("{:.1}%", 100.0 * bits / (coded.max(1) * 8) as f64);
    for field in fields.iter().take(most) {
        let per_value = |bits: f64| bits / field.values.max(1) as f64;
        let plane = |plane: &PlaneCost| match plane.coding {
            Coding::Raw => " raw".to_string(),
            Coding::Half => format!(" {:.1}h", per_value(plane.bits)),
            Coding::Modelled | Coding::Constant | Coding::Mixed => {
                format!(" {:.1}", per_value(plane.bits))
            }
        };
        let planes: String = field.planes.iter().map(plane).collect();
        let (name, dtype, bits) = (
            shortened(&field.name),
            &field.dtype,
            per_value(field.bits()),
        );
        text += &format!(
            "  {name:<24} {dtype:<3}{bits:>11.2}{:>7} {planes}\n",
            share(field.bits())
        );
    }
    let left = fields.get(most..).unwrap_or_default();
    if !left.is_empty() {
        let bits = left.iter().map(FieldCost::bits).sum();
        let name = format!("{} more", left.len());
        text += &format!("  {name:<24} {:<3}{:>11}{:>7}\n", "", "", share(bits));
    }
    let counted: f64 = fields.iter().map(FieldCost::bits).sum();
    let rest = (coded as f64 - counted / 8.0).max(0.0);
    let note = format!(
        "{} bytes of {}",
        grouped(rest.round() as u64),
        grouped(coded)
    );
    text += &format!(
        "  {:<24} {:<3}{:>11}{:>7}  {note}\n",
        "headers and checksums",
        "",
        "",
        share(rest * 8.0)
    );
    text
}

fn shortened(name: &str) -> String {
    const MOST: usize = 24;
    match name.char_indices().nth(MOST) {
        None => name.to_string(),
        Some(_) => name.chars().take(MOST - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use catena::{Layout, Level};

    /// Records of a counter, a constant and noise.
    fn records(n: u32) -> Vec<u8> {
        let mut state = 1u32;
        let mut noise = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        (0..n)
            .flat_map(|i| [i, 7, noise(), noise()])
            .flat_map(u32::to_le_bytes)
            .collect()
    }

    #[test]
    fn noise_is_dear_and_raw_and_the_rest_is_cheap() {
        let layout = Layout::parse("counter:<u4,seven:<u4,noise:2<u4").expect("layout");
        let raw = records(4000);
        let spec = Spec::new(layout, Level::new(3).expect("level"), 2);
        let fields = of_frame(&spec, &raw);
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["counter", "seven", "noise"]);
        assert_eq!(fields[2].values, 8000);
        // Whether a plane is noise is found on a part of it: some may be taken for more than they
        // are.
        let raw = |plane: &&PlaneCost| plane.coding == Coding::Raw;
        assert!(
            fields[2].planes.iter().filter(raw).count() > 0,
            "{:?}",
            fields[2]
        );
        for plane in &fields[2].planes {
            let off = (plane.bits - 64_000.0).abs();
            assert!(off < if raw(&plane) { 1e-9 } else { 640.0 }, "{plane:?}");
        }
        assert!(fields[0].bits() < 4000.0 * 4.0, "{:?}", fields[0]);
        assert!(fields[1].bits() < 100.0, "{:?}", fields[1]);
        let constant = |plane: &PlaneCost| plane.coding == Coding::Constant;
        assert!(fields[1].planes.iter().all(constant), "{:?}", fields[1]);
    }

    #[test]
    fn the_account_is_the_coded_length() {
        let layout = Layout::parse("counter:<u4,seven:<u4,noise:2<u4").expect("layout");
        let raw = records(4000);
        let level = Level::new(3).expect("level");
        let options = catena::CompressOptions::default()
            .with_level(level)
            .with_layout(layout.clone());
        let coded = catena::compress(&raw, &options).expect("compress").len() as f64;
        let lane_n = catena::engine::predict::lane_count(&layout, level, raw.len());
        let counted: f64 = of_frame(&Spec::new(layout, level, lane_n), &raw)
            .iter()
            .map(FieldCost::bits)
            .sum();
        assert!(
            (counted / 8.0 - coded).abs() < 0.02 * coded,
            "{} of {coded}",
            counted / 8.0
        );
    }

    #[test]
    fn the_table_says_what_is_left_out() {
        let field = |name: &str, bits| FieldCost {
            name: name.into(),
            dtype: "f4".into(),
            values: 100,
            copies_bits: 0.0,
            planes: vec![
                PlaneCost {
                    bits,
                    coding: Coding::Half,
                },
                PlaneCost {
                    bits: 800.0,
                    coding: Coding::Raw,
                },
            ],
        };
        let table = table(
            vec![field("a", 0.0), field("b", 400.0), field("c", 100.0)],
            500,
            2,
        );
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[1].starts_with("  b ") && lines[1].ends_with(" 30.0%  4.0h raw"),
            "{table}"
        );
        assert!(lines[3].starts_with("  1 more "), "{table}");
        assert!(lines[4].contains("138 bytes of 500"), "{table}");
    }
}
