//! Elements with pointers or references in them: read into memory, their references turned to
//! another file, written, and told apart.
//!
//! Invariant: a [`Values`] holds what the library put there, an element for each that the dataspace
//! selects; what it points to is the library's and goes back to it.

mod make;
mod node;
mod reference;

use std::ffi::CString;

use hdf5_metno_sys::h5a::{H5Aread, H5Awrite};
use hdf5_metno_sys::h5d::{H5Dread, H5Dwrite};
use hdf5_metno_sys::h5p::H5P_DEFAULT;
use hdf5_metno_sys::h5s::H5Sget_simple_extent_npoints;
use hdf5_metno_sys::h5t::H5Treclaim;

use crate::attribute::{attribute_space, attribute_type};
use crate::dataset::{dataset_space, dataset_type};
use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter};
use crate::space::{extent, select, selection, simple_space};
use crate::types::{copy_type, size};

pub use reference::{Target, old_reference};

use node::{Leaf, Node};
use reference::{new_remap, new_target, old_remap, old_target};

/// Elements in memory.
#[derive(Debug)]
pub struct Values {
    datatype: Handle,
    space: Handle,
    /// Aligned as the library's records need it.
    words: Vec<u64>,
    count: usize,
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

    /// Reads an attribute.
    ///
    /// # Errors
    /// Damaged; a type that the library does not know.
    pub fn of_attribute(attribute: &Handle) -> Result<Self> {
        let _lock = enter();
        let datatype = copy_type(&attribute_type(attribute)?)?;
        let mut values = Values::room(datatype, attribute_space(attribute)?)?;
        if values.count > 0 {
            // SAFETY: the buffer has room for all elements of the attribute's dataspace, of this
            // type.
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

    /// Reads `count` elements along the first axis of a dataset from `start` on, or all of it where
    /// it has no axes.
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

    /// Turns references to objects of the file `from` into references to what `path_of` says in the
    /// file `to`. What leads nowhere becomes null.
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

    /// All that the elements mean, as bytes: equal for equal values of equal types. References
    /// become what `name_of` says of their target.
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
        // SAFETY: what the buffer points to was allocated by the library in reading, and nothing
        // else has it.
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
