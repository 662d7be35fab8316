//! The live scoreboard: the network among its baselines, in the terminal; elsewhere one line for
//! each validation.
//!
//! Both go to standard error. What is shown is made in [`scene`]; this file knows when and where.

mod scene;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::baselines::Baseline;
use super::progress::{Outcome, Step, Validation, Watch};
use scene::Scene;

/// Redraws a second.
const HZ: u8 = 5;
/// Widest board in characters; narrower terminals get a narrower one.
const WIDTH: usize = 79;

/// The scoreboard. It stays on the screen when training has ended.
#[derive(Debug)]
pub struct Board {
    scene: Scene,
    /// On a terminal.
    bar: Option<ProgressBar>,
    term: Term,
}

impl Board {
    /// A board with these marks to beat. Nothing is drawn before the first step.
    pub fn new(baselines: &[Baseline]) -> Self {
        let term = Term::stderr();
        let bar = term.is_term().then(|| {
            let target = ProgressDrawTarget::term(term.clone(), HZ);
            let bar = ProgressBar::with_draw_target(None, target);
            let style = ProgressStyle::with_template("{msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        let board = Board {
            scene: Scene::new(baselines),
            bar,
            term,
        };
        if board.bar.is_none() && !baselines.is_empty() {
            eprintln!("{}", board.scene.marks());
        }
        board
    }

    fn draw(&self) {
        if let Some(bar) = &self.bar {
            let (_, columns) = self.term.size();
            // The last column stays free: some terminals wrap when it is written.
            let width = usize::from(columns).saturating_sub(1).min(WIDTH);
            bar.set_message(self.scene.lines(width).join("\n"));
        }
    }
}

impl Watch for Board {
    fn step(&mut self, step: &Step) {
        self.scene.step(step);
        self.draw();
    }

    fn validation(&mut self, validation: &Validation) {
        self.scene.validation(validation);
        self.draw();
        if self.bar.is_none() {
            eprintln!("{}", self.scene.line(validation));
        }
    }

    fn ended(&mut self, outcome: &Outcome) {
        self.draw();
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
        eprintln!("{}", scene::end(outcome));
    }
}

impl Drop for Board {
    /// A run that failed leaves its last board, and the cursor below it.
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take()
            && !bar.is_finished()
        {
            bar.abandon();
        }
    }
}
