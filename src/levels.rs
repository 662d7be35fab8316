//! The flags -1 to -9: the last one given wins, as with every compressor.

use catena::Level;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::environment;

/// The level that -1 to -9 ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct LevelFlags {
    level: Option<Level>,
}

impl LevelFlags {
    /// The level asked for, or what the environment says, or this one.
    pub fn or(self, default: Level) -> Level {
        self.level.or_else(environment::level).unwrap_or(default)
    }

    /// The level asked for, if any was.
    #[cfg(any(feature = "h5", feature = "tensor"))]
    pub fn level(self) -> Option<Level> {
        self.level
    }
}

const IDS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

impl Args for LevelFlags {
    fn augment_args(command: Command) -> Command {
        IDS.iter().fold(command, |command, id| {
            let arg = Arg::new(*id)
                .short(id.chars().next())
                .action(ArgAction::SetTrue)
                .overrides_with(*id);
            command.arg(match *id {
                "1" => arg.help("Fastest: -1 to -4 look for what the columns have in common, ever harder, and decode alike"),
                "3" => arg.help("The default"),
                "5" => arg.help("-5 and -6 also learn while they code: smaller, decoded at tens of MB/s, grids at 4 to 20"),
                "7" => arg.help("-7 to -9 predict bit by bit, at a few MB/s both ways; -8 and -9 with a model, where there is one"),
                "9" => arg.help("Smallest"),
                _ => arg.hide(true),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LevelFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        // A flag that was not given has a value and an index too; they come from nowhere on the
        // line.
        let given =
            |id: &&&str| matches.value_source(id) == Some(clap::parser::ValueSource::CommandLine);
        let last = IDS
            .iter()
            .filter(given)
            .max_by_key(|id| matches.indices_of(id).and_then(Iterator::max));
        Ok(LevelFlags {
            level: last.and_then(|id| id.parse().ok()).and_then(Level::new),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
