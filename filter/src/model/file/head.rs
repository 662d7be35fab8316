//! A model file's head: the sizes of everything, from which all shapes follow, before any of it is
//! allocated.

use super::{MAX_NOTES, MAX_WEIGHTS, reference};
use crate::Layout;
use crate::error::{Error, Result};
use crate::frame::{Cursor, put_layout, put_varint, take_layout};
use crate::layout::MAX_COLUMNS;
use crate::model::network::{
    Block, Dims, Eviction, Field, Head, MAX_HEADS, Matrix, Network, Priors, Table,
};
use crate::model::reference::Reference;
use crate::model::starts::{ColumnStart, MAX_SETUPS, MAX_START, Starts};

/// Most knots of a field.
const MAX_KNOTS: u64 = 1 << 12;

/// The sizes of a field.
#[derive(Clone, Debug)]
struct FieldSizes {
    column: u16,
    planes: u8,
    reference: Option<Reference>,
    knot_n: usize,
    /// For each plane with a head: the bytes that have a prior of their own.
    after: Vec<Vec<u8>>,
}

/// What a model file says of itself.
#[derive(Clone, Debug)]
pub(super) struct ModelHead {
    pub(super) dims: Dims,
    pub(super) layout: Layout,
    pub(super) notes: String,
    fields: Vec<FieldSizes>,
    /// By column: its number, and the weights of each effort.
    starts: Vec<(u16, [Option<usize>; 2])>,
    setups: Vec<u8>,
}

