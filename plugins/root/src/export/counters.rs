//! Which branch counts which lists: `nJet` of `Jet_pt`, if it does.

use std::collections::{HashMap, HashSet};

use crate::column::Column;
use crate::write::{NewBranch, counts, equal};

/// Branches with their counters named. Lists of one beginning of their names and of equal lengths
/// share one.
pub(super) fn with_counters(branches: Vec<(String, String, Column)>) -> Vec<NewBranch> {
    let mut taken: HashSet<String> = branches.iter().map(|(name, _, _)| name.clone()).collect();
    let mut made: HashMap<(String, Vec<i32>), String> = HashMap::new();
    let mut counted: Vec<Option<String>> = Vec::new();
    for (name, _, column) in &branches {
        let Column::List { offsets, .. } = column else {
            counted.push(None);
            continue;
        };
        let stem = name.split(['_', '.']).next().unwrap_or(name);
        let Ok(lengths) = counts(offsets) else {
            counted.push(None);
            continue;
        };
        let key = (stem.to_owned(), lengths);
        if let Some(counter) = made.get(&key) {
            counted.push(Some(counter.clone()));
            continue;
        }
        let counts = |candidate: &str| {
            branches.iter().any(|(name, _, column)| {
                name == candidate && matches!(column, Column::Values(v) if equal(v, &key.1))
            })
        };
        let usual = [
            format!("n{stem}"),
            format!("N{stem}"),
            format!("{stem}_n"),
            format!("{stem}_size"),
        ];
        let counter = match usual.into_iter().find(|name| counts(name)) {
            Some(there) => there,
            None => {
                let mut new = format!("n{stem}");
                let mut n = 2;
                while !taken.insert(new.clone()) {
                    new = format!("n{stem}_{n}");
                    n += 1;
                }
                new
            }
        };
        made.insert(key, counter.clone());
        counted.push(Some(counter));
    }
    let all = branches.into_iter().zip(counted);
    all.map(|((name, title, column), counter)| {
        let branch = NewBranch::new(name, column).with_title(title);
        match counter {
            Some(counter) => branch.with_counter(counter),
            None => branch,
        }
    })
    .collect()
}
