//! The awkward layout: tables of buffers, and a dataset that says which buffer is where and what
//! they mean together.

use serde_json::{Map, Value, json};

use super::buffers::{BufferValues, Parts, Role};
use super::form::form;
use super::plan::{BufferExtent, INDEX, Plan, plan};
use super::select::Group;
use super::sink::{Filling, Sink};
use super::survey::Found;
use crate::column::Column;
use crate::error::{Error, Result};

/// Writes a group.
pub(super) fn write(
    sink: &mut Sink<'_>,
    group: &Group,
    found: &[Found],
    threads: usize,
) -> Result<()> {
    let plan = plan(group, found);
    let handle = sink.group(&group.path)?;
    super::describe(&handle, group)?;
    let index = serde_json::to_vec(&index(group, &plan));
    let index = index.map_err(|e| Error::corrupt(e.to_string()))?;
    sink.bytes(&handle, INDEX, index)?;
    let mut filling = sink.tables(&handle, plan.tables.clone(), false)?;
    let mut cursors: Vec<Vec<Cursor>> = (plan.extents.iter().zip(&group.columns))
        .map(|(extents, chosen)| {
            let buffers = extents.iter().zip(&chosen.shape.buffers);
            buffers
                .map(|(extent, buffer)| Cursor::new(*extent, buffer.role))
                .collect()
        })
        .collect();
    for source in &group.sources {
        let batches = source.tree.read(&source.branches, source.entries.clone())?;
        for batch in batches.with_threads(threads) {
            let batch = batch?;
            let all = batch.columns.iter().zip(&group.columns).zip(&mut cursors);
            for ((column, chosen), cursors) in all {
                let parts = Parts::of(&chosen.ty, column);
                let parts = parts.ok_or_else(|| Error::corrupt("values of another type"))?;
                add(&mut filling, &plan, cursors, &parts)?;
            }
            sink.flush(&mut filling, false)?;
        }
    }
    // Without an entry there is no batch; offsets begin with a 0 all the same.
    if group.entries() == 0 {
        for (chosen, cursors) in group.columns.iter().zip(&mut cursors) {
            let column = Column::new(&chosen.ty);
            let parts = Parts::of(&chosen.ty, &column);
            let parts = parts.ok_or_else(|| Error::corrupt("values of another type"))?;
            add(&mut filling, &plan, cursors, &parts)?;
        }
    }
    sink.flush(&mut filling, true)
}

/// How far a buffer is written.
struct Cursor {
    extent: BufferExtent,
    /// Rows of the buffer that are written.
    rows: u64,
    /// What is added to this batch's offsets, or to its positions in the values of each
    /// alternative.
    bases: Vec<i64>,
}

impl Cursor {
    fn new(extent: BufferExtent, role: Role) -> Self {
        // The first offset is 0, and so is what is not filled.
        let rows = u64::from(role == Role::Offsets);
        Cursor {
            extent,
            rows,
            bases: Vec::new(),
        }
    }

    fn base(&self, of: usize) -> i64 {
        self.bases.get(of).copied().unwrap_or(0)
    }

    fn advance(&mut self, of: usize, n: u64) {
        if self.bases.len() <= of {
            self.bases.resize(of + 1, 0);
        }
        if let Some(base) = self.bases.get_mut(of) {
            *base = base.saturating_add_unsigned(n);
        }
    }
}

/// A position in all values, from one in a batch's; -1 stays.
fn moved(index: i64, base: i64) -> [u8; 8] {
    match index {
        0.. => index.saturating_add(base).to_le_bytes(),
        _ => (-1i64).to_le_bytes(),
    }
}

/// A column's buffers of one batch.
fn add(
    filling: &mut Filling,
    plan: &Plan,
    cursors: &mut [Cursor],
    parts: &Parts<'_>,
) -> Result<()> {
    for (number, part) in parts.parts.iter().enumerate() {
        let Some(cursor) = cursors.get_mut(number) else {
            continue;
        };
        match part {
            BufferValues::Bytes(values) => put(filling, plan, cursor, &super::little(values))?,
            BufferValues::Text(bytes) => put(filling, plan, cursor, bytes)?,
            BufferValues::Tags(tags) => put(filling, plan, cursor, bytemuck::cast_slice(tags))?,
            BufferValues::Offsets(offsets) => {
                let rest = offsets.get(1..).unwrap_or_default();
                let all = rest.iter().flat_map(|o| moved(*o, cursor.base(0)));
                put(filling, plan, cursor, &all.collect::<Vec<u8>>())?;
                let values = offsets.last().copied().unwrap_or(0);
                cursor.advance(0, u64::try_from(values).unwrap_or(0));
            }
            BufferValues::Index(index, values) => {
                let all = index.iter().flat_map(|&i| moved(i, cursor.base(0)));
                put(filling, plan, cursor, &all.collect::<Vec<u8>>())?;
                cursor.advance(0, *values);
            }
            BufferValues::UnionIndex(index, tags, values) => {
                let both = index.iter().zip(*tags);
                let all = both.flat_map(|(&i, &tag)| moved(i, cursor.base(tag as usize)));
                put(filling, plan, cursor, &all.collect::<Vec<u8>>())?;
                for (tag, &n) in values.iter().enumerate() {
                    cursor.advance(tag, n);
                }
            }
        }
    }
    Ok(())
}

fn put(filling: &mut Filling, plan: &Plan, cursor: &mut Cursor, bytes: &[u8]) -> Result<()> {
    let extent = cursor.extent;
    let (Some(table), Some(store)) = (
        plan.tables.get(extent.table),
        filling.stores.get_mut(extent.table),
    ) else {
        return Ok(());
    };
    let Some(member) = table.members.get(extent.member) else {
        return Ok(());
    };
    let size = member.size();
    let n = (bytes.len() / size.max(1)) as u64;
    if !extent.twin {
        store.fill(extent.start + cursor.rows, member.offset, size, bytes)?;
    }
    cursor.rows += n;
    Ok(())
}

/// What the tables hold: the form, and for each buffer its table, column, first and last row.
fn index(group: &Group, plan: &Plan) -> Value {
    let form = form(&group.columns);
    let mut buffers = Map::new();
    for (keys, extents) in form.keys.iter().zip(&plan.extents) {
        for (key, extent) in keys.iter().zip(extents) {
            let table = plan.tables.get(extent.table);
            let member = table.and_then(|t| t.members.get(extent.member));
            if let (Some(table), Some(member)) = (table, member) {
                let end = extent.start + extent.rows;
                let at = json!([table.name, member.name, extent.start, end]);
                buffers.insert(key.clone(), at);
            }
        }
    }
    let mut index = json!({"catena-root": 1, "form": form.form, "buffers": buffers});
    if group.sources.len() > 1
        && let Some(map) = index.as_object_mut()
    {
        let mut start = 0;
        let parts = group.sources.iter().map(|source| {
            let from = start;
            start += source.entries.end - source.entries.start;
            json!([source.tree.path(), from, start])
        });
        let parts: Vec<Value> = parts.collect();
        map.insert("trees".into(), json!(parts));
    }
    index
}
