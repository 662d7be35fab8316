//! Promise: concatenated streams decode as one, or one at a time if asked.

use crate::common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn concatenated_streams_decode_as_one() {
    let raw = records(3 * FRAME + 9);
    let pieces = [&raw[..FRAME + 1], &[], &raw[FRAME + 1..]];
    let coded: Vec<u8> = pieces.iter().flat_map(|piece| one_shot(piece)).collect();
    for chunk in [1, 100, 100_000] {
        block_on(async {
            let back = read_all(bufread::CatenaDecoder::new(Choppy::new(&coded[..], chunk)))
                .await
                .unwrap();
            assert!(back == raw, "chunks of {chunk}");
            let mut decoder = write::CatenaDecoder::new(Vec::new());
            for piece in coded.chunks(chunk) {
                decoder.write_all(piece).await.unwrap();
            }
            decoder.shutdown().await.unwrap();
            assert!(decoder.into_inner() == raw, "chunks of {chunk}");
        });
    }
}

#[test]
fn a_reader_of_one_stream_leaves_the_rest() {
    let raw = records(2 * FRAME);
    let mut coded = one_shot(&raw);
    coded.extend(b"what follows");
    for chunk in [1, 100, 100_000] {
        block_on(async {
            let mut decoder = bufread::CatenaDecoder::new(Choppy::new(&coded[..], chunk));
            decoder.multiple_members(false);
            let mut back = Vec::new();
            decoder.read_to_end(&mut back).await.unwrap();
            assert!(back == raw);
            assert_eq!(
                decoder.into_inner().inner,
                b"what follows",
                "chunks of {chunk}"
            );
        });
    }
}

#[test]
fn a_writer_of_one_stream_refuses_the_rest() {
    let raw = records(2 * FRAME);
    let coded = one_shot(&raw);
    block_on(async {
        let mut decoder = write::CatenaDecoder::new(Vec::new());
        decoder.multiple_members(false);
        decoder.write_all(&coded).await.unwrap();
        assert!(decoder.write_all(b"what follows").await.is_err());
        assert!(*decoder.get_ref() == raw);
    });
}
