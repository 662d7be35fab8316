//! One line of the results: a codec in one setting on one file.

use serde::{Deserialize, Serialize};

use crate::job::Transform;

/// One line of the results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The file's name.
    pub file: String,
    /// Raw bytes that were coded.
    pub raw: u64,
    /// The codec with its level.
    pub codec: String,
    /// How the bytes were arranged; nothing for given rows, whose codec names say it.
    pub transform: Option<Transform>,
    /// Coded bytes.
    pub coded: u64,
    /// Both directions as measured; nothing for given rows.
    pub cost: Option<Cost>,
    /// The codec's version.
    pub version: String,
}

/// What both directions cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// CPU seconds to encode.
    pub enc_cpu: f64,
    /// CPU seconds to decode.
    pub dec_cpu: f64,
    /// Seconds on the clock to encode.
    pub enc_wall: f64,
    /// Seconds on the clock to decode.
    pub dec_wall: f64,
    /// Peak bytes to encode, above the loaded input.
    pub enc_memory: u64,
    /// Peak bytes to decode, above the loaded input.
    pub dec_memory: u64,
}

impl Row {
    /// Bits a byte.
    pub fn bpd(&self) -> f64 {
        self.coded as f64 * 8.0 / self.raw.max(1) as f64
    }

    /// Catena's level, if it is Catena's row.
    pub fn level(&self) -> Option<u8> {
        self.codec.strip_prefix("catena-")?.parse().ok()
    }

    /// Whether a codec learns from the data as it goes, or chooses by it.
    pub fn is_adaptive(codec: &str) -> bool {
        codec.starts_with("catena-")
    }

    /// Whether it was given and not measured here.
    pub fn given(&self) -> bool {
        self.cost.is_none()
    }

    /// The codec with its setting, for tables.
    pub fn label(&self) -> String {
        match self.transform {
            Some(t) => format!("{} {}", self.codec, t.name()),
            None => self.codec.clone(),
        }
    }
}

/// Geometric mean; nothing of nothing.
pub fn geomean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values
        .into_iter()
        .fold((0.0, 0u32), |(s, n), v| (s + v.ln(), n + 1));
    (n > 0).then(|| (sum / f64::from(n)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometric_mean() {
        assert_eq!(geomean([]), None);
        assert!(geomean([0.5, 2.0]).is_some_and(|g| (g - 1.0).abs() < 1e-12));
    }
}
