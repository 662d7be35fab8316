//! Independent work on several threads, its results in their order.
//!
//! For work inside of a job: threads of their own, for as long as it takes. The process has no more
//! of them than cores, however many jobs ask.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads of this kind that are at work.
static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// What `work` makes of each item, on up to `threads` threads, the caller's among them. What comes
/// out does not depend on how many there are.
pub(crate) fn map<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let wanted = threads.min(items.len()).saturating_sub(1);
    let helpers = if wanted > 0 {
        Helpers::of(wanted)
    } else {
        Helpers(0)
    };
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done: Vec<(usize, R)> = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                return done;
            };
            done.push((at, work(item)));
        }
    };
    let mut done = thread::scope(|scope| {
        let start = |_| {
            thread::Builder::new()
                .name("catena".into())
                .spawn_scoped(scope, share)
        };
        // Threads that cannot be had are done without.
        let started: Vec<_> = (0..helpers.0).filter_map(|at| start(at).ok()).collect();
        let mut done = share();
        for thread in started {
            match thread.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|&(at, _)| at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Threads that are counted as long as this lives.
struct Helpers(usize);

impl Helpers {
    /// As many as are left of the wanted ones.
    fn of(wanted: usize) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let mut got = 0;
        let take = |at_work: usize| {
            got = wanted.min(cores.saturating_sub(at_work));
            Some(at_work + got)
        };
        let _ = AT_WORK.fetch_update(Ordering::AcqRel, Ordering::Acquire, take);
        Helpers(got)
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        AT_WORK.fetch_sub(self.0, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order() {
        let items: Vec<u64> = (0..1000).collect();
        for threads in [0, 1, 2, 7] {
            let squares = map(threads, &items, |&i| i * i);
            assert!(squares.iter().zip(&items).all(|(&s, &i)| s == i * i));
        }
        assert!(map(3, &[], |i: &u8| *i).is_empty());
    }
}
