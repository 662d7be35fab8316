//! The beginning of a stream that names a model, as a job of the pool: the model is looked for,
//! read and checked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::background::Background;
use crate::error::Result;
use crate::flow::{Growth, Notify, admit, panicked};
use crate::frame::{EmbeddedModel, StreamHeader};
use crate::options::DecompressOptions;
use crate::pool::Pool;
use crate::predict::Spec;

/// A stream that has been admitted: what its frames are decoded by, and how many may be under way.
pub(super) struct Opened {
    pub(super) header: StreamHeader,
    pub(super) spec: Spec,
    pub(super) flight_max: usize,
    pub(super) growth: Growth,
}

/// A stream that is being opened.
pub(super) struct Opening {
    work: Background<Result<Opened>>,
    /// Bytes that the job holds.
    len: usize,
}

impl Opening {
    /// Starts the job.
    pub(super) fn start(
        header: StreamHeader,
        model: Option<EmbeddedModel>,
        options: DecompressOptions,
        pool: Arc<Pool>,
        notify: Option<Notify>,
    ) -> Self {
        let len = model.as_ref().map_or(0, |model| model.file.len());
        let on = Arc::clone(&pool);
        let work = Background::start(pool, notify, move || {
            let opened = || open(header, model.as_ref(), &options, &on);
            catch_unwind(AssertUnwindSafe(opened)).unwrap_or_else(|panic| Err(panicked(&*panic)))
        });
        Opening { work, len }
    }

    /// The stream, once it is open.
    pub(super) fn take(&self) -> Option<Result<Opened>> {
        self.work.take()
    }

    /// Bytes that the job holds.
    pub(super) fn held(&self) -> usize {
        self.len
    }

    pub(super) fn set_notify(&self, notify: Notify) {
        self.work.set_notify(notify);
    }

    /// Blocks until the job is done.
    pub(super) fn wait(&self) {
        self.work.wait();
    }
}

/// Admits a stream. What is wrong with an embedded model is said to be wrong where it stands.
pub(super) fn open(
    header: StreamHeader,
    model: Option<&EmbeddedModel>,
    options: &DecompressOptions,
    pool: &Pool,
) -> Result<Opened> {
    let file = model.map(|model| &model.file[..]);
    let admitted = admit(&header, file, 0, options, pool);
    let (spec, flight_max, growth) = admitted.map_err(|error| match model {
        Some(model) => error.at_offset(model.position),
        None => error,
    })?;
    Ok(Opened {
        header,
        spec,
        flight_max,
        growth,
    })
}
