//! LZMA in xz's container. Parameters: preset with 0x80 for extreme, check, dictionary (the byte of
//! the block's header), and the dictionary to encode with, 0 for the same.
//!
//! A dictionary longer than the data costs memory and time (674 MiB for level 9's) and changes
//! nothing but the byte that tells of it, unless hashes collide: so a smaller one is tried first.

use liblzma::stream::{Action, Check, Filters, LzmaOptions, Status, Stream};

const EXTREME: u8 = 0x80;
/// Bytes below which a dictionary costs nothing that counts.
const SMALL: usize = 1 << 20;
/// 64 MiB, the largest dictionary of a preset.
const DICTIONARY_MAX: u8 = 28;

pub(super) fn candidates(coded: &[u8], raw_len: usize) -> Vec<[u8; 4]> {
    // Stream header: 6 bytes of magic, a zero, the check. Block header: its size, flags, filter
    // 0x21 with one byte.
    let (Some(&check), Some(&[0x21, 1, dictionary])) = (
        coded.get(7),
        coded.get(14..17).and_then(|f| f.first_chunk::<3>()),
    ) else {
        return Vec::new();
    };
    if dictionary > DICTIONARY_MAX {
        return Vec::new();
    }
    let presets = [6u8, 4, 5, 1, 9, 7, 8, 3, 2, 0];
    let plain = presets.iter().copied();
    let extreme = presets.iter().map(|preset| preset | EXTREME);
    let own = |preset: &u8| u8::from(dictionary_of(preset & !EXTREME) != dictionary);
    let mut all: Vec<u8> = plain.chain(extreme).collect();
    // Presets whose own dictionary it is come first.
    all.sort_by_key(own);
    let enough = (0..=DICTIONARY_MAX).find(|&byte| {
        let wanted = raw_len.saturating_mul(8).max(SMALL);
        dictionary_size(byte) as usize >= wanted
    });
    let smaller = enough.filter(|&byte| byte < dictionary);
    let encoded_with = smaller.into_iter().chain([0]);
    encoded_with
        .flat_map(|with| {
            all.iter()
                .map(move |&preset| [preset, check, dictionary, with])
        })
        .collect()
}

/// The byte for a preset's own dictionary: 256 KiB to 64 MiB.
fn dictionary_of(preset: u8) -> u8 {
    match preset {
        0 => 12,
        1 => 16,
        2 => 18,
        3 | 4 => 20,
        5 | 6 => 22,
        7 => 24,
        8 => 26,
        _ => 28,
    }
}

/// As the format says: 2 or 3, shifted.
fn dictionary_size(byte: u8) -> u32 {
    (2 | u32::from(byte & 1)) << (byte / 2 + 11)
}

pub(super) fn name(params: [u8; 4]) -> String {
    let [preset, ..] = params;
    let extreme = if preset & EXTREME != 0 { "e" } else { "" };
    format!("xz-{}{extreme}", preset & !EXTREME)
}

pub(super) fn encode(raw: &[u8], params: [u8; 4]) -> Option<Vec<u8>> {
    let [preset, check, dictionary, with] = params;
    if preset & !EXTREME > 9 || dictionary > DICTIONARY_MAX || with > dictionary {
        return None;
    }
    let own = if with == 0 { dictionary } else { with };
    let check = match check {
        0 => Check::None,
        1 => Check::Crc32,
        4 => Check::Crc64,
        10 => Check::Sha256,
        _ => return None,
    };
    let extreme = u32::from(preset & EXTREME != 0) << 31;
    let mut options = LzmaOptions::new_preset(u32::from(preset & !EXTREME) | extreme).ok()?;
    options.dict_size(dictionary_size(own));
    let mut filters = Filters::new();
    filters.lzma2(&options);
    let mut stream = Stream::new_stream_encoder(&filters, check).ok()?;
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 1000 + 256);
    match stream.process_vec(raw, &mut out, Action::Finish) {
        Ok(Status::StreamEnd) => {}
        _ => return None,
    }
    if own != dictionary {
        name_dictionary(&mut out, dictionary)?;
    }
    Some(out)
}

/// Writes another dictionary into the block's header, and the checksum that follows from it.
fn name_dictionary(stream: &mut [u8], dictionary: u8) -> Option<()> {
    let block = stream.get_mut(12..)?;
    let len = (usize::from(*block.first()?) + 1) * 4;
    let (header, sum) = block.get_mut(..len)?.split_at_mut_checked(len - 4)?;
    *header.get_mut(4)? = dictionary;
    let mut crc = flate2::Crc::new();
    crc.update(header);
    sum.copy_from_slice(&crc.sum().to_le_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_dictionary_gives_the_same_bytes() {
        let raw: Vec<u8> = (0..9000u32)
            .flat_map(|i| (i * i / 7).to_be_bytes())
            .collect();
        let whole = encode(&raw, [9, 1, 28, 0]).unwrap();
        assert_eq!(encode(&raw, [9, 1, 28, 16]).unwrap(), whole);
        // It is what is tried first.
        assert_eq!(candidates(&whole, raw.len()).first(), Some(&[9, 1, 28, 16]));
        assert_eq!(encode(&raw, [9, 1, 16, 28]), None);
    }

    #[test]
    fn dictionaries_of_the_presets() {
        for preset in 0..10 {
            let own = LzmaOptions::new_preset(preset).unwrap();
            let mut filters = Filters::new();
            filters.lzma2(&own);
            let mut stream = Stream::new_stream_encoder(&filters, Check::None).unwrap();
            let mut out = Vec::with_capacity(200);
            stream
                .process_vec(b"abc", &mut out, Action::Finish)
                .unwrap();
            assert_eq!(out[16], dictionary_of(preset as u8));
        }
        assert_eq!(dictionary_size(22), 8 << 20);
    }
}
