//! How a frame's bytes fall into rows.

/// The rows of a frame: the end of a record that began before, whole records, the beginning of one.
///
/// Head, records and tail together are the frame. Without a whole record the head ends where the
/// next record begins or the frame does, and the tail is what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Bytes before the first whole record.
    pub head: usize,
    /// Whole records.
    pub n: usize,
    /// Bytes after the last whole record.
    pub tail: usize,
    /// Number of the first whole record in the stream.
    pub first: u64,
}

impl Rows {
    /// The rows of a frame of `len` bytes at `offset` of the stream, for records of `record_size`
    /// bytes.
    pub fn new(record_size: u32, offset: u64, len: usize) -> Self {
        let size = u64::from(record_size);
        let head = ((size - offset % size) % size).min(len as u64) as usize;
        let n = (len - head) / record_size as usize;
        Rows {
            head,
            n,
            tail: len - head - n * record_size as usize,
            first: offset.div_ceil(size),
        }
    }

    /// The whole records of the frame.
    pub fn records<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        &raw[self.head..raw.len() - self.tail]
    }

    /// The bytes beside them: head, then tail.
    pub fn edges(&self, raw: &[u8]) -> Vec<u8> {
        let (head, rest) = raw.split_at(self.head);
        [head, &rest[rest.len() - self.tail..]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_begin_and_end_on_records() {
        let rows = |offset, len| {
            let Rows {
                head,
                n,
                tail,
                first,
            } = Rows::new(6, offset, len);
            assert_eq!(head + 6 * n + tail, len);
            (head, n, tail, first)
        };
        assert_eq!(rows(0, 20), (0, 3, 2, 0));
        assert_eq!(rows(7, 20), (5, 2, 3, 2));
        // No whole record, with and without a record's beginning.
        assert_eq!(rows(7, 4), (4, 0, 0, 2));
        assert_eq!(rows(7, 8), (5, 0, 3, 2));
        assert_eq!(rows(12, 0), (0, 0, 0, 2));
    }

    #[test]
    fn edges_and_records_are_the_frame() {
        let raw: Vec<u8> = (0..20).collect();
        for offset in 0..7 {
            let rows = Rows::new(6, offset, raw.len());
            let (edges, records) = (rows.edges(&raw), rows.records(&raw));
            let (head, tail) = edges.split_at(rows.head);
            assert_eq!([head, records, tail].concat(), raw);
        }
    }
}
