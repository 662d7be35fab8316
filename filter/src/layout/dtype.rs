//! NumPy's comma form of a record, in and out: `<u8,5<f4,pt:>f4,V3`.
//!
//! `parse(layout.to_string())` gives the same layout back, names and grid included: what is written
//! in listings can be fed to `--dtype`.

use std::fmt;
use std::str::FromStr;

use super::{ByteOrder, Field, Kind, Layout, MAX_FIELDS, parse_shape};
use crate::error::{Error, Result};

/// What `=` means: the order of the machine that parses.
const NATIVE: ByteOrder = if cfg!(target_endian = "big") {
    ByteOrder::Big
} else {
    ByteOrder::Little
};

/// See [`Layout::parse`].
pub(super) fn parse(text: &str) -> Result<Layout> {
    let text = text.trim();
    let (fields, shape) = match text.strip_suffix(']') {
        Some(body) => match body.rsplit_once('[') {
            Some((fields, shape)) => (fields.trim_end(), parse_shape(shape)?),
            None => return Err(Error::invalid(format!("dtype '{text}': ']' without '['"))),
        },
        None => (text, Vec::new()),
    };
    let mut packed = Vec::new();
    for (at, part) in fields.split(',').enumerate() {
        let part = part.trim();
        let fault = |why: String| Error::invalid(format!("dtype part {}, '{part}': {why}", at + 1));
        // Before the next one is allocated: a hostile header may hold millions.
        if at >= MAX_FIELDS {
            return Err(fault(format!("a record has at most {MAX_FIELDS} fields")));
        }
        let field = parse_field(part).map_err(fault)?;
        field.check().map_err(fault)?;
        packed.push(field);
    }
    Layout::from_fields(packed)?.with_shape(&shape)
}

/// One part: `[name:][count][order]type`.
fn parse_field(part: &str) -> std::result::Result<Field, String> {
    if part.is_empty() {
        return Err("empty".into());
    }
    let (name, rest) = match part.split_once(':') {
        Some((name, rest)) => (unescape(name.trim())?, rest.trim()),
        None => (String::new(), part),
    };
    let digit_n = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = rest.split_at(digit_n);
    let count: u32 = match digits {
        "" => 1,
        _ => digits
            .parse()
            .map_err(|_| format!("the count {digits} is too large"))?,
    };
    let mut chars = rest.chars();
    let order = match chars.clone().next() {
        Some('<' | '|') => Some(ByteOrder::Little),
        Some('>') => Some(ByteOrder::Big),
        Some('=') => Some(NATIVE),
        _ => None,
    };
    if order.is_some() {
        chars.next();
    }
    let order = order.unwrap_or(ByteOrder::Little);
    let letter = chars.next();
    let width = chars.as_str();
    let number = || -> std::result::Result<u32, String> {
        if width.is_empty() || !width.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("a width in bytes is expected, not '{width}'"));
        }
        width
            .parse()
            .map_err(|_| format!("the width {width} is too large"))
    };
    let (kind, width, count) = match letter {
        Some('f') => (Kind::Float, number()?, count),
        Some('i') => (Kind::Int, number()?, count),
        Some('u') => (Kind::Uint, number()?, count),
        Some('S' | 'V') => (Kind::Bytes, number()?, count),
        Some('?') if width.is_empty() => (Kind::Uint, 1, count),
        Some('b') if width == "1" => (Kind::Uint, 1, count),
        Some('b') => return Err("a bool is 'b1' or '?'".into()),
        Some('c') => {
            let width = number()?;
            if width != 8 && width != 16 {
                return Err(format!("a complex number has 8 or 16 bytes, not {width}"));
            }
            let doubled = count
                .checked_mul(2)
                .ok_or_else(|| format!("the count {count} is too large"))?;
            (Kind::Float, width / 2, doubled)
        }
        Some(other) => return Err(format!("unknown type '{other}'; known are f i u c b ? S V")),
        None => return Err("a type is missing".into()),
    };
    if rest.starts_with('|') && width > 1 && kind != Kind::Bytes {
        return Err("'|' needs elements of one byte; '<' or '>' is expected".into());
    }
    Ok(Field::new(kind, width, count, order).named(name))
}

/// The fields in canonical form.
pub(super) fn format(fields: &[Field]) -> String {
    let mut out = String::new();
    for field in fields {
        if !out.is_empty() {
            out.push(',');
        }
        if !field.name.is_empty() {
            escape(&field.name, &mut out);
            out.push(':');
        }
        if field.count != 1 {
            out.push_str(&field.count.to_string());
        }
        if field.width > 1 && field.kind != Kind::Bytes {
            out.push(if field.order == ByteOrder::Big {
                '>'
            } else {
                '<'
            });
        }
        out.push(match field.kind {
            Kind::Float => 'f',
            Kind::Int => 'i',
            Kind::Uint => 'u',
            Kind::Bytes => 'V',
        });
        out.push_str(&field.width.to_string());
    }
    out
}

