//! Catena itself, through the one-shot functions of its codec crate.

use std::sync::Arc;

use anyhow::{Context, Result};
use catena_filter::{
    CompressOptions, DecompressOptions, Layout, Level, Model, compress, decompress,
};

use crate::job::{Job, Transform};

/// Codes bytes.
pub fn encode(job: &Job, level: u32, raw: &[u8]) -> Result<Vec<u8>> {
    Ok(compress(raw, &options(job, level)?)?)
}

/// Decodes what [`encode`] made.
pub fn decode(job: &Job, coded: &[u8]) -> Result<Vec<u8>> {
    let mut options = DecompressOptions::default().with_threads(job.settings.threads.unwrap_or(1));
    if let Some(model) = model(job)? {
        options = options.with_model(model);
    }
    Ok(decompress(coded, &options)?)
}

/// What a job asks of the codec.
fn options(job: &Job, level: u32) -> Result<CompressOptions> {
    let level = u8::try_from(level)
        .ok()
        .and_then(Level::new)
        .context("no such level")?;
    let mut options = CompressOptions::default()
        .with_level(level)
        .with_threads(job.settings.threads.unwrap_or(1))
        .with_model(model(job)?);
    if job.transform == Transform::Layout {
        options = options.with_layout(layout(job)?);
    }
    if let Some(size) = job.settings.frame_size {
        options = options.with_frame_size(size);
    }
    if let Some(frames) = job.settings.key_every {
        options = options.with_key_every(frames);
    }
    Ok(options)
}

/// The model that a job names; reading it is part of what is timed.
fn model(job: &Job) -> Result<Option<Arc<Model>>> {
    let open = |path| Model::open(path).map(Arc::new);
    Ok(job.settings.model.as_ref().map(open).transpose()?)
}

fn layout(job: &Job) -> Result<Layout> {
    Ok(Layout::parse(&job.shape.dtype)?.with_shape(&job.shape.shape)?)
}
