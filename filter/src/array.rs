//! `ndarray` arrays in and out: the element type becomes the layout, the shape goes with it.
//!
//! An array is stored in its logical order (row-major), little-endian, whatever its strides are.

use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};

use crate::error::{Error, Result};
use crate::frame::StreamHeader;
use crate::layout::{ByteOrder, Field, Kind, Layout};
use crate::one_shot::{compress, decompress_with_header};
use crate::options::{CompressOptions, DecompressOptions};

/// A number that arrays can hold. Sealed: these are the layouts' types.
pub trait Element: Copy + sealed::Sealed {
    /// How the bits are read.
    const KIND: Kind;
    /// Bytes an element.
    const WIDTH: u32;
    /// Appends the number, least significant byte first.
    fn put(self, out: &mut Vec<u8>);
    /// A number from its bytes, `WIDTH` of them.
    fn get(bytes: &[u8], order: ByteOrder) -> Option<Self>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! element {
    ($($number:ty: $kind:ident),*) => {$(
        impl sealed::Sealed for $number {}
        impl Element for $number {
            const KIND: Kind = Kind::$kind;
            const WIDTH: u32 = size_of::<$number>() as u32;

            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn get(bytes: &[u8], order: ByteOrder) -> Option<Self> {
                let bytes = bytes.try_into().ok()?;
                Some(match order {
                    ByteOrder::Little => Self::from_le_bytes(bytes),
                    ByteOrder::Big => Self::from_be_bytes(bytes),
                })
            }
        }
    )*};
}

element!(
    u8: Uint, u16: Uint, u32: Uint, u64: Uint, i8: Int, i16: Int, i32: Int, i64: Int,
    half::f16: Float, f32: Float, f64: Float
);

/// Compresses an array with its type and shape into one stream. The options' layout is not used.
///
/// # Errors
/// `InvalidInput` for an axis of length 0 that is not the first.
///
/// ```
/// use catena_filter::array::{compress_array, decompress_array};
/// use catena_filter::{CompressOptions, DecompressOptions};
/// use ndarray::Array3;
///
/// let field = Array3::from_shape_fn((4, 5, 6), |(z, y, x)| (z * y) as f32 + x as f32 / 2.0);
/// let packed = compress_array(&field, &CompressOptions::default())?;
/// let back = decompress_array::<f32>(&packed, &DecompressOptions::default())?;
/// assert_eq!(back, field.into_dyn());
/// # Ok::<(), catena_filter::Error>(())
/// ```
pub fn compress_array<T, S, D>(
    array: &ArrayBase<S, D>,
    options: &CompressOptions,
) -> Result<Vec<u8>>
where
    T: Element,
    S: Data<Elem = T>,
    D: Dimension,
{
    let mut raw = Vec::with_capacity(array.len() * T::WIDTH as usize);
    array.iter().for_each(|value| value.put(&mut raw));
    let shape: Vec<u64> = array.shape().iter().map(|&dim| dim as u64).collect();
    let field = Field::new(T::KIND, T::WIDTH, 1, ByteOrder::Little);
    let layout = Layout::from_fields([field])?.with_shape(&shape)?;
    compress(&raw, &options.clone().with_layout(layout))
}

/// Decompresses an array. A stream without a shape becomes an array of one axis.
///
/// # Errors
/// Beside those of [`crate::decompress`]: `InvalidInput` if the elements are not of type `T` (in
/// either byte order), or if there are more or fewer of them than the shape says.
pub fn decompress_array<T: Element>(
    input: &[u8],
    options: &DecompressOptions,
) -> Result<ArrayD<T>> {
    let (raw, header) = decompress_with_header(input, options)?;
    let order = element_order::<T>(&header)?;
    let mut values = Vec::with_capacity(raw.len() / T::WIDTH as usize);
    for bytes in raw.chunks(T::WIDTH as usize) {
        let value = T::get(bytes, order);
        values.push(value.ok_or_else(|| Error::invalid("the array ends inside an element"))?);
    }
    let shape: Option<Vec<usize>> = match header.layout.shape() {
        [] => Some(vec![values.len()]),
        // A first axis of unknown length.
        [0, inner @ ..] => {
            let inner: Option<Vec<usize>> =
                inner.iter().map(|&d| usize::try_from(d).ok()).collect();
            inner.map(|inner| {
                let step = inner.iter().product::<usize>().max(1);
                [vec![values.len() / step], inner].concat()
            })
        }
        shape => shape.iter().map(|&d| usize::try_from(d).ok()).collect(),
    };
    let element_n = values.len();
    shape
        .and_then(|shape| ArrayD::from_shape_vec(IxDyn(&shape), values).ok())
        .ok_or_else(|| {
            Error::invalid(format!(
                "{element_n} elements do not fill the shape {:?}",
                header.layout.shape()
            ))
        })
}

/// The byte order of the stream's elements if they are of type `T`.
fn element_order<T: Element>(header: &StreamHeader) -> Result<ByteOrder> {
    match header.layout.fields() {
        [field] if (field.kind, field.width, field.count) == (T::KIND, T::WIDTH, 1) => {
            Ok(field.order)
        }
        _ => Err(Error::invalid(format!(
            "the stream holds '{}', not {}",
            header.layout.dtype(),
            std::any::type_name::<T>()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, arr0};

    use super::*;

    fn there_and_back<T, S, D>(array: &ArrayBase<S, D>) -> ArrayD<T>
    where
        T: Element,
        S: Data<Elem = T>,
        D: Dimension,
    {
        let packed = compress_array(array, &CompressOptions::default()).unwrap();
        decompress_array(&packed, &DecompressOptions::default()).unwrap()
    }

    #[test]
    fn strides_do_not_matter() {
        let array = Array2::from_shape_fn((7, 9), |(y, x)| (y as i16) * 100 - x as i16);
        let turned = array.t();
        assert_eq!(there_and_back(&turned), turned.to_owned().into_dyn());
        let every_other = array.slice(ndarray::s![..;2, ..;-3]);
        assert_eq!(
            there_and_back(&every_other),
            every_other.to_owned().into_dyn()
        );
    }

    #[test]
    fn shapes_at_the_border() {
        assert_eq!(there_and_back(&arr0(1.5f64))[[0]], 1.5);
        assert_eq!(there_and_back(&Array1::<u8>::zeros(0)).len(), 0);
    }

    #[test]
    fn the_first_axis_may_be_unknown() {
        let layout = Layout::parse("<i2").unwrap().with_shape(&[0, 3]).unwrap();
        let options = CompressOptions::default().with_layout(layout);
        let packed = compress(&[0; 24], &options).unwrap();
        let array = decompress_array::<i16>(&packed, &DecompressOptions::default()).unwrap();
        assert_eq!(array.shape(), [4, 3]);
        let packed = compress(&[0; 22], &options).unwrap();
        assert!(decompress_array::<i16>(&packed, &DecompressOptions::default()).is_err());
    }

    #[test]
    fn other_types_are_refused() {
        let packed = compress_array(&Array1::<f32>::zeros(9), &CompressOptions::default()).unwrap();
        let error = decompress_array::<i32>(&packed, &DecompressOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "the stream holds '<f4', not i32");
    }
}
