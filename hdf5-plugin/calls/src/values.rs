//! Elements with pointers or references in them: read into memory, their references turned to another file, written, and told apart.
//!
//! Invariant: a [`Values`] holds what the library put there, an element for each that the dataspace selects; what it points to is the library's and
//! goes back to it.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use hdf5_metno_sys::h5::H5allocate_memory;
use hdf5_metno_sys::h5a::{H5Aread, H5Awrite};
use hdf5_metno_sys::h5d::{H5Dread, H5Dwrite};
use hdf5_metno_sys::h5p::H5P_DEFAULT;
use hdf5_metno_sys::h5r::{
    H5R_ATTR, H5R_DATASET_REGION1, H5R_DATASET_REGION2, H5R_OBJECT1, H5R_OBJECT2, H5R_ref_t,
    H5Rcreate, H5Rcreate_attr, H5Rcreate_object, H5Rcreate_region, H5Rdereference2, H5Rdestroy,
    H5Rget_attr_name, H5Rget_region, H5Rget_type, H5Ropen_object, H5Ropen_region,
};
use hdf5_metno_sys::h5s::H5Sget_simple_extent_npoints;
use hdf5_metno_sys::h5t::{H5Treclaim, hvl_t};

use crate::attribute::{attribute_space, attribute_type};
use crate::dataset::{dataset_space, dataset_type};
use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter};
use crate::object::{ObjectInfo, object_info};
use crate::space::{extent, select, selection, simple_space};
use crate::types::{Class, array_dims, base_type, class, copy_type, members, size};

/// What a reference leads to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The object.
    pub object: ObjectInfo,
    /// Part of it, if the reference says so.
    region: Option<Handle>,
    /// Its attribute, if the reference says so.
    attribute: Option<CString>,
}

/// Elements in memory.
#[derive(Debug)]
pub struct Values {
    datatype: Handle,
    space: Handle,
    /// Aligned as the library's records need it.
    words: Vec<u64>,
    count: usize,
}

