//! Reading a field, cluster by cluster, into a column.
//!
//! Ends of lists count elements of the cluster. A length is paid for by pages that hold so many
//! elements, so memory grows with the data that is read; only elements of columns that were added
//! later are zeros from nowhere, as many as there are entries or items that were read before.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::column::{Column, Kind, Values};
use crate::container::compress::decompress;
use crate::container::source::Source;
use crate::error::{Error, Result};

use super::Ntuple;
use super::decode::{ColumnKind, cast, tags};
use super::fields::{Columns, Node};
use super::pages::{Cluster, Page};

/// Reads a field from front to back; keeps the last page of each of its columns, as raw bytes.
#[derive(Debug, Default)]
pub(crate) struct FieldReader {
    /// By column: cluster, page, raw bytes.
    held: HashMap<usize, (usize, usize, Arc<Vec<u8>>)>,
}

impl FieldReader {
    /// The values of these entries of a top-level field.
    pub fn read(
        &mut self,
        source: &Source,
        ntuple: &Ntuple,
        field: usize,
        entries: Range<u64>,
    ) -> Result<Column> {
        let Some((_, Ok(node))) = ntuple.fields.get(field) else {
            return Err(Error::missing("no such field"));
        };
        let mut column = Column::new(&node.ty());
        for (number, cluster) in ntuple.clusters.iter().enumerate() {
            let start = entries.start.max(cluster.first_entry);
            let end = entries.end.min(cluster.first_entry + cluster.entries);
            if start >= end {
                continue;
            }
            let mut part = ClusterField {
                source,
                ntuple,
                cluster,
                number,
                held: &mut self.held,
            };
            let range = start - cluster.first_entry..end - cluster.first_entry;
            part.node(node, range, &mut column)
                .map_err(|e| e.in_basket(number as u64))?;
        }
        if column.len() as u64 != entries.end - entries.start {
            return Err(Error::corrupt("values and entries differ in number"));
        }
        Ok(column)
    }
}

/// A field in one cluster.
struct ClusterField<'a> {
    source: &'a Source,
    ntuple: &'a Ntuple,
    cluster: &'a Cluster,
    number: usize,
    held: &'a mut HashMap<usize, (usize, usize, Arc<Vec<u8>>)>,
}

fn mismatch() -> Error {
    Error::corrupt("a column of another type than its field")
}

