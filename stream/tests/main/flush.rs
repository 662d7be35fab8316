//! Promise: a flush makes everything written so far decodable; a shutdown completes the stream, and
//! only a shutdown.

use std::io::ErrorKind;

use crate::common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};

#[test]
fn what_was_flushed_can_be_read_on_the_other_side() {
    let raw = records(3 * FRAME);
    block_on(async {
        // Smaller than a frame: every step needs backpressure too.
        let (near, far) = tokio::io::duplex(100);
        let mut decoder = bufread::CatenaDecoder::new(BufReader::new(far));
        let mut encoder = write::CatenaEncoder::with_options(near, modelled_frames()).unwrap();
        for piece in raw.chunks(611) {
            let mut back = vec![0; piece.len()];
            let send = async {
                encoder.write_all(piece).await?;
                encoder.flush().await
            };
            // The stream is still open: all of the piece must come without it being closed.
            tokio::try_join!(send, decoder.read_exact(&mut back)).unwrap();
            assert!(back == piece);
        }
        encoder.shutdown().await.unwrap();
        assert_eq!(decoder.read(&mut [0; 10]).await.unwrap(), 0);
    });
}

#[test]
fn flushed_prefix_decodes_up_to_the_flush() {
    let raw = records(2 * FRAME + 77);
    block_on(async {
        let mut encoder = write_encoder(Vec::new());
        encoder.write_all(&raw).await.unwrap();
        encoder.flush().await.unwrap();
        let so_far = encoder.get_ref().clone();

        let mut decoder = write::CatenaDecoder::new(Vec::new());
        decoder.write_all(&so_far).await.unwrap();
        decoder.flush().await.unwrap();
        assert!(*decoder.get_ref() == raw);
        // But the stream is not complete, and that is said.
        assert_eq!(
            decoder.shutdown().await.unwrap_err().kind(),
            ErrorKind::UnexpectedEof
        );

        // Nothing new, so nothing to flush.
        encoder.flush().await.unwrap();
        assert_eq!(encoder.get_ref().len(), so_far.len());
    });
}

#[test]
fn shutdown_without_data_is_an_empty_stream() {
    block_on(async {
        let mut encoder = write_encoder(Vec::new());
        encoder.flush().await.unwrap();
        encoder.shutdown().await.unwrap();
        let coded = encoder.into_inner();
        assert!(coded == one_shot(&[]));
        assert!(read_all(read_encoder(&[][..])).await.unwrap() == coded);
        assert_eq!(
            read_all(bufread::CatenaDecoder::new(&coded[..]))
                .await
                .unwrap(),
            []
        );

        let mut decoder = write::CatenaDecoder::new(Vec::new());
        decoder.write_all(&coded).await.unwrap();
        decoder.shutdown().await.unwrap();
        assert_eq!(decoder.into_inner(), []);
    });
}

#[test]
fn nothing_can_be_written_after_shutdown() {
    block_on(async {
        let mut encoder = write_encoder(Vec::new());
        encoder.write_all(b"bytes").await.unwrap();
        encoder.shutdown().await.unwrap();
        let coded = encoder.get_ref().clone();
        assert!(encoder.write(b"more").await.is_err());
        encoder.shutdown().await.unwrap();
        encoder.flush().await.unwrap();
        assert!(
            *encoder.get_ref() == coded,
            "a second shutdown writes nothing"
        );
    });
}
