//! Arguments that do not go together, and those that do.

use super::*;

fn args(line: &str) -> Args {
    Args::try_parse_from(std::iter::once("catena").chain(line.split_whitespace())).expect(line)
}

#[test]
fn the_command_is_consistent() {
    absent::known(Args::command()).debug_assert();
}

#[test]
fn the_last_mode_and_level_win() {
    assert_eq!(args("").mode(), Mode::Compress);
    assert_eq!(args("-d -t x").mode(), Mode::Test);
    assert_eq!(args("-t -d x").mode(), Mode::Decompress);
    assert_eq!(args("-1 -9 -3").level().get(), 3);
    assert_eq!(args("-dc9").level().get(), 9);
    assert_eq!(args("").level().get(), 3);
    assert_eq!(args("--range 5:7 x").mode(), Mode::Decompress);
}

#[test]
fn what_is_repeated_is_no_error_and_the_last_counts() {
    assert!(args("-c -c -d -d -f -f x").stdout);
    assert_eq!(args("-T2 -T1 x").threads, 1);
    assert_eq!(
        args("--frame-size 1K --frame-size 2K x").frame_size,
        Some(2048)
    );
    assert_eq!(args("-m a -m b -d x").model.len(), 2, "these add up");
    assert!(args("-k --rm -k --rm x").rm);
    assert!(args("repair -n -n x").command.is_some());
}

#[test]
fn a_file_may_have_a_commands_name() {
    assert!(args("demo").command.is_some());
    for line in ["-k demo", "-- demo", "a demo", "./demo"] {
        assert!(args(line).command.is_none(), "{line}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    for line in [
        "-o x a b",
        "--from gzip -d a",
        "--range 0:1 -t a",
        "--dtype <f4 --shape 3,0 a",
        "-7 -m a -m b c",
    ] {
        assert!(args(line).check().is_err(), "{line}");
    }
    for line in [
        "--json a",
        "--shape 3 a",
        "-c -o x a",
        "--dtype <f9x a",
        "--frame-size 9Q a",
        "--embed-model a",
    ] {
        assert!(
            Args::try_parse_from(std::iter::once("catena").chain(line.split_whitespace())).is_err(),
            "{line}"
        );
    }
}
