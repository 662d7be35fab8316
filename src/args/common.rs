//! What all commands know that write a file of another format.

/// Overwriting, threads, silence.
#[derive(clap::Args, Debug)]
pub struct Common {
    /// Overwrite the output
    #[arg(short, long)]
    pub force: bool,
    /// Worker threads; 0 means one a core. The output does not depend on it
    #[arg(short = 'T', long, value_name = "N", default_value_t = crate::environment::threads())]
    pub threads: usize,
    /// No progress, no notes, no summary
    #[arg(short, long)]
    pub quiet: bool,
}
