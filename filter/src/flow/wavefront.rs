//! Scheduling of frames over lanes, the same in both directions.
//!
//! A frame that its chain learns goes through three steps: it is opened (the planner's turn), its
//! lanes run (each when the frame before has left that lane, and, if the frame asks for it, after
//! the lane before), it is closed. Other frames are only closed. Frames of several numbers are
//! under way at a time, so that lane `l` of one runs beside lane `l - 1` of the next: a wavefront.
//! What a step computes depends on its inputs alone, never on when or where it ran.
//!
//! Invariant: a frame that failed keeps its result, and nothing that depends on it starts; frames
//! before it are not touched. Outputs are popped in the order of submission.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};

use super::chain::{Chain, Opener};
use crate::error::{Error, ErrorKind, Result};
use crate::pool::{Pool, lock};
use crate::predict::{Lane, Spec};

/// What the steps of a frame do: packing or unpacking.
pub(crate) trait Work: Send + Sync + 'static {
    /// A frame before its steps.
    type Input: Send + Sync;
    /// What opening yields and all lanes read.
    type Opened: Send + Sync;
    /// What a lane yields.
    type Part: Send + Clone;
    /// A frame after its steps.
    type Output: Send;

    fn spec(&self) -> &Spec;
    fn open(&self, input: &Self::Input, opener: &mut Opener) -> Result<Self::Opened>;
    /// Lanes that an opened frame goes through.
    fn lane_n(&self, _: &Self::Opened) -> usize {
        self.spec().lane_n as usize
    }
    /// Whether each lane needs the parts of the lanes before it.
    fn in_order(&self, opened: &Self::Opened) -> bool;
    /// Runs the lane with this index. `before` holds the parts of the lanes before it, if they were
    /// asked for.
    fn lane(
        &self,
        opened: &Self::Opened,
        index: usize,
        lane: &mut Lane,
        before: &[Self::Part],
    ) -> Result<Self::Part>;
    /// `opened` and `parts` are there if the frame is one that its chain learns.
    fn close(
        &self,
        input: &Self::Input,
        opened: Option<&Self::Opened>,
        parts: Vec<Self::Part>,
    ) -> Result<Self::Output>;
}

/// Called from worker threads when a job has ended.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

/// The number of no frame: jobs beside the frames have it.
const NO_FRAME: u64 = u64::MAX;

/// What a job says, once it is done.
#[derive(Debug)]
pub(crate) struct Answer<T>(Arc<Mutex<Option<T>>>);

impl<T> Answer<T> {
    pub(crate) fn take(&self) -> Option<T> {
        lock(&self.0).take()
    }
}

/// One frame under way.
struct Flight<W: Work> {
    chain: usize,
    /// Its turn in the chain and whether the chain's states start anew, if the chain learns it.
    turn: Option<(u64, bool)>,
    input: Arc<W::Input>,
    opened: Option<Arc<W::Opened>>,
    parts: Vec<Option<W::Part>>,
    output: Option<Result<W::Output>>,
}

struct State<W: Work> {
    flights: VecDeque<Flight<W>>,
    /// Number of the front flight.
    first: u64,
    chains: Vec<Option<Chain>>,
    running: usize,
    ended: u64,
    notify: Option<Notify>,
}

struct Shared<W: Work> {
    work: W,
    pool: Weak<Pool>,
    state: Mutex<State<W>>,
    changed: Condvar,
    cancelled: AtomicBool,
}

/// Frames under way in one stream.
pub(crate) struct Wavefront<W: Work> {
    shared: Arc<Shared<W>>,
    pool: Arc<Pool>,
    /// Jobs that had ended when the caller last looked.
    seen: u64,
}

impl<W: Work> Wavefront<W> {
    pub(crate) fn new(work: W, chain_n: usize, pool: Arc<Pool>, notify: Option<Notify>) -> Self {
        let state = State {
            flights: VecDeque::new(),
            first: 0,
            chains: (0..chain_n).map(|_| None).collect(),
            running: 0,
            ended: 0,
            notify,
        };
        let shared = Arc::new(Shared {
            work,
            pool: Arc::downgrade(&pool),
            state: Mutex::new(state),
            changed: Condvar::new(),
            cancelled: AtomicBool::new(false),
        });
        Wavefront {
            shared,
            pool,
            seen: 0,
        }
    }

