//! What is in an HDF5 file, and its elements as columns.

use std::collections::HashSet;
use std::ffi::CString;

use catena_hdf5_calls::{
    self as calls, Class, Handle, LinkKind, ObjectKind, attribute_names, open_attribute,
};

use super::Found;
use crate::column::{Column, Kind, Strings, Values};
use crate::error::{Error, ErrorKind, Result};

/// Groups in groups, at most.
const DEPTH: usize = 64;

pub(super) fn open(from: &Handle, path: &str) -> Result<Handle> {
    let path = match path {
        "" => "/",
        path => path,
    };
    let name = CString::new(path).map_err(|_| Error::missing(format!("no object {path:?}")))?;
    Ok(calls::open_object(from, &name)?)
}

/// What becomes trees, in the file's order, and what does not.
pub(super) fn find(file: &Handle) -> Result<(Vec<Found>, Vec<String>)> {
    let (mut found, mut left) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    walk(file, "", 0, &mut seen, &mut found, &mut left)?;
    Ok((found, left))
}

fn walk(
    file: &Handle,
    path: &str,
    depth: usize,
    seen: &mut HashSet<calls::Token>,
    found: &mut Vec<Found>,
    left: &mut Vec<String>,
) -> Result<()> {
    let group = open(file, path)?;
    // A group that links to itself is read once.
    if depth > DEPTH || !seen.insert(calls::object_info(&group)?.token) {
        return Ok(());
    }
    let mut groups = Vec::new();
    let mut datasets = Vec::new();
    for link in calls::links(&group)? {
        let (Ok(name), LinkKind::Hard) = (link.name.into_string(), &link.kind) else {
            continue;
        };
        let inner = format!("{path}/{name}");
        match calls::object_info(&open(file, &inner)?)?.kind {
            ObjectKind::Group if name != ".catena" => groups.push(inner),
            ObjectKind::Dataset => datasets.push(name),
            _ => {}
        }
    }
    let has_entries = number_attribute(&group, "entries")?.is_some();
    if has_entries && datasets.iter().any(|name| name == "index") {
        found.push(Found::Index(path.to_owned()));
    } else if has_entries {
        found.push(Found::Tables(path.to_owned()));
    } else {
        let mut columns: Vec<(u64, Vec<String>)> = Vec::new();
        for name in datasets {
            let inner = format!("{path}/{name}");
            let dataset = open(file, &inner)?;
            let extent = calls::extent(&calls::dataset_space(&dataset)?)?;
            let datatype = calls::dataset_type(&dataset)?;
            let class = calls::class(&datatype)?;
            match (class, extent.dims()) {
                (Class::Compound, [_]) => found.push(Found::Table(inner)),
                (_, &[rows, ..]) if element(&datatype)?.is_some() => {
                    match columns.iter_mut().find(|(n, _)| *n == rows) {
                        Some((_, names)) => names.push(name),
                        None => columns.push((rows, vec![name])),
                    }
                }
                _ => left.push(format!("{inner}: elements of this type, or no axis")),
            }
        }
        for (_, names) in columns {
            found.push(Found::Columns(path.to_owned(), names));
        }
    }
    for inner in groups {
        walk(file, &inner, depth + 1, seen, found, left)?;
    }
    Ok(())
}

/// An element that has a place in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) kind: Kind,
    /// Floats of 2 bytes, which become ones of 4.
    half: bool,
    big: bool,
    /// Bytes of a text, instead of numbers.
    pub(super) text: usize,
    pub(super) dims: Vec<usize>,
}

impl Element {
    pub(super) fn size(&self) -> usize {
        let one = match (self.half, self.text) {
            (true, _) => 2,
            (_, 0) => self.kind.size(),
            (_, text) => text,
        };
        self.dims.iter().fold(one, |n, &dim| n.saturating_mul(dim))
    }

    /// A column of elements' bytes.
    pub(super) fn column(&self, bytes: &[u8]) -> Column {
        if self.text > 0 {
            let mut strings = Strings {
                offsets: vec![0],
                bytes: Vec::new(),
            };
            for text in bytes.chunks_exact(self.text) {
                let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
                strings.push(text.get(..end).unwrap_or_default());
            }
            return Column::Strings(strings);
        }
        let mut values = Values::new(self.kind);
        if self.half {
            let halves = bytes.as_chunks::<2>().0.iter().map(|&b| match self.big {
                true => half::f16::from_be_bytes(b),
                false => half::f16::from_le_bytes(b),
            });
            values = Values::F32(halves.map(half::f16::to_f32).collect());
        } else if self.big {
            values.extend_be(bytes);
        } else {
            values.extend_le(bytes);
        }
        let mut column = Column::Values(values);
        for &size in self.dims.iter().rev() {
            column = Column::Fixed {
                len: column.len() / size.max(1),
                size,
                item: Box::new(column),
            };
        }
        column
    }
}

