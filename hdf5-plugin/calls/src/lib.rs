//! The calls of the HDF5 library (built from source, linked statically) that Catena's file tool
//! needs, as safe functions.
//!
//! The kept wrapper crates have no chunk reads and writes and know types only as far as Rust can
//! express them; a tool that copies whatever is in a file needs neither. So this is a thin layer
//! over `hdf5-metno-sys`, and the only place beside the plugin and the codec's kernels with
//! `unsafe`.
//!
//! What makes it safe, stated once: every call runs under the lock of the -sys crate, for the
//! library is built without threads. Identifiers are [`Handle`]s, and the library checks each of
//! them (of a wrong class or closed: an error, never undefined behaviour). Names are NUL-terminated
//! [`CStr`]s. Where the library writes through a pointer, the buffer was sized from what the
//! library itself says of type, space or chunk, in the same function.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod attribute;
mod chunk;
mod dataset;
mod error;
mod file;
mod filter;
mod handle;
mod link;
mod object;
mod plist;
mod small;
mod space;
mod types;
mod values;

pub use attribute::{
    attribute_names, attribute_plist, attribute_space, attribute_type, create_attribute,
    open_attribute,
};
pub use chunk::{StoredChunk, chunks, read_chunk, write_chunk};
pub use dataset::{
    create_dataset, dataset_plist, dataset_space, dataset_type, read_block, storage_size,
    write_block,
};
pub use error::{Error, Result};
pub use file::{
    close, create_file, file_plist, file_size, is_hdf5, open_file, open_file_to_change,
    superblock_version, userblock,
};
pub use filter::{Code, Direction, register_filter};
pub use handle::Handle;
pub use link::{Link, LinkKind, delete_link, link_object, links, make_link};
pub use object::{
    ObjectInfo, ObjectKind, Token, comment, commit_type, copy_group_properties, copy_object,
    create_group, group_plist, object_info, open_object, open_token, set_comment, type_plist,
};
pub use plist::{
    Filter, Storage, chunk_shape, clear_filters, copy_plist, dataset_create_plist, external_count,
    fill_value, filters, filters_everywhere, has_bare_edges, set_bare_edges, set_chunk_shape,
    set_deflate, set_fill_value, set_filter, set_incremental, set_shuffle, storage,
};
pub use small::{leave_out_times, make_utf8, set_compact, small_file_plist, small_group_plist};
pub use space::{Extent, extent, other_space, select_box, selection, simple_space};
pub use std::ffi::{CStr, CString};
pub use types::{
    Class, Standard, array_dims, base_type, class, copy_type, equal_types, fixed_array_type,
    has_pointers, has_references, is_big_endian, is_committed, is_signed, make_compound, make_enum,
    make_opaque, make_string, make_vlen, members, size, standard,
};
pub use values::{Target, Values, old_reference};
