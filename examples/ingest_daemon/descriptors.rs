//! File descriptors: so many connections are let in as leave enough for the files of all sources.
//! Who has a descriptor and says nothing then takes none that a commit needs.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Listeners, the runtime, standard streams, the lock, libraries.
const OWN: u64 = 32;
/// Connections that ask for metrics.
pub const METRICS: usize = 8;
/// A source's segment, its folder while that is made durable, and the next segment.
const A_SOURCE: u64 = 3;
/// Connections, however few descriptors there are.
const FEWEST: u64 = 4;

/// What may be open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    pub sources: u32,
    pub connections: usize,
}

impl Descriptors {
    /// Shares out as many as the process can get, for this many sources or fewer.
    pub fn share_out(sources: u32) -> Self {
        Self::of(most(), sources)
    }

    fn of(most: u64, sources: u32) -> Self {
        let left = most.saturating_sub(OWN + METRICS as u64);
        let sources = u64::from(sources).min(left / 2 / A_SOURCE).max(1);
        let connections = left.saturating_sub(sources * A_SOURCE).max(FEWEST);
        Descriptors {
            sources: sources as u32,
            connections: connections.min(Semaphore::MAX_PERMITS as u64) as usize,
        }
    }
}

/// The process's limit, after it was raised as far as it can be.
#[cfg(unix)]
fn most() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // If it may not be raised, the one in force counts.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(not(unix))]
fn most() -> u64 {
    u64::MAX
}

/// Waits until `listen` has accepted somebody for whom there is a descriptor; it is given back with
/// the permit.
pub async fn accept<T>(
    slots: &Arc<Semaphore>,
    listen: impl Future<Output = std::io::Result<T>>,
) -> std::io::Result<(T, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await;
    let slot = slot.map_err(std::io::Error::other)?;
    Ok((listen.await?, slot))
}
