//! Everything but chunks: groups, committed types, links, attributes, references, and datasets that
//! stay as they are.
//!
//! Objects are made without names first, then named in the order of their groups, then given their
//! attributes: by then all that a reference can lead to has its place.

use std::collections::HashMap;

use catena_hdf5_calls::{
    self as calls, CString, Handle, LinkKind, ObjectKind, Storage, Target, Token, Values,
    attribute_names, attribute_plist, attribute_space, attribute_type, chunks, comment,
    commit_type, copy_object, copy_type, create_attribute, create_dataset, create_group,
    dataset_plist, dataset_space, delete_link, group_plist, has_references, is_committed,
    link_object, make_link, object_info, open_attribute, open_object, open_token, read_chunk,
    set_comment, type_plist, write_chunk,
};

use crate::error::{At, Error, Result};
use crate::plan::Source;
use crate::tree::Tree;

/// Bytes of elements in memory at once.
const SLAB: u64 = 1 << 22;

/// A file that is becoming a copy of another.
pub(crate) struct Copier<'a> {
    pub(crate) from: &'a Handle,
    pub(crate) to: &'a Handle,
    pub(crate) tree: &'a Tree,
    /// What was made so far, by its place in the tree.
    made: HashMap<usize, Handle>,
    /// Committed types without a name.
    unnamed: HashMap<Token, Handle>,
    /// Datasets whose elements are to be written when all references can be made.
    deferred: Vec<(Source, Handle)>,
    /// Objects that are left out.
    left_out: Vec<bool>,
}

impl<'a> Copier<'a> {
    /// Makes groups and committed types. `left_out` says which objects are not to be copied.
    ///
    /// # Errors
    /// Of the library, with the object's path.
    pub(crate) fn new(
        from: &'a Handle,
        to: &'a Handle,
        tree: &'a Tree,
        left_out: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let left_out: Vec<bool> = tree.objects.iter().map(|o| left_out(&o.path)).collect();
        let mut copier = Copier {
            from,
            to,
            tree,
            made: HashMap::new(),
            unnamed: HashMap::new(),
            deferred: Vec::new(),
            left_out,
        };
        copier.made.insert(0, open_object(to, c"/")?);
        for (at, object) in tree.objects.iter().enumerate().skip(1) {
            if copier.left_out[at] {
                continue;
            }
            let made = match object.kind {
                ObjectKind::Group => {
                    let group = open_object(from, &object.name).at(&object.path)?;
                    let gcpl = group_plist(&group).at(&object.path)?;
                    create_group(to, &gcpl).at(&object.path)?
                }
                ObjectKind::Type => {
                    let datatype = open_object(from, &object.name).at(&object.path)?;
                    commit(to, &datatype).at(&object.path)?
                }
                ObjectKind::Dataset => continue,
                ObjectKind::Other => {
                    return Err(Error::new("is an object of an unknown kind").at(&object.path));
                }
            };
            copier.made.insert(at, made);
        }
        Ok(copier)
    }

    /// Whether the object at this place is not to be copied.
    pub(crate) fn is_left_out(&self, at: usize) -> bool {
        self.left_out.get(at).copied().unwrap_or(false)
    }

    /// The type for the new file: its own object, if the old one is an object.
    pub(crate) fn type_for(&mut self, datatype: &Handle) -> Result<Handle> {
        if !is_committed(datatype)? {
            return Ok(datatype.clone());
        }
        let token = object_info(datatype)?.token;
        let known = self.tree.by_token.get(&token);
        if let Some(made) = known.and_then(|at| self.made.get(at)) {
            return Ok(made.clone());
        }
        if let Some(made) = self.unnamed.get(&token) {
            return Ok(made.clone());
        }
        let made = commit(self.to, datatype)?;
        self.unnamed.insert(token, made.clone());
        Ok(made)
    }

    /// The dataset at this place was made.
    pub(crate) fn put(&mut self, at: usize, made: Handle) {
        self.made.insert(at, made);
    }

    /// Copies a dataset as it is.
    pub(crate) fn keep(&mut self, at: usize, source: Source) -> Result<()> {
        let references = has_references(&source.datatype)?;
        // Not what can be made anew: the library's copy of a filter's message that has no name is
        // cut short if the filter has one here.
        let anew =
            source.storage == Storage::Chunked && !source.pointers && source.missing().is_none();
        if !references && !anew && !is_committed(&source.datatype)? {
            // The library copies elements as they are stored, behind whatever filters.
            let name = c".catena-unfinished";
            let root = open_object(self.to, c"/")?;
            copy_object(self.from, &self.tree.objects[at].name, &root, name)?;
            let made = open_object(&root, name)?;
            delete_link(&root, name)?;
            self.put(at, made);
            return Ok(());
        }
        if let Some(missing) = source.missing() {
            return Err(missing_filter(missing));
        }
        let datatype = self.type_for(&source.datatype)?;
        let space = dataset_space(&source.handle)?;
        let made = create_dataset(self.to, &datatype, &space, &source.dcpl)?;
        self.put(at, made.clone());
        if source.external || source.storage == Storage::Virtual || source.extent.count() == Some(0)
        {
            return Ok(());
        }
        if source.storage != Storage::Compact && source.stored() == 0 {
            return Ok(());
        }
        if references {
            self.deferred.push((source, made));
        } else if source.pointers {
            self.elements(&source, &made)?;
        } else if source.storage == Storage::Chunked {
            for chunk in chunks(&source.handle)? {
                if let Some((mask, bytes)) = read_chunk(&source.handle, &chunk.start)? {
                    write_chunk(&made, &chunk.start, mask, &bytes)?;
                }
            }
        } else {
            self.elements(&source, &made)?;
        }
        Ok(())
    }

