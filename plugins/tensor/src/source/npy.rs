//! npy: a magic, a version, and a Python literal with type, order and shape; then the elements.
//!
//! Source of the facts: NumPy's description of its format (versions 1.0 to 3.0). The literal is
//! read by a small parser for exactly the values that NumPy writes.

use std::io::{Read, Seek};

use crate::dtype::Dtype;
use crate::error::{Error, Result};

use super::{Extent, Source, Tensor, What};

pub(crate) const MAGIC: [u8; 6] = *b"\x93NUMPY";
/// Longest header that is read.
const HEADER_MAX: u32 = 1 << 24;
/// How deep lists of fields may lie in one another.
const DEPTH_MAX: usize = 8;

pub(super) fn map<R: Read + Seek>(source: &mut Source<'_, R>) -> Result<Vec<Extent>> {
    let mut bytes = source.read_up_to(0, 1 << 12)?;
    let header = match header_len(&bytes)? {
        len if len > bytes.len() => {
            bytes = source.read_up_to(0, len as u64)?;
            parse(&bytes, "")?
        }
        _ => parse(&bytes, "")?,
    };
    let (tensor, start) = header;
    let (needed, len) = (tensor.bytes()?, source.file_bytes.saturating_sub(start));
    // What follows the array is plain bytes, as NumPy reads nothing behind it.
    if needed > len {
        return Err(Error::malformed(format!(
            "its shape asks for {needed} bytes, {len} are there"
        )));
    }
    Ok(vec![Extent {
        start,
        len: needed,
        what: What::Tensor(tensor),
    }])
}

/// Bytes of magic, version, length and header together.
pub(super) fn header_len(bytes: &[u8]) -> Result<usize> {
    let short = || Error::malformed("shorter than its header");
    let rest = bytes
        .strip_prefix(&MAGIC)
        .ok_or_else(|| Error::malformed("no npy array"))?;
    match rest {
        [1, 0, a, b, ..] => Ok(10 + usize::from(u16::from_le_bytes([*a, *b]))),
        [2 | 3, 0, a, b, c, d, ..] => {
            let len = u32::from_le_bytes([*a, *b, *c, *d]);
            if len > HEADER_MAX {
                return Err(Error::malformed(format!("a header of {len} bytes")));
            }
            Ok(12 + len as usize)
        }
        [1..=3, 0] | [1..=3, 0, _, ..] | [_] | [] => Err(short()),
        [major, minor, ..] => Err(Error::unsupported(format!(
            "npy of version {major}.{minor}"
        ))),
    }
}

/// The array whose header these bytes begin with, and where its elements begin.
pub(crate) fn parse(bytes: &[u8], name: &str) -> Result<(Tensor, u64)> {
    let end = header_len(bytes).map_err(|e| e.within(name))?;
    let from = if bytes.get(6) == Some(&1) { 10 } else { 12 };
    let text = bytes
        .get(from..end)
        .ok_or_else(|| Error::malformed("shorter than its header").within(name))?;
    let mut literal = Literal { text };
    let tensor = literal.array(name).map_err(|e| e.within(name))?;
    Ok((tensor, end as u64))
}

/// A Python literal that is read from its front.
struct Literal<'a> {
    text: &'a [u8],
}

fn bad() -> Error {
    Error::malformed("a header that is no header of npy")
}