/// The element of a type; `None` if trees have no place for it.
pub(super) fn element(datatype: &Handle) -> Result<Option<Element>> {
    let size = calls::size(datatype);
    let number = |kind| Element {
        kind,
        half: false,
        big: calls::is_big_endian(datatype),
        text: 0,
        dims: Vec::new(),
    };
    let whole = |signed: bool| {
        Some(number(match (size, signed) {
            (1, false) => Kind::U8,
            (1, true) => Kind::I8,
            (2, false) => Kind::U16,
            (2, true) => Kind::I16,
            (4, false) => Kind::U32,
            (4, true) => Kind::I32,
            (8, false) => Kind::U64,
            (8, true) => Kind::I64,
            _ => return None,
        }))
    };
    Ok(match calls::class(datatype)? {
        Class::Integer => whole(calls::is_signed(datatype)),
        Class::Float => match size {
            2 => Some(Element {
                half: true,
                ..number(Kind::F32)
            }),
            4 => Some(number(Kind::F32)),
            8 => Some(number(Kind::F64)),
            _ => None,
        },
        // Truth values, as h5py and convert have them.
        Class::Enum if size == 1 => Some(number(Kind::Bool)),
        Class::Text => Some(Element {
            text: size,
            ..number(Kind::U8)
        }),
        Class::Array => {
            let dims = calls::array_dims(datatype)?;
            let inner = element(&calls::base_type(datatype)?)?;
            inner.filter(|inner| inner.text == 0).map(|mut inner| {
                let own = dims
                    .iter()
                    .map(|&n| usize::try_from(n).unwrap_or(usize::MAX));
                inner.dims = own.chain(std::mem::take(&mut inner.dims)).collect();
                inner
            })
        }
        _ => None,
    })
}

/// All elements of a dataset, as they are in the file.
pub(super) fn read(dataset: &Handle) -> Result<(Handle, Vec<u64>, Vec<u8>)> {
    let datatype = calls::dataset_type(dataset)?;
    let extent = calls::extent(&calls::dataset_space(dataset)?)?;
    let dims = extent.dims().to_vec();
    let bytes = extent
        .count()
        .and_then(|n| n.checked_mul(calls::size(&datatype) as u64));
    let bytes = bytes.and_then(|n| usize::try_from(n).ok());
    let absurd = || Error::from(ErrorKind::Hdf5("a dataset of absurd size".into()));
    let bytes = bytes.ok_or_else(absurd)?;
    let mut all: Vec<u8> = Vec::new();
    all.try_reserve_exact(bytes).map_err(|_| absurd())?;
    all.resize(bytes, 0);
    if bytes > 0 {
        let start = vec![0; dims.len()];
        calls::read_block(dataset, &datatype, (&start, &dims, &dims), &mut all)?;
    }
    Ok((datatype, dims, all))
}

/// An attribute's bytes, if there is such an attribute.
fn attribute(object: &Handle, name: &str) -> Result<Option<Vec<u8>>> {
    let plist = calls::group_plist(object)?;
    let names = attribute_names(object, &plist)?;
    let Some(name) = names.iter().find(|n| n.to_bytes() == name.as_bytes()) else {
        return Ok(None);
    };
    let attribute = open_attribute(object, name)?;
    let mut values = calls::Values::of_attribute(&attribute)?;
    Ok(Some(values.meaning(object, &mut |_| String::new())?))
}

/// A number of eight bytes.
pub(super) fn number_attribute(group: &Handle, name: &str) -> Result<Option<u64>> {
    let bytes = attribute(group, name)?;
    Ok(bytes
        .and_then(|b| b.try_into().ok())
        .map(u64::from_le_bytes))
}

/// A text.
pub(super) fn text_attribute(group: &Handle, name: &str) -> Result<Option<String>> {
    let text = attribute(group, name)?;
    Ok(text.map(|b| {
        String::from_utf8_lossy(&b)
            .trim_end_matches('\0')
            .to_owned()
    }))
}
