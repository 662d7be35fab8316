//! Promise: damage is an `io::Error` that says where, behind every good byte before it, and it
//! stays an error.

use std::io::ErrorKind;

use crate::common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LEN: usize = 4 * FRAME;

/// Decodes as far as it goes, both ways, which must agree: the good bytes and the error.
fn decode(coded: &[u8]) -> (Vec<u8>, Option<std::io::Error>) {
    block_on(async {
        let mut reader = bufread::CatenaDecoder::new(coded);
        let mut good = Vec::new();
        let error = reader.read_to_end(&mut good).await.err();
        if let Some(error) = &error {
            let again = reader
                .read(&mut [0; 8])
                .await
                .expect_err("no clean end after an error");
            assert_eq!(again.kind(), error.kind());
            assert_eq!(again.to_string(), error.to_string());
        }

        let mut writer = write::CatenaDecoder::new(Vec::new());
        let written = async {
            writer.write_all(coded).await?;
            writer.shutdown().await
        };
        let write_error = written.await.err();
        assert!(
            *writer.get_ref() == good,
            "both directions give the same bytes"
        );
        assert_eq!(
            write_error.map(|e| (e.kind(), e.to_string())),
            error.as_ref().map(|e| (e.kind(), e.to_string()))
        );
        (good, error)
    })
}

#[test]
fn every_truncation_is_an_unexpected_end() {
    let raw = records(LEN);
    let coded = one_shot(&raw);
    for len in 0..coded.len() {
        let (good, error) = decode(&coded[..len]);
        let error = error
            .unwrap_or_else(|| panic!("{len} of {} bytes passed for a whole stream", coded.len()));
        assert_eq!(
            error.kind(),
            ErrorKind::UnexpectedEof,
            "{len} bytes: {error}"
        );
        assert!(raw.starts_with(&good));
    }
}

#[test]
fn flipped_bits_are_invalid_data_and_name_the_frame() {
    let raw = records(LEN);
    let coded = one_shot(&raw);
    let mut named = 0;
    for at in 0..coded.len() {
        let mut bad = coded.clone();
        bad[at] ^= 1 << (at % 8);
        let (good, error) = decode(&bad);
        let error = error.unwrap_or_else(|| panic!("the flip in byte {at} went unseen"));
        assert!(
            matches!(
                error.kind(),
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::Unsupported
            ),
            "byte {at}: {:?} {error}",
            error.kind()
        );
        assert!(
            raw.starts_with(&good),
            "byte {at}: unverified bytes were given out"
        );
        named += usize::from(error.to_string().contains("frame"));
    }
    assert!(
        named > coded.len() / 2,
        "{named} of {} messages name a frame",
        coded.len()
    );
}

#[test]
fn good_frames_come_before_the_error() {
    let raw = records(LEN);
    let mut coded = one_shot(&raw);
    // Some way into the last frame's bytes: the index and the trailer behind it are short.
    let at = coded.len() * 3 / 4;
    coded[at] ^= 0x10;
    let (good, error) = decode(&coded);
    assert!(
        good.len() >= FRAME && good.len() < LEN,
        "{} bytes",
        good.len()
    );
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    // The codec's own error is inside, for who wants the frame as a number.
    let own = error.downcast::<catena_filter::Error>().unwrap();
    assert!(own.frame().is_some_and(|frame| frame > 0), "{own}");
}

#[test]
fn foreign_bytes_are_refused() {
    for foreign in [
        &b"PNG or what not, long enough for any header that there may be"[..],
        &[0; 300],
        b"x",
    ] {
        let (good, error) = decode(foreign);
        assert!(good.is_empty());
        assert!(matches!(
            error.unwrap().kind(),
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::Unsupported
        ));
    }
}

#[test]
fn an_error_of_the_inner_stream_comes_through() {
    let raw = records(LEN);
    block_on(async {
        // Two frames, then the connection breaks.
        let broken = tokio_test_reader(&raw[..2 * FRAME]);
        let error = read_all(read_encoder(broken)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let mut seen = Vec::new();
        let coded = one_shot(&raw);
        let broken = tokio_test_reader(&coded[..coded.len() - 1]);
        let error = bufread::CatenaDecoder::new(broken)
            .read_to_end(&mut seen)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert!(seen == raw, "what came before the break is given out first");
    });
}

/// Gives `bytes`, then fails.
fn tokio_test_reader(bytes: &[u8]) -> impl tokio::io::AsyncBufRead + Unpin {
    tokio::io::BufReader::new(bytes.chain(Broken))
}

struct Broken;

impl tokio::io::AsyncRead for Broken {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
    }
}
