//! What is lost on request is bounded, reported, and the same everywhere.

use catena_tensor::archive::{PackOptions, UnpackOptions, info};
use catena_tensor::{ErrorKind, LossyOptions};

use crate::made::*;

fn lossy(bound: f64) -> PackOptions {
    let options = LossyOptions::default().with_max_rel_error(bound);
    PackOptions::default().with_threads(1).with_lossy(options)
}

fn floats(file: &[u8], n: usize) -> Vec<f32> {
    let words = file[file.len() - 4 * n..].chunks_exact(4);
    words
        .map(|it| f32::from_le_bytes(it.try_into().unwrap()))
        .collect()
}

#[test]
fn errors_keep_within_the_bound_and_are_reported() {
    let mut values = weights(8000, 6);
    // Channels of very different scales, one of zeros.
    for (at, x) in values.iter_mut().enumerate() {
        *x *= [1e-6, 1.0, 1e5, 0.0][at / 100 % 4];
    }
    let file = npy("'<f4'", false, "(80, 100)", &le(&values));
    let mut sizes = Vec::new();
    for bound in [0.5, 0.1, 0.01, 1e-3, 1e-5] {
        let (archive, summary) = try_pack(&file, &lossy(bound)).unwrap();
        let (back, restored) = unpacked(&archive).unwrap();
        assert!(restored.lossy && back.len() == file.len());
        let mut most = 0.0f64;
        for (was, is) in values.chunks(100).zip(floats(&back, 8000).chunks(100)) {
            let largest = was
                .iter()
                .fold(0.0, |most: f64, x| most.max(f64::from(x.abs())));
            for (a, b) in was.iter().zip(is) {
                let error = (f64::from(*a) - f64::from(*b)).abs();
                assert!(error <= bound * largest, "{a} became {b} at {bound}");
                most = most.max(if largest > 0.0 { error / largest } else { 0.0 });
            }
        }
        let loss = summary.tensors[0].loss.unwrap();
        assert_eq!(loss.max_rel_error, most);
        assert!(loss.pruned <= 0.25 && loss.pruned <= loss.zeroed + 1e-12);
        let told = info(archive.as_slice(), &UnpackOptions::default()).unwrap();
        assert!(told.lossy && told.tensors[0].loss == Some(loss));
        sizes.push(archive.len());
    }
    // What is searched on little data is not always found.
    let grows = sizes
        .windows(2)
        .all(|pair| pair[0] <= pair[1] + pair[1] / 100);
    assert!(grows, "{sizes:?}");
    assert!(sizes[2] * 3 < file.len(), "{sizes:?}");
}

#[test]
fn what_is_not_finite_keeps_its_bits() {
    let mut values = weights(1000, 2);
    let odd = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::from_bits(0x7FA1_2345),
        f32::from_bits(0xFFC0_0001),
    ];
    for (at, x) in odd.into_iter().enumerate() {
        values[at * 190 + 3] = x;
    }
    for shape in ["(1000,)", "(10, 100)"] {
        let file = npy("'<f4'", false, shape, &le(&values));
        let back = floats(
            &unpacked(&try_pack(&file, &lossy(0.01)).unwrap().0)
                .unwrap()
                .0,
            1000,
        );
        for (was, is) in values.iter().zip(back).filter(|(was, _)| !was.is_finite()) {
            assert_eq!(was.to_bits(), is.to_bits());
        }
    }
    let file = npy("'<f4'", false, "(1000,)", &le(&[f32::NAN; 1000]));
    assert!(
        unpacked(&try_pack(&file, &lossy(0.01)).unwrap().0)
            .unwrap()
            .0
            == file
    );
}

#[test]
fn only_floats_lose_anything() {
    let file = checkpoint();
    let (archive, summary) = try_pack(&file, &lossy(0.01)).unwrap();
    let back = unpacked(&archive).unwrap().0;
    let lost: Vec<&str> = summary
        .tensors
        .iter()
        .filter(|it| it.loss.is_some())
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(
        lost,
        [
            "l0.weight",
            "l0.bias",
            "l1.weight",
            "l1.bias",
            "l2.weight",
            "l2.bias",
            "half"
        ]
    );
    // The header, and int8, mask and the scalar behind the floats.
    let header = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    assert!(back[..header] == file[..header] && back != file);
    assert!(back[file.len() - 515..] == file[file.len() - 515..]);
}

#[test]
fn every_float_type_and_order() {
    let f16 = |x: &f32| half(*x);
    let values = weights(900, 3);
    let doubles: Vec<u8> = values
        .iter()
        .flat_map(|&x| f64::from(x).to_be_bytes())
        .collect();
    let halves: Vec<u8> = values.iter().flat_map(|x| f16(x).to_be_bytes()).collect();
    for (descr, bytes) in [
        ("'>f8'", doubles),
        ("'>f2'", halves),
        ("'<f4'", le(&values)),
    ] {
        let file = npy(descr, true, "(30, 30)", &bytes);
        let (archive, summary) = try_pack(&file, &lossy(0.02)).unwrap();
        let loss = summary.tensors[0].loss.unwrap();
        assert!(
            loss.max_rel_error <= 0.02 && loss.max_rel_error > 0.001,
            "{descr}: {loss:?}"
        );
        assert_eq!(unpacked(&archive).unwrap().0.len(), file.len());
    }
}

/// A float of 16 bits, cut.
fn half(x: f32) -> u16 {
    let bits = x.to_bits();
    let exponent = (bits >> 23 & 0xFF) as i32 - 112;
    match exponent {
        1..=30 => {
            (bits >> 16 & 0x8000) as u16 | (exponent as u16) << 10 | (bits >> 13 & 0x3FF) as u16
        }
        _ => 0,
    }
}

#[test]
fn the_same_from_any_number_of_threads_and_for_ever() {
    let file = checkpoint();
    let (one, _) = try_pack(&file, &lossy(0.01)).unwrap();
    let (three, _) = try_pack(&file, &lossy(0.01).with_threads(3)).unwrap();
    assert!(one == three);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (path, restored) = (
        folder.join("1_lossy.ctensor"),
        folder.join("1_lossy.safetensors"),
    );
    if std::env::var_os("CATENA_GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, &one).unwrap();
        std::fs::write(&restored, unpacked(&one).unwrap().0).unwrap();
    }
    let golden = unpacked(&std::fs::read(&path).unwrap()).unwrap().0;
    assert!(golden == std::fs::read(&restored).unwrap());
}

#[test]
fn bounds_that_cannot_be_are_refused() {
    let file = npy("'<f4'", false, "(1000,)", &le(&weights(1000, 1)));
    for bound in [0.0, -1.0, 0.6, f64::NAN] {
        let error = try_pack(&file, &lossy(bound)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidInput(_)));
    }
    // Beyond what f32 holds: nothing is lost then.
    let (archive, summary) = try_pack(&file, &lossy(1e-12)).unwrap();
    assert_eq!(summary.tensors[0].loss, None);
    assert!(unpacked(&archive).unwrap().0 == file);
}
