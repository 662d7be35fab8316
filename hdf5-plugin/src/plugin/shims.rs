//! The functions whose addresses libhdf5 gets: each passes on its arguments and, as one more, the
//! address that its call returns to, which lies in the calling library. A function written in Rust
//! cannot know that address.

use std::ffi::{c_int, c_uint, c_void};

use super::abi::{Herr, Hid};
use super::filter::on_filter;
use super::set_local::on_set_local;

#[cfg(target_arch = "x86_64")]
mod shim {
    use super::*;

    /// `set_local`: three arguments and the address as the fourth.
    #[unsafe(naked)]
    pub(in crate::plugin) unsafe extern "C" fn set_local(_: Hid, _: Hid, _: Hid) -> Herr {
        std::arch::naked_asm!("mov rcx, [rsp]", "jmp {}", sym on_set_local)
    }

    /// `filter`: six arguments in registers and the address as the seventh, on the stack, which is
    /// aligned with it.
    #[unsafe(naked)]
    pub(in crate::plugin) unsafe extern "C" fn filter(
        _: c_uint,
        _: usize,
        _: *const c_uint,
        _: usize,
        _: *mut usize,
        _: *mut *mut c_void,
    ) -> usize {
        std::arch::naked_asm!("push [rsp]", "call {}", "add rsp, 8", "ret", sym on_filter)
    }
}

#[cfg(target_arch = "aarch64")]
mod shim {
    use super::*;

    /// `set_local`: three arguments and the address as the fourth.
    #[unsafe(naked)]
    pub(in crate::plugin) unsafe extern "C" fn set_local(_: Hid, _: Hid, _: Hid) -> Herr {
        std::arch::naked_asm!("mov x3, x30", "b {}", sym on_set_local)
    }

    /// `filter`: six arguments and the address as the seventh.
    #[unsafe(naked)]
    pub(in crate::plugin) unsafe extern "C" fn filter(
        _: c_uint,
        _: usize,
        _: *const c_uint,
        _: usize,
        _: *mut usize,
        _: *mut *mut c_void,
    ) -> usize {
        std::arch::naked_asm!("mov x6, x30", "b {}", sym on_filter)
    }
}

/// Where no shim is written: the library is looked for among what the process has loaded for all.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod shim {
    use super::*;

    pub(in crate::plugin) unsafe extern "C" fn set_local(dcpl: Hid, of: Hid, space: Hid) -> Herr {
        // SAFETY: the caller's arguments, and an address that is allowed to be null.
        unsafe { on_set_local(dcpl, of, space, std::ptr::null()) }
    }

    pub(in crate::plugin) unsafe extern "C" fn filter(
        flags: c_uint,
        value_n: usize,
        values: *const c_uint,
        len: usize,
        size: *mut usize,
        buffer: *mut *mut c_void,
    ) -> usize {
        // SAFETY: the caller's arguments, and an address that is allowed to be null.
        unsafe { on_filter(flags, value_n, values, len, size, buffer, std::ptr::null()) }
    }
}

pub(super) use shim::{filter, set_local};

/// `can_apply`: always; whether the values make sense is `set_local`'s to say, because releases
/// ignore this answer for optional filters.
pub(super) unsafe extern "C" fn can_apply(_: Hid, _: Hid, _: Hid) -> c_int {
    1
}
