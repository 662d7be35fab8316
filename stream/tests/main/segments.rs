//! Promise: what was committed is read back after any crash, in order, once.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use catena_filter::{CompressOptions, DecompressOptions, Layout, Level, decompress};
use catena_stream::segment::{
    Recovery, SegmentName, SegmentOptions, SegmentWriter, SourceName, lock, recover,
};

const AGE: Duration = Duration::from_secs(3600);

fn options(folder: &Path) -> SegmentOptions {
    let compress = CompressOptions::default()
        .with_level(Level::new(3).unwrap())
        .with_layout(Layout::parse("<u4,<f4").unwrap())
        .with_threads(1);
    SegmentOptions::new(folder, "run".parse::<SourceName>().unwrap()).with_compress(compress)
}

/// Message number `i`, of a length of its own.
fn message(i: u32) -> Bytes {
    let records = 20 + i % 7;
    let record = |j: u32| {
        [
            (i * 1000 + j).to_le_bytes(),
            (j as f32).sqrt().to_le_bytes(),
        ]
        .concat()
    };
    (0..records).flat_map(record).collect::<Vec<u8>>().into()
}

fn messages(n: u32) -> Vec<u8> {
    (0..n).flat_map(|i| message(i).to_vec()).collect()
}

/// The raw bytes of all finished segments of the source, in order, and how many there are.
fn read(folder: &Path) -> (Vec<u8>, usize) {
    let mut names: Vec<SegmentName> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| SegmentName::parse(entry.unwrap().file_name().to_str().unwrap()))
        .filter(|name| name.finished)
        .collect();
    names.sort_by_key(|name| name.number);
    let one = |name: &SegmentName| {
        let stored = fs::read(folder.join(name.to_string())).unwrap();
        decompress(&stored, &DecompressOptions::default()).unwrap()
    };
    (names.iter().flat_map(one).collect(), names.len())
}

#[tokio::test]
async fn segments_follow_one_another() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let options = options(folder.path()).with_most(500, AGE);
    let mut writer = SegmentWriter::new(options.clone()).await?;
    for i in 0..60 {
        writer.write(message(i)).await?;
        if i % 5 == 4 {
            writer.commit().await?;
        }
    }
    let raw = messages(60);
    assert_eq!(writer.finish().await?, raw.len() as u64);
    assert_eq!((writer.uncommitted(), writer.in_flight()), (0, 0));
    let (back, n) = read(folder.path());
    assert!(back == raw && n > 2, "{n} segments");

    // A second writer goes on behind them.
    let mut writer = SegmentWriter::new(options).await?;
    writer.write(message(60)).await?;
    writer.finish().await?;
    let (back, more) = read(folder.path());
    assert!(back == messages(61));
    assert_eq!(more, n + 1);
    assert!(recover(folder.path())?.is_empty());
    Ok(())
}

#[tokio::test]
async fn age_ends_a_segment() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let options = options(folder.path()).with_most(u64::MAX, Duration::ZERO);
    let mut writer = SegmentWriter::new(options).await?;
    for i in 0..3 {
        writer.write(message(i)).await?;
        writer.tick().await?;
        writer.commit().await?;
    }
    assert_eq!(read(folder.path()), (messages(3), 3));
    Ok(())
}

/// Everything from the promised length on may be missing, or zeros, after a crash.
#[tokio::test]
async fn a_crash_at_any_moment_loses_nothing_committed() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut writer = SegmentWriter::new(options(folder.path())).await?;
    let part = folder.path().join("run-0000000000.cat.part");
    for i in 0..20 {
        writer.write(message(i)).await?;
    }
    let committed = writer.commit().await? as usize;
    let promised = fs::metadata(&part)?.len() as usize;
    for i in 20..40 {
        writer.write(message(i)).await?;
    }
    writer.commit().await?;
    drop(writer);
    let stored = fs::read(&part)?;
    let raw = messages(40);
    for cut in (promised..=stored.len()).step_by(3).chain([stored.len()]) {
        for hole in [0, 5000] {
            let crashed = tempfile::tempdir()?;
            let mut left = stored[..cut].to_vec();
            left.resize(cut + hole, 0);
            fs::write(crashed.path().join("run-0000000000.cat.part"), &left)?;
            let done = recover(crashed.path())?;
            assert!(
                matches!(&done[..], [one] if matches!(one.recovery, Recovery::Kept { .. })),
                "{cut}: {done:?}"
            );
            let (back, _) = read(crashed.path());
            assert!(back.len() >= committed && raw.starts_with(&back), "{cut}");
        }
    }
    Ok(())
}