impl ClusterField<'_> {
    /// Appends elements of a field.
    fn node(&mut self, node: &Node, range: Range<u64>, out: &mut Column) -> Result<()> {
        match (node, out) {
            (Node::Values(kind, columns), Column::Values(out)) => {
                let values = self.values(self.stored(columns, 0)?, range)?;
                append(out, cast(values, *kind)?)
            }
            (Node::Text(columns), Column::Strings(out)) => {
                let (start, ends) = self.ends(columns, range)?;
                let end = ends.last().copied().unwrap_or(start);
                let base = out.bytes.len() as i64 - start as i64;
                let chars = self.values(self.stored(columns, 1)?, start..end)?;
                out.bytes.extend_from_slice(chars.as_bytes());
                out.offsets.extend(ends.iter().map(|&e| e as i64 + base));
                Ok(())
            }
            (Node::List(columns, item), Column::List { offsets, item: out }) => {
                let (start, ends) = self.ends(columns, range)?;
                let end = ends.last().copied().unwrap_or(start);
                let base = out.len() as i64 - start as i64;
                self.node(item, start..end, out)?;
                offsets.extend(ends.iter().map(|&e| e as i64 + base));
                Ok(())
            }
            (Node::Optional(columns, item), Column::Optional { index, item: out }) => {
                let (start, ends) = self.ends(columns, range)?;
                let end = ends.last().copied().unwrap_or(start);
                let base = out.len() as i64 - start as i64;
                self.node(item, start..end, out)?;
                let mut last = start;
                for end in ends {
                    match end - last {
                        0 => index.push(-1),
                        1 => index.push(last as i64 + base),
                        _ => return Err(Error::corrupt("more than one value of an optional")),
                    }
                    last = end;
                }
                Ok(())
            }
            (Node::Fixed(size, item), Column::Fixed { len, item: out, .. }) => {
                let n = usize::try_from(range.end - range.start).map_err(|_| mismatch())?;
                let size = *size as u64;
                let of = |i: u64| i.checked_mul(size).ok_or_else(Error::truncated);
                self.node(item, of(range.start)?..of(range.end)?, out)?;
                *len += n;
                Ok(())
            }
            (Node::Record(members), Column::Record { len, fields }) => {
                for ((_, member), (_, out)) in members.iter().zip(fields) {
                    self.node(member, range.clone(), out)?;
                }
                *len += (range.end - range.start) as usize;
                Ok(())
            }
            (Node::Lengths(kind, columns), Column::Values(out)) => {
                let (mut last, ends) = self.ends(columns, range)?;
                let lengths = ends
                    .iter()
                    .map(|&end| end - std::mem::replace(&mut last, end));
                append(out, cast(Values::U64(lengths.collect()), *kind)?)
            }
            (Node::Union(columns, nodes), Column::Optional { index, item }) => {
                self.union(columns, nodes, range, index, item)
            }
            _ => Err(mismatch()),
        }
    }

    /// Values of a variant: of each type those between the first and the last place that is named.
    /// Tag 0 is no value.
    fn union(
        &mut self,
        columns: &Columns,
        nodes: &[Node],
        range: Range<u64>,
        there: &mut Vec<i64>,
        out: &mut Column,
    ) -> Result<()> {
        let Column::Union {
            tags: out_tags,
            index,
            items,
        } = out
        else {
            return Err(mismatch());
        };
        let column = self.stored(columns, 0)?;
        let Values::U64(places) = self.values(column, range.clone())? else {
            return Err(mismatch());
        };
        // Before the column was added there were no values.
        let before = self.unstored(column).min(range.end);
        let mut which = vec![0u32; before.saturating_sub(range.start) as usize];
        self.pages(column, range, |raw, part| {
            which.extend(tags(raw).get(part).unwrap_or_default());
            Ok(())
        })?;
        if which.len() != places.len() {
            return Err(Error::corrupt("fewer elements than are counted"));
        }
        let mut spans: Vec<Option<(u64, u64)>> = vec![None; nodes.len()];
        for (&place, &tag) in places.iter().zip(&which) {
            let Some(tag) = (tag as usize).checked_sub(1) else {
                continue;
            };
            let span = spans.get_mut(tag).ok_or_else(mismatch)?;
            let (low, high) = span.unwrap_or((place, place));
            *span = Some((low.min(place), high.max(place)));
        }
        let mut bases = Vec::new();
        for ((node, out), span) in nodes.iter().zip(items.iter_mut()).zip(&spans) {
            let (low, high) = span.map_or((0, 0), |(low, high)| (low, high.saturating_add(1)));
            bases.push((out.len() as u64).wrapping_sub(low));
            self.node(node, low..high, out)?;
        }
        for (place, tag) in places.into_iter().zip(which) {
            let tag = (tag as usize).checked_sub(1);
            let Some((tag, base)) = tag.and_then(|tag| Some((tag, bases.get(tag)?))) else {
                there.push(-1);
                continue;
            };
            there.push(out_tags.len() as i64);
            out_tags.push(tag as i8);
            index.push(place.wrapping_add(*base) as i64);
        }
        Ok(())
    }

    /// The representation of a field's columns that is stored in this cluster: its column with this
    /// number.
    fn stored(&self, columns: &Columns, which: usize) -> Result<usize> {
        let stored = columns.iter().find(|list| {
            let first = list.first().and_then(|&c| self.cluster.columns.get(c));
            first.is_none_or(|c| c.first_element.is_some())
        });
        let column = stored.and_then(|list| list.get(which));
        column
            .copied()
            .ok_or_else(|| Error::corrupt("a field without its columns"))
    }

    /// Where the lists of these elements end, and where the first begins.
    fn ends(&mut self, columns: &Columns, range: Range<u64>) -> Result<(u64, Vec<u64>)> {
        let column = self.stored(columns, 0)?;
        if range.is_empty() {
            return Ok((0, Vec::new()));
        }
        let with_first = range.start.saturating_sub(1)..range.end;
        let Values::U64(mut ends) = cast(self.values(column, with_first)?, Kind::U64)? else {
            return Err(mismatch());
        };
        let start = match range.start {
            0 => 0,
            _ => ends.remove(0),
        };
        let ordered = ends
            .iter()
            .try_fold(start, |last, &e| (e >= last).then_some(e));
        if ordered.is_none_or(|last| last > i64::MAX as u64) {
            return Err(Error::corrupt("ends of lists out of order"));
        }
        Ok((start, ends))
    }

    /// Elements of a column as they are stored.
    fn values(&mut self, column: usize, range: Range<u64>) -> Result<Values> {
        let kind = self.kind(column)?;
        let memory = kind.memory().unwrap_or(Kind::U64);
        let mut out = Values::new(memory);
        let before = self.unstored(column).min(range.end);
        if range.start < before {
            let n = usize::try_from(before - range.start).map_err(|_| Error::truncated())?;
            self.source
                .affordable((n as u64).saturating_mul(memory.size() as u64))?;
            out.extend_zeros(n);
        }
        let wanted = (range.end - range.start) as usize;
        self.pages(column, range, |raw, part| {
            // Numbers that stand alone need not be decoded with the whole page.
            let page = kind.decode(raw, part.end);
            out.extend_part(&page, part);
            Ok(())
        })?;
        if out.len() != wanted {
            return Err(Error::corrupt("fewer elements than are counted"));
        }
        Ok(out)
    }

    fn kind(&self, column: usize) -> Result<ColumnKind> {
        let column = self.ntuple.schema.columns.get(column);
        ColumnKind::new(column.ok_or_else(mismatch)?).map_err(Error::unsupported)
    }

    /// Elements of a column in this cluster that are zeros, because the column was added later:
    /// those that are missing of as many as there must be. In lists and variants none are, for
    /// before there were no items.
    fn unstored(&self, column: usize) -> u64 {
        let schema = &self.ntuple.schema;
        let Some(stored) = self.cluster.columns.get(column) else {
            return u64::MAX;
        };
        if schema
            .columns
            .get(column)
            .is_none_or(|c| c.first_element == 0)
        {
            return 0;
        }
        let per_entry = schema.per_entry(column);
        let all = per_entry.map_or(0, |n| n.saturating_mul(self.cluster.entries));
        let there = stored.pages.iter().map(|page| page.elements);
        all.saturating_sub(there.fold(0, u64::saturating_add))
    }

    /// Hands every page with elements of the range to `take`: its raw bytes, and which of its
    /// elements.
    fn pages(
        &mut self,
        column: usize,
        range: Range<u64>,
        mut take: impl FnMut(&[u8], Range<usize>) -> Result<()>,
    ) -> Result<()> {
        let cluster = self.cluster;
        let Some(stored) = cluster.columns.get(column) else {
            return Ok(());
        };
        let mut first = match self.unstored(column) {
            u64::MAX => return Ok(()),
            n => n,
        };
        for (number, page) in stored.pages.iter().enumerate() {
            let end = first
                .checked_add(page.elements)
                .ok_or_else(Error::truncated)?;
            let part = range.start.max(first)..range.end.min(end);
            if part.start < part.end {
                let raw = self.page(column, number, page)?;
                take(
                    &raw,
                    (part.start - first) as usize..(part.end - first) as usize,
                )?;
            }
            first = end;
            if first >= range.end {
                break;
            }
        }
        Ok(())
    }

    /// The raw bytes of a page.
    fn page(&mut self, column: usize, number: usize, page: &Page) -> Result<Arc<Vec<u8>>> {
        if let Some((cluster, held, raw)) = self.held.get(&column)
            && (*cluster, *held) == (self.number, number)
        {
            return Ok(raw.clone());
        }
        let raw = self.unpack(column, page);
        let raw = Arc::new(raw.map_err(|e| e.at(page.place.position))?);
        self.held.insert(column, (self.number, number, raw.clone()));
        Ok(raw)
    }

    fn unpack(&self, column: usize, page: &Page) -> Result<Vec<u8>> {
        let raw_bytes = self.kind(column)?.page_bytes(page.elements);
        let raw_bytes = raw_bytes.ok_or_else(Error::truncated)?;
        let sum_bytes = if page.has_checksum { 8 } else { 0 };
        let bytes = page.place.bytes.checked_add(sum_bytes);
        let bytes = bytes.ok_or_else(Error::truncated)?;
        let mut stored = self.source.read(page.place.position, bytes)?;
        if page.has_checksum {
            let Some((data, sum)) = stored.split_last_chunk::<8>() else {
                return Err(Error::truncated());
            };
            if xxhash_rust::xxh3::xxh3_64(data) != u64::from_le_bytes(*sum) {
                return Err(Error::corrupt("the checksum of a page does not match"));
            }
            stored.truncate(data.len());
        }
        if stored.len() as u64 == raw_bytes {
            return Ok(stored);
        }
        self.source.affordable(raw_bytes)?;
        decompress(
            &stored,
            usize::try_from(raw_bytes).map_err(|_| Error::truncated())?,
        )
    }
}

fn append(out: &mut Values, values: Values) -> Result<()> {
    if out.is_empty() {
        *out = values;
    } else {
        let n = values.len();
        out.extend_part(&values, 0..n);
    }
    Ok(())
}