/// A type as far as it matters where pointers are.
enum Node {
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
    fn new(datatype: &Handle) -> Result<Node> {
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
    fn is_flat(&self) -> bool {
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
    unsafe fn walk(
        &self,
        at: *mut u8,
        visit: &mut dyn FnMut(Leaf<'_>) -> Result<()>,
    ) -> Result<()> {
        // SAFETY: offsets within the element are the type's own; a list's length and pointer are the library's.
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

enum Leaf<'a> {
    Plain(&'a [u8]),
    Text(Option<&'a CStr>),
    Length(usize),
    Object(*mut u8),
    Region(*mut u8),
    Reference(*mut u8),
}

impl Values {
    fn room(datatype: Handle, space: Handle) -> Result<Self> {
        // SAFETY: an identifier that the library checks.
        let count = unsafe { H5Sget_simple_extent_npoints(space.id()) };
        let count =
            usize::try_from(count).map_err(|_| Error::last("H5Sget_simple_extent_npoints"))?;
        let absurd = || Error::own("H5Dread", "more elements than memory holds");
        let bytes = count.checked_mul(size(&datatype)).ok_or_else(absurd)?;
        let mut words = Vec::new();
        words
            .try_reserve_exact(bytes.div_ceil(8))
            .map_err(|_| absurd())?;
        words.resize(bytes.div_ceil(8), 0);
        Ok(Values {
            datatype,
            space,
            words,
            count,
        })
    }

    /// Texts of any length, as many as `space` has elements.
    ///
    /// # Errors
    /// Another number of texts.
    pub fn of_texts(texts: &[&CStr], space: &Handle) -> Result<Self> {
        let datatype = crate::types::make_string(None)?;
        let rows = texts.iter().map(|text| text.to_bytes_with_nul());
        Values::pointing(datatype, space, rows, |at, _, memory| {
            // SAFETY: the element is one pointer.
            unsafe { at.cast::<*mut c_void>().write(memory) };
        })
    }

    /// Lists of elements of the type `of`, which holds no pointers but may be a reference of the first kind; each list's bytes are in `rows`.
    ///
    /// # Errors
    /// Another number of lists than `space` has elements; bytes that are not whole elements.
    pub fn of_lists(of: &Handle, rows: &[Vec<u8>], space: &Handle) -> Result<Self> {
        let width = size(of).max(1);
        if rows.iter().any(|row| row.len() % width != 0) {
            return Err(Error::own("H5Tvlen_create", "not whole elements"));
        }
        let datatype = crate::types::make_vlen(of)?;
        let rows = rows.iter().map(Vec::as_slice);
        Values::pointing(datatype, space, rows, |at, len, p| {
            let len = len / width;
            // SAFETY: the element is one such record.
            unsafe { at.cast::<hvl_t>().write(hvl_t { len, p }) };
        })
    }

    /// Elements of a type without pointers, as bytes; references of the first kind may be among them.
    ///
    /// # Errors
    /// Another number of bytes than `space` has elements; a type with pointers.
    pub fn of_bytes(datatype: &Handle, bytes: &[u8], space: &Handle) -> Result<Self> {
        const CALL: &str = "H5Awrite";
        let mut values = Values::room(copy_type(datatype)?, space.clone())?;
        let pointers = !Node::new(datatype)?.is_flat();
        if pointers || values.count.checked_mul(size(datatype)) != Some(bytes.len()) {
            values.count = 0;
            return Err(Error::own(CALL, "not so many elements without pointers"));
        }
        let start = values.words.as_mut_ptr().cast::<u8>();
        // SAFETY: the buffer has room for all elements.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
        Ok(values)
    }

    fn pointing<'r>(
        datatype: Handle,
        space: &Handle,
        rows: impl ExactSizeIterator<Item = &'r [u8]>,
        put: impl Fn(*mut u8, usize, *mut c_void),
    ) -> Result<Self> {
        let _lock = enter();
        let mut values = Values::room(datatype, space.clone())?;
        if rows.len() != values.count {
            return Err(Error::own("H5Tvlen_create", "another number of elements"));
        }
        let width = size(&values.datatype);
        let start = values.words.as_mut_ptr().cast::<u8>();
        for (i, row) in rows.enumerate() {
            // SAFETY: the library's own memory, as large as what is copied there; the buffer has `count` elements, and is
            // zero where nothing was put yet, which reclaiming passes over.
            unsafe {
                let memory = H5allocate_memory(row.len().max(1), 0);
                if memory.is_null() {
                    return Err(Error::own("H5allocate_memory", "no memory"));
                }
                ptr::copy_nonoverlapping(row.as_ptr(), memory.cast(), row.len());
                put(start.add(i * width), row.len(), memory);
            }
        }
        Ok(values)
    }

    /// The type of the elements in memory.
    pub fn datatype(&self) -> &Handle {
        &self.datatype
    }

    /// References of the newer kind to these objects of a file.
    ///
    /// # Errors
    /// Another number than `space` has elements; nothing at a path.
    pub fn of_references(file: &Handle, paths: &[&CStr], space: &Handle) -> Result<Self> {
        let _lock = enter();
        let datatype = crate::types::standard(crate::types::Standard::Reference)?;
        let mut values = Values::room(datatype, space.clone())?;
        if paths.len() != values.count {
            return Err(Error::own("H5Rcreate_object", "another number of elements"));
        }
        let start = values.words.as_mut_ptr().cast::<H5R_ref_t>();
        for (i, path) in paths.iter().enumerate() {
            // SAFETY: the buffer has `count` references of 64 bytes.
            done("H5Rcreate_object", unsafe {
                H5Rcreate_object(file.id(), path.as_ptr(), H5P_DEFAULT, start.add(i))
            })?;
        }
        Ok(values)
    }

    /// Reads an attribute.
    ///
    /// # Errors
    /// Damaged; a type that the library does not know.
    pub fn of_attribute(attribute: &Handle) -> Result<Self> {
        let _lock = enter();
        let datatype = copy_type(&attribute_type(attribute)?)?;
        let mut values = Values::room(datatype, attribute_space(attribute)?)?;
        if values.count > 0 {
            // SAFETY: the buffer has room for all elements of the attribute's dataspace, of this type.
            let status = unsafe {
                H5Aread(
                    attribute.id(),
                    values.datatype.id(),
                    values.words.as_mut_ptr().cast(),
                )
            };
            done("H5Aread", status).inspect_err(|_| values.count = 0)?;
        }
        Ok(values)
    }

    /// Reads `count` elements along the first axis of a dataset from `start` on, or all of it where it has no axes.
    ///
    /// # Errors
    /// Damaged; missing filters.
    pub fn of_dataset(dataset: &Handle, start: u64, count: u64) -> Result<Self> {
        let _lock = enter();
        let datatype = copy_type(&dataset_type(dataset)?)?;
        let (memory, file) = part(dataset, start, count)?;
        let mut values = Values::room(datatype, memory)?;
        if values.count > 0 {
            // SAFETY: the buffer has room for all elements of the memory's dataspace, of this type.
            let status = unsafe {
                H5Dread(
                    dataset.id(),
                    values.datatype.id(),
                    values.space.id(),
                    file.id(),
                    H5P_DEFAULT,
                    values.words.as_mut_ptr().cast(),
                )
            };
            done("H5Dread", status).inspect_err(|_| values.count = 0)?;
        }
        Ok(values)
    }

    /// Writes an attribute of the same type and dataspace.
    ///
    /// # Errors
    /// Another number of elements; of writing.
    pub fn to_attribute(&self, attribute: &Handle) -> Result<()> {
        let _lock = enter();
        let space = attribute_space(attribute)?;
        if extent(&space)?.count() != Some(self.count as u64) {
            return Err(Error::own("H5Awrite", "another number of elements"));
        }
        if self.count == 0 {
            return Ok(());
        }
        // SAFETY: the buffer has all elements of the attribute's dataspace, of this type.
        done("H5Awrite", unsafe {
            H5Awrite(
                attribute.id(),
                self.datatype.id(),
                self.words.as_ptr().cast(),
            )
        })
    }

    /// Writes what was read from `start` on.
    ///
    /// # Errors
    /// Another number of elements; of writing.
    pub fn to_dataset(&self, dataset: &Handle, start: u64, count: u64) -> Result<()> {
        let _lock = enter();
        let (memory, file) = part(dataset, start, count)?;
        if extent(&memory)?.count() != Some(self.count as u64) {
            return Err(Error::own("H5Dwrite", "another number of elements"));
        }
        if self.count == 0 {
            return Ok(());
        }
        // SAFETY: the buffer has all elements of the memory's dataspace, of this type.
        done("H5Dwrite", unsafe {
            H5Dwrite(
                dataset.id(),
                self.datatype.id(),
                memory.id(),
                file.id(),
                H5P_DEFAULT,
                self.words.as_ptr().cast(),
            )
        })
    }

    /// Turns references to objects of the file `from` into references to what `path_of` says in the file `to`. What leads nowhere becomes null.
    ///
    /// # Errors
    /// Of `path_of`; of the library.
    pub fn remap(
        &mut self,
        from: &Handle,
        to: &Handle,
        path_of: &mut dyn FnMut(&Target) -> Option<CString>,
    ) -> Result<()> {
        let _lock = enter();
        let mut turn = |leaf: Leaf<'_>| {
            // SAFETY: each pointer is a reference of its kind in the buffer.
            unsafe {
                match leaf {
                    Leaf::Object(at) => old_remap(at, 8, from, to, path_of),
                    Leaf::Region(at) => old_remap(at, 12, from, to, path_of),
                    Leaf::Reference(at) => new_remap(at, to, path_of),
                    Leaf::Plain(_) | Leaf::Text(_) | Leaf::Length(_) => Ok(()),
                }
            }
        };
        self.each(&mut turn)
    }

    /// All that the elements mean, as bytes: equal for equal values of equal types. References become what `name_of` says of their target.
    ///
    /// # Errors
    /// Of the library.
    pub fn meaning(
        &mut self,
        file: &Handle,
        name_of: &mut dyn FnMut(&Target) -> String,
    ) -> Result<Vec<u8>> {
        let _lock = enter();
        let mut out = Vec::new();
        let mut tell = |leaf: Leaf<'_>| {
            let target = match leaf {
                Leaf::Plain(bytes) => {
                    out.extend_from_slice(bytes);
                    return Ok(());
                }
                Leaf::Text(text) => {
                    // A null pointer and empty text are the same in a file.
                    out.extend_from_slice(text.unwrap_or_default().to_bytes_with_nul());
                    return Ok(());
                }
                Leaf::Length(n) => {
                    out.extend_from_slice(&(n as u64).to_le_bytes());
                    return Ok(());
                }
                // SAFETY: each pointer is a reference of its kind in the buffer.
                Leaf::Object(at) => unsafe { old_target(at, 8, file) },
                // SAFETY: as above.
                Leaf::Region(at) => unsafe { old_target(at, 12, file) },
                // SAFETY: as above.
                Leaf::Reference(at) => unsafe { new_target(at) },
            };
            match target {
                None => out.extend_from_slice(b"null\0"),
                Some(target) => {
                    out.extend_from_slice(name_of(&target).as_bytes());
                    out.push(0);
                    if let Some(region) = &target.region {
                        out.extend_from_slice(&selection(region)?);
                    }
                    if let Some(attribute) = &target.attribute {
                        out.extend_from_slice(attribute.to_bytes_with_nul());
                    }
                }
            }
            Ok(())
        };
        self.each(&mut tell)?;
        Ok(out)
    }

    fn each(&mut self, visit: &mut dyn FnMut(Leaf<'_>) -> Result<()>) -> Result<()> {
        let node = Node::new(&self.datatype)?;
        let size = size(&self.datatype);
        let start = self.words.as_mut_ptr().cast::<u8>();
        for i in 0..self.count {
            // SAFETY: the buffer has `count` elements of this type.
            unsafe { node.walk(start.add(i * size), visit)? };
        }
        Ok(())
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        if self.count == 0 {
            return;
        }
        let _lock = enter();
        // SAFETY: what the buffer points to was allocated by the library in reading, and nothing else has it.
        unsafe {
            H5Treclaim(
                self.datatype.id(),
                self.space.id(),
                H5P_DEFAULT,
                self.words.as_mut_ptr().cast(),
            );
        }
    }
}

/// A reference of the first kind as bytes: eight to an object, twelve to the selection of `region` in it.
///
/// # Errors
/// Nothing at the path.
pub fn old_reference(file: &Handle, path: &CStr, region: Option<&Handle>) -> Result<Vec<u8>> {
    let (kind, space, len) = match region {
        None => (H5R_OBJECT1, -1, 8),
        Some(region) => (H5R_DATASET_REGION1, region.id(), 12),
    };
    let mut bytes = vec![0u8; len];
    let _lock = enter();
    // SAFETY: a reference of this kind is written, which has as many bytes.
    done("H5Rcreate", unsafe {
        H5Rcreate(
            bytes.as_mut_ptr().cast(),
            file.id(),
            path.as_ptr(),
            kind,
            space,
        )
    })?;
    Ok(bytes)
}

/// The dataspaces in memory and in the file of `count` elements along the first axis.
fn part(dataset: &Handle, start: u64, count: u64) -> Result<(Handle, Handle)> {
    let file = dataset_space(dataset)?;
    let dims = extent(&file)?.dims().to_vec();
    if dims.is_empty() {
        return Ok((file.clone(), file));
    }
    let mut box_dims = dims;
    let mut from = vec![0; box_dims.len()];
    (box_dims[0], from[0]) = (count, start);
    let memory = simple_space(&box_dims, None)?;
    select(&file, &from, &box_dims)?;
    Ok((memory, file))
}

/// # Safety
/// `at` is an old reference of `size` bytes: 8 to an object, 12 to a region.
unsafe fn old_target(at: *mut u8, size: usize, file: &Handle) -> Option<Target> {
    // SAFETY: the caller's promise.
    if unsafe { std::slice::from_raw_parts(at, size) }
        .iter()
        .all(|&b| b == 0)
    {
        return None;
    }
    let kind = match size {
        8 => H5R_OBJECT1,
        _ => H5R_DATASET_REGION1,
    };
    // SAFETY: a reference of this kind. One that leads nowhere is an error.
    let object = unsafe { H5Rdereference2(file.id(), H5P_DEFAULT, kind, at.cast::<c_void>()) };
    let object = Handle::new("H5Rdereference2", object).ok()?;
    let region = match size {
        8 => None,
        // SAFETY: a reference of this kind.
        _ => Some(unsafe { H5Rget_region(file.id(), kind, at.cast::<c_void>()) }),
    };
    let region = region.map(|id| Handle::new("H5Rget_region", id));
    Some(Target {
        object: object_info(&object).ok()?,
        region: region.transpose().ok()?,
        attribute: None,
    })
}

/// # Safety
/// As [`old_target`].
unsafe fn old_remap(
    at: *mut u8,
    size: usize,
    from: &Handle,
    to: &Handle,
    path_of: &mut dyn FnMut(&Target) -> Option<CString>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let target = unsafe { old_target(at, size, from) };
    let path = target.as_ref().and_then(&mut *path_of);
    // SAFETY: the caller's promise.
    unsafe { ptr::write_bytes(at, 0, size) };
    let (Some(target), Some(path)) = (target, path) else {
        return Ok(());
    };
    let (kind, space) = match &target.region {
        None => (H5R_OBJECT1, -1),
        Some(region) => (H5R_DATASET_REGION1, region.id()),
    };
    // SAFETY: a reference of this kind is written, of as many bytes as the caller promised.
    done("H5Rcreate", unsafe {
        H5Rcreate(at.cast(), to.id(), path.as_ptr(), kind, space)
    })
}

/// # Safety
/// `at` is a reference of the newer kind.
unsafe fn new_target(at: *mut u8) -> Option<Target> {
    let at = at.cast_const().cast::<H5R_ref_t>();
    // SAFETY: the caller's promise; references are 64 bytes, and all calls take them by pointer.
    unsafe {
        let kind = H5Rget_type(at);
        if !matches!(kind, H5R_OBJECT2 | H5R_DATASET_REGION2 | H5R_ATTR) {
            return None;
        }
        let object = H5Ropen_object(at, H5P_DEFAULT, H5P_DEFAULT);
        let object = Handle::new("H5Ropen_object", object).ok()?;
        let region = (kind == H5R_DATASET_REGION2).then(|| {
            Handle::new(
                "H5Ropen_region",
                H5Ropen_region(at, H5P_DEFAULT, H5P_DEFAULT),
            )
        });
        let attribute = if kind == H5R_ATTR {
            let len = usize::try_from(H5Rget_attr_name(at, ptr::null_mut(), 0)).ok()?;
            let mut name = vec![0u8; len + 1];
            if H5Rget_attr_name(at, name.as_mut_ptr().cast(), name.len()) < 0 {
                return None;
            }
            Some(CStr::from_bytes_until_nul(&name).ok()?.to_owned())
        } else {
            None
        };
        Some(Target {
            object: object_info(&object).ok()?,
            region: region.transpose().ok()?,
            attribute,
        })
    }
}

/// # Safety
/// `at` is a reference of the newer kind.
unsafe fn new_remap(
    at: *mut u8,
    to: &Handle,
    path_of: &mut dyn FnMut(&Target) -> Option<CString>,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let Some(target) = (unsafe { new_target(at) }) else {
        return Ok(());
    };
    let Some(path) = path_of(&target) else {
        return Ok(());
    };
    let mut made = H5R_ref_t::default();
    // SAFETY: one reference is written; then it takes the place of the old one, whose memory is given back.
    unsafe {
        let (to, path): (_, *const c_char) = (to.id(), path.as_ptr());
        let status: c_int = match (&target.region, &target.attribute) {
            (Some(region), _) => H5Rcreate_region(to, path, region.id(), H5P_DEFAULT, &mut made),
            (None, Some(name)) => H5Rcreate_attr(to, path, name.as_ptr(), H5P_DEFAULT, &mut made),
            (None, None) => H5Rcreate_object(to, path, H5P_DEFAULT, &mut made),
        };
        done("H5Rcreate_object", status)?;
        H5Rdestroy(at.cast());
        ptr::copy_nonoverlapping(&made, at.cast::<H5R_ref_t>(), 1);
    }
    Ok(())
}
