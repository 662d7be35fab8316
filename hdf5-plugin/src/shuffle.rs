//! HDF5's shuffle, undone: a filter behind it sees each element's first bytes, then all second
//! ones, and so on.
//!
//! Invariant: [`Shuffle::again`] gives back what [`Shuffle::undone`] was given, whatever the bytes
//! and their number, so nothing is lost if they were never shuffled.

use std::borrow::Cow;

/// Largest element that is put together again, and most bytes after the shuffled ones.
const MAX_SIZE: u32 = (1 << 24) - 1;
const MAX_TAIL: u32 = 255;

/// How bytes were shuffled before they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shuffle {
    /// Bytes an element, at least 2.
    size: u32,
    /// Bytes at the end that a filter between has added: checksums.
    tail: u32,
}

impl Shuffle {
    /// A shuffle of elements of `size` bytes, with `tail` bytes behind. `None` if it does nothing,
    /// or has no room in the values.
    pub fn new(size: u32, tail: u32) -> Option<Self> {
        let fits = (2..=MAX_SIZE).contains(&size) && tail <= MAX_TAIL;
        fits.then_some(Shuffle { size, tail })
    }

    /// As one of `cd_values`.
    pub(crate) fn value(self) -> u32 {
        self.size | self.tail << 24
    }

    /// What [`Shuffle::value`] wrote.
    pub(crate) fn from_value(value: u32) -> Option<Self> {
        Shuffle::new(value & MAX_SIZE, value >> 24)
    }

    /// Bytes an element, and elements of so many bytes. What is left of them, and the tail, are
    /// where they were.
    fn parts(self, len: usize) -> (usize, usize) {
        let (size, tail) = (self.size as usize, self.tail as usize);
        (size, len.saturating_sub(tail) / size)
    }

    /// Whole elements of shuffled bytes.
    pub fn undone(self, shuffled: &[u8]) -> Vec<u8> {
        let (size, n) = self.parts(shuffled.len());
        let mut out = shuffled.to_vec();
        for (at, plane) in shuffled.chunks_exact(n.max(1)).take(size).enumerate() {
            let places = out.iter_mut().skip(at).step_by(size);
            places.zip(plane).for_each(|(to, from)| *to = *from);
        }
        out
    }

    /// Shuffled bytes of whole elements.
    pub fn again(self, elements: &[u8]) -> Vec<u8> {
        let (size, n) = self.parts(elements.len());
        let mut out = elements.to_vec();
        for (at, plane) in out.chunks_exact_mut(n.max(1)).take(size).enumerate() {
            let places = elements.iter().skip(at).step_by(size);
            plane
                .iter_mut()
                .zip(places)
                .for_each(|(to, from)| *to = *from);
        }
        out
    }
}

/// The bytes as the layout describes them.
pub(crate) fn undo(shuffle: Option<Shuffle>, bytes: &[u8]) -> Cow<'_, [u8]> {
    shuffle.map_or(Cow::Borrowed(bytes), |shuffle| shuffle.undone(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stand_as_hdf5_puts_them() {
        let shuffle = Shuffle::new(3, 2).unwrap();
        let elements: Vec<u8> = (0..12).collect();
        // Three elements of three bytes; one byte that is left, and two of the tail, stay.
        let shuffled = [0, 3, 6, 1, 4, 7, 2, 5, 8, 9, 10, 11];
        assert_eq!(shuffle.again(&elements), shuffled);
        assert_eq!(shuffle.undone(&shuffled), elements);
    }

    #[test]
    fn any_bytes_come_back() {
        for size in [2, 3, 4, 8, 17, 4096] {
            for tail in [0, 4, 8] {
                let shuffle = Shuffle::new(size, tail).unwrap();
                assert_eq!(Shuffle::from_value(shuffle.value()), Some(shuffle));
                for len in [0, 1, 3, 4, 5, 16, 17, 100, 4095, 4096, 4100, 9001] {
                    let bytes: Vec<u8> = (0..len).map(|i| (i * 7 % 251) as u8).collect();
                    assert_eq!(shuffle.again(&shuffle.undone(&bytes)), bytes);
                    assert_eq!(shuffle.undone(&shuffle.again(&bytes)), bytes);
                }
            }
        }
        assert_eq!(Shuffle::new(1, 0), None);
        assert_eq!(Shuffle::new(1 << 24, 0), None);
        assert_eq!(Shuffle::new(4, 256), None);
    }
}
