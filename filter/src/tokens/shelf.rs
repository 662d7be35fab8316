//! Vectors that are used again: a thread keeps those that its last frame is done with, so that the
//! next one neither asks the system for memory nor clears it.

use std::cell::RefCell;
use std::thread::LocalKey;

/// Bytes of vectors of a type that a thread keeps, at most.
const KEPT: usize = 8 << 20;

/// Vectors of one type.
pub struct Shelf<T> {
    vectors: Vec<Vec<T>>,
    bytes: usize,
}

/// What is kept.
pub trait Shelved: Copy + Default + 'static {
    /// This thread's shelf.
    fn shelf() -> &'static LocalKey<RefCell<Shelf<Self>>>;
}

macro_rules! shelved {
    ($($type:ty),*) => {$(
        impl Shelved for $type {
            fn shelf() -> &'static LocalKey<RefCell<Shelf<$type>>> {
                thread_local! {
                    static SHELF: RefCell<Shelf<$type>> = const {
                        RefCell::new(Shelf { vectors: Vec::new(), bytes: 0 })
                    };
                }
                &SHELF
            }
        }
    )*};
}
shelved!(u8, u16, u32, u64, f64);

/// A vector of this length. What it holds is of no meaning: whoever takes it writes all of it.
pub fn take<T: Shelved>(len: usize) -> Vec<T> {
    let kept = T::shelf().try_with(|shelf| {
        let mut shelf = shelf.borrow_mut();
        let vector = shelf.vectors.pop();
        shelf.bytes -= vector.as_ref().map_or(0, bytes);
        vector
    });
    match kept {
        Ok(Some(mut vector)) if vector.capacity() >= len => {
            vector.resize(len, T::default());
            vector
        }
        _ => vec![T::default(); len],
    }
}

/// Keeps a vector for later.
pub fn give<T: Shelved>(vector: Vec<T>) {
    let size = bytes(&vector);
    // A thread that ends keeps nothing.
    let _ = T::shelf().try_with(|shelf| {
        let mut shelf = shelf.borrow_mut();
        if size > 0 && shelf.bytes + size <= KEPT {
            shelf.bytes += size;
            shelf.vectors.push(vector);
        }
    });
}

fn bytes<T>(vector: &Vec<T>) -> usize {
    vector.capacity() * size_of::<T>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_comes_back_at_any_length() {
        give(vec![7u64; 100]);
        assert_eq!(take::<u64>(40).len(), 40);
        give(vec![7u64; 10]);
        assert_eq!(take::<u64>(40), vec![0; 40]);
        give(vec![7u64; KEPT / 8 + 1]);
        assert_eq!(take::<u64>(3), vec![0; 3]);
    }
}
