//! The manual page: one page, with the options of every command.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::args::Args;

/// The page, in roff.
pub fn page() -> io::Result<Vec<u8>> {
    let mut command = Args::command();
    command.build();
    let page = Man::new(command.clone());
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    page.render_options_section(&mut out)?;
    for command in commands(&command) {
        section(command, &mut out)?;
    }
    page.render_extra_section(&mut out)?;
    page.render_version_section(&mut out)?;
    Ok(out)
}

/// All commands that do something, in order.
fn commands(command: &Command) -> Vec<&Command> {
    let own = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help" && !sub.is_hide_set());
    own.flat_map(|sub| match sub.has_subcommands() {
        true => commands(sub),
        false => vec![sub],
    })
    .collect()
}

/// A command's section: what its own page would say, one level down.
fn section(command: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    out.extend(format!(".SH \"{}\"\n", name.to_uppercase()).bytes());
    let page = Man::new(command.clone());
    let mut part = Vec::new();
    page.render_description_section(&mut part)?;
    page.render_synopsis_section(&mut part)?;
    page.render_options_section(&mut part)?;
    let part = String::from_utf8_lossy(&part);
    for line in part.lines() {
        match line.strip_prefix(".SH ") {
            // The section's own heading stands above it.
            Some("DESCRIPTION") => {}
            Some(heading) => out.extend(format!(".SS {heading}\n").bytes()),
            None => out.extend(format!("{line}\n").bytes()),
        }
    }
    Ok(())
}
