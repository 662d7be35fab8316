//! The schema: fields and the columns that they are stored in.

use crate::container::cursor::Cursor;
use crate::error::{Error, Result};

use super::envelope::{Link, feature_flags, list, record, string};

/// What a field is to those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Leaf,
    Collection,
    Record,
    Variant,
    Streamer,
}

/// A field.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Number of the field above; its own for a top-level field.
    pub parent: usize,
    pub role: Role,
    pub name: String,
    pub type_name: String,
    pub description: String,
    /// Items of a fixed array.
    pub array: Option<u64>,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct ColumnMeta {
    pub kind: u16,
    pub bits: u16,
    pub field: usize,
    pub representation: u16,
    /// Elements before this one are zero and not stored.
    pub first_element: u64,
    pub range: Option<(f64, f64)>,
}

/// Where the pages of a group of clusters are described.
pub(crate) struct ClusterGroup {
    pub clusters: u32,
    pub pages: Link,
}

/// Fields and columns, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    pub description: String,
    pub fields: Vec<Field>,
    pub columns: Vec<ColumnMeta>,
    /// Columns of projected fields: physical column, field.
    aliases: Vec<(usize, usize)>,
}

impl Schema {
    pub fn parse_header(payload: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(payload);
        let mut schema = Schema::default();
        feature_flags(&mut cursor)?;
        string(&mut cursor)?;
        schema.description = string(&mut cursor)?;
        string(&mut cursor)?;
        schema.extend(&mut cursor)?;
        Ok(schema)
    }

    /// Adds the fields of the footer, and gives its cluster groups.
    pub fn parse_footer(&mut self, payload: &[u8], header: u64) -> Result<Vec<ClusterGroup>> {
        let mut cursor = Cursor::new(payload);
        feature_flags(&mut cursor)?;
        if cursor.u64_le()? != header {
            return Err(Error::corrupt("a footer that belongs to another header"));
        }
        let mut extension = record(&mut cursor)?;
        if !extension.is_at_end() {
            self.extend(&mut extension)?;
        }
        let (n, mut groups) = list(&mut cursor)?;
        let mut out = Vec::new();
        for _ in 0..n {
            let mut group = record(&mut groups)?;
            group.skip(16)?;
            let clusters = group.u32_le()?;
            let pages = Link::parse(&mut group)?;
            out.push(ClusterGroup { clusters, pages });
        }
        Ok(out)
    }

    fn extend(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let (n, mut items) = list(cursor)?;
        for _ in 0..n {
            let field = field(&mut record(&mut items)?)?;
            if field.parent > self.fields.len() {
                return Err(Error::corrupt("a field before the one above it"));
            }
            self.fields.push(field);
        }
        let (n, mut items) = list(cursor)?;
        for _ in 0..n {
            self.columns.push(column(&mut record(&mut items)?)?);
        }
        let (n, mut items) = list(cursor)?;
        for _ in 0..n {
            let mut alias = record(&mut items)?;
            let physical = alias.u32_le()? as usize;
            self.aliases.push((physical, alias.u32_le()? as usize));
        }
        Ok(())
    }

    /// Elements of a column for each entry, if there are always as many: if its field is in no list
    /// and no variant.
    pub fn per_entry(&self, column: usize) -> Option<u64> {
        let mut number = self.columns.get(column)?.field;
        let mut n = 1u64;
        // Fields stand behind those above them.
        loop {
            let field = self.fields.get(number)?;
            n = n.checked_mul(field.array.unwrap_or(1))?;
            if field.parent >= number {
                return Some(n);
            }
            number = field.parent;
            let above = self.fields.get(number)?;
            if matches!(above.role, Role::Collection | Role::Variant) {
                return None;
            }
        }
    }

    /// The fields that are below none.
    pub fn top_level(&self) -> impl Iterator<Item = usize> + '_ {
        let fields = self.fields.iter().enumerate();
        fields.filter(|(i, f)| f.parent == *i).map(|(i, _)| i)
    }

    /// The columns of a field, a list for each representation.
    pub fn columns_of(&self, number: usize) -> Vec<Vec<usize>> {
        let mut representations: Vec<Vec<usize>> = Vec::new();
        let aliases: Vec<usize> = self
            .aliases
            .iter()
            .filter(|(_, field)| *field == number)
            .map(|(physical, _)| *physical)
            .collect();
        let own = self.columns.iter().enumerate();
        let own = own.filter(|(_, c)| c.field == number).map(|(i, _)| i);
        let all: Vec<usize> = if aliases.is_empty() {
            own.collect()
        } else {
            aliases
        };
        for i in all {
            let which = self.columns.get(i).map_or(0, |c| c.representation);
            // They are stored in this order.
            if usize::from(which) >= representations.len() {
                representations.push(Vec::new());
            }
            if let Some(list) = representations.last_mut() {
                list.push(i);
            }
        }
        representations
    }

    /// All columns of a field and those below it, projections left out.
    pub fn columns_below(&self, number: usize) -> Vec<usize> {
        let mut inside = vec![false; self.fields.len()];
        for (i, field) in self.fields.iter().enumerate() {
            let above = i != number && inside.get(field.parent).copied().unwrap_or(false);
            if let Some(slot) = inside.get_mut(i) {
                *slot = i == number || above;
            }
        }
        let columns = self.columns.iter().enumerate();
        let columns = columns.filter(|(_, c)| inside.get(c.field).copied().unwrap_or(false));
        columns.map(|(i, _)| i).collect()
    }
}

fn field(cursor: &mut Cursor<'_>) -> Result<Field> {
    const REPETITIVE: u16 = 1;
    cursor.skip(8)?;
    let parent = cursor.u32_le()? as usize;
    let role = match cursor.u16_le()? {
        0 => Role::Leaf,
        1 => Role::Collection,
        2 => Role::Record,
        3 => Role::Variant,
        4 => Role::Streamer,
        _ => return Err(Error::corrupt("a field of no known role")),
    };
    let flags = cursor.u16_le()?;
    let name = string(cursor)?;
    let type_name = string(cursor)?;
    string(cursor)?;
    let description = string(cursor)?;
    let array = match flags & REPETITIVE {
        0 => None,
        _ => Some(cursor.u64_le()?),
    };
    Ok(Field {
        parent,
        role,
        name,
        type_name,
        description,
        array,
    })
}

fn column(cursor: &mut Cursor<'_>) -> Result<ColumnMeta> {
    const DEFERRED: u16 = 1;
    const RANGE: u16 = 2;
    let kind = cursor.u16_le()?;
    let bits = cursor.u16_le()?;
    let field = cursor.u32_le()? as usize;
    let flags = cursor.u16_le()?;
    let representation = cursor.u16_le()?;
    let first = match flags & DEFERRED {
        0 => 0,
        _ => cursor.i64_le()?,
    };
    let range = match flags & RANGE {
        0 => None,
        _ => Some((cursor.f64_le()?, cursor.f64_le()?)),
    };
    Ok(ColumnMeta {
        kind,
        bits,
        field,
        representation,
        // The sign says that it was suppressed there.
        first_element: (first & i64::MAX) as u64,
        range,
    })
}
