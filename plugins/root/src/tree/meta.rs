//! A TTree as its record describes it: branches, leaves, and where the baskets lie. Nothing is
//! interpreted yet.

use std::sync::Arc;

use crate::container::basket::Basket;
use crate::error::Result;
use crate::streamer::classes::Classes;
use crate::streamer::object::{Object, Objects, read};

const MAX_DEPTH: usize = 64;

/// Where a basket lies.
#[derive(Clone, Debug)]
pub(crate) enum BasketLocation {
    /// In the file: position and bytes, key included.
    File(u64, u64),
    /// In the tree's record.
    Embedded(Arc<Basket>),
}

/// A basket of a branch.
#[derive(Clone, Debug)]
pub(crate) struct BasketMeta {
    pub first_entry: u64,
    pub entries: u64,
    pub location: BasketLocation,
}

/// A leaf: the type of values in a branch.
#[derive(Clone, Debug)]
pub(crate) struct LeafMeta {
    /// Such as `TLeafF`.
    pub class: Arc<str>,
    pub name: String,
    pub title: String,
    /// Values of a fixed array.
    pub len: usize,
    pub unsigned: bool,
    /// Whether another leaf counts the values.
    pub counted: bool,
}

/// What only branches of classes have.
#[derive(Clone, Debug)]
pub(crate) struct ElementMeta {
    pub class: String,
    pub class_version: i32,
    pub checksum: u32,
    /// Number of the member in the class; negative for whole objects.
    pub id: i64,
    /// How it was split: 0 plain, 1 base, 2 object, 3 and 4 TClonesArray and collection, 31 and 41
    /// members of these.
    pub split: i64,
}

/// A branch.
#[derive(Clone, Debug)]
pub(crate) struct BranchMeta {
    /// Names of this branch and those above it, joined by `/`.
    pub path: String,
    pub title: String,
    pub class: Arc<str>,
    pub compress: i64,
    pub entries: u64,
    pub raw_bytes: u64,
    pub leaves: Vec<LeafMeta>,
    pub baskets: Vec<BasketMeta>,
    pub element: Option<ElementMeta>,
    /// Whether there are branches below it.
    pub has_children: bool,
    /// Whether the name of its class stands before each object.
    pub is_virtual: bool,
    /// Another file that holds the baskets.
    pub file: String,
}

/// A tree.
#[derive(Debug)]
pub(crate) struct TreeMeta {
    pub title: String,
    pub entries: u64,
    /// Entries of a cluster, where the writer kept to one number.
    pub cluster: Option<u64>,
    /// In depth-first order, each before its own.
    pub branches: Vec<BranchMeta>,
}

impl TreeMeta {
    pub fn parse(class: &str, data: &[u8], key_len: u64, classes: &Classes) -> Result<Self> {
        let (tree, objects) = read(class, data, key_len, classes)?;
        let mut branches = Vec::new();
        let mut collect = Collect {
            objects: &objects,
            branches: &mut branches,
        };
        for number in tree.array("fBranches") {
            collect.branch(number, None, 0);
        }
        let auto_flush = tree.int("fAutoFlush");
        Ok(TreeMeta {
            title: tree.text("fTitle").to_owned(),
            entries: unsigned(tree.int("fEntries")),
            cluster: u64::try_from(auto_flush).ok().filter(|&n| n > 0),
            branches,
        })
    }
}

struct Collect<'a> {
    objects: &'a Objects,
    branches: &'a mut Vec<BranchMeta>,
}