impl ModelHead {
    pub(super) fn of(layout: &Layout, network: &Network, starts: &Starts, notes: &str) -> Self {
        let fields = network.fields.iter().map(|field| FieldSizes {
            column: field.column,
            planes: field.planes,
            reference: field.reference,
            knot_n: field.knots.len(),
            after: field
                .priors
                .iter()
                .map(|priors| priors.after.iter().map(|&(byte, _)| byte).collect())
                .collect(),
        });
        let start = |start: &ColumnStart| {
            let lens = start.efforts.each_ref().map(|w| w.as_ref().map(Vec::len));
            (start.column, lens)
        };
        ModelHead {
            dims: network.dims,
            layout: layout.clone(),
            notes: notes.to_string(),
            fields: fields.collect(),
            starts: starts.columns.iter().map(start).collect(),
            setups: starts.setups.clone(),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let d = &self.dims;
        let sizes: [u64; 9] = [
            d.width.into(),
            d.heads.into(),
            d.blocks.into(),
            d.hidden.into(),
            d.head_width.into(),
            d.window.into(),
            d.slots.into(),
            d.rate.into(),
            d.chunk.into(),
        ];
        sizes.iter().for_each(|&size| put_varint(out, size));
        put_layout(out, &self.layout);
        put_notes(out, &self.notes);
        put_varint(out, self.fields.len() as u64);
        for field in &self.fields {
            put_varint(out, field.column.into());
            out.push(field.planes);
            reference::write(field.reference, out);
            put_varint(out, field.knot_n as u64);
            for after in &field.after {
                put_varint(out, after.len() as u64);
                out.extend_from_slice(after);
            }
        }
        put_varint(out, self.setups.len() as u64);
        out.extend_from_slice(&self.setups);
        put_varint(out, self.starts.len() as u64);
        for (column, lens) in &self.starts {
            put_varint(out, (*column).into());
            for len in lens {
                put_varint(out, len.map_or(0, |len| len as u64 + 1));
            }
        }
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let dims = Dims {
            width: number(cursor, "width")?,
            heads: number(cursor, "number of attention heads")?,
            blocks: number(cursor, "number of blocks")?,
            hidden: number(cursor, "hidden width")?,
            head_width: number(cursor, "width of the heads")?,
            window: number(cursor, "window")?,
            slots: number(cursor, "number of slots")?,
            rate: number(cursor, "rate")?,
            chunk: number(cursor, "chunk")?,
        };
        let layout = take_model_layout(cursor)?;
        let notes = take_notes(cursor)?;
        let field_n: u16 = number(cursor, "number of fields")?;
        if usize::from(field_n) > MAX_COLUMNS {
            return Err(out_of_range("number of fields"));
        }
        let fields = (0..field_n).map(|_| FieldSizes::read(cursor));
        let fields = fields.collect::<Result<Vec<_>>>()?;
        let setups_len: u16 = number(cursor, "length of the setups")?;
        if usize::from(setups_len) > MAX_SETUPS {
            return Err(out_of_range("length of the setups"));
        }
        let setups = cursor.take(setups_len.into()).ok_or_else(short)?.to_vec();
        let start_n: u16 = number(cursor, "number of start values")?;
        if usize::from(start_n) > MAX_COLUMNS {
            return Err(out_of_range("number of start values"));
        }
        let mut starts = Vec::new();
        for _ in 0..start_n {
            let column = number(cursor, "column of start values")?;
            let mut lens = [None; 2];
            for len in &mut lens {
                let stored: u16 = number(cursor, "number of start values")?;
                *len = usize::from(stored).checked_sub(1);
                if len.is_some_and(|len| len > MAX_START) {
                    return Err(out_of_range("number of start values"));
                }
            }
            starts.push((column, lens));
        }
        Ok(ModelHead {
            dims,
            layout,
            notes,
            fields,
            starts,
            setups,
        })
    }

    /// The heads that all fields share: as many as the field with most has.
    fn head_n(&self) -> usize {
        let planes = self.fields.iter().map(|field| field.planes.count_ones());
        planes.max().unwrap_or(0) as usize
    }

    /// Numbers of the network: weights, scales, knots, priors. No size that was read makes this
    /// overflow.
    ///
    /// # Errors
    /// More than [`MAX_WEIGHTS`].
    pub(super) fn weight_n(&self) -> Result<u64> {
        let d = u64::from(self.dims.width);
        let (f, z) = (u64::from(self.dims.hidden), u64::from(self.dims.head_width));
        let block = 2 * d + u64::from(self.dims.heads) + 4 * d * d + 5 * d + 3 * d * f + 2 * f;
        let heads = self.head_n() as u64;
        let head = z * d + z + 2 * (257 * z + 1) + 2 * z + 2 + 256 * z + 256;
        let prefixes = heads * heads.saturating_sub(1) / 2;
        let mut sum = 4 * (256 * d + 1) + u64::from(self.dims.blocks) * block + d;
        sum += heads * head + prefixes * (256 * z + 1);
        if self.dims.slots > 0 {
            sum += 6 * d + d * d;
        }
        for field in &self.fields {
            let knots = field.knot_n as u64;
            let heads = field.after.len() as u64;
            let priors = field.after.iter().map(|after| 1 + after.len() as u64);
            sum += 2 * d + 7 + knots * (1 + 2 * d + z) + heads * z;
            sum += 256 * priors.sum::<u64>();
        }
        if sum > MAX_WEIGHTS {
            return Err(Error::model(format!(
                "{sum} weights; at most {MAX_WEIGHTS} are taken"
            )));
        }
        Ok(sum)
    }

    /// A network of these sizes, of zeros.
    pub(super) fn empty_network(&self) -> Network {
        let dims = self.dims;
        let d = usize::from(dims.width);
        let (f, z) = (usize::from(dims.hidden), usize::from(dims.head_width));
        let field = |sizes: &FieldSizes| Field {
            column: sizes.column,
            planes: sizes.planes,
            reference: sizes.reference,
            query: vec![0.0; d],
            knots: vec![0; sizes.knot_n],
            value: table(sizes.knot_n, d),
            above: table(sizes.knot_n, d),
            equal: vec![0.0; d],
            byte_scales: [0.0; 4],
            head_above: table(sizes.knot_n, z),
            head_types: vec![vec![0.0; z]; sizes.after.len()],
            priors: sizes.after.iter().map(|after| priors(after)).collect(),
        };
        let block = || Block {
            attention_norm: vec![0.0; d],
            qkv: matrix(3 * d, d),
            memory_share: vec![0.0; dims.heads.into()],
            out: matrix(d, d),
            forward_norm: vec![0.0; d],
            gate_up: matrix(2 * f, d),
            down: matrix(d, f),
        };
        let head = |at: usize| Head {
            project: matrix(z, d),
            prefix: (0..at).map(|_| table(256, z)).collect(),
            above: table(257, z),
            reference: table(257, z),
            copies: matrix(2, z),
            nodes: matrix(256, z),
        };
        Network {
            dims,
            fields: self.fields.iter().map(field).collect(),
            bytes: [(); 4].map(|()| table(256, d)),
            blocks: (0..dims.blocks).map(|_| block()).collect(),
            norm: vec![0.0; d],
            eviction: (dims.slots > 0).then(|| Eviction {
                depthwise: vec![0.0; 3 * d],
                pointwise: vec![0.0; d],
                project: matrix(d, d),
                norm: vec![0.0; d],
            }),
            heads: (0..self.head_n()).map(head).collect(),
        }
    }

    /// Start values of these sizes, of zeros.
    pub(super) fn empty_starts(&self) -> Starts {
        let zeros = |lens: &[Option<usize>; 2]| lens.map(|len| len.map(|len| vec![0; len]));
        let column = |(column, lens): &(u16, _)| ColumnStart {
            column: *column,
            efforts: zeros(lens),
        };
        Starts {
            columns: self.starts.iter().map(column).collect(),
            setups: self.setups.clone(),
        }
    }
}

impl FieldSizes {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let column = number(cursor, "column of a field")?;
        let planes = cursor.byte().ok_or_else(short)?;
        if planes.count_ones() as usize > MAX_HEADS {
            return Err(out_of_range("number of a field's heads"));
        }
        let reference = reference::read(cursor)?;
        let knot_n = cursor.varint()?.ok_or_else(short)?;
        if knot_n > MAX_KNOTS {
            return Err(out_of_range("number of knots"));
        }
        let mut after = Vec::new();
        for _ in 0..planes.count_ones() {
            let n: u16 = number(cursor, "number of priors")?;
            if n > 256 {
                return Err(out_of_range("number of priors"));
            }
            after.push(cursor.take(n.into()).ok_or_else(short)?.to_vec());
        }
        Ok(FieldSizes {
            column,
            planes,
            reference,
            knot_n: knot_n as usize,
            after,
        })
    }
}

