//! The one scale of effort, 1 to 9, that every adapter shares.

/// Compression level: 1 to 4 are tokens coded by tables, which all decode alike, 5 and 6 tokens
/// coded by what is learned of them; 7 to 9 predict bit by bit, 8 and 9 with a network where there
/// is a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// The fastest level.
    pub const MIN: Level = Level(1);
    /// The largest level.
    pub const MAX: Level = Level(9);
    /// The highest level whose frames are not predicted bit by bit.
    pub(crate) const TABLES_MAX: Level = Level(6);

    /// A level from its number; `None` outside 1..=9.
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= 9 {
            Some(Level(number))
        } else {
            None
        }
    }

    /// Whether a model is used at this level, if there is one: tables at levels 1 to 6, a network
    /// at levels 8 and 9 ([`ModelKind::of_level`](crate::model::ModelKind::of_level)).
    pub const fn uses_model(self) -> bool {
        self.0 != 7
    }

    /// Whether a network is used at this level, if there is one.
    pub const fn uses_network(self) -> bool {
        self.0 >= 8
    }

    /// Whether frames are predicted bit by bit, by models that learn as they go.
    pub const fn learns(self) -> bool {
        self.0 >= 7
    }

    /// The level's number, 1 to 9.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Level {
    fn default() -> Self {
        Level(3)
    }
}
