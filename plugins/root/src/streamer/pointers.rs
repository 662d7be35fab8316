//! Pointers in streamed data: a new object with its class, an object or a class that was met
//! before, or nothing.
//!
//! What was met before is named by its position, counted from the beginning of the key plus two.

use std::collections::HashMap;
use std::sync::Arc;

use crate::container::cursor::Cursor;
use crate::error::{Error, Result};

const BYTE_COUNT: u32 = 0x4000_0000;
const NEW_CLASS: u32 = 0xFFFF_FFFF;
const CLASS: u32 = 0x8000_0000;
/// Positions begin here, so that 0 and 1 can stand for nothing and for the owner.
const FIRST: u64 = 2;

/// What a position stands for.
#[derive(Clone, Debug)]
enum Known {
    Class(Arc<str>),
    Object(usize),
}

/// What stands behind a pointer.
#[derive(Clone, Debug)]
pub(crate) enum Pointer {
    /// Nothing, or something that was not kept.
    Null,
    /// The object with this number.
    Object(usize),
    /// An object of this class follows. It ends at `end`, if that was said, and is to be remembered
    /// as `position`.
    New {
        class: Arc<str>,
        end: Option<usize>,
        position: u64,
    },
}

/// The positions met so far in one streamed object.
#[derive(Debug)]
pub(crate) struct Pointers {
    origin: u64,
    known: HashMap<u64, Known>,
}

impl Pointers {
    /// `key_len`: bytes of the key before the data, which positions count too.
    pub fn new(key_len: u64) -> Self {
        Pointers {
            origin: key_len + FIRST,
            known: HashMap::new(),
        }
    }

    /// Reads a pointer. After [`Pointer::New`] the cursor is at the object's own header.
    pub fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<Pointer> {
        let position = self.origin + cursor.position() as u64;
        let first = cursor.u32()?;
        let counted = first & BYTE_COUNT != 0 && first != NEW_CLASS;
        let (tag, end, class_position) = if counted {
            let len = (first & !BYTE_COUNT) as usize;
            let end = cursor.position().saturating_add(len);
            let class_position = self.origin + cursor.position() as u64;
            (cursor.u32()?, Some(end), class_position)
        } else {
            (first, None, position)
        };
        if end.is_some_and(|end| end > cursor.position() + cursor.remaining()) {
            return Err(Error::corrupt("an object longer than what holds it"));
        }
        let class = if tag == NEW_CLASS {
            let class: Arc<str> = cursor.c_string()?.into();
            self.known
                .insert(class_position, Known::Class(class.clone()));
            class
        } else if tag & CLASS != 0 {
            match self.known.get(&u64::from(tag & !CLASS)) {
                Some(Known::Class(class)) => class.clone(),
                _ => return Err(Error::corrupt("an object of a class that was not named")),
            }
        } else {
            if let Some(end) = end {
                cursor.advance_to(end)?;
            }
            return Ok(match self.known.get(&u64::from(tag)) {
                Some(Known::Object(number)) => Pointer::Object(*number),
                _ => Pointer::Null,
            });
        };
        Ok(Pointer::New {
            class,
            end,
            position,
        })
    }

    /// From now on `position` stands for the object with this number.
    pub fn remember(&mut self, position: u64, number: usize) {
        self.known.insert(position, Known::Object(number));
    }
}
