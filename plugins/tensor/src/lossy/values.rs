//! Floats of any width and byte order as f64, and back: exact one way, rounded to the nearest the
//! other.

use half::{bf16, f16};

use crate::dtype::Float;

impl Float {
    pub fn width(self) -> usize {
        match self {
            Float::F16 | Float::Bf16 => 2,
            Float::F32 => 4,
            Float::F64 => 8,
        }
    }

    pub fn number(self) -> u8 {
        match self {
            Float::F16 => 0,
            Float::Bf16 => 1,
            Float::F32 => 2,
            Float::F64 => 3,
        }
    }

    pub fn from_number(number: u8) -> Option<Self> {
        [Float::F16, Float::Bf16, Float::F32, Float::F64]
            .into_iter()
            .find(|it| it.number() == number)
    }

    /// The value of some bytes, of which there are as many as the width.
    pub fn read(self, bytes: &[u8], big: bool) -> f64 {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        if big && let Some(used) = word.get_mut(..bytes.len().min(8)) {
            used.reverse();
        }
        let [a, b, c, d, ..] = word;
        // The conversions of `half` that are const use no instruction that another processor may
        // lack.
        match self {
            Float::F16 => f16::from_le_bytes([a, b]).to_f64_const(),
            Float::Bf16 => bf16::from_le_bytes([a, b]).to_f64_const(),
            Float::F32 => f32::from_le_bytes([a, b, c, d]).into(),
            Float::F64 => f64::from_le_bytes(word),
        }
    }

    /// What [`Float::put`] and [`Float::read`] make of a value.
    pub fn round(self, value: f64) -> f64 {
        match self {
            Float::F16 => f16::from_f32_const(value as f32).to_f64_const(),
            Float::Bf16 => bf16::from_f32_const(value as f32).to_f64_const(),
            Float::F32 => (value as f32).into(),
            Float::F64 => value,
        }
    }

    /// Appends a value, rounded to f32 first where the type is narrower.
    pub fn put(self, value: f64, big: bool, out: &mut Vec<u8>) {
        let from = out.len();
        match self {
            Float::F16 => out.extend(f16::from_f32_const(value as f32).to_le_bytes()),
            Float::Bf16 => out.extend(bf16::from_f32_const(value as f32).to_le_bytes()),
            Float::F32 => out.extend((value as f32).to_le_bytes()),
            Float::F64 => out.extend(value.to_le_bytes()),
        }
        if big && let Some(used) = out.get_mut(from..) {
            used.reverse();
        }
    }
}

/// Floats as they lie in a file.
pub(crate) struct Values<'a> {
    pub bytes: &'a [u8],
    pub float: Float,
    pub big: bool,
}

impl<'a> Values<'a> {
    pub fn len(&self) -> usize {
        self.bytes.len() / self.float.width()
    }

    /// So many values at a time: their bytes.
    pub fn rows(&self, n: usize) -> impl Iterator<Item = &'a [u8]> {
        self.bytes
            .chunks_exact(n.max(1).saturating_mul(self.float.width()))
    }

    /// The values of some bytes.
    pub fn read(&self, bytes: &[u8]) -> Vec<f64> {
        let words = bytes.chunks_exact(self.float.width());
        words.map(|it| self.float.read(it, self.big)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back_in_both_orders() {
        for float in [Float::F16, Float::Bf16, Float::F32, Float::F64] {
            assert_eq!(Float::from_number(float.number()), Some(float));
            for big in [false, true] {
                for value in [0.0, -1.5, 0.25, 1024.0] {
                    let mut bytes = Vec::new();
                    float.put(value, big, &mut bytes);
                    assert_eq!(bytes.len(), float.width());
                    assert_eq!(float.read(&bytes, big), value);
                    assert_eq!(float.round(value), value);
                }
            }
        }
        let mut bytes = Vec::new();
        Float::F32.put(1.0, true, &mut bytes);
        assert_eq!(bytes, [0x3F, 0x80, 0, 0]);
    }
}
