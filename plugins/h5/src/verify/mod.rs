//! Verify: what differs between two files, but for how they store it.
//!
//! Compared are links with their order, which names lead to one object, types, dataspaces, fill
//! values, comments, attributes, and all elements bit by bit. Not compared are chunk shapes,
//! filters, the places of objects, and models that a file carries.

mod links;
mod place;

use std::collections::{HashSet, VecDeque};
use std::path::Path;

use catena_hdf5_calls::{
    Handle, ObjectKind, Target, Values, attribute_names, attribute_space, attribute_type, comment,
    equal_types, extent, fill_value, is_committed, object_info, open_attribute, open_object,
};

use crate::copy::{missing_filter, plist};
use crate::error::{At, Error, Result};
use crate::plan::{Chunking, Source};
use crate::recode::{ChunkReader, Done, Job};
use crate::rewrite::{Event, open};
use crate::tree::Tree;
use catena_container::flow::{Flow, with_workers};

use links::pairs;
use place::first_difference;

/// Something that is not the same in both files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The object, by its path in the first file.
    pub path: String,
    /// What differs.
    pub what: String,
}

/// Compares two files.
///
/// # Errors
/// A file cannot be read to the end: damaged, a missing filter or model; with the object's path.
pub fn verify(
    a: &Path,
    b: &Path,
    threads: usize,
    on: &dyn Fn(Event<'_>),
) -> Result<Vec<Difference>> {
    let (file_a, tree_a) = open(a).at(&catena_files::shown(a))?;
    let (file_b, tree_b) = open(b).at(&catena_files::shown(b))?;
    let (pairs, found) = pairs(&tree_a, &tree_b);
    let mut both = Both {
        a: Side {
            file: file_a,
            tree: tree_a,
        },
        b: Side {
            file: file_b,
            tree: tree_b,
        },
        found,
        on,
    };
    let mut total = 0;
    for &(at, _) in &pairs {
        let object = &both.a.tree.objects[at];
        if object.kind == ObjectKind::Dataset {
            let handle = open_object(&both.a.file, &object.name).at(&object.path)?;
            let source = Source::new(handle, &object.path).at(&object.path)?;
            total += source.raw().unwrap_or(0);
        }
    }
    on(Event::Total(total));
    with_workers(crate::threads(threads), &Job::run, |flow| {
        for (at_a, at_b) in pairs {
            let path = both.a.tree.objects[at_a].path.clone();
            both.object(flow, at_a, at_b, &path).at(&path)?;
        }
        Ok::<_, crate::Error>(())
    })?;
    Ok(both.found)
}

struct Side {
    file: Handle,
    tree: Tree,
}

impl Side {
    fn name_of(&self, target: &Target) -> String {
        let name = self.tree.name_at(target.object.token);
        name.map_or_else(|| "?".into(), |name| name.to_string_lossy().into_owned())
    }

    /// The committed type that a type is, if it is one.
    fn committed(&self, datatype: &Handle) -> Result<Option<String>> {
        if !is_committed(datatype)? {
            return Ok(None);
        }
        let name = self.tree.name_at(object_info(datatype)?.token);
        Ok(Some(
            name.unwrap_or_default().to_string_lossy().into_owned(),
        ))
    }
}

struct Both<'a> {
    a: Side,
    b: Side,
    found: Vec<Difference>,
    on: &'a dyn Fn(Event<'_>),
}

