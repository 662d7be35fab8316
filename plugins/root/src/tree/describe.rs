//! From a branch's metadata to its type and its codec, or to the reason why it cannot be read.

use crate::column::{Field, Kind, Type};
use crate::entry::{Builder, Codec, Packed, Range};
use crate::streamer::classes::{Classes, code};

use super::meta::{BranchMeta, ElementMeta, LeafMeta};

/// How the bytes of an entry hold values.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// One value.
    One(Codec),
    /// Values up to the end of the entry, after so many bytes.
    Many(usize, Codec),
    /// An object, without or with a header of its own. Which one, the first entry of a basket
    /// tells.
    Object(Codec, Codec),
    /// The same, with the name of its class before it.
    Named(String, Codec),
}

/// A branch that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Readable {
    pub ty: Type,
    pub form: Form,
}

/// What a branch is.
#[derive(Clone, Debug)]
pub(crate) enum Described {
    Readable(Readable),
    /// Its values are in the branches below it.
    Group,
    /// It cannot be read, and why.
    Unreadable(String),
}

/// Splitting of a branch, as ROOT numbers it.
mod split {
    pub const CLONES: i64 = 3;
    pub const COLLECTION: i64 = 4;
    pub const CLONES_MEMBER: i64 = 31;
    pub const COLLECTION_MEMBER: i64 = 41;
}

pub(crate) fn describe(branch: &BranchMeta, classes: &Classes) -> Described {
    if is_counter(branch) {
        // The number of objects of each entry: what their members' offsets say as well.
        return Described::Readable(Readable {
            ty: Type::Scalar(Kind::I32),
            form: Form::One(Codec::Scalar(Kind::I32)),
        });
    }
    if branch.has_children {
        return Described::Group;
    }
    if !branch.file.is_empty() {
        return Described::Unreadable(format!("its baskets are in another file, {}", branch.file));
    }
    match readable(branch, classes) {
        Ok(readable) => Described::Readable(readable),
        Err(reason) => Described::Unreadable(reason),
    }
}

fn readable(branch: &BranchMeta, classes: &Classes) -> Result<Readable, String> {
    match &branch.element {
        Some(element) if &*branch.class == "TBranchElement" => {
            class_branch(branch, element, classes)
        }
        Some(element) if branch.is_virtual => {
            let (ty, codec, headed) = Builder::new(classes).whole(&element.class)?;
            let form = Form::Named(element.class.clone(), headed.unwrap_or(codec));
            Ok(Readable { ty, form })
        }
        Some(element) => {
            let (ty, codec, headed) = Builder::new(classes).whole(&element.class)?;
            let headed = headed.ok_or("a collection in a branch of an object")?;
            let form = Form::Object(codec, headed);
            Ok(Readable { ty, form })
        }
        None => leaf_branch(branch),
    }
}

/// A branch of leaves: one number, an array, or a few numbers side by side.
fn leaf_branch(branch: &BranchMeta) -> Result<Readable, String> {
    if let [leaf] = branch.leaves.as_slice() {
        let (ty, codec) = leaf_type(leaf)?;
        return Ok(if leaf.counted {
            many(0, ty, codec)
        } else {
            one(ty, codec)
        });
    }
    if branch.leaves.is_empty() {
        return Err("it has no leaf".into());
    }
    if branch.leaves.iter().any(|leaf| leaf.counted) {
        return Err("several leaves, of which some are arrays of variable size".into());
    }
    let mut fields = Vec::new();
    let mut steps = Vec::new();
    for (i, leaf) in branch.leaves.iter().enumerate() {
        let (ty, codec) = leaf_type(leaf)?;
        fields.push(Field {
            name: leaf.name.as_str().into(),
            ty,
        });
        steps.push(crate::entry::Step::Member(i, codec));
    }
    Ok(one(Type::Record(fields), Codec::Record(steps)))
}

fn one(ty: Type, codec: Codec) -> Readable {
    Readable {
        ty,
        form: Form::One(codec),
    }
}

fn many(skip: usize, ty: Type, codec: Codec) -> Readable {
    Readable {
        ty: Type::list(ty),
        form: Form::Many(skip, codec),
    }
}

fn leaf_type(leaf: &LeafMeta) -> Result<(Type, Codec), String> {
    let kind = match (&*leaf.class, leaf.unsigned) {
        ("TLeafO", _) => Kind::Bool,
        ("TLeafB", false) => Kind::I8,
        ("TLeafB", true) => Kind::U8,
        ("TLeafS", false) => Kind::I16,
        ("TLeafS", true) => Kind::U16,
        ("TLeafI", false) => Kind::I32,
        ("TLeafI", true) => Kind::U32,
        ("TLeafL" | "TLeafG", false) => Kind::I64,
        ("TLeafL" | "TLeafG", true) => Kind::U64,
        ("TLeafF", _) => Kind::F32,
        ("TLeafD", _) => Kind::F64,
        ("TLeafC", _) => return Ok((Type::String, Codec::Text)),
        ("TLeafF16" | "TLeafD32", _) => {
            let double = &*leaf.class == "TLeafD32";
            let packed = Packed::new(double, Range::parse(&leaf.title));
            let codec = Codec::Packed(packed);
            return Ok(arrays(Type::Scalar(packed.kind()), codec, &dims(leaf)));
        }
        (class, _) => return Err(format!("a leaf of class {class}")),
    };
    Ok(arrays(Type::Scalar(kind), Codec::Scalar(kind), &dims(leaf)))
}

