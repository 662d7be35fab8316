//! Types: what an element is.

use std::ffi::{CStr, CString, c_uint};

use hdf5_metno_sys::h5::H5free_memory;
use hdf5_metno_sys::h5i::hid_t;
use hdf5_metno_sys::h5t::{
    H5T_C_S1, H5T_COMPOUND, H5T_IEEE_F32BE, H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_IEEE_F64LE,
    H5T_OPAQUE, H5T_ORDER_BE, H5T_SGN_2, H5T_STD_B8LE, H5T_STD_I8LE, H5T_STD_I16BE, H5T_STD_I16LE,
    H5T_STD_I32LE, H5T_STD_I64LE, H5T_STD_REF, H5T_STD_REF_DSETREG, H5T_STD_REF_OBJ, H5T_STD_U8LE,
    H5T_STD_U16LE, H5T_STD_U32LE, H5T_STD_U64LE, H5T_VARIABLE, H5T_class_t, H5Tarray_create2,
    H5Tcommitted, H5Tcopy, H5Tcreate, H5Tdetect_class, H5Tenum_create, H5Tenum_insert, H5Tequal,
    H5Tget_array_dims2, H5Tget_array_ndims, H5Tget_class, H5Tget_member_name, H5Tget_member_offset,
    H5Tget_member_type, H5Tget_nmembers, H5Tget_order, H5Tget_sign, H5Tget_size, H5Tget_super,
    H5Tinsert, H5Tis_variable_str, H5Tset_size, H5Tset_tag, H5Tvlen_create,
};

use crate::error::{Error, Result};
use crate::handle::{Handle, done, enter, truth};

/// What sort of type it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A whole number.
    Integer,
    /// A floating-point number.
    Float,
    /// A time, of old files.
    Time,
    /// Text of fixed length.
    Text,
    /// Text of any length, behind a pointer.
    VariableText,
    /// Bits.
    Bits,
    /// Bytes with a tag.
    Opaque,
    /// Members.
    Compound,
    /// A reference of the first kind to an object: its address.
    ObjectReference,
    /// A reference of the first kind to part of a dataset.
    RegionReference,
    /// A reference of the newer kind.
    Reference,
    /// Names for numbers.
    Enum,
    /// A list of any length, behind a pointer.
    Variable,
    /// A fixed number of elements.
    Array,
    /// Something newer.
    Other,
}

/// The class of a type.
///
/// # Errors
/// Not a type.
pub fn class(datatype: &Handle) -> Result<Class> {
    let _lock = enter();
    let id = datatype.id();
    // SAFETY: an identifier that the library checks; it answers with one of its own constants.
    let class = unsafe { H5Tget_class(id) };
    Ok(match class {
        H5T_class_t::H5T_NO_CLASS => return Err(Error::last("H5Tget_class")),
        H5T_class_t::H5T_INTEGER => Class::Integer,
        H5T_class_t::H5T_FLOAT => Class::Float,
        H5T_class_t::H5T_TIME => Class::Time,
        H5T_class_t::H5T_STRING => {
            // SAFETY: an identifier that was found to be a type.
            match truth("H5Tis_variable_str", unsafe { H5Tis_variable_str(id) })? {
                true => Class::VariableText,
                false => Class::Text,
            }
        }
        H5T_class_t::H5T_BITFIELD => Class::Bits,
        H5T_class_t::H5T_OPAQUE => Class::Opaque,
        H5T_class_t::H5T_COMPOUND => Class::Compound,
        H5T_class_t::H5T_REFERENCE => {
            // SAFETY: identifiers of types.
            let is = |of: hid_t| truth("H5Tequal", unsafe { H5Tequal(id, of) });
            match () {
                () if is(*H5T_STD_REF_OBJ)? => Class::ObjectReference,
                () if is(*H5T_STD_REF_DSETREG)? => Class::RegionReference,
                () if is(*H5T_STD_REF)? => Class::Reference,
                () => Class::Other,
            }
        }
        H5T_class_t::H5T_ENUM => Class::Enum,
        H5T_class_t::H5T_VLEN => Class::Variable,
        H5T_class_t::H5T_ARRAY => Class::Array,
        H5T_class_t::H5T_NCLASSES => Class::Other,
    })
}

/// Bytes of an element; 0 of what is no type.
pub fn size(datatype: &Handle) -> usize {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    unsafe { H5Tget_size(datatype.id()) }
}

