//! Reads every branch of a ROOT file and writes its values as JSON lines, one for each branch that
//! the file describes: for comparisons, entry by entry, with what other readers make of it
//! (`plugins/root/nightly`). Reals that JSON has no number for are texts.
//!
//! ```sh
//! cargo run --release -p catena-root --example values -- events.root
//! ```

use std::io::Write;

use catena_root::{Column, Content, File, Tree, Values};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in std::env::args().skip(1) {
        let file = File::open(&path)?;
        for key in file.trees() {
            let tree = file.open_tree(&key)?;
            for (number, branch) in tree.branches().iter().enumerate() {
                let (what, of) = match branch.content() {
                    Content::Group => ("group", Value::Null),
                    Content::Unreadable(why) => ("unreadable", json!(why)),
                    Content::Values(_) => match read(&tree, number) {
                        Ok(column) => ("values", Value::Array(entries(&column))),
                        Err(e) => ("error", json!(e.to_string())),
                    },
                    _ => continue,
                };
                let line = json!({
                    "tree": tree.path(), "branch": branch.path(), "cpp": branch.type_name(),
                    "type": branch.ty().map(ToString::to_string), "what": what, "of": of,
                });
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}

/// The branch with this number, whole. By number, since paths need not differ.
fn read(tree: &Tree, number: usize) -> catena_root::Result<Column> {
    let all = tree.read(&[number], 0..tree.entries())?;
    match all.with_batch_entries(tree.entries().max(1)).next() {
        Some(batch) => Ok(batch?.columns.remove(0)),
        None => Ok(Column::new(tree.branches()[number].ty().expect("readable"))),
    }
}

fn real(x: f64) -> Value {
    match x.is_finite() {
        true => json!(x),
        false => json!(x.to_string()),
    }
}

fn entries(column: &Column) -> Vec<Value> {
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
        _ => Vec::new(),
    }
}
