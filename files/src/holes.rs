//! Long zeros as holes: what a sparse file has in place of them comes back sparse.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// A file system's block, mostly. Shorter zeros are written.
const BLOCK: usize = 4096;
const ZEROS: [u8; BLOCK] = [0; BLOCK];

/// A new file's writer that leaves out zeros. Invariant: all before `at - skipped` is in the file,
/// whose cursor is there.
#[derive(Debug, Default)]
pub struct Holes {
    at: u64,
    skipped: u64,
}

impl Holes {
    /// Writes all of `data`, or skips it.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write(&mut self, file: &mut File, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            let zeros = self.zeros(data);
            self.at += zeros as u64;
            self.skipped += zeros as u64;
            data = &data[zeros..];
            let full = self.full(data);
            if full > 0 {
                self.catch_up(file)?;
                file.write_all(&data[..full])?;
                self.at += full as u64;
                data = &data[full..];
            }
        }
        Ok(())
    }

    /// The end: a file that ends in a hole still has its length.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(&mut self, file: &mut File) -> io::Result<()> {
        if self.skipped > 0 {
            self.skipped = 0;
            file.set_len(self.at)?;
            file.seek(SeekFrom::Start(self.at))?;
        }
        Ok(())
    }

    /// Bytes of the block that begins `behind` bytes from here, as far as there are some.
    fn block<'a>(&self, data: &'a [u8], behind: usize) -> &'a [u8] {
        let place = (self.at + behind as u64) % BLOCK as u64;
        let end = data.len().min(behind + BLOCK - place as usize);
        &data[behind..end]
    }

    fn zeros(&self, data: &[u8]) -> usize {
        let mut n = 0;
        loop {
            let block = self.block(data, n);
            if block.is_empty() || *block != ZEROS[..block.len()] {
                return n;
            }
            n += block.len();
        }
    }

    fn full(&self, data: &[u8]) -> usize {
        let mut n = 0;
        loop {
            let block = self.block(data, n);
            if block.is_empty() || *block == ZEROS[..block.len()] {
                return n;
            }
            n += block.len();
        }
    }

    /// Goes over what was skipped.
    fn catch_up(&mut self, file: &mut File) -> io::Result<()> {
        let skipped = std::mem::take(&mut self.skipped);
        match usize::try_from(skipped) {
            Ok(few @ ..BLOCK) => file.write_all(&ZEROS[..few]),
            _ => file.seek(SeekFrom::Start(self.at)).map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_written_is_read() -> io::Result<()> {
        let mut data = vec![0; 300_000];
        for at in [5, 4095, 20_000, 20_001, 99_999, 262_144] {
            data[at] = 7;
        }
        for piece in [1, 100, 4095, 4096, 4097, 100_000, data.len()] {
            for end in [data.len(), 262_145, 20_002, 0] {
                let mut file = tempfile::tempfile()?;
                let mut holes = Holes::default();
                for part in data[..end].chunks(piece) {
                    holes.write(&mut file, part)?;
                }
                holes.finish(&mut file)?;
                let mut back = Vec::new();
                file.rewind()?;
                file.read_to_end(&mut back)?;
                assert!(back == data[..end], "pieces of {piece}, {end} bytes");
            }
        }
        Ok(())
    }
}
