//! All objects of a file, each once, with the links of its groups.

use std::collections::HashMap;
use std::ffi::CString;

use catena_hdf5_calls::{
    Handle, Link, LinkKind, ObjectKind, Token, links, object_info, open_object,
};

use crate::error::{At, Error, Result};

/// An object, under the first name that it was found by.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its path, for messages.
    pub(crate) path: String,
    /// Its path, for the library.
    pub(crate) name: CString,
    pub(crate) kind: ObjectKind,
    /// A group's links, in their order, and the objects that hard ones lead to.
    pub(crate) links: Vec<(Link, Option<usize>)>,
}

/// The objects that can be reached from a file's root group, the root group first.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) objects: Vec<Object>,
    pub(crate) by_token: HashMap<Token, usize>,
}

impl Tree {
    /// Walks through a file.
    ///
    /// # Errors
    /// Damaged groups, with their path.
    pub(crate) fn read(file: &Handle) -> Result<Self> {
        let mut tree = Tree::default();
        let root = CString::from(c"/");
        tree.add(&open_object(file, &root)?, root)?;
        // Objects are appended while this goes on: breadth first, and a group that leads back to
        // itself is met once.
        let mut at = 0;
        while at < tree.objects.len() {
            if tree.objects[at].kind == ObjectKind::Group {
                tree.objects[at].links = tree.follow(file, at)?;
            }
            at += 1;
        }
        Ok(tree)
    }

    fn follow(&mut self, file: &Handle, at: usize) -> Result<Vec<(Link, Option<usize>)>> {
        let (path, name) = (self.objects[at].path.clone(), self.objects[at].name.clone());
        let group = open_object(file, &name).at(&path)?;
        let mut out = Vec::new();
        for link in links(&group).at(&path)? {
            let object = match link.kind {
                LinkKind::Hard => {
                    let mut full = name.clone().into_bytes();
                    if full != b"/" {
                        full.push(b'/');
                    }
                    full.extend_from_slice(link.name.to_bytes());
                    let full =
                        CString::new(full).map_err(|_| Error::new("a zero byte in a name"))?;
                    let shown = full.to_string_lossy().into_owned();
                    let object = open_object(&group, &link.name).at(&shown)?;
                    Some(self.add(&object, full)?)
                }
                LinkKind::Soft(_) | LinkKind::Other(..) => None,
            };
            out.push((link, object));
        }
        Ok(out)
    }

    fn add(&mut self, object: &Handle, name: CString) -> Result<usize> {
        let path = name.to_string_lossy().into_owned();
        let info = object_info(object).at(&path)?;
        if let Some(&known) = self.by_token.get(&info.token) {
            return Ok(known);
        }
        let at = self.objects.len();
        self.by_token.insert(info.token, at);
        self.objects.push(Object {
            path,
            name,
            kind: info.kind,
            links: Vec::new(),
        });
        Ok(at)
    }

    /// The path of the object at this place, for a reference to it.
    pub(crate) fn name_at(&self, token: Token) -> Option<CString> {
        let at = *self.by_token.get(&token)?;
        Some(self.objects.get(at)?.name.clone())
    }
}