/// Whether the most significant byte is first.
pub fn is_big_endian(datatype: &Handle) -> bool {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    unsafe { H5Tget_order(datatype.id()) == H5T_ORDER_BE }
}

/// Whether a whole number has a sign.
pub fn is_signed(datatype: &Handle) -> bool {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    unsafe { H5Tget_sign(datatype.id()) == H5T_SGN_2 }
}

/// Whether it is an object of its file.
///
/// # Errors
/// Not a type.
pub fn is_committed(datatype: &Handle) -> Result<bool> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    truth("H5Tcommitted", unsafe { H5Tcommitted(datatype.id()) })
}

/// Whether elements hold pointers or references: their bytes mean something in their own file, and
/// now, alone.
///
/// # Errors
/// Not a type.
pub fn has_pointers(datatype: &Handle) -> Result<bool> {
    let _lock = enter();
    let id = datatype.id();
    for class in [H5T_class_t::H5T_VLEN, H5T_class_t::H5T_REFERENCE] {
        // SAFETY: an identifier that the library checks. Text of any length is found as a list.
        if truth("H5Tdetect_class", unsafe { H5Tdetect_class(id, class) })? {
            return Ok(true);
        }
    }
    // SAFETY: an identifier that was found to be a type.
    let text = truth("H5Tdetect_class", unsafe {
        H5Tdetect_class(id, H5T_class_t::H5T_STRING)
    })?;
    Ok(text && has_variable_text(datatype)?)
}

/// Whether elements hold references, at any depth.
///
/// # Errors
/// Not a type.
pub fn has_references(datatype: &Handle) -> Result<bool> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    truth("H5Tdetect_class", unsafe {
        H5Tdetect_class(datatype.id(), H5T_class_t::H5T_REFERENCE)
    })
}

fn has_variable_text(datatype: &Handle) -> Result<bool> {
    Ok(match class(datatype)? {
        Class::VariableText => true,
        Class::Compound => {
            let members = members(datatype)?;
            let found = members.iter().map(|member| has_variable_text(&member.2));
            found.collect::<Result<Vec<bool>>>()?.contains(&true)
        }
        Class::Array => has_variable_text(&base_type(datatype)?)?,
        _ => false,
    })
}

/// The members of a compound: name, offset, type.
///
/// # Errors
/// Not a compound.
pub fn members(datatype: &Handle) -> Result<Vec<(CString, usize, Handle)>> {
    let _lock = enter();
    let id = datatype.id();
    // SAFETY: an identifier that the library checks.
    let n = unsafe { H5Tget_nmembers(id) };
    done("H5Tget_nmembers", n)?;
    let member = |at: c_uint| {
        // SAFETY: a member's number below their count; the name is the library's to give and is
        // given back to it.
        unsafe {
            let text = H5Tget_member_name(id, at);
            if text.is_null() {
                return Err(Error::last("H5Tget_member_name"));
            }
            let name = CStr::from_ptr(text).to_owned();
            H5free_memory(text.cast());
            let offset = H5Tget_member_offset(id, at);
            let of = Handle::new("H5Tget_member_type", H5Tget_member_type(id, at))?;
            Ok((name, offset, of))
        }
    };
    (0..n as c_uint).map(member).collect()
}

/// What an array, a list or an enum is made of.
///
/// # Errors
/// None of these.
pub fn base_type(datatype: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Tget_super", unsafe { H5Tget_super(datatype.id()) })
}

/// An array's axes.
///
/// # Errors
/// Not an array.
pub fn array_dims(datatype: &Handle) -> Result<Vec<u64>> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    let rank = unsafe { H5Tget_array_ndims(datatype.id()) };
    done("H5Tget_array_ndims", rank)?;
    let mut dims = vec![0u64; rank as usize];
    // SAFETY: a number for each axis is written.
    done("H5Tget_array_dims2", unsafe {
        H5Tget_array_dims2(datatype.id(), dims.as_mut_ptr())
    })?;
    Ok(dims)
}

/// Whether two types are the same, wherever they are from.
///
/// # Errors
/// Not types.
pub fn equal_types(a: &Handle, b: &Handle) -> Result<bool> {
    let _lock = enter();
    // SAFETY: identifiers that the library checks.
    truth("H5Tequal", unsafe { H5Tequal(a.id(), b.id()) })
}

/// A copy in memory, that is no file's object.
///
/// # Errors
/// Not a type.
pub fn copy_type(datatype: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Tcopy", unsafe { H5Tcopy(datatype.id()) })
}

