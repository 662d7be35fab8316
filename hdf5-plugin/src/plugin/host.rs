//! The libhdf5 that called: found by the address that its call returns to, its functions looked up
//! there.
//!
//! A process may hold several (h5py, tables and netCDF4 bring one each), loaded privately: what
//! `dlsym` finds for all, if anything, may be another one, whose ids mean nothing to the caller.
//! Invariant: each library is looked up once and kept for the life of the process; a function that
//! it lacks is `None`.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::{Mutex, PoisonError};

use super::abi::{Herr, Hid};

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident: $symbol:literal fn($($arg:ty),*) $(-> $result:ty)?;)*) => {
        /// Functions of a libhdf5 that is loaded.
        #[derive(Clone, Copy, Debug)]
        pub(super) struct Library {
            handle: Handle,
            $($(#[$doc])* pub(super) $name: Option<unsafe extern "C" fn($($arg),*) $(-> $result)?>,)*
        }

        impl Library {
            /// Looks all functions up.
            fn new(handle: Handle) -> Self {
                Library {
                    handle,
                    $($name: {
                        let address = handle.symbol($symbol);
                        // SAFETY: the symbol is a function of libhdf5's interface, with this
                        // signature in every release from 1.10 to 2.2; a null pointer becomes
                        // `None`.
                        unsafe {
                            std::mem::transmute::<*mut c_void, Option<unsafe extern "C" fn($($arg),*) $(-> $result)?>>(address)
                        }
                    },)*
                }
            }
        }
    };
}

functions! {
    /// Size, whether to clear it.
    allocate: c"H5allocate_memory" fn(usize, bool) -> *mut c_void;
    free: c"H5free_memory" fn(*mut c_void) -> Herr;
    get_filter: c"H5Pget_filter_by_id2" fn(Hid, c_int, *mut c_uint, *mut usize, *mut c_uint, usize, *mut c_char, *mut c_uint) -> Herr;
    modify_filter: c"H5Pmodify_filter" fn(Hid, c_int, c_uint, usize, *const c_uint) -> Herr;
    filter_n: c"H5Pget_nfilters" fn(Hid) -> c_int;
    filter_at: c"H5Pget_filter2" fn(Hid, c_uint, *mut c_uint, *mut usize, *mut c_uint, usize, *mut c_char, *mut c_uint) -> c_int;
    get_chunk: c"H5Pget_chunk" fn(Hid, c_int, *mut u64) -> c_int;
    type_class: c"H5Tget_class" fn(Hid) -> c_int;
    type_size: c"H5Tget_size" fn(Hid) -> usize;
    type_order: c"H5Tget_order" fn(Hid) -> c_int;
    type_sign: c"H5Tget_sign" fn(Hid) -> c_int;
    type_super: c"H5Tget_super" fn(Hid) -> Hid;
    type_close: c"H5Tclose" fn(Hid) -> Herr;
    member_n: c"H5Tget_nmembers" fn(Hid) -> c_int;
    member_type: c"H5Tget_member_type" fn(Hid, c_uint) -> Hid;
    member_offset: c"H5Tget_member_offset" fn(Hid, c_uint) -> usize;
    object_ids: c"H5Fget_obj_ids" fn(Hid, c_uint, usize, *mut Hid) -> isize;
    link_exists: c"H5Lexists" fn(Hid, *const c_char, Hid) -> c_int;
    dataset_open: c"H5Dopen2" fn(Hid, *const c_char, Hid) -> Hid;
    dataset_space: c"H5Dget_space" fn(Hid) -> Hid;
    dataset_read: c"H5Dread" fn(Hid, Hid, Hid, Hid, Hid, *mut c_void) -> Herr;
    dataset_close: c"H5Dclose" fn(Hid) -> Herr;
    space_points: c"H5Sget_simple_extent_npoints" fn(Hid) -> i64;
    space_close: c"H5Sclose" fn(Hid) -> Herr;
    /// In newer releases only, as the two after it.
    errors_paused: c"H5Eis_paused" fn(Hid, *mut bool) -> Herr;
    errors_resume: c"H5Eresume_stack" fn(Hid) -> Herr;
    errors_pause: c"H5Epause_stack" fn(Hid) -> Herr;
    errors_take: c"H5Eget_current_stack" fn() -> Hid;
    errors_set: c"H5Eset_current_stack" fn(Hid) -> Herr;
}

/// A loaded object, as `dlopen` returns it.
#[derive(Clone, Copy, Debug)]
struct Handle(*mut c_void);

// SAFETY: a handle is never closed, and `dlsym` may be called with it from any thread.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    /// A symbol's address; null if there is none.
    fn symbol(self, name: &CStr) -> *mut c_void {
        // SAFETY: the handle is open, or RTLD_DEFAULT; the name ends with a zero.
        unsafe { libc::dlsym(self.0, name.as_ptr()) }
    }
}

