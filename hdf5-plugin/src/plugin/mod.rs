//! The shared library's side: what libhdf5 calls, and what is called of the libhdf5 that calls.
//!
//! Nothing is linked: the calling library is found by the address that a call returns to.
//! Invariants: no panic leaves a callback; buffers are allocated and freed by the calling library;
//! no HDF5 function is called from a thread that HDF5 did not call on.

mod abi;
mod filter;
mod host;
mod models;
mod pipeline;
mod recent;
mod report;
mod set_local;
mod shims;
mod walk;

use std::ffi::{c_int, c_void};

/// What kind of plugin this is: a filter.
#[unsafe(no_mangle)]
pub extern "C" fn H5PLget_plugin_type() -> c_int {
    abi::H5PL_TYPE_FILTER
}

/// Where the filter's class (`H5Z_class2_t`) lies, for hosts that register filters themselves
/// (`H5Zregister`). It is valid for the life of the process.
pub fn class_address() -> usize {
    (&raw const filter::CLASS.0).addr()
}

/// The filter's class.
#[unsafe(no_mangle)]
pub extern "C" fn H5PLget_plugin_info() -> *const c_void {
    (&raw const filter::CLASS.0).cast()
}