impl Literal<'_> {
    /// The dictionary of an array.
    fn array(&mut self, name: &str) -> Result<Tensor> {
        let (mut dtype, mut fortran, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.accept(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            match key.as_str() {
                "descr" if dtype.is_none() => dtype = Some(self.descr(0)?),
                "fortran_order" if fortran.is_none() => fortran = Some(self.truth()?),
                "shape" if shape.is_none() => shape = Some(self.shape()?),
                _ => return Err(bad()),
            }
            if !self.accept(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        self.skip_space();
        match (dtype, fortran, shape, self.text.is_empty()) {
            (Some(dtype), Some(fortran), Some(shape), true) => Ok(Tensor {
                name: name.to_owned(),
                dtype,
                shape,
                fortran,
            }),
            _ => Err(bad()),
        }
    }

    /// A type: a string, or a list of fields.
    fn descr(&mut self, depth: usize) -> Result<Dtype> {
        if self.peek() != Some(b'[') {
            return Dtype::numpy(&self.string()?);
        }
        if depth >= DEPTH_MAX {
            return Err(Error::unsupported("records in records, too deep"));
        }
        self.expect(b'[')?;
        let (mut width, mut layouts, mut names) = (0u64, Some(Vec::new()), Vec::new());
        while !self.accept(b']') {
            self.expect(b'(')?;
            // A field with a title has a tuple of both.
            let name = match self.accept(b'(') {
                true => {
                    self.string()?;
                    self.expect(b',')?;
                    let name = self.string()?;
                    self.expect(b')')?;
                    name
                }
                false => self.string()?,
            };
            self.expect(b',')?;
            let dtype = self.descr(depth + 1)?;
            let count = match self.accept(b',') {
                true if self.peek() != Some(b')') => self.shape()?,
                _ => Vec::new(),
            };
            self.expect(b')')?;
            let count = count.iter().try_fold(1u64, |n, &len| n.checked_mul(len));
            let size = count.and_then(|n| n.checked_mul(dtype.width()));
            width = size
                .and_then(|n| width.checked_add(n))
                .filter(|&n| n < 1 << 32)
                .ok_or_else(bad)?;
            layouts = layouts
                .zip(field(&dtype, count.unwrap_or(0)))
                .map(|(mut all, it)| {
                    all.push(it);
                    all
                });
            names.push(format!("{name}:{}", dtype.name()));
            if !self.accept(b',') {
                self.expect(b']')?;
                break;
            }
        }
        Ok(Dtype::record(
            format!("[{}]", names.join(",")),
            width,
            layouts,
        ))
    }

    fn shape(&mut self) -> Result<Vec<u64>> {
        // A field may have a plain number.
        if self.peek().is_some_and(|it| it.is_ascii_digit()) {
            return Ok(vec![self.number()?]);
        }
        self.expect(b'(')?;
        let mut shape = Vec::new();
        while !self.accept(b')') {
            shape.push(self.number()?);
            if !self.accept(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn number(&mut self) -> Result<u64> {
        self.skip_space();
        let n = self
            .text
            .iter()
            .take_while(|it| it.is_ascii_digit())
            .count();
        let (digits, rest) = self.text.split_at_checked(n).ok_or_else(bad)?;
        // NumPy under Python 2 wrote long integers with a letter.
        self.text = rest.strip_prefix(b"L").unwrap_or(rest);
        std::str::from_utf8(digits)
            .ok()
            .and_then(|it| it.parse().ok())
            .ok_or_else(bad)
    }

    fn truth(&mut self) -> Result<bool> {
        self.skip_space();
        for (word, truth) in [(&b"True"[..], true), (b"False", false)] {
            if let Some(rest) = self.text.strip_prefix(word) {
                self.text = rest;
                return Ok(truth);
            }
        }
        Err(bad())
    }

    /// A string in either quotes; escapes stay as they are written.
    fn string(&mut self) -> Result<String> {
        self.skip_space();
        let (&quote, rest) = self.text.split_first().ok_or_else(bad)?;
        if quote != b'\'' && quote != b'"' {
            return Err(bad());
        }
        let mut escaped = false;
        let end = rest.iter().position(|&it| {
            let ends = it == quote && !escaped;
            escaped = it == b'\\' && !escaped;
            ends
        });
        let (text, rest) = rest
            .split_at_checked(end.ok_or_else(bad)?)
            .ok_or_else(bad)?;
        self.text = rest.get(1..).unwrap_or_default();
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    fn skip_space(&mut self) {
        self.text = self.text.trim_ascii_start();
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.text.first().copied()
    }

    fn accept(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.text = self.text.get(1..).unwrap_or_default();
        }
        there
    }

    fn expect(&mut self, wanted: u8) -> Result<()> {
        match self.accept(wanted) {
            true => Ok(()),
            false => Err(bad()),
        }
    }
}

/// The codec's dtype string of a field that is so many elements of a type.
fn field(dtype: &Dtype, count: u64) -> Option<String> {
    let layout = dtype.layouts().first()?;
    let bytes = count.checked_mul(dtype.width()).filter(|&n| n > 0)?;
    Some(match layout.as_str() {
        _ if layout.contains(',') => format!("V{bytes}"),
        "u1" if dtype.width() > 1 => format!("V{bytes}"),
        _ => {
            let letters = layout.trim_start_matches(|it: char| it.is_ascii_digit());
            let width: u64 = letters
                .trim_start_matches(|it: char| !it.is_ascii_digit())
                .parse()
                .ok()?;
            format!("{}{letters}", bytes.checked_div(width)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(text: &str) -> Result<Tensor> {
        Literal {
            text: text.as_bytes(),
        }
        .array("")
    }

    #[test]
    fn headers_are_read_as_numpy_writes_them() {
        let it = array("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }   \n").unwrap();
        assert_eq!(
            (it.dtype.name(), it.fortran, it.axes()),
            ("<f4", true, vec![4, 3])
        );
        let it = array("{'descr': '|b1', 'fortran_order': False, 'shape': (), }").unwrap();
        assert_eq!(it.bytes().unwrap(), 1);
        let it = array("{\"descr\": '<f8', 'fortran_order': False, 'shape': (5L,)}").unwrap();
        assert_eq!(it.shape, [5]);
        let record =
            "[('a', '<f4'), ('b', '|u1', (3,)), (('title', 'c'), '<i8'), ('d', [('x', '<f2')])]";
        let it = array(&format!(
            "{{'descr': {record}, 'fortran_order': False, 'shape': (2,)}}"
        ))
        .unwrap();
        assert_eq!(it.bytes().unwrap(), 2 * (4 + 3 + 8 + 2));
        assert_eq!(it.dtype.layouts(), ["1<f4,3u1,1<i8,1<f2"]);
    }

    #[test]
    fn what_is_no_array_is_an_error() {
        for bad in [
            "",
            "{}",
            "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
            "{'descr': '<f4', 'fortran_order': No, 'shape': (2,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} more",
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
            "{'descr': [('a', '<f4', (4294967295, 4294967295, 9))], 'fortran_order': False, 'shape': ()}",
            "{'descr': [[[[[[[[[[[[",
        ] {
            assert!(array(bad).is_err(), "{bad}");
        }
        let it =
            array("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967295,4294967295)}");
        assert!(it.unwrap().bytes().is_err());
    }
}
