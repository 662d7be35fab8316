//! Reads every branch of ROOT files and writes what came out as JSON lines: a line for each tree,
//! with a digest of every buffer (SHA-256) and the time that reading took. `bench/root_compare.py`
//! computes the same with uproot.
//!
//! ```sh
//! cargo run --release -p catena-root --example dump -- events.root
//! ```

use std::time::Instant;

use catena_root::{Column, Content, File, Tree};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let file = File::open(&path)?;
        for damage in file.damage() {
            eprintln!("{path}: {damage}");
        }
        for key in file.trees() {
            let tree = match file.open_tree(&key) {
                Ok(tree) => tree,
                Err(e) => {
                    println!("{}", json!({ "tree": key.path(), "error": e.to_string() }));
                    continue;
                }
            };
            let branches: Vec<Value> = (0..tree.branches().len())
                .map(|i| branch(&tree, i))
                .collect();
            let line = json!({
                "tree": tree.path(),
                "entries": tree.entries(),
                "branches": branches,
            });
            println!("{line}");
        }
    }
    Ok(())
}

fn branch(tree: &Tree, number: usize) -> Value {
    let branch = &tree.branches()[number];
    let start = Instant::now();
    let (what, detail, bytes) = match branch.content() {
        Content::Group => ("group", json!(null), 0),
        Content::Unreadable(reason) => ("unreadable", json!(reason), 0),
        Content::Values(_) => match read(tree, number) {
            Ok(column) => {
                let seconds = start.elapsed().as_secs_f64();
                let bytes = column.bytes();
                let mut digest = Vec::new();
                buffers(&column, &mut digest);
                return json!({
                    "path": branch.path(), "type": branch.ty().map(ToString::to_string), "cpp": branch.type_name(),
                    "what": "values", "detail": digest, "bytes": bytes, "seconds": seconds,
                });
            }
            Err(e) => ("error", json!(e.to_string()), 0),
        },
        _ => ("unknown", json!(null), 0),
    };
    json!({
        "path": branch.path(), "type": branch.ty().map(ToString::to_string), "cpp": branch.type_name(), "what": what,
        "detail": detail, "bytes": bytes, "seconds": start.elapsed().as_secs_f64(),
    })
}

/// The branch with this number, whole. By number, since paths need not differ.
fn read(tree: &Tree, number: usize) -> catena_root::Result<Column> {
    let entries = tree.entries();
    let batches = tree.read(&[number], 0..entries)?;
    let mut all = batches.with_batch_entries(entries.max(1));
    match all.next() {
        Some(batch) => Ok(batch?.columns.remove(0)),
        None => Ok(Column::new(tree.branches()[number].ty().expect("readable"))),
    }
}

/// Every buffer as a word: what it is, and its digest.
fn buffers(column: &Column, out: &mut Vec<String>) {
    let mut push = |what: &str, bytes: &[u8]| {
        let digest = Sha256::digest(bytes);
        let hex: String = digest.iter().take(8).map(|b| format!("{b:02x}")).collect();
        out.push(format!("{what}:{hex}"));
    };
    let of =
        |offsets: &[i64]| -> Vec<u8> { offsets.iter().flat_map(|o| o.to_le_bytes()).collect() };
    match column {
        Column::Values(values) => push(values.kind().name(), values.as_bytes()),
        Column::Strings(strings) => {
            push("offsets", &of(&strings.offsets));
            push("text", &strings.bytes);
        }
        Column::List { offsets, item } => {
            push("offsets", &of(offsets));
            buffers(item, out);
        }
        Column::Fixed { size, item, .. } => {
            out.push(format!("size:{size}"));
            buffers(item, out);
        }
        Column::Record { len, fields } => {
            out.push(format!("record:{len}"));
            for (name, field) in fields {
                out.push(format!("field:{name}"));
                buffers(field, out);
            }
        }
        Column::Optional { index, item } => {
            push("index", &of(index));
            buffers(item, out);
        }
        Column::Union { tags, index, items } => {
            push("tags", &tags.iter().map(|&t| t as u8).collect::<Vec<_>>());
            push("index", &of(index));
            items.iter().for_each(|item| buffers(item, out));
        }
        other => out.push(format!("{other:?}")),
    }
}
