//! A dataset's type, read through the calling library.

use std::ffi::c_uint;

use catena_filter::{ByteOrder, Kind};

use super::abi::{H5T_ORDER_BE, Hid, class};
use super::host::Library;
use crate::Type;

/// How deep types may lie in one another before they are bytes.
const DEEPEST: usize = 16;

/// A type that is closed when it goes.
struct Owned<'a>(&'a Library, Hid);

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        if let Some(close) = self.0.type_close {
            // SAFETY: the id is a type that was opened for this value alone.
            unsafe { close(self.1) };
        }
    }
}

/// What the type with this id is; what cannot be found out is bytes.
pub(super) fn walk(library: &Library, id: Hid) -> Type {
    walk_at(library, id, DEEPEST)
}

fn walk_at(library: &Library, id: Hid, depth: usize) -> Type {
    let (Some(get_class), Some(get_size)) = (library.type_class, library.type_size) else {
        return Type::Bytes(1);
    };
    // SAFETY: the id is a type's; these only read it.
    let (of, size) = unsafe { (get_class(id), get_size(id)) };
    let size = u32::try_from(size).unwrap_or(0);
    let bytes = Type::Bytes(size.max(1));
    if depth == 0 {
        return bytes;
    }
    match of {
        class::INTEGER | class::FLOAT | class::BITFIELD => number(library, id, of, size),
        // A bool is one of these; unsigned, as it is in a dtype.
        class::ENUM if size == 1 => Type::Number(Kind::Uint, 1, ByteOrder::Little),
        class::ENUM => base(library, id).map_or(bytes, |base| walk_at(library, base.1, depth - 1)),
        class::ARRAY | class::COMPLEX => {
            let Some(base) = base(library, id) else {
                return bytes;
            };
            let element = walk_at(library, base.1, depth - 1);
            let one = element.size();
            if one == 0 || !u64::from(size).is_multiple_of(one) {
                return bytes;
            }
            match u32::try_from(u64::from(size) / one) {
                Ok(count) => Type::Array(Box::new(element), count),
                Err(_) => bytes,
            }
        }
        class::COMPOUND => members(library, id, depth).map_or(bytes, |m| Type::Compound(size, m)),
        _ => bytes,
    }
}

fn number(library: &Library, id: Hid, of: i32, size: u32) -> Type {
    // SAFETY: the id is a type's; the function only reads it.
    let order = library.type_order.map(|order| unsafe { order(id) });
    let order = match order {
        Some(H5T_ORDER_BE) => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    // Signed or not: HDF5 says so of integers alone.
    let kind = match of {
        class::FLOAT => Kind::Float,
        class::INTEGER if library.is_signed(id) => Kind::Int,
        _ => Kind::Uint,
    };
    Type::Number(kind, size, order)
}

fn base(library: &Library, id: Hid) -> Option<Owned<'_>> {
    // SAFETY: the id is a type's; what is returned is the caller's to close.
    let base = unsafe { library.type_super?(id) };
    (base >= 0).then_some(Owned(library, base))
}

fn members(library: &Library, id: Hid, depth: usize) -> Option<Vec<(u32, Type)>> {
    let (count, get, offset) = (
        library.member_n?,
        library.member_type?,
        library.member_offset?,
    );
    // SAFETY: the id is a compound's.
    let n = unsafe { count(id) };
    let mut members = Vec::new();
    for at in 0..c_uint::try_from(n).ok()? {
        // SAFETY: there is a member with this number; its type is the caller's to close.
        let (member, offset) = unsafe { (get(id, at), offset(id, at)) };
        if member < 0 {
            return None;
        }
        let member = Owned(library, member);
        members.push((
            u32::try_from(offset).ok()?,
            walk_at(library, member.1, depth - 1),
        ));
    }
    Some(members)
}
