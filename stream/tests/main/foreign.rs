//! Promise: gzip, zstd, xz and bzip2 input is recognised by its first bytes and read to its last
//! member.

use std::io::ErrorKind;

use crate::common::*;
use async_compression::Level;
use async_compression::tokio::bufread::{BzEncoder, GzipEncoder, XzEncoder, ZstdEncoder};
use async_compression::zstd::CParameter;
use catena_stream::{Foreign, decode_foreign};

const WRAPPED: [Foreign; 4] = [Foreign::Gzip, Foreign::Zstd, Foreign::Xz, Foreign::Bzip2];

async fn wrap(raw: &[u8], format: Foreign) -> Vec<u8> {
    match format {
        Foreign::Gzip => read_all(GzipEncoder::new(raw)).await,
        Foreign::Zstd => {
            let checked = &[CParameter::checksum_flag(true)];
            read_all(ZstdEncoder::with_quality_and_params(
                raw,
                Level::Default,
                checked,
            ))
            .await
        }
        Foreign::Xz => read_all(XzEncoder::new(raw)).await,
        Foreign::Bzip2 => read_all(BzEncoder::new(raw)).await,
        Foreign::Auto | Foreign::None => Ok(raw.to_vec()),
    }
    .unwrap()
}

/// Static, as the boxed reader wants it.
async fn unwrap(bytes: &[u8], format: Foreign, piece: usize) -> std::io::Result<Vec<u8>> {
    let bytes: &'static [u8] = bytes.to_vec().leak();
    read_all(decode_foreign(Choppy::new(bytes, piece), format)).await
}

#[test]
fn wrapped_input_is_recognised() {
    let raw = records(10_000);
    block_on(async {
        for format in WRAPPED {
            let wrapped = wrap(&raw, format).await;
            for piece in [1, 3, 100_000] {
                assert!(
                    unwrap(&wrapped, Foreign::Auto, piece).await.unwrap() == raw,
                    "{format:?} by {piece}"
                );
                assert!(
                    unwrap(&wrapped, format, piece).await.unwrap() == raw,
                    "{format:?} by {piece}"
                );
            }
            assert!(
                unwrap(&wrapped, Foreign::None, 100).await.unwrap() == wrapped,
                "{format:?}"
            );
            let twice = [wrapped.clone(), wrapped.clone()].concat();
            let raw_twice = [raw.clone(), raw.clone()].concat();
            assert!(
                unwrap(&twice, Foreign::Auto, 100).await.unwrap() == raw_twice,
                "{format:?}, two members"
            );
            let empty = wrap(&[], format).await;
            assert!(
                unwrap(&empty, Foreign::Auto, 1).await.unwrap().is_empty(),
                "{format:?}, empty"
            );
        }
    });
}

#[test]
fn zeros_behind_members_are_read_over() {
    let raw = records(3000);
    block_on(async {
        for format in [Foreign::Gzip, Foreign::Xz] {
            let wrapped = wrap(&raw, format).await;
            for zeros in [4, 512, 10_240] {
                let padded = [&wrapped[..], &vec![0; zeros]].concat();
                for piece in [1, 100, 100_000] {
                    assert!(
                        unwrap(&padded, format, piece).await.unwrap() == raw,
                        "{format:?}, {zeros} zeros by {piece}"
                    );
                }
                let more = [&padded[..], &wrapped].concat();
                let twice = [&raw[..], &raw].concat();
                assert!(unwrap(&more, Foreign::Auto, 777).await.unwrap() == twice);
                let rubbish = [&padded[..], b"rubbish, not another member"].concat();
                assert!(unwrap(&rubbish, format, 777).await.is_err());
            }
        }
    });
}

#[test]
fn other_input_passes_unchanged() {
    block_on(async {
        // Among them beginnings of signatures that then stop or go on otherwise.
        let inputs: [&[u8]; 8] = [
            b"",
            b"B",
            b"BZh9 is not enough",
            b"\x1f\x8b\x09 another method",
            b"\x1f\x8b",
            b"\xfd7zXY",
            b"\x28\xb5\x2f",
            b"plain",
        ];
        for input in inputs {
            for piece in [1, 100] {
                assert_eq!(unwrap(input, Foreign::Auto, piece).await.unwrap(), input);
            }
        }
        let raw = records(5000);
        assert!(unwrap(&raw, Foreign::Auto, 64).await.unwrap() == raw);
    });
}

#[test]
fn a_cut_wrapping_is_an_error() {
    let raw = records(10_000);
    block_on(async {
        for format in WRAPPED {
            let wrapped = wrap(&raw, format).await;
            let error = unwrap(&wrapped[..wrapped.len() - 3], Foreign::Auto, 1000)
                .await
                .unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::UnexpectedEof,
                "{format:?}: {error}"
            );
            assert!(error.to_string().starts_with(format.name()), "{error}");
            let mut bad = wrapped.clone();
            let middle = bad.len() / 2;
            bad[middle] ^= 0x55;
            assert!(
                unwrap(&bad, Foreign::Auto, 1000).await.is_err(),
                "{format:?}"
            );
        }
    });
}

#[test]
fn names_parse() {
    assert_eq!("auto".parse::<Foreign>().unwrap(), Foreign::Auto);
    assert_eq!("gz".parse::<Foreign>().unwrap(), Foreign::Gzip);
    assert!(
        "rar"
            .parse::<Foreign>()
            .unwrap_err()
            .to_string()
            .contains("rar")
    );
}

#[test]
fn wrapped_input_goes_straight_into_catena() {
    let raw = records(10_000);
    block_on(async {
        let wrapped: &'static [u8] = wrap(&raw, Foreign::Xz).await.leak();
        let inside = tokio::io::BufReader::new(decode_foreign(wrapped, Foreign::Auto));
        let coded = read_all(read_encoder(inside)).await.unwrap();
        assert!(coded == one_shot(&raw));
    });
}