/// Types that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called what they are")]
pub enum Standard {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I16Big,
    I32,
    I64,
    F32,
    F32Big,
    F64,
    F64Big,
    Bits8,
    ObjectReference,
    RegionReference,
    Reference,
}

/// A type by its name.
///
/// # Errors
/// None to be expected.
pub fn standard(name: Standard) -> Result<Handle> {
    let _lock = enter();
    let id = match name {
        Standard::U8 => *H5T_STD_U8LE,
        Standard::U16 => *H5T_STD_U16LE,
        Standard::U32 => *H5T_STD_U32LE,
        Standard::U64 => *H5T_STD_U64LE,
        Standard::I8 => *H5T_STD_I8LE,
        Standard::I16 => *H5T_STD_I16LE,
        Standard::I16Big => *H5T_STD_I16BE,
        Standard::I32 => *H5T_STD_I32LE,
        Standard::I64 => *H5T_STD_I64LE,
        Standard::F32 => *H5T_IEEE_F32LE,
        Standard::F32Big => *H5T_IEEE_F32BE,
        Standard::F64 => *H5T_IEEE_F64LE,
        Standard::F64Big => *H5T_IEEE_F64BE,
        Standard::Bits8 => *H5T_STD_B8LE,
        Standard::ObjectReference => *H5T_STD_REF_OBJ,
        Standard::RegionReference => *H5T_STD_REF_DSETREG,
        Standard::Reference => *H5T_STD_REF,
    };
    // SAFETY: a constant of the library.
    Handle::new("H5Tcopy", unsafe { H5Tcopy(id) })
}

/// An array type.
///
/// # Errors
/// No axes, or an axis of 0.
pub fn fixed_array_type(of: &Handle, dims: &[u64]) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: as many numbers are read as are said to be there.
    Handle::new("H5Tarray_create2", unsafe {
        H5Tarray_create2(of.id(), dims.len() as c_uint, dims.as_ptr())
    })
}

/// A compound of so many bytes with these members.
///
/// # Errors
/// Members that do not fit.
pub fn make_compound(size: usize, members: &[(&CStr, usize, &Handle)]) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: numbers.
    let made = Handle::new("H5Tcreate", unsafe { H5Tcreate(H5T_COMPOUND, size) })?;
    for (name, offset, of) in members {
        // SAFETY: a C string, and identifiers that the library checks.
        done("H5Tinsert", unsafe {
            H5Tinsert(made.id(), name.as_ptr(), *offset, of.id())
        })?;
    }
    Ok(made)
}

/// An enum of bytes with these names and values.
///
/// # Errors
/// A name or value that comes twice.
pub fn make_enum(members: &[(&CStr, u8)]) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: a constant of the library.
    let made = Handle::new("H5Tenum_create", unsafe { H5Tenum_create(*H5T_STD_U8LE) })?;
    for (name, value) in members {
        // SAFETY: a C string, and a value of the base type's one byte.
        done("H5Tenum_insert", unsafe {
            H5Tenum_insert(made.id(), name.as_ptr(), (value as *const u8).cast())
        })?;
    }
    Ok(made)
}

/// An opaque type.
///
/// # Errors
/// A size of 0.
pub fn make_opaque(size: usize, tag: &CStr) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: numbers.
    let made = Handle::new("H5Tcreate", unsafe { H5Tcreate(H5T_OPAQUE, size) })?;
    // SAFETY: a C string.
    done("H5Tset_tag", unsafe { H5Tset_tag(made.id(), tag.as_ptr()) })?;
    Ok(made)
}

/// A text type of so many bytes, or of any length.
///
/// # Errors
/// A size of 0.
pub fn make_string(size: Option<usize>) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: a constant of the library.
    let made = Handle::new("H5Tcopy", unsafe { H5Tcopy(*H5T_C_S1) })?;
    // SAFETY: a number.
    done("H5Tset_size", unsafe {
        H5Tset_size(made.id(), size.unwrap_or(H5T_VARIABLE))
    })?;
    Ok(made)
}

/// A list type.
///
/// # Errors
/// Not a type.
pub fn make_vlen(of: &Handle) -> Result<Handle> {
    let _lock = enter();
    // SAFETY: an identifier that the library checks.
    Handle::new("H5Tvlen_create", unsafe { H5Tvlen_create(of.id()) })
}
