//! Promise: how the bytes are cut on their way in or out changes nothing.

use crate::common::*;
use catena_filter::CompressOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};

const LEN: usize = 5 * FRAME + 333;

/// Chunk sizes on both sides of the frame size and the smallest.
const CHUNKS: [usize; 5] = [1, 7, 333, FRAME, 4 * FRAME];

/// All chunk sizes at both kinds of level: chunk size, raw bytes, what they become.
fn cases() -> impl Iterator<Item = (CompressOptions, usize, Vec<u8>, Vec<u8>)> {
    [small_frames(), modelled_frames()]
        .into_iter()
        .flat_map(|options| {
            let raw = records(LEN);
            let coded = one_shot_with(&raw, &options);
            CHUNKS.map(|chunk| (options.clone(), chunk, raw.clone(), coded.clone()))
        })
}

#[test]
fn write_encoder_equals_the_one_shot_call() {
    for (options, chunk, raw, want) in cases() {
        let coded = block_on(async {
            let sink = Choppy::new(Vec::new(), chunk);
            let mut encoder = write::CatenaEncoder::with_options(sink, options).unwrap();
            for piece in raw.chunks(chunk) {
                encoder.write_all(piece).await?;
                assert_eq!(encoder.write(&[]).await?, 0);
            }
            encoder.shutdown().await?;
            std::io::Result::Ok(encoder.into_inner().inner)
        });
        assert!(coded.unwrap() == want, "chunks of {chunk}");
    }
}

#[test]
fn read_encoder_equals_the_one_shot_call() {
    for (options, chunk, raw, want) in cases() {
        let source = Choppy::new(&raw[..], chunk);
        let encoder = bufread::CatenaEncoder::with_options(source, options).unwrap();
        let coded = block_on(read_all(encoder)).unwrap();
        assert!(coded == want, "chunks of {chunk}");
    }
}

#[test]
fn write_decoder_gives_the_bytes_back() {
    for (_, chunk, raw, coded) in cases() {
        let back = block_on(async {
            let mut decoder = write::CatenaDecoder::new(Choppy::new(Vec::new(), chunk));
            for piece in coded.chunks(chunk) {
                decoder.write_all(piece).await?;
                assert_eq!(decoder.write(&[]).await?, 0);
            }
            decoder.shutdown().await?;
            std::io::Result::Ok(decoder.into_inner().inner)
        });
        assert!(back.unwrap() == raw, "chunks of {chunk}");
    }
}

#[test]
fn read_decoder_gives_the_bytes_back() {
    for (_, chunk, raw, coded) in cases() {
        let decoder = bufread::CatenaDecoder::new(Choppy::new(&coded[..], chunk));
        let back = block_on(read_all(decoder)).unwrap();
        assert!(back == raw, "chunks of {chunk}");
    }
}

#[test]
fn readers_fill_one_byte_buffers() {
    let raw = records(2 * FRAME + 1);
    block_on(async {
        let mut encoder = read_encoder(&raw[..]);
        let mut coded = Vec::new();
        let mut byte = [0];
        while encoder.read(&mut byte).await.unwrap() == 1 {
            coded.push(byte[0]);
        }
        assert!(coded == one_shot(&raw));
        assert_eq!(encoder.read(&mut []).await.unwrap(), 0);
        assert_eq!(
            encoder.read(&mut byte).await.unwrap(),
            0,
            "the end stays the end"
        );

        let mut decoder = bufread::CatenaDecoder::new(&coded[..]);
        let mut back = Vec::new();
        while decoder.read(&mut byte).await.unwrap() == 1 {
            back.push(byte[0]);
        }
        assert!(back == raw);
        assert_eq!(
            decoder.read(&mut byte).await.unwrap(),
            0,
            "the end stays the end"
        );
    });
}

#[test]
fn copy_goes_through_all_four() {
    let raw = records(40 * FRAME + 5);
    block_on(async {
        let mut encoder = write_encoder(Vec::new());
        tokio::io::copy(&mut &raw[..], &mut encoder).await.unwrap();
        encoder.shutdown().await.unwrap();
        let coded = encoder.into_inner();
        assert!(coded == one_shot(&raw));

        let mut read_coded = Vec::new();
        tokio::io::copy(&mut read_encoder(BufReader::new(&raw[..])), &mut read_coded)
            .await
            .unwrap();
        assert!(read_coded == coded);

        let mut decoder = write::CatenaDecoder::new(Vec::new());
        tokio::io::copy(&mut &coded[..], &mut decoder)
            .await
            .unwrap();
        decoder.shutdown().await.unwrap();
        assert!(decoder.into_inner() == raw);

        let mut back = Vec::new();
        tokio::io::copy_buf(
            &mut BufReader::new(bufread::CatenaDecoder::new(&coded[..])),
            &mut back,
        )
        .await
        .unwrap();
        assert!(back == raw);
    });
}

#[test]
fn the_inner_stream_stays_reachable() {
    block_on(async {
        // A duplex inner stream: what is read comes past the encoder.
        let (near, mut far) = tokio::io::duplex(64);
        let mut encoder = write_encoder(near);
        far.write_all(b"back").await.unwrap();
        let mut answer = [0; 4];
        encoder.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"back");
        encoder.get_mut().write_all(b"raw").await.unwrap();
        drop(encoder.into_inner());
        let mut seen = Vec::new();
        far.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, b"raw");
    });
}