fn arrays(ty: Type, codec: Codec, dims: &[usize]) -> (Type, Codec) {
    let codec = dims.iter().rev().fold(codec, |item, &size| {
        let item = Box::new(item);
        Codec::Fixed { size, item }
    });
    (ty.array(dims), codec)
}

/// Sizes of a leaf's fixed array, slowest first: numbers in brackets in its title, if they agree
/// with its length.
fn dims(leaf: &LeafMeta) -> Vec<usize> {
    let brackets = leaf.title.split('[').skip(1);
    let inside = brackets.filter_map(|part| part.split_once(']'));
    let dims: Vec<usize> = inside.filter_map(|(n, _)| n.trim().parse().ok()).collect();
    let product = dims.iter().try_fold(1usize, |p, &n| p.checked_mul(n));
    if leaf.len > 0 && product == Some(leaf.len) {
        dims
    } else if leaf.len > 1 {
        vec![leaf.len]
    } else {
        Vec::new()
    }
}

/// A branch of a class: a whole object, or one member of split ones.
fn class_branch(
    branch: &BranchMeta,
    element: &ElementMeta,
    classes: &Classes,
) -> Result<Readable, String> {
    let mut builder = Builder::new(classes);
    let Ok(id) = usize::try_from(element.id) else {
        let (ty, codec, headed) = builder.whole(&element.class)?;
        let form = match headed {
            Some(headed) => Form::Object(codec, headed),
            None => Form::One(codec),
        };
        return Ok(Readable { ty, form });
    };
    let name = &element.class;
    let version = Some(element.class_version);
    let checksum = Some(element.checksum).filter(|&sum| sum != 0);
    let class = classes.get(name, version, checksum);
    let class = match class {
        Some(class) => class,
        None => return pair_member(element, &mut builder),
    };
    let member = class.elements.get(id);
    let member = member.ok_or_else(|| format!("class {name} has no member {id}"))?;
    let counted = branch.leaves.first().is_some_and(|leaf| leaf.counted);
    let in_collection = matches!(
        element.split,
        split::CLONES_MEMBER | split::COLLECTION_MEMBER
    );
    if member.kind > code::OFFSET_POINTER && member.kind < code::OBJECT {
        if in_collection {
            return Err("arrays of variable size inside a split collection".into());
        }
        // A byte says whether there is an array.
        let mut value = member.clone();
        value.kind -= code::OFFSET_POINTER;
        value.dims.clear();
        let (ty, codec) = builder.member(&value)?;
        return Ok(many(1, ty, codec));
    }
    let (ty, codec) = builder.member(member)?;
    Ok(if in_collection || counted {
        many(0, ty, codec)
    } else {
        one(ty, codec)
    })
}

/// A member of a split map, whose pairs need no StreamerInfo.
fn pair_member(element: &ElementMeta, builder: &mut Builder<'_>) -> Result<Readable, String> {
    let missing = || format!("the file does not describe class {}", element.class);
    let (ty, codec) = builder
        .pair_member(&element.class, element.id)
        .ok_or_else(missing)??;
    Ok(many(0, ty, codec))
}

/// Whether a branch only counts the objects of a split collection.
pub(crate) fn is_counter(branch: &BranchMeta) -> bool {
    let counts = |e: &ElementMeta| matches!(e.split, split::CLONES | split::COLLECTION);
    branch.element.as_ref().is_some_and(counts)
}

/// The C++ type of a branch's entries, as the file names it.
pub(crate) fn type_name(branch: &BranchMeta, classes: &Classes) -> String {
    if let Some(element) = &branch.element {
        let version = Some(element.class_version);
        let class = classes.get(&element.class, version, Some(element.checksum));
        let id = usize::try_from(element.id).ok();
        let member = id.and_then(|id| Some(class.as_ref()?.elements.get(id)?.clone()));
        let Some(member) = member else {
            return element.class.clone();
        };
        let name = if member.type_name == "BASE" {
            member.name
        } else {
            member.type_name
        };
        let sizes: String = member.dims.iter().map(|n| format!("[{n}]")).collect();
        return match element.split {
            split::CLONES_MEMBER | split::COLLECTION_MEMBER => format!("{name}[]{sizes}"),
            _ => format!("{name}{sizes}"),
        };
    }
    let names = branch.leaves.iter().map(|leaf| {
        // The length of a text's leaf is that of the longest.
        let sizes = match &*leaf.class {
            "TLeafC" => Vec::new(),
            _ => dims(leaf),
        };
        let sizes: String = sizes.iter().map(|n| format!("[{n}]")).collect();
        let name = match (&*leaf.class, leaf.unsigned) {
            ("TLeafO", _) => "Bool_t",
            ("TLeafB", false) => "Char_t",
            ("TLeafB", true) => "UChar_t",
            ("TLeafS", false) => "Short_t",
            ("TLeafS", true) => "UShort_t",
            ("TLeafI", false) => "Int_t",
            ("TLeafI", true) => "UInt_t",
            ("TLeafL" | "TLeafG", false) => "Long64_t",
            ("TLeafL" | "TLeafG", true) => "ULong64_t",
            ("TLeafF", _) => "Float_t",
            ("TLeafD", _) => "Double_t",
            ("TLeafF16", _) => "Float16_t",
            ("TLeafD32", _) => "Double32_t",
            ("TLeafC", _) => "char*",
            (class, _) => class,
        };
        let counted = if leaf.counted { "[]" } else { "" };
        format!("{name}{counted}{sizes}")
    });
    names.collect::<Vec<_>>().join(",")
}
