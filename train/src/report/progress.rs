//! What training tells those who watch it.

/// A step of the optimiser was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Steps taken, this one included.
    pub step: u64,
    /// Steps of the whole run, as far as it can be told.
    pub steps: u64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Seconds to the end, as far as it can be told.
    pub seconds_left: f64,
    /// Bits per byte of the rows of this step.
    pub train_bpb: f64,
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Global norm of its gradient before clipping.
    pub gradient_norm: f64,
    /// Rows of its chunks.
    pub chunk: usize,
}

/// The network was tried on rows that it is not trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// Steps taken before.
    pub step: u64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Bits per byte of the network alone.
    pub alone_bpb: f64,
    /// Bits per byte of network and experts together, where that was measured.
    pub mixed_bpb: Option<f64>,
    /// Whether it is the best so far.
    pub best: bool,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps were taken.
    Finished,
    /// The time was up.
    TimeUp,
    /// Held-out rows were no longer coded better.
    NoLongerBetter,
    /// Someone asked for it.
    Interrupted,
}

impl End {
    /// In words that can follow "ended:".
    pub fn words(self) -> &'static str {
        match self {
            End::Finished => "all steps taken",
            End::TimeUp => "time is up",
            End::NoLongerBetter => "no longer better on held-out rows",
            End::Interrupted => "interrupted",
        }
    }
}

/// A run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Steps taken.
    pub steps: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// The validation whose weights are kept; none if there was none.
    pub best: Option<Validation>,
    /// Why it ended.
    pub end: End,
}

/// Someone who watches. Watching cannot fail: what goes wrong in it is no reason to stop training.
pub trait Watch {
    /// After every step.
    fn step(&mut self, step: &Step);
    /// After every validation.
    fn validation(&mut self, validation: &Validation);
    /// Once, at the end.
    fn ended(&mut self, outcome: &Outcome);
}

/// Several who watch, told in this order; none is possible.
#[derive(Default)]
pub struct Watchers(pub Vec<Box<dyn Watch>>);

impl Watch for Watchers {
    fn step(&mut self, step: &Step) {
        self.0.iter_mut().for_each(|w| w.step(step));
    }

    fn validation(&mut self, validation: &Validation) {
        self.0.iter_mut().for_each(|w| w.validation(validation));
    }

    fn ended(&mut self, outcome: &Outcome) {
        self.0.iter_mut().for_each(|w| w.ended(outcome));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    struct Scribe(char, Rc<RefCell<String>>);

    impl Watch for Scribe {
        fn step(&mut self, _: &Step) {
            self.1.borrow_mut().extend(['s', self.0]);
        }
        fn validation(&mut self, _: &Validation) {
            self.1.borrow_mut().extend(['v', self.0]);
        }
        fn ended(&mut self, _: &Outcome) {
            self.1.borrow_mut().extend(['e', self.0]);
        }
    }

    #[test]
    fn all_are_told_in_order() {
        let said = Rc::new(RefCell::new(String::new()));
        let scribe = |name| -> Box<dyn Watch> { Box::new(Scribe(name, said.clone())) };
        let mut watchers = Watchers(vec![scribe('1'), scribe('2')]);
        let validation = Validation {
            step: 1,
            seconds: 1.0,
            alone_bpb: 2.0,
            mixed_bpb: None,
            best: true,
        };
        watchers.step(&Step {
            step: 1,
            steps: 2,
            seconds: 1.0,
            seconds_left: 1.0,
            train_bpb: 3.0,
            learning_rate: 1e-3,
            gradient_norm: 1.0,
            chunk: 64,
        });
        watchers.validation(&validation);
        watchers.ended(&Outcome {
            steps: 1,
            seconds: 2.0,
            best: Some(validation),
            end: End::Finished,
        });
        assert_eq!(*said.borrow(), "s1s2v1v2e1e2");
    }
}
