//! Which objects of two files correspond, and how their links differ.

use std::collections::{HashMap, HashSet, VecDeque};

use catena_hdf5_calls::{Link, LinkKind};

use super::Difference;
use crate::models;
use crate::tree::Tree;

/// Objects that correspond, found by following equal names; differences of links on the way.
pub(super) fn pairs(a: &Tree, b: &Tree) -> (Vec<(usize, usize)>, Vec<Difference>) {
    let mut found = Vec::new();
    let mut differ = |path: &str, what: String| {
        let path = path.into();
        found.push(Difference { path, what });
    };
    let mut pairs = Vec::new();
    let (mut there, mut back) = (HashMap::from([(0, 0)]), HashMap::from([(0, 0)]));
    let mut queue = VecDeque::from([(0, 0)]);
    while let Some((at_a, at_b)) = queue.pop_front() {
        pairs.push((at_a, at_b));
        let path = a.objects[at_a].path.clone();
        let (links_a, links_b) = (visible(a, at_a), visible(b, at_b));
        let by_name: HashMap<_, _> = links_b.iter().map(|l| (&l.0.name, l)).collect();
        let mut common = 0;
        for (link, to) in &links_a {
            let name = link.name.to_string_lossy();
            let Some((other, other_to)) = by_name.get(&link.name) else {
                differ(&path, format!("link {name} is missing in the second file"));
                continue;
            };
            common += 1;
            if link.kind != other.kind || link.utf8 != other.utf8 {
                differ(
                    &path,
                    format!("link {name} is of another kind or leads elsewhere"),
                );
            }
            let (Some(to), Some(other_to)) = (to, other_to) else {
                continue;
            };
            let known = (there.get(to).copied(), back.get(other_to).copied());
            match known {
                (None, None) => {
                    there.insert(*to, *other_to);
                    back.insert(*other_to, *to);
                    queue.push_back((*to, *other_to));
                }
                (Some(y), Some(x)) if y == *other_to && x == *to => {}
                _ => differ(&path, format!("link {name} leads to another object")),
            }
        }
        let names: HashSet<_> = links_a.iter().map(|l| &l.0.name).collect();
        for (link, _) in links_b.iter().filter(|l| !names.contains(&l.0.name)) {
            let name = link.name.to_string_lossy();
            differ(&path, format!("link {name} is missing in the first file"));
        }
        let order = |links: &[&(Link, Option<usize>)]| -> Vec<_> {
            links.iter().map(|l| l.0.name.clone()).collect()
        };
        if common == links_a.len() && common == links_b.len() && order(&links_a) != order(&links_b)
        {
            differ(&path, "links are in another order".into());
        }
    }
    (pairs, found)
}

/// A group's links without the models that a file carries.
fn visible(tree: &Tree, at: usize) -> Vec<&(Link, Option<usize>)> {
    let links = tree.objects[at].links.iter();
    let hidden =
        |to: &Option<usize>| to.is_some_and(|to| models::is_model(tree, &tree.objects[to].path));
    links
        .filter(|(link, to)| link.kind != LinkKind::Hard || !hidden(to))
        .collect()
}
