//! Reads every branch of a ROOT file and writes its values as JSON lines, one for each branch that
//! the file describes: for comparisons, entry by entry, with what other readers make of it
//! (`plugins/root/nightly`). Reals that JSON has no number for are texts.
//!
//! ```sh
//! cargo run --release -p catena-root --example values -- events.root
//! ```

mod entries;

use std::io::Write;

use catena_root::{Column, Content, File, Tree};
use serde_json::{Value, json};

use entries::entries;

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
