//! The ingest daemon under test: kills, floods, slow and full disks. A program of its own because
//! it keeps the machine busy for seconds, and measures times and peaks while it does: no other test
//! should run beside it.

#![cfg(unix)]

mod clients;
mod ingest;
#[cfg(target_os = "linux")]
mod load;
mod process;
#[cfg(target_os = "linux")]
mod slow_disk;
