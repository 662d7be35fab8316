//! The loop between a source, the codec and a sink. A thread reads, so that what the codec has
//! finished is written while the source keeps us waiting: in a pipe, every frame goes on as soon as
//! it is done.
//!
//! The sessions are used, not the adapters of `catena::io`: an encoder's adapter ends its stream
//! when it is dropped, and a stream whose source failed must not look whole.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use catena::Pull;
use catena::session::Session;

use crate::report::{Failure, Outcome};

/// Bytes read at a time.
pub const CHUNK: usize = 256 * 1024;
/// Chunks that are read ahead.
const AHEAD: usize = 3;

/// What the loop waits for.
enum Event {
    /// The source gave a chunk.
    Read(io::Result<Chunk>),
    /// A worker has finished something.
    Done,
}

/// Bytes on their way to the codec; none at the source's end.
struct Chunk {
    bytes: Vec<u8>,
    taken: usize,
    len: usize,
}

/// Moves all of `source` through `session`. `moved` is told how much went in and
/// how much of all that is still inside, `put` is given what comes out.
pub fn run<S: Session>(
    source: Box<dyn Read + Send>,
    name: &str,
    session: &mut S,
    mut moved: impl FnMut(usize, usize),
    mut put: impl FnMut(&[u8]) -> Outcome<()>,
) -> Outcome<()> {
    let (events, arrived) = mpsc::channel();
    let notify = Mutex::new(events.clone());
    session.set_notify(Arc::new(move || {
        // Nobody waits any more once the loop has failed.
        let _ = notify
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(Event::Done);
    }));
    let free = read_ahead(source, events).map_err(|e| Failure::new(name, e))?;
    let wrong = |e: catena::Error| Failure::new(name, e);

    let mut waiting: VecDeque<Chunk> = VecDeque::new();
    loop {
        match session.pull().map_err(wrong)? {
            Pull::Data(data) => {
                put(&data)?;
                moved(0, session.held());
                continue;
            }
            Pull::End => return Ok(()),
            Pull::Pending | Pull::Starved => {}
        }
        if let Some(chunk) = waiting.front_mut() {
            let n = feed(session, chunk).map_err(wrong)?;
            moved(n, session.held());
            let (len, used_up) = (chunk.len, chunk.taken == chunk.len);
            if used_up && let Some(chunk) = waiting.pop_front() {
                // The reader has ended if it does not want the buffer back.
                let _ = free.send(chunk.bytes);
            }
            if n > 0 || len == 0 {
                continue;
            }
        }
        match arrived.recv() {
            Ok(Event::Read(chunk)) => waiting.push_back(chunk.map_err(|e| Failure::new(name, e))?),
            Ok(Event::Done) => {}
            Err(_) => return Err(Failure::new(name, "the reading thread is gone")),
        }
    }
}

/// Gives the codec what it takes of the chunk; an empty one is the end.
fn feed<S: Session>(session: &mut S, chunk: &mut Chunk) -> catena::Result<usize> {
    if chunk.len == 0 {
        session.finish()?;
        return Ok(0);
    }
    let n = session.push(&chunk.bytes[chunk.taken..chunk.len])?;
    chunk.taken += n;
    Ok(n)
}

/// Reads in a thread, as far ahead as there are buffers. Returns where used ones are given back.
fn read_ahead(
    mut source: Box<dyn Read + Send>,
    events: Sender<Event>,
) -> io::Result<Sender<Vec<u8>>> {
    let (give, free) = mpsc::channel::<Vec<u8>>();
    for _ in 0..AHEAD {
        let _ = give.send(vec![0; CHUNK]);
    }
    let read = move || {
        for mut bytes in free {
            let len = read_some(&mut source, &mut bytes);
            let last = !matches!(len, Ok(1..));
            let event = Event::Read(len.map(|len| Chunk {
                bytes,
                taken: 0,
                len,
            }));
            if events.send(event).is_err() || last {
                return;
            }
        }
    };
    thread::Builder::new().name("reader".into()).spawn(read)?;
    Ok(give)
}

/// What the source has now, at least a byte; 0 at its end.
fn read_some(source: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(into) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use catena::{CompressOptions, Decoder, DecompressOptions, Encoder};

    /// Gives few bytes at a time, then fails or ends.
    struct Drips(Vec<u8>, usize, bool);

    impl Read for Drips {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = (self.0.len() - self.1).min(into.len()).min(777);
            into[..n].copy_from_slice(&self.0[self.1..][..n]);
            self.1 += n;
            if n == 0 && self.2 {
                Err(io::Error::other("the disk is gone"))
            } else {
                Ok(n)
            }
        }
    }

    fn pumped<S: Session>(
        bytes: Vec<u8>,
        fails: bool,
        session: &mut S,
    ) -> (Outcome<()>, Vec<u8>, usize) {
        let (mut out, mut taken) = (Vec::new(), 0);
        let put = |data: &[u8]| {
            out.extend_from_slice(data);
            Ok(())
        };
        let result = run(
            Box::new(Drips(bytes, 0, fails)),
            "x",
            session,
            |n, _| taken += n,
            put,
        );
        (result, out, taken)
    }

    #[test]
    fn both_directions_move_everything() {
        let raw: Vec<u8> = (0..100_000u32)
            .flat_map(|i| (i / 7).to_le_bytes())
            .collect();
        let options = CompressOptions::default()
            .with_frame_size(10_000)
            .with_threads(3);
        let (result, coded, taken) = pumped(
            raw.clone(),
            false,
            &mut Encoder::new(options).expect("encoder"),
        );
        assert!(result.is_ok());
        assert_eq!(taken, raw.len());
        let mut decoder =
            Decoder::new(DecompressOptions::default().with_threads(3)).expect("decoder");
        let (result, back, taken) = pumped(coded.clone(), false, &mut decoder);
        assert!(result.is_ok());
        assert!(back == raw);
        assert_eq!(taken, coded.len());
    }

    #[test]
    fn a_source_that_fails_makes_no_whole_stream() {
        let options = CompressOptions::default().with_frame_size(1000);
        let (result, coded, _) = pumped(
            vec![7; 50_000],
            true,
            &mut Encoder::new(options).expect("encoder"),
        );
        assert!(matches!(result, Err(Failure::Message(m)) if m == "x: the disk is gone"));
        assert!(catena::decompress(&coded, &DecompressOptions::default()).is_err());
    }
}
