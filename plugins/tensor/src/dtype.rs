//! Element types of tensors: their names, their width, and the layouts that the codec may read them
//! with.

use catena_filter::Layout;

use crate::error::{Error, Result};

/// How a float's bits are read, where losing some of it is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Float {
    F16,
    Bf16,
    F32,
    F64,
}

/// The type of a tensor's elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dtype {
    /// As its file calls it.
    name: String,
    /// Bytes an element.
    width: u64,
    /// The codec's dtype strings for it, the likeliest first.
    layouts: Vec<String>,
    /// Of floats, and whether the most significant byte is first.
    float: Option<(Float, bool)>,
}

impl Dtype {
    fn new(name: &str, width: u64, layouts: &[&str], float: Option<(Float, bool)>) -> Self {
        Dtype {
            name: name.to_owned(),
            width,
            layouts: layouts.iter().map(|&it| it.to_owned()).collect(),
            float,
        }
    }

    /// The type of this name in safetensors.
    ///
    /// # Errors
    /// `Unsupported`: there is no such type, or it is narrower than a byte.
    pub fn safetensors(name: &str) -> Result<Self> {
        let float = |it| Some((it, false));
        // No layout reads bfloat16; as binary16, whose bits sort alike, it was not smaller.
        let (width, layouts, float): (u64, &[&str], _) = match name {
            "BOOL" | "U8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E5M2FNUZ" | "F8_E4M3FNUZ" => {
                (1, &["u1"], None)
            }
            "I8" => (1, &["i1"], None),
            "I16" => (2, &["<i2"], None),
            "U16" => (2, &["<u2"], None),
            "F16" => (2, &["<f2"], float(Float::F16)),
            "BF16" => (2, &["<u2"], float(Float::Bf16)),
            "I32" => (4, &["<i4"], None),
            "U32" => (4, &["<u4"], None),
            "F32" => (4, &["<f4"], float(Float::F32)),
            "I64" => (8, &["<i8"], None),
            "U64" => (8, &["<u8"], None),
            "F64" => (8, &["<f8"], float(Float::F64)),
            "C64" => (8, &["2<f4", "<f4"], None),
            _ => return Err(Error::unsupported(format!("the unknown dtype {name:?}"))),
        };
        Ok(Dtype::new(name, width, layouts, float))
    }

    /// The type of NumPy's `descr` string, such as `<f4`.
    ///
    /// # Errors
    /// `Unsupported`: object arrays, and what is no type.
    pub fn numpy(descr: &str) -> Result<Self> {
        let unknown = || Error::unsupported(format!("the unknown dtype {descr:?}"));
        let mut letters = descr.chars();
        let (Some(order @ ('<' | '>' | '|' | '=')), Some(letter)) =
            (letters.next(), letters.next())
        else {
            return Err(unknown());
        };
        // Dates have their unit behind the width.
        let digits = letters.as_str();
        let digits = digits.split_once('[').map_or(digits, |(digits, _)| digits);
        if letter == 'O' {
            return Err(Error::unsupported(
                "an object array: its elements are pickled, and have no type",
            ));
        }
        let width: u64 = digits.parse().map_err(|_| unknown())?;
        let big = order == '>' && width > 1;
        let sign = if big { '>' } else { '<' };
        let plain = |kind: char| match width {
            1 => format!("{kind}1"),
            _ => format!("{sign}{kind}{width}"),
        };
        let (width, layout, float) = match (letter, width) {
            ('f', 2) => (2, plain('f'), Some(Float::F16)),
            ('f', 4) => (4, plain('f'), Some(Float::F32)),
            ('f', 8) => (8, plain('f'), Some(Float::F64)),
            ('i' | 'u', 1 | 2 | 4 | 8) => (width, plain(letter), None),
            ('b' | 'B', 1) => (1, "u1".into(), None),
            ('m' | 'M', 8) => (8, plain('i'), None),
            ('c', 8 | 16) => (width, format!("2{sign}f{}", width / 2), None),
            // Quadruple and extended precision: no layout reads them.
            ('f', 10 | 12 | 16) | ('c', 20 | 24 | 32) => (width, "u1".into(), None),
            ('S' | 'a' | 'V', _) => (width, "u1".into(), None),
            ('U', _) => (
                width.checked_mul(4).ok_or_else(unknown)?,
                format!("{sign}u4"),
                None,
            ),
            _ => return Err(unknown()),
        };
        let layouts = [layout.as_str()];
        let mut dtype = Dtype::new(descr, width, &layouts, float.map(|it| (it, big)));
        if letter == 'c' && dtype.layouts.iter().all(|it| it.starts_with('2')) {
            dtype
                .layouts
                .push(layout.trim_start_matches('2').to_owned());
        }
        Ok(dtype)
    }

    /// A record of NumPy's: fields as dtype strings of the codec, without holes; `None` of a field
    /// has no layout.
    pub(crate) fn record(name: String, width: u64, fields: Option<Vec<String>>) -> Self {
        let layout = fields.map(|fields| fields.join(","));
        let layout = layout.filter(|it| {
            Layout::parse(it).is_ok_and(|layout| u64::from(layout.record_size()) == width)
        });
        Dtype {
            name,
            width,
            layouts: vec![layout.unwrap_or_else(|| "u1".into())],
            float: None,
        }
    }

    /// As its file calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes an element.
    pub fn width(&self) -> u64 {
        self.width
    }

    pub(crate) fn float(&self) -> Option<(Float, bool)> {
        self.float
    }

    pub(crate) fn layouts(&self) -> &[String] {
        &self.layouts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_layouts_that_divide_its_width() {
        let names =
            "BOOL U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 I16 U16 F16 BF16 I32 U32 F32 I64 U64 F64 C64";
        let safetensors = names.split(' ').map(|it| Dtype::safetensors(it).unwrap());
        let names = "|b1 |u1 |i1 <i2 >u2 <f2 >f4 <f8 <c8 >c16 <f16 <M8[ns] |S7 <U3 >U2 |V12 |S0";
        let numpy = names.split(' ').map(|it| Dtype::numpy(it).unwrap());
        for dtype in safetensors.chain(numpy) {
            for layout in dtype.layouts() {
                let layout = Layout::parse(layout).unwrap();
                assert_eq!(
                    dtype.width() % u64::from(layout.record_size()),
                    0,
                    "{dtype:?}"
                );
            }
        }
        for bad in [
            "",
            "f4",
            "<f3",
            "<i16",
            "<",
            "|O",
            "<x4",
            "<f99999999999999999999",
        ] {
            assert!(Dtype::numpy(bad).is_err(), "{bad}");
        }
        assert!(Dtype::safetensors("F4").is_err());
    }
}
