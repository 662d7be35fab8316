//! Entries put together from columns: what `split.rs` took apart. The columns come from an archive,
//! so nothing is believed: every byte that is put out is paid for by bytes of columns, in a fixed
//! proportion.

use crate::error::{Error, Result};
use catena_container::Cursor;

use super::shape::{Number, Shape};
use super::split::Borders;

const BYTE_COUNT: u32 = 0x4000_0000;

/// The columns of a branch, read from front to back.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub Vec<Cursor<'a>>);

/// The raw bytes of a basket.
#[derive(Debug)]
pub(super) struct Joined {
    pub raw: Vec<u8>,
    /// Bytes of the entries; the rest are borders.
    pub data_len: usize,
}

impl<'a> Reader<'a> {
    /// Puts a basket together.
    ///
    /// # Errors
    /// `Corrupt`, `Truncated`: the columns do not hold it.
    pub fn join(
        &mut self,
        shape: &Shape,
        entries: usize,
        borders: Borders,
        key_len: usize,
    ) -> Result<Joined> {
        let mut raw = Vec::new();
        if borders == Borders::None {
            self.many(shape, entries, &mut raw, 0)?;
            let data_len = raw.len();
            return Ok(Joined { raw, data_len });
        }
        let mut starts = Vec::new();
        for _ in 0..entries {
            starts.push(raw.len());
            self.many(shape, 1, &mut raw, 0)?;
        }
        let data_len = raw.len();
        let number = |n: usize| u32::try_from(n).map_err(|_| bad());
        raw.extend(
            number(entries)?
                .checked_add(1)
                .ok_or_else(bad)?
                .to_be_bytes(),
        );
        for start in starts {
            raw.extend(number(start.checked_add(key_len).ok_or_else(bad)?)?.to_be_bytes());
        }
        let last = match borders {
            Borders::Ended => data_len.checked_add(key_len).ok_or_else(bad)?,
            _ => 0,
        };
        raw.extend(number(last)?.to_be_bytes());
        Ok(Joined { raw, data_len })
    }

    /// Whether all columns are used up.
    pub fn is_at_end(&self) -> bool {
        self.0.iter().all(Cursor::is_at_end)
    }

    fn column(&mut self, at: usize) -> Result<&mut Cursor<'a>> {
        self.0.get_mut(at).ok_or_else(bad)
    }

    fn many(&mut self, shape: &Shape, n: usize, out: &mut Vec<u8>, at: usize) -> Result<()> {
        match shape {
            Shape::Number(Number { width, .. }) => {
                let len = n.checked_mul(usize::from(*width)).ok_or_else(bad)?;
                out.extend_from_slice(self.column(at)?.bytes(len)?);
                Ok(())
            }
            Shape::Fixed(size, item) => {
                let n = n.checked_mul(*size).ok_or_else(bad)?;
                self.many(item, n, out, at)
            }
            _ => (0..n).try_for_each(|_| self.one(shape, out, at)),
        }
    }

    fn one(&mut self, shape: &Shape, out: &mut Vec<u8>, at: usize) -> Result<()> {
        match shape {
            Shape::Number(_) | Shape::Fixed(..) => self.many(shape, 1, out, at),
            Shape::Counted(items) => {
                let n = self.column(at)?.u32_be()?;
                out.extend(n.to_be_bytes());
                let mut at = at + 1;
                for item in items {
                    self.many(item, n as usize, out, at)?;
                    at += item.column_n();
                }
                Ok(())
            }
            Shape::Framed(class, item) => {
                let start = out.len();
                out.extend([0; 4]);
                let version = self.column(at)?.i16_be()?;
                out.extend(version.to_be_bytes());
                if *class && version <= 0 {
                    out.extend_from_slice(self.column(at + 1)?.bytes(4)?);
                }
                self.many(item, 1, out, at + 2)?;
                let len = u32::try_from(out.len() - start - 4).map_err(|_| bad())?;
                let count = out.get_mut(start..start + 4).ok_or_else(bad)?;
                count.copy_from_slice(&(len | BYTE_COUNT).to_be_bytes());
                Ok(())
            }
            Shape::Text => {
                let len = self.column(at)?.u32_be()?;
                match u8::try_from(len) {
                    Ok(short) if short < 255 => out.push(short),
                    _ => {
                        out.push(255);
                        out.extend(len.to_be_bytes());
                    }
                }
                out.extend_from_slice(self.column(at + 1)?.bytes(len as usize)?);
                Ok(())
            }
            Shape::All(items) => {
                let mut at = at;
                for item in items {
                    self.many(item, 1, out, at)?;
                    at += item.column_n();
                }
                Ok(())
            }
            Shape::ToEnd(skip, item) => {
                let n = self.column(at)?.u32_be()?;
                if n > 0 {
                    out.extend_from_slice(self.column(at + 1)?.bytes(*skip)?);
                }
                self.many(item, n as usize, out, at + 2)
            }
            Shape::Maybe(item) => match self.column(at)?.u8()? {
                0 => Ok(()),
                1 => self.many(item, 1, out, at + 1),
                _ => Err(bad()),
            },
        }
    }
}

fn bad() -> Error {
    Error::corrupt("columns that do not fit their shape")
}
