//! What is where in the file: the compressed objects and the baskets, in the order of their
//! positions, and what shapes the entries of each branch may have. What the file's own description
//! does not tell is not here, and stays plain bytes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::container::basket::Basket;
use crate::container::source::Source;
use crate::ntuple::{ColumnKind, Ntuple, Then};
use crate::reader::File;
use crate::tree::describe::{Described, Form};
use crate::tree::meta::BasketLocation;

use super::shape::{Number, Shape};
use super::shapes_of::{shapes_of, shapes_to_end};

/// A branch: columns of the same name in trees of the same name, in whatever directory, are one.
#[derive(Debug, Default)]
pub(super) struct Branch {
    /// The same for all branches of a tree.
    pub tree: usize,
    /// Those that its entries may have, the likeliest first.
    pub shapes: Vec<Arc<Shape>>,
}

/// What stands at a position.
#[derive(Debug)]
pub(super) enum What {
    /// A basket of the branch with this number.
    Basket(usize),
    /// A tree's record, with the baskets in it: their branches, in their order.
    Tree(Vec<(usize, Arc<Basket>)>),
    /// Another object.
    Object,
    /// A page of an RNTuple, which has no key.
    Page(PageOf),
}

/// A page.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageOf {
    pub branch: usize,
    pub elements: usize,
    pub raw_len: u64,
    /// Elements stand byte by byte.
    pub split: bool,
    /// A checksum follows, which the length of the target counts.
    pub summed: bool,
}

/// A key and the object behind it, or a page.
#[derive(Debug)]
pub(super) struct Target {
    pub position: u64,
    /// Bytes, the key included.
    pub len: u64,
    pub what: What,
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Map {
    /// The first one is that of objects: it has no shape.
    pub branches: Vec<Branch>,
    pub targets: Vec<Target>,
}

impl Map {
    /// Looks at all trees. What is damaged is left out; an error is that there is nothing at all to
    /// go by.
    pub fn of(source: &Arc<Source>) -> crate::Result<Self> {
        let file = File::from_source(Arc::clone(source))?;
        let mut map = Map {
            branches: vec![Branch::default()],
            targets: Vec::new(),
        };
        let mut known: HashMap<(String, String, Vec<Arc<Shape>>), usize> = HashMap::new();
        let mut trees: HashMap<String, usize> = HashMap::new();
        let mut embedded: HashMap<u64, Vec<(usize, Arc<Basket>)>> = HashMap::new();
        for key in file.trees() {
            let Ok(tree) = file.open_tree(&key) else {
                continue;
            };
            let name = key.path().rsplit('/').next().unwrap_or_default();
            let next = trees.len() + 1;
            let number = *trees.entry(name.to_owned()).or_insert(next);
            if let Some(ntuple) = tree.as_ntuple() {
                map.ntuple(ntuple, number);
            }
            let Some((meta, described)) = tree.as_ttree() else {
                continue;
            };
            for (branch, described) in meta.branches.iter().zip(described) {
                if branch.baskets.is_empty() || !branch.file.is_empty() {
                    continue;
                }
                let shapes = shapes(described);
                let id = (name.to_owned(), branch.path.clone(), shapes.clone());
                let at = *known.entry(id).or_insert_with(|| {
                    map.branches.push(Branch {
                        tree: number,
                        shapes,
                    });
                    map.branches.len() - 1
                });
                for basket in &branch.baskets {
                    match &basket.location {
                        BasketLocation::File(position, len) => map.targets.push(Target {
                            position: *position,
                            len: *len,
                            what: What::Basket(at),
                        }),
                        BasketLocation::Embedded(basket) => {
                            let inside = embedded.entry(key.position()).or_default();
                            inside.push((at, Arc::clone(basket)));
                        }
                    }
                }
            }
        }
        for key in file.keys() {
            map.targets.push(Target {
                position: key.position,
                len: key.bytes,
                what: match embedded.remove(&key.position) {
                    Some(baskets) => What::Tree(baskets),
                    None => What::Object,
                },
            });
        }
        map.sort(source.size());
        Ok(map)
    }

    /// The pages of an RNTuple; each column is a branch.
    fn ntuple(&mut self, ntuple: &Ntuple, tree: usize) {
        let mut columns: HashMap<usize, usize> = HashMap::new();
        for (column, kind, page) in ntuple.pages() {
            let (number, split) = match kind {
                ColumnKind::Number { kind, split, then } => {
                    let letter = match then {
                        Then::Nothing => Number::of(kind).letter,
                        Then::Zigzag => b'u',
                        Then::Delta => b'i',
                    };
                    let width = Number::of(kind).width;
                    (Some((width, letter)), split && width > 1)
                }
                ColumnKind::Real16 { split } => (Some((2, b'u')), split),
                _ => (None, false),
            };
            let shape = number.map(|(width, letter)| {
                Arc::new(Shape::Number(Number {
                    width,
                    letter,
                    little: width > 1,
                }))
            });
            let branch = *columns.entry(column).or_insert_with(|| {
                self.branches.push(Branch {
                    tree,
                    shapes: shape.into_iter().collect(),
                });
                self.branches.len() - 1
            });
            let (Some(raw_len), Ok(elements)) = (
                kind.page_bytes(page.elements),
                usize::try_from(page.elements),
            ) else {
                continue;
            };
            let sum = if page.has_checksum { 8 } else { 0 };
            self.targets.push(Target {
                position: page.place.position,
                len: page.place.bytes.saturating_add(sum),
                what: What::Page(PageOf {
                    branch,
                    elements,
                    raw_len,
                    split,
                    summed: page.has_checksum,
                }),
            });
        }
    }

    /// In the order of the file, none outside of it and none inside another.
    fn sort(&mut self, size: u64) {
        self.targets.sort_by_key(|target| target.position);
        let mut end = 0;
        self.targets.retain(|target| {
            let free = target.position >= end;
            let own_end = target.position.checked_add(target.len);
            match own_end {
                Some(own_end) if free && own_end <= size => {
                    end = own_end;
                    true
                }
                _ => false,
            }
        });
    }
}

fn shapes(described: &Described) -> Vec<Arc<Shape>> {
    let Described::Readable(readable) = described else {
        return Vec::new();
    };
    let shapes = match &readable.form {
        Form::One(codec) => shapes_of(codec),
        Form::Many(skip, codec) => shapes_to_end(*skip, codec),
        // The names of classes are no part of a shape.
        Form::Named(..) => Vec::new(),
        Form::Object(bare, headed) => [shapes_of(bare), shapes_of(headed)].concat(),
    };
    shapes.into_iter().map(Arc::new).collect()
}
