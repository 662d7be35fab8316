//! Sizes to choose from, as the original has them from small to large, made for a CPU.

use catena_filter::model::Dims;

/// A named size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// For tests and very short data.
    Tiny,
    /// The default: made for levels 7 and 8 on one core.
    Small,
    /// More, where time matters less.
    Medium,
    /// The most that is still of use on a CPU: level 9.
    Large,
}

impl Preset {
    /// All, from small to large.
    pub const ALL: [Preset; 4] = [Preset::Tiny, Preset::Small, Preset::Medium, Preset::Large];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Tiny => "tiny",
            Preset::Small => "small",
            Preset::Medium => "medium",
            Preset::Large => "large",
        }
    }

    /// The preset of that name.
    pub fn named(name: &str) -> Option<Self> {
        Preset::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Its architecture.
    pub fn dims(self) -> Dims {
        let (width, heads, blocks) = match self {
            Preset::Tiny => (32, 2, 1),
            Preset::Small => (64, 4, 2),
            Preset::Medium => (96, 6, 3),
            Preset::Large => (128, 8, 4),
        };
        Dims {
            width,
            heads,
            blocks,
            hidden: 2 * width,
            head_width: width.max(64).min(2 * width),
            window: 64,
            slots: 16,
            rate: 4,
            chunk: 64,
        }
    }

    /// Parameters of a network for this many fields, heads on them in all, and most heads of a
    /// field.
    pub fn parameters(self, fields: usize, heads: usize, most_heads: usize, knots: usize) -> usize {
        let dims = self.dims();
        let (d, f, z) = (
            usize::from(dims.width),
            usize::from(dims.hidden),
            usize::from(dims.head_width),
        );
        let block = 4 * d * d + 3 * d * f + 2 * d;
        let head = z * d + (256 + 257 * 2 + 2 + crate::parameters::PLACES) * z;
        let prefixes = most_heads * most_heads.saturating_sub(1) / 2 * 256 * z;
        usize::from(dims.blocks) * block
            + 4 * 256 * d
            + d * d
            + 6 * d
            + fields * (2 * d + knots * (2 * d + z))
            + heads * z
            + most_heads * head
            + prefixes
    }

    /// Bytes that training takes, about: weights with gradients and moments, and what the backward
    /// pass needs of `rows` rows.
    pub fn training_bytes(self, parameters: usize, fields: usize, rows: usize) -> u64 {
        let dims = self.dims();
        let (d, f) = (u64::from(dims.width), u64::from(dims.hidden));
        let a_token = u64::from(dims.blocks) * (12 * d + 5 * f) + 10 * d;
        let heads = 3 * (2 * 256 + 8 * u64::from(dims.head_width));
        16 * parameters as u64 + 4 * (rows * fields) as u64 * (a_token + heads)
    }
}
