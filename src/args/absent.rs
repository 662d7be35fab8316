//! What this build lacks. Commands and options of features are known in every build, so that a line
//! means the same everywhere: without its feature one is left out of the help, which names it at
//! its end, and ends with the feature.

use clap::{Arg, ArgAction, ArgMatches, Command};

/// A command or an option of a feature that is not built in.
struct Absent {
    /// The commands above it, `catena` left out.
    under: &'static str,
    /// Its name; an option begins with `--`.
    name: &'static str,
    /// What brings it.
    feature: &'static str,
}

// A full build lacks nothing.
#[cfg_attr(feature = "full", allow(dead_code))]
const fn absent(under: &'static str, name: &'static str, feature: &'static str) -> Absent {
    Absent {
        under,
        name,
        feature,
    }
}

const ABSENT: &[Absent] = &[
    #[cfg(not(feature = "train"))]
    absent("", "train", "train"),
    #[cfg(not(feature = "train"))]
    absent("", "eval", "train"),
    #[cfg(not(feature = "h5"))]
    absent("", "h5", "h5"),
    #[cfg(not(feature = "root"))]
    absent("", "root", "root"),
    #[cfg(not(feature = "tensor"))]
    absent("", "tensor", "tensor"),
    #[cfg(all(feature = "root", not(feature = "h5")))]
    absent("root", "convert", "h5,root"),
    #[cfg(all(feature = "root", not(feature = "h5")))]
    absent("root", "export", "h5,root"),
    #[cfg(all(feature = "h5", not(feature = "train")))]
    absent("h5 pack", "--train", "h5,train"),
    #[cfg(all(feature = "h5", feature = "root", not(feature = "train")))]
    absent("root convert", "--train", "h5,root,train"),
];

impl Absent {
    /// Its hidden twin, which takes anything.
    fn added_to(&self, command: Command) -> Command {
        let anything = |arg: Arg| arg.hide(true).action(ArgAction::Append).num_args(0..);
        match self.name.strip_prefix("--") {
            Some(option) => command.arg(anything(Arg::new(option).long(option))),
            None => command.subcommand(
                Command::new(self.name)
                    .hide(true)
                    .disable_help_flag(true)
                    .arg(
                        anything(Arg::new("line"))
                            .trailing_var_arg(true)
                            .allow_hyphen_values(true),
                    ),
            ),
        }
    }

    fn is_asked_for(&self, matches: &ArgMatches) -> bool {
        let mut under = self.under.split_whitespace();
        let matches = under.try_fold(matches, ArgMatches::subcommand_matches);
        matches.is_some_and(|matches| match self.name.strip_prefix("--") {
            Some(option) => matches.contains_id(option),
            None => matches.subcommand_matches(self.name).is_some(),
        })
    }
}

/// The command line with all that this build lacks, hidden, and named at the end of the help.
pub fn known(command: Command) -> Command {
    known_under(command, "", ABSENT)
}

fn known_under(mut command: Command, path: &str, absent: &[Absent]) -> Command {
    let below: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    for name in below {
        let path = format!("{path} {name}");
        command = command.mut_subcommand(name, |command| {
            known_under(command, path.trim_start(), absent)
        });
    }
    let here: Vec<&Absent> = absent.iter().filter(|it| it.under == path).collect();
    if here.is_empty() {
        return command;
    }
    let names: Vec<&str> = here.iter().map(|it| it.name).collect();
    let note = format!(
        "Not in this build: {}. A build with --features full has everything.",
        names.join(", ")
    );
    let before = command.get_after_help().map(|before| format!("{before}\n"));
    let command = command.after_help(before.unwrap_or_default() + &note);
    here.iter()
        .fold(command, |command, it| it.added_to(command))
}

/// What to say of a line that asks for something that this build lacks.
pub fn refused(matches: &ArgMatches) -> Option<String> {
    refused_of(matches, ABSENT)
}

fn refused_of(matches: &ArgMatches, absent: &[Absent]) -> Option<String> {
    let it = absent.iter().find(|it| it.is_asked_for(matches))?;
    let name = format!("{} {}", it.under, it.name);
    Some(format!(
        "'{}' is not in this build of catena: it needs one with --features {} (or full, which has everything)",
        name.trim_start(),
        it.feature
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESS: &[Absent] = &[
        absent("", "train", "train"),
        absent("root", "convert", "h5,root"),
        absent("root info", "--deep", "deep"),
    ];

    fn command() -> Command {
        let info = Command::new("info").arg(Arg::new("file"));
        let root = Command::new("root").subcommand(info);
        let command = Command::new("catena").after_help("Exit status: 0 all well");
        known_under(command.subcommand(root), "", LESS)
    }

    fn said(line: &str) -> Option<String> {
        let matches = command().try_get_matches_from(line.split(' ')).expect(line);
        refused_of(&matches, LESS)
    }

    #[test]
    fn what_is_absent_names_its_feature() {
        command().debug_assert();
        for (line, with) in [
            ("catena train", "'train' is not in this build"),
            ("catena train --help", "--features train "),
            ("catena train a.bin --minutes 3 -o x", "--features train "),
            ("catena root convert -5 a b", "'root convert' is not"),
            ("catena root convert", "--features h5,root "),
            ("catena root info --deep", "'root info --deep' is not"),
            ("catena root info --deep 3", "--features deep "),
        ] {
            let said = said(line).expect(line);
            assert!(said.contains(with), "{line}: {said}");
        }
        assert_eq!(said("catena root info x"), None);
    }

    #[test]
    fn help_shows_it_at_the_end_alone() {
        let help = |path: &[&str]| {
            let mut command = command();
            let command = path.iter().fold(&mut command, |command, name| {
                command.find_subcommand_mut(name).expect("a command")
            });
            command.render_long_help().to_string()
        };
        let all = help(&[]);
        assert!(!all.contains("\n  train"), "{all}");
        assert!(
            all.contains("Exit status: 0 all well\nNot in this build: train."),
            "{all}"
        );
        assert!(help(&["root"]).contains("Not in this build: convert."));
        let info = help(&["root", "info"]);
        assert!(!info.contains("  --deep"), "{info}");
        assert!(info.contains("Not in this build: --deep."), "{info}");
    }
}
