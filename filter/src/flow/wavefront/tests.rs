//! The scheduler with steps that only say what they saw.

use super::*;
use crate::{Layout, Level};

const LANE_N: u32 = 5;

/// Each step checks that what it needs has happened before, and panics or fails where a frame asks
/// for it.
struct Trace {
    spec: Spec,
    in_order: bool,
    /// Frames that each lane has seen.
    seen: Vec<Mutex<Vec<u32>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    LanePanics,
    LaneFails,
    OpenFails,
    CloseFails,
}

struct Frame {
    number: u32,
    fault: Fault,
}

impl Trace {
    fn new(in_order: bool) -> Self {
        Trace {
            spec: Spec::new(Layout::bytes(), Level::default(), LANE_N),
            in_order,
            seen: (0..LANE_N).map(|_| Mutex::new(Vec::new())).collect(),
        }
    }
}

impl Work for Trace {
    type Input = Frame;
    type Opened = (u32, Fault);
    type Part = (u32, usize);
    type Output = (u32, Vec<(u32, usize)>);

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn open(&self, frame: &Frame, _: &mut Opener) -> Result<Self::Opened> {
        match frame.fault {
            Fault::OpenFails => Err(Error::corrupt("open")),
            fault => Ok((frame.number, fault)),
        }
    }

    fn in_order(&self, _: &Self::Opened) -> bool {
        self.in_order
    }

    fn lane(
        &self,
        &(number, fault): &Self::Opened,
        index: usize,
        _: &mut Lane,
        before: &[Self::Part],
    ) -> Result<Self::Part> {
        if self.in_order {
            let expected: Vec<Self::Part> = (0..index).map(|lane| (number, lane)).collect();
            assert_eq!(before, expected);
        }
        // Uneven work, so that lanes overtake one another where they may.
        std::thread::sleep(std::time::Duration::from_micros(
            u64::from(number * 7 + index as u32 * 3) % 11 * 20,
        ));
        lock(&self.seen[index]).push(number);
        match fault {
            Fault::LanePanics if index == 2 => panic!("a lane of frame {number}"),
            Fault::LaneFails if index == 3 => Err(Error::corrupt("lane")),
            _ => Ok((number, index)),
        }
    }

    fn close(
        &self,
        frame: &Frame,
        opened: Option<&Self::Opened>,
        parts: Vec<Self::Part>,
    ) -> Result<Self::Output> {
        if frame.fault == Fault::CloseFails {
            return Err(Error::corrupt("close"));
        }
        assert_eq!(parts.len(), opened.map_or(0, |_| LANE_N as usize));
        Ok((frame.number, parts))
    }
}

fn next(flow: &mut Wavefront<Trace>) -> Result<(u32, Vec<(u32, usize)>)> {
    loop {
        match flow.pop() {
            Some(output) => return output,
            None => flow.wait(),
        }
    }
}

fn pools() -> [Arc<Pool>; 3] {
    [Pool::caller(), Pool::new(1), Pool::new(4)]
}

#[test]
fn every_lane_sees_its_chains_frames_in_order() {
    for pool in pools() {
        for in_order in [false, true] {
            let mut flow = Wavefront::new(Trace::new(in_order), 2, pool.clone(), None);
            for number in 0..24 {
                let learned = number % 5 != 4;
                let frame = Frame {
                    number,
                    fault: Fault::None,
                };
                flow.submit(number as usize % 2, number < 2, learned, frame);
            }
            for number in 0..24 {
                assert_eq!(next(&mut flow).unwrap().0, number);
            }
            assert_eq!(flow.len(), 0);
            for seen in &flow.shared.work.seen {
                for chain in 0..2 {
                    let of_chain: Vec<u32> = lock(seen)
                        .iter()
                        .copied()
                        .filter(|n| n % 2 == chain)
                        .collect();
                    let expected: Vec<u32> =
                        (0..24).filter(|n| n % 2 == chain && n % 5 != 4).collect();
                    assert_eq!(of_chain, expected);
                }
            }
        }
    }
}

#[test]
fn a_fault_comes_out_at_its_place_and_nothing_hangs() {
    let faults = [
        Fault::LanePanics,
        Fault::LaneFails,
        Fault::OpenFails,
        Fault::CloseFails,
    ];
    for pool in pools() {
        for (fault, in_order) in faults.into_iter().flat_map(|f| [(f, false), (f, true)]) {
            let mut flow = Wavefront::new(Trace::new(in_order), 1, pool.clone(), None);
            for number in 0..6 {
                let fault = if number == 3 { fault } else { Fault::None };
                flow.submit(0, number == 0, true, Frame { number, fault });
            }
            for number in 0..3 {
                assert_eq!(next(&mut flow).unwrap().0, number);
            }
            let error = next(&mut flow).unwrap_err();
            let panicked = matches!(error.kind(), ErrorKind::Panicked(_));
            assert_eq!(panicked, fault == Fault::LanePanics, "{error}");
            // What depends on the frame never comes; waiting for it returns all the same.
            while flow.pop().is_none() && lock(&flow.shared.state).running > 0 {
                flow.wait();
            }
        }
    }
}

#[test]
fn dropping_cancels_what_has_not_begun() {
    let pool = Pool::new(1);
    let mut flow = Wavefront::new(Trace::new(true), 1, pool.clone(), None);
    for number in 0..100 {
        let fault = Fault::None;
        flow.submit(0, number == 0, true, Frame { number, fault });
    }
    let shared = Arc::downgrade(&flow.shared);
    drop(flow);
    // The job that runs ends, the one it would have started does not come.
    for _ in 0..1000 {
        if shared.strong_count() == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("jobs of a dropped session are still there");
}
