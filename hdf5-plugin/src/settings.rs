//! `cd_values`: what the user asks for, and what `set_local` derives from the dataset.
//! `docs/hdf5.md` has them bit by bit.
//!
//! The user's values come first and keep their places, the derived ones follow: a tool that hands
//! back values that were expanded before gets the same ones again. Invariant: the layout of a
//! [`Parsed`] is exactly what its values tell, so whoever has the values decodes what was encoded
//! with it.

use catena_filter::{Layout, Level, ModelId};

use crate::code;
use crate::error::{Error, Result};
use crate::shuffle::Shuffle;
use crate::{MAX_VALUES, USER_VALUES};

/// Bytes of a model's hash that name it.
const PREFIX: usize = 8;
/// Flag: a model is named.
const FLAG_MODEL: u32 = 1;
/// What the first derived value is: the upper 16 bits say that values are derived, and in which
/// form.
const DERIVED: u32 = 0xCA7E_0001;
/// The same, followed by a value that says how the bytes are shuffled.
const DERIVED_SHUFFLED: u32 = 0xCA7E_0002;

/// What the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Effort.
    pub level: Level,
    /// The first eight bytes of the hash of the model to use: tables at levels 1 to 6, a trained
    /// network at levels 8 and 9.
    pub model: Option<[u8; PREFIX]>,
}

impl Settings {
    /// A level, without a model.
    pub fn new(level: Level) -> Self {
        Settings { level, model: None }
    }

    /// The same with a model.
    pub fn with_model(mut self, id: &ModelId) -> Self {
        let mut prefix = [0; PREFIX];
        prefix.copy_from_slice(&id.as_bytes()[..PREFIX]);
        self.model = Some(prefix);
        self
    }

    /// The name of the model's dataset in [`crate::MODEL_GROUP`]: the first 16 hexadecimal digits
    /// of its hash.
    pub fn model_name(&self) -> Option<String> {
        self.model.as_ref().map(hex)
    }

    /// The values for `H5Pset_filter`, before `set_local`.
    pub fn user_values(&self) -> Vec<u32> {
        let mut values = vec![u32::from(self.level.get()), 0];
        if let Some([a, b, c, d, e, f, g, h]) = self.model {
            values[1] = FLAG_MODEL;
            values.push(u32::from_be_bytes([a, b, c, d]));
            values.push(u32::from_be_bytes([e, f, g, h]));
        }
        values
    }

    /// What the user's values say; missing ones are 0, level 0 is the default. Derived values after
    /// them are not looked at.
    ///
    /// # Errors
    /// A level above 9, unknown flags, a model at a level that uses none or without its hash.
    pub fn parse(values: &[u32]) -> Result<Self> {
        let value = |at: usize| values.get(at).copied().unwrap_or(0);
        let wrong = |why: String| Err(Error::Values(why));
        if values.len() > MAX_VALUES {
            return wrong(format!("{} values, at most {MAX_VALUES}", values.len()));
        }
        let level = match value(0) {
            0 => Some(Level::default()),
            level => u8::try_from(level).ok().and_then(Level::new),
        };
        let Some(level) = level else {
            return wrong(format!("level {}, not 1 to 9", value(0)));
        };
        if value(1) & !FLAG_MODEL != 0 {
            return wrong(format!("unknown flags {:#x}", value(1)));
        }
        if value(1) & FLAG_MODEL == 0 {
            if value(2) != 0 || value(3) != 0 {
                return wrong("a model's hash without its flag".into());
            }
            return Ok(Settings::new(level));
        }
        if values.len() < USER_VALUES {
            return wrong("a model's flag without its hash".into());
        }
        if !level.uses_model() {
            return wrong(format!("a model at level {}, which uses none", level.get()));
        }
        let mut prefix = [0; PREFIX];
        prefix[..4].copy_from_slice(&value(2).to_be_bytes());
        prefix[4..].copy_from_slice(&value(3).to_be_bytes());
        Ok(Settings {
            level,
            model: Some(prefix),
        })
    }
}

/// The digits of a hash's beginning.
pub(crate) fn hex(prefix: &[u8; PREFIX]) -> String {
    prefix.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What all values together say: how chunks are encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parsed {
    /// The user's part.
    pub settings: Settings,
    /// What a chunk's bytes are, once they stand in order.
    pub layout: Layout,
    /// How they come shuffled.
    pub shuffle: Option<Shuffle>,
}

impl Parsed {
    /// Settings for chunks of this layout. A layout that the values have no room for becomes one of
    /// equal words (see [`Parsed::values`]).
    pub fn new(settings: Settings, layout: &Layout) -> Self {
        let layout = code::canonical(layout, code::MOST);
        let shuffle = None;
        Parsed {
            settings,
            layout,
            shuffle,
        }
    }

    /// The same for chunks that come shuffled. That takes a value, so the layout may become another
    /// one.
    pub fn with_shuffle(mut self, shuffle: Option<Shuffle>) -> Self {
        self.layout = code::canonical(&self.layout, room(shuffle));
        self.shuffle = shuffle;
        self
    }

    /// The values that a file holds: the user's four, then the derived ones; at most
    /// [`MAX_VALUES`].
    pub fn values(&self) -> Vec<u32> {
        let mut values = self.settings.user_values();
        values.resize(USER_VALUES, 0);
        match self.shuffle {
            None => values.push(DERIVED),
            Some(shuffle) => values.extend([DERIVED_SHUFFLED, shuffle.value()]),
        }
        let code = code::write(&self.layout, room(self.shuffle));
        values.extend(code.unwrap_or_default());
        values
    }

    /// What values say that `set_local` has expanded, or that it has not (the layout is then
    /// bytes).
    ///
    /// # Errors
    /// As [`Settings::parse`]; derived values that are no layout.
    pub fn parse(values: &[u32]) -> Result<Self> {
        let settings = Settings::parse(values)?;
        let wrong = |why: &str| Error::Values(why.into());
        let (layout, shuffle) = match values.get(USER_VALUES..) {
            None | Some([]) => (Layout::bytes(), None),
            Some([DERIVED, code @ ..]) => (code::read(code)?, None),
            Some(&[DERIVED_SHUFFLED, shuffle, ref code @ ..]) => {
                let shuffle = Shuffle::from_value(shuffle).ok_or_else(|| wrong("no shuffle"))?;
                (code::read(code)?, Some(shuffle))
            }
            Some(_) => return Err(wrong("values beyond the user's four")),
        };
        Ok(Parsed {
            settings,
            layout,
            shuffle,
        })
    }
}

/// Values that are left for a layout.
fn room(shuffle: Option<Shuffle>) -> usize {
    code::MOST - usize::from(shuffle.is_some())
}