pub(super) fn put_notes(out: &mut Vec<u8>, notes: &str) {
    put_varint(out, notes.len() as u64);
    out.extend_from_slice(notes.as_bytes());
}

pub(super) fn take_notes(cursor: &mut Cursor<'_>) -> Result<String> {
    let len: u16 = number(cursor, "length of the notes")?;
    if usize::from(len) > MAX_NOTES {
        return Err(out_of_range("length of the notes"));
    }
    let notes = cursor.take(len.into()).ok_or_else(short)?;
    String::from_utf8(notes.to_vec()).map_err(|_| out_of_range("notes"))
}

pub(super) fn take_model_layout(cursor: &mut Cursor<'_>) -> Result<Layout> {
    let layout = take_layout(cursor).map_err(|_| out_of_range("layout"))?;
    layout.ok_or_else(short)
}

pub(super) fn short() -> Error {
    Error::model("the file's head is cut short")
}

pub(super) fn out_of_range(what: &str) -> Error {
    Error::model(format!("{what} is out of range"))
}

/// A varint that fits its type.
pub(super) fn number<T: TryFrom<u64>>(cursor: &mut Cursor<'_>, what: &str) -> Result<T> {
    let value = cursor.varint().map_err(|_| out_of_range(what))?;
    T::try_from(value.ok_or_else(short)?).map_err(|_| out_of_range(what))
}

fn matrix(outputs: usize, inputs: usize) -> Matrix {
    Matrix {
        outputs,
        inputs,
        weights: vec![0; outputs * inputs],
        scales: vec![0.0; outputs],
    }
}

fn table(rows: usize, cols: usize) -> Table {
    Table {
        rows,
        cols,
        weights: vec![0; rows * cols],
        scale: 0.0,
    }
}

fn priors(after: &[u8]) -> Priors {
    Priors {
        common: Box::new([0; 256]),
        after: after
            .iter()
            .map(|&byte| (byte, Box::new([0; 256])))
            .collect(),
    }
}
