//! What the fuzz targets and the tests of mutations do with arbitrary bytes: read them as a ROOT
//! file, unpack them as an archive. Errors are fine; panics are not, nor memory that the bytes do
//! not pay for.

use std::io::{Cursor, Write};

use catena_root::archive::{UnpackOptions, info, unpack};
use catena_root::{File, OpenOptions};

/// Bytes that one object or segment may take here. The inputs are small, and so is all that is in
/// them.
const LIMIT: u64 = 4 << 20;
/// Bytes that all columns of a tree, or a restored file, may take.
const HELD_MAX: usize = 128 << 20;

/// Opens the bytes as a ROOT file and reads the first entries of all branches; how many batches
/// were read.
#[allow(dead_code)]
pub fn root_read(bytes: &[u8]) -> usize {
    let options = OpenOptions::default().with_memory_limit(LIMIT);
    let Ok(file) = File::with_options(Cursor::new(bytes.to_vec()), &options) else {
        return 0;
    };
    let mut read = 0;
    for key in file.trees() {
        let Ok(tree) = file.open_tree(&key) else {
            continue;
        };
        // A damaged count of entries may be anything: a look at the first ones must do.
        let entries = 0..tree.entries().min(1000);
        let mut held = 0;
        for number in 0..tree.branches().len() {
            let Ok(batches) = tree.read(&[number], entries.clone()) else {
                continue;
            };
            for batch in batches.flatten() {
                held += batch.columns.iter().map(|c| c.bytes()).sum::<usize>();
                read += 1;
            }
        }
        assert!(held < HELD_MAX, "{held} bytes from {}", bytes.len());
    }
    read
}

/// Unpacks the bytes as an archive, and asks what they hold; the restored bytes, if it is one.
#[allow(dead_code)]
pub fn croot_unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let options = UnpackOptions::default()
        .with_threads(1)
        .with_memory_limit(LIMIT);
    let _ = info(bytes, &options);
    let mut out = Bounded(Vec::new());
    unpack(bytes, &mut out, &options, &|_| {}).ok()?;
    Some(out.0)
}

/// Takes so many bytes and no more.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > HELD_MAX {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