    pub(crate) fn set_notify(&mut self, notify: Notify) {
        lock(&self.shared.state).notify = Some(notify);
    }

    /// Frames that were submitted and not popped.
    pub(crate) fn len(&self) -> usize {
        lock(&self.shared.state).flights.len()
    }

    /// Starts a frame of this chain.
    pub(crate) fn submit(&mut self, chain: usize, key: bool, learned: bool, input: W::Input) {
        let shared = &self.shared;
        let mut state = lock(&shared.state);
        let spec = shared.work.spec();
        let turn = state.chains[chain]
            .get_or_insert_with(|| Chain::new(spec))
            .enter(key, learned);
        state.flights.push_back(Flight {
            chain,
            turn,
            input: Arc::new(input),
            opened: None,
            parts: Vec::new(),
            output: None,
        });
        let number = state.first + state.flights.len() as u64 - 1;
        match turn {
            Some(_) => shared.try_open(&mut state, number),
            None => shared.start_close(&mut state, number),
        }
    }

    /// Has a job answer a question beside the frames, which must not panic; [`Wavefront::wait`]
    /// waits for it too.
    pub(crate) fn ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce(&W) -> T + Send + 'static,
    ) -> Answer<T> {
        let answer = Answer(Arc::new(Mutex::new(None)));
        let kept = Arc::clone(&answer.0);
        let shared = &self.shared;
        shared.start(
            &mut lock(&shared.state),
            NO_FRAME,
            move |shared| Ok(question(&shared.work)),
            move |_, _, told| *lock(&kept) = Some(told),
        );
        answer
    }

    /// The output of the oldest frame, if it is done.
    pub(crate) fn pop(&mut self) -> Option<Result<W::Output>> {
        let mut state = lock(&self.shared.state);
        self.seen = state.ended;
        let output = state.flights.front_mut()?.output.take()?;
        state.flights.pop_front();
        state.first += 1;
        Some(output)
    }

    /// Blocks until a job has ended that had not at the last [`Wavefront::pop`]; not at all if none
    /// is under way.
    pub(crate) fn wait(&self) {
        loop {
            let mut state = lock(&self.shared.state);
            if state.ended != self.seen || state.running == 0 {
                return;
            }
            drop(state);
            if self.pool.help() {
                continue;
            }
            state = lock(&self.shared.state);
            if state.ended != self.seen || state.running == 0 {
                return;
            }
            drop(
                self.shared
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    }
}

impl<W: Work> Drop for Wavefront<W> {
    fn drop(&mut self) {
        self.shared.cancelled.store(true, Ordering::Release);
    }
}

impl<W: Work> Shared<W> {
    fn try_open(self: &Arc<Self>, state: &mut State<W>, number: u64) {
        let State {
            flights,
            chains,
            first,
            ..
        } = state;
        let flight = &flights[(number - *first) as usize];
        let (Some((turn, fresh)), Some(chain)) = (flight.turn, &mut chains[flight.chain]) else {
            return;
        };
        let Some(opener) = chain.opener.take(turn, fresh) else {
            return;
        };
        let input = flight.input.clone();
        let step = move |shared: &Self| {
            let mut opener = opener.unwrap_or_else(|| Opener::new(shared.work.spec()));
            let opened = shared.work.open(&input, &mut opener)?;
            Ok((opener, opened))
        };
        self.start(
            state,
            number,
            step,
            move |shared, state, (opener, opened)| {
                let lane_n = shared.work.lane_n(&opened);
                let Some(flight) = state.flight(number) else {
                    return;
                };
                flight.opened = Some(Arc::new(opened));
                flight.parts = vec![None; lane_n];
                let chain = flight.chain;
                if let Some(chain) = &mut state.chains[chain] {
                    chain.opener.give_back(opener);
                }
                if let Some(next) = state.next_turn(number) {
                    shared.try_open(state, next);
                }
                if lane_n == 0 {
                    shared.start_close(state, number);
                }
                for lane in 0..lane_n {
                    shared.try_lane(state, number, lane);
                }
            },
        );
    }

    fn try_lane(self: &Arc<Self>, state: &mut State<W>, number: u64, index: usize) {
        let State {
            flights,
            chains,
            first,
            ..
        } = state;
        let flight = &flights[(number - *first) as usize];
        let (Some((turn, fresh)), Some(opened), Some(chain)) = (
            flight.turn,
            flight.opened.clone(),
            &mut chains[flight.chain],
        ) else {
            return;
        };
        let mut before = Vec::new();
        if self.work.in_order(&opened) {
            before.extend(flight.parts[..index].iter().flatten().cloned());
            if before.len() < index {
                return;
            }
        }
        if flight.output.is_some() {
            return;
        }
        let Some(lane) = chain.lanes[index].take(turn, fresh) else {
            return;
        };
        let step = move |shared: &Self| {
            let mut lane = lane.unwrap_or_else(|| Lane::new(shared.work.spec(), index as u32));
            let part = shared.work.lane(&opened, index, &mut lane, &before)?;
            Ok((lane, part))
        };
        self.start(state, number, step, move |shared, state, (lane, part)| {
            let Some(flight) = state.flight(number) else {
                return;
            };
            flight.parts[index] = Some(part);
            let whole = flight.parts.iter().all(Option::is_some);
            let chain = flight.chain;
            if let Some(chain) = &mut state.chains[chain] {
                chain.lanes[index].give_back(lane);
            }
            if let Some(next) = state.next_turn(number) {
                shared.try_lane(state, next, index);
            }
            if whole {
                shared.start_close(state, number);
            } else if index + 1 < shared.work.spec().lane_n as usize {
                shared.try_lane(state, number, index + 1);
            }
        });
    }

    fn start_close(self: &Arc<Self>, state: &mut State<W>, number: u64) {
        let Some(flight) = state.flight(number) else {
            return;
        };
        let input = flight.input.clone();
        let opened = flight.opened.take();
        let parts: Vec<W::Part> = std::mem::take(&mut flight.parts)
            .into_iter()
            .flatten()
            .collect();
        let step = move |shared: &Self| shared.work.close(&input, opened.as_deref(), parts);
        self.start(state, number, step, move |_, state, output| {
            if let Some(flight) = state.flight(number) {
                flight.output = Some(Ok(output));
            }
        });
    }

    /// Sends a step to the pool; `then` enters its result under the lock, unless it failed.
    fn start<T, S, D>(self: &Arc<Self>, state: &mut State<W>, number: u64, step: S, then: D)
    where
        S: FnOnce(&Self) -> Result<T> + Send + 'static,
        D: FnOnce(&Arc<Self>, &mut State<W>, T) + Send + 'static,
    {
        let Some(pool) = self.pool.upgrade() else {
            return;
        };
        state.running += 1;
        let shared = self.clone();
        pool.spawn(move || {
            if shared.cancelled.load(Ordering::Acquire) {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(|| step(&shared)))
                .unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
            let mut state = lock(&shared.state);
            match result {
                Ok(value) => then(&shared, &mut state, value),
                Err(error) => {
                    if let Some(flight) = state.flight(number) {
                        flight.output.get_or_insert(Err(error));
                    }
                }
            }
            state.running -= 1;
            state.ended += 1;
            let notify = state.notify.clone();
            drop(state);
            shared.changed.notify_all();
            if let Some(notify) = notify {
                notify();
            }
        });
    }
}

impl<W: Work> State<W> {
    /// The frame with this number; `None` if it has failed and was popped while other jobs of it
    /// ran.
    fn flight(&mut self, number: u64) -> Option<&mut Flight<W>> {
        let place = number.checked_sub(self.first)?;
        self.flights.get_mut(usize::try_from(place).ok()?)
    }

    /// The frame under way that comes after this one in its chain's turns.
    fn next_turn(&self, number: u64) -> Option<u64> {
        let place = (number - self.first) as usize;
        let flight = &self.flights[place];
        let (turn, _) = flight.turn?;
        let later = self.flights.iter().skip(place + 1).position(|other| {
            other.chain == flight.chain && other.turn.is_some_and(|(t, _)| t == turn + 1)
        })?;
        Some(number + 1 + later as u64)
    }
}

/// What a job that panicked leaves to its caller.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| text.to_string())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a job panicked".into());
    ErrorKind::Panicked(text).into()
}

#[cfg(test)]
mod tests;