/// Libraries that have called, by where they are mapped.
static KNOWN: Mutex<Vec<(usize, Library)>> = Mutex::new(Vec::new());

impl Library {
    /// The library that code at this address belongs to; what is loaded for all if that cannot be
    /// found.
    pub(super) fn calling(address: *const c_void) -> Library {
        let mut info = libc::Dl_info {
            dli_fname: std::ptr::null(),
            dli_fbase: std::ptr::null_mut(),
            dli_sname: std::ptr::null(),
            dli_saddr: std::ptr::null_mut(),
        };
        // SAFETY: `info` can be written; any address may be asked for.
        let found = unsafe { libc::dladdr(address, &mut info) } != 0;
        let base = if found { info.dli_fbase as usize } else { 0 };
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, library)) = known.iter().find(|(at, _)| *at == base) {
            return *library;
        }
        let mut handle = Handle(libc::RTLD_DEFAULT);
        if found && !info.dli_fname.is_null() {
            // SAFETY: the name is the loader's own; NOLOAD loads nothing, so no code runs.
            let opened =
                unsafe { libc::dlopen(info.dli_fname, libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
            if !opened.is_null() {
                handle = Handle(opened);
            }
        }
        let mut library = Library::new(handle);
        if library.get_filter.is_none() {
            // A program that is libhdf5 itself has no name that dlopen knows, or another object
            // called.
            library = Library::new(Handle(libc::RTLD_DEFAULT));
        }
        known.push((base, library));
        library
    }

    /// What a variable of the library that holds an id says; 0 if there is none.
    pub(super) fn id(&self, name: &CStr) -> Hid {
        let address = self.handle.symbol(name).cast::<Hid>();
        if address.is_null() {
            return 0;
        }
        // SAFETY: the symbol is a variable of type hid_t, which libhdf5 has set before it calls a
        // filter.
        unsafe { address.read() }
    }

    /// Whether an integer type is of two's complement.
    pub(super) fn is_signed(&self, of: Hid) -> bool {
        // SAFETY: the id is an integer type's; the function only reads it.
        self.type_sign.is_some_and(|sign| unsafe { sign(of) } == 1)
    }

    /// A function that takes more arguments than are known: `H5Epush2`.
    pub(super) fn symbol(&self, name: &CStr) -> *mut c_void {
        self.handle.symbol(name)
    }

    /// A buffer of `len` bytes that libhdf5 may free; null if there is no memory.
    pub(super) fn allocate(&self, len: usize) -> *mut c_void {
        // libhdf5 returns null for none.
        let len = len.max(1);
        match (self.allocate, self.free) {
            // SAFETY: both functions are the library's; any size may be asked for.
            (Some(allocate), Some(_)) => unsafe { allocate(len, false) },
            // SAFETY: any size may be asked for.
            _ => unsafe { libc::malloc(len) },
        }
    }

    /// Frees a buffer of the library's.
    ///
    /// # Safety
    /// `buffer` is null, or was allocated by this library, is not used any more and was not freed.
    pub(super) unsafe fn release(&self, buffer: *mut c_void) {
        match (self.allocate, self.free) {
            (Some(_), Some(free)) => {
                // SAFETY: the caller's promise.
                unsafe { free(buffer) };
            }
            // SAFETY: the caller's promise; without functions of its own the library uses the C
            // library's.
            _ => unsafe { libc::free(buffer) },
        }
    }
}
