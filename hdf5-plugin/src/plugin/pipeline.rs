//! The filters before this one: what they leave of the type's bytes.

use std::ffi::{c_int, c_uint};

use super::abi::Hid;
use super::host::Library;
use crate::{FILTER_ID, Shuffle};

/// Filters of the library's own, by number.
const SHUFFLE: c_int = 2;
const FLETCHER32: c_int = 3;
/// Bytes that the latter adds.
const CHECKSUM: u32 = 4;
/// Most filters of a pipeline.
const MOST: c_int = 32;

/// What comes to this filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The type's bytes, shuffled or not; some may follow them.
    Elements(Option<Shuffle>),
    /// What another filter has coded.
    Coded,
}

/// What the filters before this one do, as far as the calling library tells.
pub(super) fn input(library: &Library, dcpl: Hid) -> Input {
    let (Some(count), Some(get)) = (library.filter_n, library.filter_at) else {
        return Input::Elements(None);
    };
    // SAFETY: the list is the caller's; the function only reads it.
    let n = unsafe { count(dcpl) }.clamp(0, MOST);
    let filters = (0..n as c_uint).map(|at| {
        let (mut flags, mut value_n, mut size) = (0 as c_uint, 1usize, 0 as c_uint);
        // SAFETY: a filter's number below their count; `value_n` says that one value has room, and
        // no name is asked for.
        let id = unsafe {
            get(
                dcpl,
                at,
                &mut flags,
                &mut value_n,
                &mut size,
                0,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        (id, size)
    });
    after(filters.take_while(|(id, _)| *id != FILTER_ID as c_int))
}

/// What these leave, each a number and its first value.
fn after(filters: impl Iterator<Item = (c_int, c_uint)>) -> Input {
    // Bytes an element if they are shuffled, and bytes behind them.
    let mut shuffled: Option<(u32, u32)> = None;
    for (id, first) in filters {
        match (id, &mut shuffled) {
            (SHUFFLE, None) => shuffled = Some((first, 0)),
            // Checksums of what comes unshuffled are shuffled with it.
            (FLETCHER32, None) => {}
            (FLETCHER32, Some((_, tail))) => *tail += CHECKSUM,
            _ => return Input::Coded,
        }
    }
    Input::Elements(shuffled.and_then(|(size, tail)| Shuffle::new(size, tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffles_and_checksums_leave_elements() {
        let of = |filters: &[(c_int, c_uint)]| after(filters.iter().copied());
        let shuffle = |size, tail| Input::Elements(Shuffle::new(size, tail));
        assert_eq!(of(&[]), Input::Elements(None));
        assert_eq!(of(&[(FLETCHER32, 0)]), Input::Elements(None));
        assert_eq!(of(&[(SHUFFLE, 8)]), shuffle(8, 0));
        assert_eq!(of(&[(SHUFFLE, 1)]), Input::Elements(None));
        assert_eq!(of(&[(SHUFFLE, 4), (FLETCHER32, 0)]), shuffle(4, 4));
        assert_eq!(of(&[(FLETCHER32, 0), (SHUFFLE, 4)]), shuffle(4, 0));
        // Twice shuffled, gzip, scale-offset, szip, n-bit, and whatever else there is.
        assert_eq!(of(&[(SHUFFLE, 4), (SHUFFLE, 4)]), Input::Coded);
        for id in [1, 4, 5, 6, 32_001] {
            assert_eq!(of(&[(id, 4)]), Input::Coded);
            assert_eq!(of(&[(SHUFFLE, 4), (id, 4)]), Input::Coded);
        }
    }
}
