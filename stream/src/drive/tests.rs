//! The state machine against a scripted session.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use catena_filter::Notify;
use catena_filter::engine::session::Sealed;

use super::*;

/// A session that answers pulls from a script and holds what it was pushed.
struct Script {
    pulls: VecDeque<Pull>,
    held: usize,
    takes: usize,
    flushes: usize,
    notify: Arc<Mutex<Option<Notify>>>,
}

impl Sealed for Script {}

impl Session for Script {
    fn push(&mut self, input: &[u8]) -> catena_filter::Result<usize> {
        let n = input.len().min(self.takes);
        self.held += n;
        Ok(n)
    }

    fn flush(&mut self) -> catena_filter::Result<()> {
        self.flushes += 1;
        Ok(())
    }

    fn finish(&mut self) -> catena_filter::Result<()> {
        Err(catena_filter::Error::corrupt("cut"))
    }

    fn pull(&mut self) -> catena_filter::Result<Pull> {
        Ok(self.pulls.pop_front().unwrap_or(Pull::Starved))
    }

    fn wait(&self) {}

    fn set_notify(&mut self, notify: Notify) {
        *self.notify.lock().unwrap() = Some(notify);
    }

    fn held(&self) -> usize {
        self.held
    }

    fn set_budget(&mut self, _: usize) {}

    fn stats(&self) -> Stats {
        Stats::default()
    }
}

fn driver(pulls: impl IntoIterator<Item = Pull>) -> Driver<Script> {
    let pulls = pulls.into_iter().collect();
    Driver::new(Script {
        pulls,
        held: 0,
        takes: usize::MAX,
        flushes: 0,
        notify: Arc::default(),
    })
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn step(driver: &mut Driver<Script>) -> Poll<io::Result<Step>> {
    driver.poll_step(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_job_that_ends_wakes_the_task() {
    let mut driver = driver([Pull::Pending, Pull::Pending]);
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    assert!(
        driver
            .poll_step(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let notify = driver.session().notify.lock().unwrap().clone().unwrap();
    notify();
    notify();
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_job_that_ends_before_the_registration_is_seen() {
    let mut driver = driver([Pull::Pending, Pull::Data(vec![1, 2]), Pull::End]);
    assert!(matches!(step(&mut driver), Poll::Ready(Ok(Step::Output))));
    driver.consume(1);
    assert_eq!(driver.output(), [2]);
    driver.consume(1);
    assert!(matches!(step(&mut driver), Poll::Ready(Ok(Step::End))));
}

#[test]
fn the_budget_holds_until_the_codec_starves() {
    let mut driver = driver([Pull::Starved]);
    driver.set_budget(10);
    assert_eq!(driver.accept(&[0; 100]), 10);
    assert_eq!(driver.accept(&[0; 100]), 0);
    // A frame larger than the budget is not full yet: more must come in.
    assert!(matches!(step(&mut driver), Poll::Ready(Ok(Step::Input))));
    assert_eq!(driver.accept(&[0; 100]), 100);
    assert_eq!(driver.accept(&[0; 100]), 0);
}

#[test]
fn a_flush_without_new_bytes_is_none() {
    let mut driver = driver([]);
    driver.flush();
    driver.accept(b"bytes");
    driver.flush();
    driver.flush();
    assert_eq!(driver.session().flushes, 1);
}

#[test]
fn an_error_comes_behind_the_good_bytes_and_stays() {
    let mut driver = driver([Pull::Data(vec![7])]);
    driver.finish();
    assert!(matches!(step(&mut driver), Poll::Ready(Ok(Step::Output))));
    driver.consume(1);
    for _ in 0..3 {
        assert!(matches!(step(&mut driver), Poll::Ready(Err(_))));
    }
}

#[test]
fn a_codec_that_is_stuck_is_an_error_not_a_hang() {
    let mut driver = driver([]);
    driver.session().takes = 0;
    assert_eq!(driver.accept(b"x"), 0);
    assert!(matches!(step(&mut driver), Poll::Ready(Ok(Step::Input))));
    assert_eq!(driver.accept(b"x"), 0);
    assert!(matches!(step(&mut driver), Poll::Ready(Err(_))));
}
