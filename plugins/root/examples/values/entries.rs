//! The entries of a column as JSON, a value each. Reals that JSON has no number for are texts.
//!
//! The tests have it from here.

use catena_root::{Column, Values};
use serde_json::{Value, json};

fn real(x: f64) -> Value {
    match x.is_finite() {
        true => json!(x),
        false => json!(x.to_string()),
    }
}

/// The entries of a column.
///
/// # Panics
/// If the column is of a kind that is not known here, or its offsets do not belong to its values.
pub fn entries(column: &Column) -> Vec<Value> {
    let pair = |w: &[i64]| w[0] as usize..w[1] as usize;
    match column {
        Column::Values(values) => match values {
            Values::Bool(v) => v.iter().map(|&x| json!(x != 0)).collect(),
            Values::I8(v) => v.iter().map(|x| json!(x)).collect(),
            Values::U8(v) => v.iter().map(|x| json!(x)).collect(),
            Values::I16(v) => v.iter().map(|x| json!(x)).collect(),
            Values::U16(v) => v.iter().map(|x| json!(x)).collect(),
            Values::I32(v) => v.iter().map(|x| json!(x)).collect(),
            Values::U32(v) => v.iter().map(|x| json!(x)).collect(),
            Values::I64(v) => v.iter().map(|x| json!(x)).collect(),
            Values::U64(v) => v.iter().map(|x| json!(x)).collect(),
            Values::F32(v) => v.iter().map(|&x| real(x.into())).collect(),
            Values::F64(v) => v.iter().map(|&x| real(x)).collect(),
        },
        Column::Strings(strings) => {
            let texts = strings.offsets.windows(2).map(pair);
            let text = |range| json!(String::from_utf8_lossy(&strings.bytes[range]));
            texts.map(text).collect()
        }
        Column::List { offsets, item } => {
            let items = entries(item);
            let lists = offsets.windows(2).map(pair);
            lists.map(|range| json!(items[range])).collect()
        }
        Column::Fixed { len, size, item } => {
            let items = entries(item);
            let each = |i: usize| json!(items[i * size..(i + 1) * size]);
            (0..*len).map(each).collect()
        }
        Column::Record { len, fields } => {
            let fields: Vec<_> = fields.iter().map(|(n, c)| (n, entries(c))).collect();
            let record = |i: usize| {
                let members = fields.iter().map(|(n, c)| (n.to_string(), c[i].clone()));
                Value::Object(members.collect())
            };
            (0..*len).map(record).collect()
        }
        Column::Optional { index, item } => {
            let items = entries(item);
            let value = |&i: &i64| usize::try_from(i).map_or(Value::Null, |i| items[i].clone());
            index.iter().map(value).collect()
        }
        Column::Union { tags, index, items } => {
            let items: Vec<_> = items.iter().map(entries).collect();
            let both = tags.iter().zip(index);
            let value = |(&tag, &at): (&i8, &i64)| items[tag as usize][at as usize].clone();
            both.map(value).collect()
        }
        other => panic!("{other:?}"),
    }
}