#[test]
fn what_holds_nothing_is_removed_and_what_is_strange_is_left() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes);
    put("a-0000000000.cat.part", b"")?;
    put("b-0000000000.cat.part", &[0; 9000])?;
    put("c-0000000000.cat.part", b"not a stream at all")?;
    put("notes.txt", b"mine")?;
    let done = recover(folder.path())?;
    let kinds: Vec<&Recovery> = done.iter().map(|one| &one.recovery).collect();
    assert!(matches!(
        kinds[..],
        [Recovery::Removed, Recovery::Removed, Recovery::Failed(_)]
    ));
    assert_eq!(
        fs::read(folder.path().join("c-0000000000.cat.part"))?,
        b"not a stream at all"
    );
    assert!(folder.path().join("notes.txt").exists());
    Ok(())
}

#[tokio::test]
async fn a_failed_write_is_made_up_for() -> io::Result<()> {
    let outer = tempfile::tempdir()?;
    let folder = outer.path().join("segments");
    fs::create_dir(&folder)?;
    let mut writer = SegmentWriter::new(options(&folder)).await?;
    fs::remove_dir(&folder)?;
    for i in 0..4 {
        assert!(writer.write(message(i)).await.is_err());
        assert!(writer.commit().await.is_err());
    }
    assert_eq!(writer.uncommitted(), messages(4).len());
    fs::create_dir(&folder)?;
    assert_eq!(writer.commit().await?, messages(4).len() as u64);
    writer.write(message(4)).await?;
    writer.finish().await?;
    assert!(read(&folder).0 == messages(5));
    Ok(())
}

/// A writer's futures are dropped wherever they wait; what was taken comes out once.
#[tokio::test]
async fn dropped_futures_lose_nothing() -> io::Result<()> {
    use std::future::Future;
    use std::task::Poll;

    async fn polled<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let mut left = polls;
        std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                Poll::Pending
            }
        })
        .await
    }

    let folder = tempfile::tempdir()?;
    let options = options(folder.path()).with_budget(4096);
    let mut writer = SegmentWriter::new(options).await?;
    for i in 0..60 {
        let _ = polled(writer.write(message(i)), (i % 3) as usize).await;
        if i % 4 == 3 {
            let _ = polled(writer.commit(), (i % 5) as usize).await;
        }
    }
    writer.finish().await?;
    // A segment whose closing was dropped keeps its part's name until it is recovered.
    recover(folder.path())?;
    assert!(read(folder.path()).0 == messages(60));
    Ok(())
}

#[test]
fn one_process_has_a_folder() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let first = lock(folder.path())?;
    let error = lock(folder.path()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    drop(first);
    lock(folder.path())?;
    Ok(())
}

#[tokio::test]
async fn the_last_number_overwrites_nothing() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let last = format!("run-{}.cat", u64::MAX);
    fs::write(folder.path().join(&last), b"precious")?;
    let error = SegmentWriter::new(options(folder.path()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("used up"), "{error}");

    // The number before it is free: one segment can be written, and no second one.
    fs::remove_file(folder.path().join(&last))?;
    fs::write(
        folder.path().join(format!("run-{}.cat", u64::MAX - 1)),
        b"precious",
    )?;
    let mut writer = SegmentWriter::new(options(folder.path())).await?;
    writer.write(message(0)).await?;
    writer.finish().await?;
    let error = match writer.write(message(1)).await {
        Ok(()) => writer.commit().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(error.to_string().contains("used up"), "{error}");
    let kept = decompress(
        &fs::read(folder.path().join(&last))?,
        &DecompressOptions::default(),
    );
    assert!(kept.unwrap() == message(0));
    let before = folder.path().join(format!("run-{}.cat", u64::MAX - 1));
    assert_eq!(fs::read(before)?, b"precious");
    Ok(())
}

#[tokio::test]
async fn a_finished_segment_is_never_replaced() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut writer = SegmentWriter::new(options(folder.path())).await?;
    writer.write(message(0)).await?;
    writer.commit().await?;
    // Somebody else's file has come to have the name meanwhile.
    let name = folder.path().join("run-0000000000.cat");
    fs::write(&name, b"precious")?;
    let error = writer.finish().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&name)?, b"precious");
    fs::rename(&name, folder.path().join("elsewhere"))?;
    drop(writer);
    recover(folder.path())?;
    assert!(read(folder.path()).0 == message(0));
    Ok(())
}
