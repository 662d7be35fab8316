//! A type as a tree, and the walk through an element along it.

use std::ffi::{CStr, c_char};

use hdf5_metno_sys::h5t::hvl_t;

use crate::error::Result;
use crate::handle::Handle;
use crate::types::{Class, array_dims, base_type, class, members, size};

/// A type as far as it matters where pointers are.
pub(super) enum Node {
    Plain(usize),
    Text,
    List(Box<Node>, usize),
    Array(usize, Box<Node>, usize),
    Members(Vec<(usize, Node)>),
    Object,
    Region,
    Reference,
}

impl Node {
    pub(super) fn new(datatype: &Handle) -> Result<Node> {
        Ok(match class(datatype)? {
            Class::VariableText => Node::Text,
            Class::Variable => {
                let of = base_type(datatype)?;
                Node::List(Box::new(Node::new(&of)?), size(&of))
            }
            Class::Array => {
                let of = base_type(datatype)?;
                let n = array_dims(datatype)?.iter().product::<u64>();
                Node::Array(n as usize, Box::new(Node::new(&of)?), size(&of))
            }
            Class::Compound => {
                let members = members(datatype)?.into_iter();
                let nodes = members.map(|(_, offset, of)| Ok((offset, Node::new(&of)?)));
                Node::Members(nodes.collect::<Result<_>>()?)
            }
            Class::ObjectReference => Node::Object,
            Class::RegionReference => Node::Region,
            Class::Reference => Node::Reference,
            _ => Node::Plain(size(datatype)),
        })
    }

    /// Whether there is nothing in elements that points to memory.
    pub(super) fn is_flat(&self) -> bool {
        match self {
            Node::Plain(_) | Node::Object | Node::Region => true,
            Node::Text | Node::List(..) | Node::Reference => false,
            Node::Array(_, of, _) => of.is_flat(),
            Node::Members(members) => members.iter().all(|(_, of)| of.is_flat()),
        }
    }

    /// Calls `visit` for all leaves of the element at `at`.
    ///
    /// # Safety
    /// `at` is an element of this type as the library put it there.
    pub(super) unsafe fn walk(
        &self,
        at: *mut u8,
        visit: &mut dyn FnMut(Leaf<'_>) -> Result<()>,
    ) -> Result<()> {
        // SAFETY: offsets within the element are the type's own; a list's length and pointer are
        // the library's.
        unsafe {
            match self {
                Node::Plain(size) => visit(Leaf::Plain(std::slice::from_raw_parts(at, *size))),
                Node::Text => {
                    let text = at.cast::<*const c_char>().read_unaligned();
                    let text = (!text.is_null()).then(|| CStr::from_ptr(text));
                    visit(Leaf::Text(text))
                }
                Node::List(of, size) => {
                    let list = at.cast::<hvl_t>().read_unaligned();
                    let n = if list.p.is_null() { 0 } else { list.len };
                    visit(Leaf::Length(n))?;
                    (0..n).try_for_each(|i| of.walk(list.p.cast::<u8>().add(i * size), visit))
                }
                Node::Array(n, of, size) => {
                    (0..*n).try_for_each(|i| of.walk(at.add(i * size), visit))
                }
                Node::Members(members) => members
                    .iter()
                    .try_for_each(|(offset, of)| of.walk(at.add(*offset), visit)),
                Node::Object => visit(Leaf::Object(at)),
                Node::Region => visit(Leaf::Region(at)),
                Node::Reference => visit(Leaf::Reference(at)),
            }
        }
    }
}

/// Where a walk through an element comes by.
pub(super) enum Leaf<'a> {
    Plain(&'a [u8]),
    Text(Option<&'a CStr>),
    Length(usize),
    Object(*mut u8),
    Region(*mut u8),
    Reference(*mut u8),
}