    /// Copies elements some at a time, their references turned.
    fn elements(&self, source: &Source, made: &Handle) -> Result<()> {
        let dims = source.extent.dims();
        let rows = dims.first().copied().unwrap_or(1);
        let row = dims
            .iter()
            .skip(1)
            .product::<u64>()
            .saturating_mul(source.size);
        let step = (SLAB / row.max(1)).max(1);
        let mut start = 0;
        while start < rows {
            let n = step.min(rows - start);
            let mut values = Values::of_dataset(&source.handle, start, n)?;
            values.remap(self.from, self.to, &mut |target| self.path_of(target))?;
            values.to_dataset(made, start, n)?;
            start += n;
        }
        Ok(())
    }

    fn path_of(&self, target: &Target) -> Option<CString> {
        let at = *self.tree.by_token.get(&target.object.token)?;
        (!self.is_left_out(at)).then(|| self.tree.objects[at].name.clone())
    }

    /// Names all objects, then copies attributes and what waited for them.
    ///
    /// # Errors
    /// Of the library, with the object's path.
    pub(crate) fn finish(mut self) -> Result<()> {
        for (at, object) in self.tree.objects.iter().enumerate() {
            let Some(group) = self.made.get(&at) else {
                continue;
            };
            for (link, to) in &object.links {
                let done = match (&link.kind, to) {
                    (LinkKind::Hard, Some(to)) if self.is_left_out(*to) => Ok(()),
                    (LinkKind::Hard, Some(to)) => match self.made.get(to) {
                        Some(made) => link_object(made, group, &link.name, link.utf8),
                        None => continue,
                    },
                    _ => make_link(group, link),
                };
                done.at(&object.path)?;
            }
        }
        for (source, made) in std::mem::take(&mut self.deferred) {
            self.elements(&source, &made).at(&source.path)?;
        }
        for at in 0..self.tree.objects.len() {
            if let Some(made) = self.made.get(&at).cloned() {
                let path = self.tree.objects[at].path.clone();
                self.attributes(at, &made).at(&path)?;
            }
        }
        Ok(())
    }

    fn attributes(&mut self, at: usize, made: &Handle) -> Result<()> {
        let object = &self.tree.objects[at];
        let old = open_object(self.from, &object.name)?;
        if let Some(text) = comment(&old)? {
            set_comment(made, &text)?;
        }
        for name in attribute_names(&old, &plist(&old, object.kind)?)? {
            let attribute = open_attribute(&old, &name)?;
            let shown =
                |e: calls::Error| Error::new(format!("attribute {}: {e}", name.to_string_lossy()));
            let datatype = self.type_for(&attribute_type(&attribute)?)?;
            let space = attribute_space(&attribute)?;
            let acpl = attribute_plist(&attribute)?;
            let new =
                create_attribute(made, &name, &datatype, &space, Some(&acpl)).map_err(shown)?;
            let mut values = Values::of_attribute(&attribute).map_err(shown)?;
            values
                .remap(self.from, self.to, &mut |target| self.path_of(target))
                .map_err(shown)?;
            values.to_attribute(&new).map_err(shown)?;
        }
        Ok(())
    }
}

/// An object's creation properties.
pub(crate) fn plist(object: &Handle, kind: ObjectKind) -> Result<Handle> {
    Ok(match kind {
        ObjectKind::Group => group_plist(object)?,
        ObjectKind::Dataset => dataset_plist(object)?,
        ObjectKind::Type | ObjectKind::Other => type_plist(object)?,
    })
}

fn commit(to: &Handle, datatype: &Handle) -> Result<Handle> {
    let copy = copy_type(datatype)?;
    commit_type(to, &copy, &type_plist(datatype)?)?;
    Ok(open_token(to, object_info(&copy)?.token)?)
}

/// A dataset cannot be read here.
pub(crate) fn missing_filter(filter: &calls::Filter) -> Error {
    let name = match filter.name.as_str() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    Error::new(format!(
        "needs filter {}{name}, which is not here; HDF5_PLUGIN_PATH says where plugins are",
        filter.id
    ))
}
