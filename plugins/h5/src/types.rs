//! HDF5 types as the filter sees them, and as people read them.

use catena_filter::{ByteOrder, Kind};
use catena_hdf5_calls::{
    Class, Handle, array_dims, base_type, class, is_big_endian, is_signed, members, size,
};
use h5catena::Type;

use crate::error::Result;

/// The type as the filter's layout needs it.
///
/// # Errors
/// A type that the library does not know.
pub(crate) fn parsed(datatype: &Handle) -> Result<Type> {
    let width = u32::try_from(size(datatype)).unwrap_or(u32::MAX);
    let number = |kind| {
        let order = match is_big_endian(datatype) {
            true => ByteOrder::Big,
            false => ByteOrder::Little,
        };
        Type::Number(kind, width, order)
    };
    Ok(match class(datatype)? {
        Class::Integer => number(match is_signed(datatype) {
            true => Kind::Int,
            false => Kind::Uint,
        }),
        Class::Float => number(Kind::Float),
        Class::Bits | Class::Time => number(Kind::Uint),
        Class::Enum => parsed(&base_type(datatype)?)?,
        Class::Array => {
            let n = array_dims(datatype)?.iter().product::<u64>();
            let of = Box::new(parsed(&base_type(datatype)?)?);
            Type::Array(of, u32::try_from(n).unwrap_or(u32::MAX))
        }
        Class::Compound => {
            let members = members(datatype)?.into_iter().map(|(_, offset, of)| {
                let offset = u32::try_from(offset).unwrap_or(u32::MAX);
                Ok((offset, parsed(&of)?))
            });
            Type::Compound(width, members.collect::<Result<_>>()?)
        }
        _ => Type::Bytes(width),
    })
}

/// Members that are named before the others are counted.
const SHOWN: usize = 4;

/// The type in NumPy's words, more or less.
///
/// # Errors
/// A type that the library does not know.
pub(crate) fn shown(datatype: &Handle) -> Result<String> {
    let order = if is_big_endian(datatype) { '>' } else { '<' };
    let width = size(datatype);
    Ok(match class(datatype)? {
        Class::Integer if is_signed(datatype) => format!("{order}i{width}"),
        Class::Integer => format!("{order}u{width}"),
        Class::Float => format!("{order}f{width}"),
        Class::Time => format!("time{width}"),
        Class::Bits => format!("bits{width}"),
        Class::Text => format!("S{width}"),
        Class::VariableText => "string".into(),
        Class::Opaque => format!("V{width}"),
        Class::Enum => format!("enum {}", shown(&base_type(datatype)?)?),
        Class::Variable => format!("list of {}", shown(&base_type(datatype)?)?),
        Class::Array => {
            let dims = array_dims(datatype)?;
            let dims: Vec<String> = dims.iter().map(u64::to_string).collect();
            format!("({}){}", dims.join(","), shown(&base_type(datatype)?)?)
        }
        Class::Compound => {
            let all = members(datatype)?;
            let named = all
                .iter()
                .take(SHOWN)
                .map(|(name, _, of)| Ok(format!("{}:{}", name.to_string_lossy(), shown(of)?)));
            let mut text = named.collect::<Result<Vec<_>>>()?.join(",");
            if all.len() > SHOWN {
                text = format!("{text},... ({} members)", all.len());
            }
            format!("{{{text}}}")
        }
        Class::ObjectReference | Class::RegionReference | Class::Reference => "reference".into(),
        Class::Other => format!("{width} bytes"),
    })
}
