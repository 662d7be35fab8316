//! Segments to an object store, as multipart uploads, while they are compressed.
//!
//!     cargo run --release -p catena-stream --example upload -- FOLDER
//!
//! FOLDER stands for a bucket (object_store's local store; without it, a store in memory). A part
//! is held in memory until it is sent; a segment that fails is aborted.

use std::error::Error;
use std::sync::Arc;

use catena_filter::{CompressOptions, Layout, Level, decompress};
use catena_stream::write::CatenaEncoder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let store: Arc<dyn ObjectStore> = match std::env::args().nth(1) {
        Some(folder) => Arc::new(LocalFileSystem::new_with_prefix(folder)?),
        None => Arc::new(InMemory::new()),
    };
    let record = |i: u32| [i.to_le_bytes(), (i as f32).sqrt().to_le_bytes()].concat();
    let raw: Vec<u8> = (0..800_000).flat_map(record).collect();
    let options = CompressOptions::default()
        .with_layout(Layout::parse("<u4,<f4")?)
        .with_level(Level::new(2).unwrap_or_default());
    for (number, segment) in raw.chunks(4 << 20).enumerate() {
        let path = Path::from(format!("run7/{number:010}.cat"));
        // BufWriter makes multipart uploads of what is longer than a part. S3 takes none below 5
        // MiB: give it more.
        let upload = BufWriter::with_capacity(Arc::clone(&store), path.clone(), 1 << 20);
        let mut encoder = CatenaEncoder::with_options(upload, options.clone())?;
        let written = async {
            encoder.write_all(segment).await?;
            encoder.shutdown().await // the trailer, the last part, and the completion
        };
        if let Err(error) = written.await {
            encoder.into_inner().abort().await?;
            return Err(error.into());
        }
        let stored = store.get(&path).await?.bytes().await?;
        assert!(decompress(&stored, &Default::default())? == segment);
        println!("{path}: {} bytes as {}", segment.len(), stored.len());
    }
    Ok(())
}