/// Letters that have a meaning in the form, and what a terminal would not show, as `%XX`.
fn escape(name: &str, out: &mut String) {
    for c in name.chars() {
        if matches!(c, ',' | ':' | '%' | '[' | ']') || c.is_whitespace() || c.is_control() {
            let mut buf = [0; 4];
            for byte in c.encode_utf8(&mut buf).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
}

fn unescape(text: &str) -> std::result::Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
            _ => return Err("'%' in a name needs two hexadecimal digits after it".into()),
        }
    }
    String::from_utf8(out).map_err(|_| "the name is not UTF-8".into())
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dtype())?;
        if !self.shape().is_empty() {
            let axes: Vec<String> = self.shape().iter().map(u64::to_string).collect();
            write!(f, " [{}]", axes.join(","))?;
        }
        Ok(())
    }
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Layout::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layout::{MAX_NAME, MAX_RECORD_SIZE};

    #[test]
    fn canonical_forms() {
        for (text, canonical, size) in [
            ("<f4", "<f4", 4),
            (" <u8, 5<f4 ,<i4", "<u8,5<f4,<i4", 32),
            ("f2,>f8,=i2", "<f2,>f8,<i2", 12),
            ("|u1,<u1,>i1,?,b1", "u1,u1,i1,u1,u1", 5),
            ("S3,2V5,|V1", "V3,2V5,V1", 14),
            ("c8,3>c16", "2<f4,6>f8", 56),
            ("pt:<f4,η:>i2,a%2Cb:u1", "pt:<f4,η:>i2,a%2Cb:u1", 7),
            ("<f4[41,128,128]", "<f4 [41,128,128]", 4),
            ("2u2 [0,4]", "2<u2 [0,4]", 4),
        ] {
            if text.contains('=') && NATIVE == ByteOrder::Big {
                continue;
            }
            let layout = Layout::parse(text).unwrap();
            assert_eq!(layout.to_string(), canonical);
            assert_eq!(layout.record_size(), size, "{text}");
        }
        assert_eq!(
            Layout::parse("<f4 [41,128,128]").unwrap().total_size(),
            Some(41 * 128 * 128 * 4)
        );
        assert_eq!(Layout::parse("<f4 [0,128,128]").unwrap().total_size(), None);
        assert!(Layout::parse("u1").unwrap().is_bytes());
    }

    #[test]
    fn faults_are_pointed_at() {
        let long = format!("{}:u1", "n".repeat(MAX_NAME + 1));
        let many = vec!["u1"; MAX_FIELDS + 1].join(",");
        for (text, part) in [
            ("", "part 1, ''"),
            ("<f4,,<f4", "part 2, ''"),
            ("<f4,<f3", "part 2, '<f3': a float has"),
            ("<i16", "part 1, '<i16': an integer has"),
            ("x4", "unknown type 'x'"),
            ("é4", "unknown type 'é'"),
            ("5<", "a type is missing"),
            ("<f", "not ''"),
            ("<f+4", "not '+4'"),
            ("0<f4", "count of 0"),
            ("V0", "at least 1"),
            ("V4294967296", "too large"),
            ("4294967296u1", "too large"),
            ("4294967295c8", "too large"),
            ("65537V65537", "largest record"),
            ("u1,V16777216", "field 2 ends"),
            ("b2", "'b1' or '?'"),
            ("|f4", "'|' needs"),
            ("<c4", "complex"),
            ("a%2:u1", "hexadecimal"),
            ("a%FF:u1", "UTF-8"),
            ("<f4]", "without '['"),
            ("<f4 [3,0]", "axis 2"),
            (long.as_str(), "a name has at most"),
            (many.as_str(), "at most 4096 fields"),
        ] {
            let message = Layout::parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert_eq!(
            Layout::parse("V16777216").unwrap().record_size(),
            MAX_RECORD_SIZE
        );
    }

    fn field() -> impl Strategy<Value = Field> {
        let number = prop_oneof![
            (Just(Kind::Float), prop::sample::select(vec![2u32, 4, 8])),
            (Just(Kind::Int), prop::sample::select(vec![1u32, 2, 4, 8])),
            (Just(Kind::Uint), prop::sample::select(vec![1u32, 2, 4, 8])),
            (Just(Kind::Bytes), 1u32..40),
        ];
        (
            number,
            1u32..50,
            any::<bool>(),
            "(\\PC|[,:% \\]\\[\n]){0,9}",
        )
            .prop_map(|((kind, width), count, big, name)| {
                let order = if big {
                    ByteOrder::Big
                } else {
                    ByteOrder::Little
                };
                Field::new(kind, width, count, order).named(name)
            })
    }

    proptest! {
        #[test]
        fn display_parses_back(
            fields in prop::collection::vec(field(), 1..12),
            outer in 0u64..9,
            inner in prop::collection::vec(1u64..99, 0..4),
        ) {
            let mut shape = vec![outer];
            shape.extend(inner);
            let layout = Layout::from_fields(fields).unwrap();
            prop_assert_eq!(&Layout::parse(&layout.to_string()).unwrap(), &layout);
            let grid = layout.with_shape(&shape).unwrap();
            prop_assert_eq!(Layout::parse(&grid.to_string()).unwrap(), grid);
        }

        #[test]
        fn any_text_is_safe(text in "[\\[\\]<>|=:,%a-z0-9SV? ]{0,24}|\\PC{0,12}") {
            if let Ok(layout) = Layout::parse(&text) {
                prop_assert_eq!(Layout::parse(&layout.to_string()).unwrap(), layout);
            }
        }
    }
}
