//! What follows of a key's header from what stands behind it. These fields are kept as differences
//! from what is expected, zeros nearly always, by exclusive-or: doing it twice gives the header
//! back.

/// Positions of 8 bytes from this version of a key on.
const LARGE: u16 = 1000;
/// Bytes at the end of a basket's header: version, buffer size, entry length, entries, end of the
/// data, flag.
const NUMBERS: usize = 19;

/// What is known of the object behind a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Where the key begins in the file.
    pub position: u64,
    /// Bytes behind the key.
    pub stored: usize,
    /// The same before compression.
    pub raw: usize,
    /// Of a basket: entries, and bytes of their data.
    pub basket: Option<(usize, usize)>,
}

/// Exchanges a header with its differences, in both directions.
pub(super) fn exchange(header: &mut [u8], known: &Known) {
    let key_len = header.len();
    xor(header, 0, &((known.stored + key_len) as u32).to_be_bytes());
    xor(header, 6, &(known.raw as u32).to_be_bytes());
    xor(header, 14, &(key_len as u16).to_be_bytes());
    match header.get(4..6) {
        Some(&[a, b]) if u16::from_be_bytes([a, b]) > LARGE => {
            xor(header, 18, &known.position.to_be_bytes());
        }
        _ => xor(header, 18, &(known.position as u32).to_be_bytes()),
    }
    if let (Some((entries, data)), Some(numbers)) = (known.basket, key_len.checked_sub(NUMBERS)) {
        xor(header, numbers + 10, &(entries as u32).to_be_bytes());
        xor(
            header,
            numbers + 14,
            &((data + key_len) as u32).to_be_bytes(),
        );
    }
}

fn xor(bytes: &mut [u8], at: usize, with: &[u8]) {
    let Some(bytes) = bytes.get_mut(at..) else {
        return;
    };
    bytes.iter_mut().zip(with).for_each(|(b, w)| *b ^= w);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_is_nothing() {
        let header: Vec<u8> = (0..90u8).map(|i| i.wrapping_mul(7)).collect();
        let known = Known {
            position: 0x1234_5678,
            stored: 900,
            raw: 4000,
            basket: Some((40, 3900)),
        };
        for len in 0..header.len() {
            let mut it = header[..len].to_vec();
            exchange(&mut it, &known);
            exchange(&mut it, &known);
            assert_eq!(it, header[..len]);
        }
    }
}