impl Both<'_> {
    fn differ(&mut self, path: &str, what: impl Into<String>) {
        self.found.push(Difference {
            path: path.into(),
            what: what.into(),
        });
    }

    fn object(
        &mut self,
        flow: &mut Flow<'_, Job, Result<Done>>,
        at_a: usize,
        at_b: usize,
        path: &str,
    ) -> Result<()> {
        let (a, b) = (&self.a.tree.objects[at_a], &self.b.tree.objects[at_b]);
        if a.kind != b.kind {
            self.differ(path, "is an object of another kind");
            return Ok(());
        }
        let kind = a.kind;
        let handles = (
            open_object(&self.a.file, &a.name)?,
            open_object(&self.b.file, &b.name)?,
        );
        if comment(&handles.0)? != comment(&handles.1)? {
            self.differ(path, "has another comment");
        }
        self.attributes((&handles.0, &handles.1), kind, path)?;
        match kind {
            ObjectKind::Type if !equal_types(&handles.0, &handles.1)? => {
                self.differ(path, "is another type");
            }
            ObjectKind::Dataset => self.dataset(flow, handles, path)?,
            ObjectKind::Group | ObjectKind::Type | ObjectKind::Other => {}
        }
        Ok(())
    }

    fn attributes(&mut self, both: (&Handle, &Handle), kind: ObjectKind, path: &str) -> Result<()> {
        let names_a = attribute_names(both.0, &plist(both.0, kind)?)?;
        let names_b = attribute_names(both.1, &plist(both.1, kind)?)?;
        if names_a != names_b {
            let (a, b): (HashSet<_>, HashSet<_>) =
                (names_a.iter().collect(), names_b.iter().collect());
            for name in a.difference(&b) {
                let name = name.to_string_lossy();
                self.differ(
                    path,
                    format!("attribute {name} is missing in the second file"),
                );
            }
            for name in b.difference(&a) {
                let name = name.to_string_lossy();
                self.differ(
                    path,
                    format!("attribute {name} is missing in the first file"),
                );
            }
            if a == b {
                self.differ(path, "attributes are in another order");
            }
        }
        for name in names_a.iter().filter(|name| names_b.contains(name)) {
            let shown = name.to_string_lossy();
            let (a, b) = (open_attribute(both.0, name)?, open_attribute(both.1, name)?);
            if !self.same_type(&attribute_type(&a)?, &attribute_type(&b)?)? {
                self.differ(path, format!("attribute {shown} is of another type"));
            } else if extent(&attribute_space(&a)?)? != extent(&attribute_space(&b)?)? {
                self.differ(path, format!("attribute {shown} has another shape"));
            } else {
                let a = Values::of_attribute(&a)
                    .and_then(|mut v| v.meaning(&self.a.file, &mut |t| self.a.name_of(t)));
                let b = Values::of_attribute(&b)
                    .and_then(|mut v| v.meaning(&self.b.file, &mut |t| self.b.name_of(t)));
                if a? != b? {
                    self.differ(path, format!("attribute {shown} has another value"));
                }
            }
        }
        Ok(())
    }

    fn same_type(&self, a: &Handle, b: &Handle) -> Result<bool> {
        Ok(equal_types(a, b)? && self.a.committed(a)? == self.b.committed(b)?)
    }

    fn dataset(
        &mut self,
        flow: &mut Flow<'_, Job, Result<Done>>,
        handles: (Handle, Handle),
        path: &str,
    ) -> Result<()> {
        (self.on)(Event::Dataset(path));
        let (a, b) = (Source::new(handles.0, path)?, Source::new(handles.1, path)?);
        if !self.same_type(&a.datatype, &b.datatype)? {
            self.differ(path, "is of another type");
            return Ok(());
        }
        if a.extent != b.extent {
            self.differ(
                path,
                "has another shape, or another one that it may grow to",
            );
            return Ok(());
        }
        if !a.pointers && fill_value(&a.dcpl, &a.datatype)? != fill_value(&b.dcpl, &b.datatype)? {
            self.differ(path, "has another fill value");
        }
        if a.external != b.external {
            self.differ(path, "is kept in other files in one of them");
        }
        if a.extent.count() == Some(0) || (a.external && b.external) {
            return Ok(());
        }
        if let Some(missing) = a.missing().or(b.missing()) {
            return Err(missing_filter(missing));
        }
        let first = match a.pointers || a.extent.dims().is_empty() {
            true => self.values(&a, &b)?,
            false => self.elements(flow, &a, &b)?,
        };
        if let Some(place) = first {
            self.differ(path, format!("has other elements, first at {place:?}"));
        }
        (self.on)(Event::Bytes(a.raw().unwrap_or(0), 0));
        Ok(())
    }

    /// Where elements with pointers differ first, by rows.
    fn values(&self, a: &Source, b: &Source) -> Result<Option<Vec<u64>>> {
        let dims = a.extent.dims();
        let rows = dims.first().copied().unwrap_or(1);
        let row = dims.iter().skip(1).product::<u64>() * a.size;
        let step = ((1 << 20) / row.max(1)).max(1);
        let mut start = 0;
        while start < rows {
            let n = step.min(rows - start);
            let of_a = Values::of_dataset(&a.handle, start, n)?
                .meaning(&self.a.file, &mut |t| self.a.name_of(t))?;
            let of_b = Values::of_dataset(&b.handle, start, n)?
                .meaning(&self.b.file, &mut |t| self.b.name_of(t))?;
            if of_a != of_b {
                return Ok(Some(vec![start]));
            }
            start += n;
        }
        Ok(None)
    }

    /// Where elements differ first. Chunks of both files are decoded by the workers.
    fn elements(
        &self,
        flow: &mut Flow<'_, Job, Result<Done>>,
        a: &Source,
        b: &Source,
    ) -> Result<Option<Vec<u64>>> {
        // The chunks of the file that takes longer to decode.
        let is_coded = |s: &Source| s.filters.iter().any(|f| f.id == crate::codec::ID);
        let shape = match (&b.chunk, &a.chunk) {
            (Some(shape), _) if is_coded(b) => shape.clone(),
            (_, Some(shape)) => shape.clone(),
            (Some(shape), None) => shape.clone(),
            (None, None) => a.chunk_for(&Chunking::Auto),
        };
        let (of_a, of_b) = (
            ChunkReader::new(a, shape.clone())?,
            ChunkReader::new(b, shape.clone())?,
        );
        let mut pending: VecDeque<Vec<u64>> = VecDeque::new();
        let mut first = None;
        let mut take = |flow: &mut Flow<'_, Job, Result<Done>>,
                        pending: &mut VecDeque<Vec<u64>>|
         -> Result<()> {
            let (Some(start), Some(x), Some(y)) = (pending.pop_front(), flow.pop()?, flow.pop()?)
            else {
                return Ok(());
            };
            let place = |e: Error| Error::new(format!("chunk at {start:?}: {e}"));
            let (x, y) = (x.map_err(place)?, y.map_err(place)?);
            let size = usize::try_from(a.size).unwrap_or(usize::MAX);
            if first.is_none() {
                let inside = of_a.count(&start);
                let found = first_difference(&x.bytes, &y.bytes, &inside, &shape, size);
                first = found.map(|at| at.iter().zip(&start).map(|(i, s)| i + s).collect());
            }
            Ok(())
        };
        for start in of_a.grid() {
            while flow.is_full() {
                take(flow, &mut pending)?;
            }
            flow.push(of_a.job(&start, None, 1)?, of_a.raw_len())?;
            flow.push(of_b.job(&start, None, 1)?, of_b.raw_len())?;
            pending.push_back(start);
        }
        while !pending.is_empty() {
            take(flow, &mut pending)?;
        }
        Ok(first)
    }
}
