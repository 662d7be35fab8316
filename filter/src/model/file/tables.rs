//! The head of a file with tables: the level that they were found at, their layout, and notes.

use super::head::{out_of_range, put_notes, short, take_model_layout, take_notes};
use crate::error::Result;
use crate::frame::{Cursor, put_layout};
use crate::{Layout, Level};

/// What such a file says of itself.
pub(super) struct Head {
    pub(super) level: Level,
    pub(super) layout: Layout,
    pub(super) notes: String,
}

impl Head {
    pub(super) fn write(level: Level, layout: &Layout, notes: &str, out: &mut Vec<u8>) {
        out.push(level.get());
        put_layout(out, layout);
        put_notes(out, notes);
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let level = Level::new(cursor.byte().ok_or_else(short)?);
        let level = level.filter(|level| !level.learns());
        let level = level.ok_or_else(|| out_of_range("level"))?;
        Ok(Head {
            level,
            layout: take_model_layout(cursor)?,
            notes: take_notes(cursor)?,
        })
    }
}