impl Collect<'_> {
    fn branch(&mut self, number: usize, parent: Option<usize>, depth: usize) {
        let Some(object) = self.objects.get(number) else {
            return;
        };
        // A damaged record may name a branch as its own child.
        let too_many = self.branches.len() > self.objects.len();
        if depth > MAX_DEPTH || too_many || !object.class.starts_with("TBranch") {
            return;
        }
        let name = object.text("fName").to_owned();
        let above = parent.and_then(|p| self.branches.get(p));
        let path = match above {
            Some(above) => format!("{}/{name}", above.path),
            None => name.clone(),
        };
        let children: Vec<usize> = object.array("fBranches").collect();
        let place = self.branches.len();
        self.branches.push(BranchMeta {
            path,
            title: object.text("fTitle").to_owned(),
            class: object.class.clone(),
            compress: object.int("fCompress"),
            entries: unsigned(object.int("fEntries")),
            raw_bytes: unsigned(object.int("fTotBytes")),
            leaves: self.leaves(object),
            baskets: self.baskets(object),
            element: element(object),
            is_virtual: self.is_virtual(object),
            has_children: !children.is_empty(),
            file: object.text("fFileName").to_owned(),
        });
        for child in children {
            self.branch(child, Some(place), depth + 1);
        }
    }

    fn leaves(&self, branch: &Object) -> Vec<LeafMeta> {
        let leaves = branch.array("fLeaves").filter_map(|n| self.objects.get(n));
        let leaves = leaves.filter(|leaf| leaf.class.starts_with("TLeaf"));
        let meta = |leaf: &Object| LeafMeta {
            class: leaf.class.clone(),
            name: leaf.text("fName").to_owned(),
            title: leaf.text("fTitle").to_owned(),
            len: usize::try_from(leaf.int("fLen")).unwrap_or(0),
            unsigned: leaf.int("fIsUnsigned") != 0,
            counted: leaf.pointer("fLeafCount").is_some(),
        };
        leaves.map(meta).collect()
    }

    fn is_virtual(&self, branch: &Object) -> bool {
        let mut leaves = branch.array("fLeaves").filter_map(|n| self.objects.get(n));
        leaves.any(|leaf| &*leaf.class == "TLeafObject" && leaf.int("fVirtual") != 0)
    }

    /// First those in the file, then those in the record.
    fn baskets(&self, branch: &Object) -> Vec<BasketMeta> {
        let n = usize::try_from(branch.int("fWriteBasket")).unwrap_or(0);
        let entries = unsigned(branch.int("fEntries"));
        let seeks = branch.ints("fBasketSeek").iter().take(n);
        let bytes = branch.ints("fBasketBytes");
        let firsts = branch.ints("fBasketEntry");
        let mut baskets = Vec::new();
        for (i, (&seek, &bytes)) in seeks.zip(bytes).enumerate() {
            if seek == 0 {
                break;
            }
            let first = unsigned(firsts.get(i).copied().unwrap_or(0));
            let next = firsts.get(i + 1).map_or(entries, |&n| unsigned(n));
            baskets.push(BasketMeta {
                first_entry: first,
                entries: next.saturating_sub(first),
                location: BasketLocation::File(unsigned(seek), unsigned(bytes)),
            });
        }
        let mut first = baskets.last().map_or(0, |b| b.first_entry + b.entries);
        for object in branch.array("fBaskets").filter_map(|n| self.objects.get(n)) {
            let Some(basket) = &object.basket else {
                continue;
            };
            if first >= entries || basket.entries == 0 {
                continue;
            }
            baskets.push(BasketMeta {
                first_entry: first,
                entries: basket.entries as u64,
                location: BasketLocation::Embedded(basket.clone()),
            });
            first += basket.entries as u64;
        }
        baskets
    }
}

fn element(branch: &Object) -> Option<ElementMeta> {
    branch.get("fClassName")?;
    let whole = branch.get("fID").is_none();
    Some(ElementMeta {
        class: branch.text("fClassName").to_owned(),
        class_version: branch.int("fClassVersion") as i32,
        checksum: branch.int("fCheckSum") as u32,
        id: if whole { -1 } else { branch.int("fID") },
        split: branch.int("fType"),
    })
}

/// Negative counts are damage; nothing is the safe reading.
fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
