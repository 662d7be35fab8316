//! What detection must find: one made-up file of each kind, at several lengths.

use catena_filter::layout::{Kind, Layout, detect};

/// A small generator: the tests must not depend on a crate's choice of stream.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let x = self.0 ^ self.0 >> 29;
        x.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ x >> 32
    }

    /// In 0..1.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal, mean 0, deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }
}

fn bytes_of<const N: usize>(n: usize, mut make: impl FnMut(usize) -> [u8; N]) -> Vec<u8> {
    (0..n).flat_map(|at| make(at).into_iter()).collect()
}

/// The found layout says the same as the true one: places, widths, orders, floats or not. Integers
/// may differ in sign.
fn assert_found(data: &[u8], dtype: &str) -> Layout {
    let found = detect(data);
    let said = |layout: &Layout| -> Vec<_> {
        let columns = layout.columns().columns.into_iter();
        columns
            .map(|c| (c.offset, c.width, c.kind == Kind::Float, c.order))
            .collect()
    };
    let truth = Layout::parse(dtype).unwrap();
    assert_eq!(
        said(&found),
        said(&truth),
        "found {found} for {dtype} in {} bytes",
        data.len()
    );
    found
}

fn jets(n: usize) -> Vec<u8> {
    let mut random = Random(1);
    let mut data = Vec::new();
    let mut event = 2_011_000_000u64;
    for _ in 0..n {
        event += random.below(2);
        data.extend(event.to_le_bytes());
        data.extend(((20.0 + 40.0 * random.unit().powi(3)) as f32).to_le_bytes());
        data.extend(((random.normal() * 1.2) as f32).to_le_bytes());
        data.extend((random.below(25) as i32).to_le_bytes());
        data.extend(
            (if random.below(9) == 0 {
                f32::NAN
            } else {
                random.unit() as f32
            })
            .to_le_bytes(),
        );
        data.extend((random.below(12) as i32 - 1).to_le_bytes());
        data.extend((((random.unit() - 0.5) * std::f64::consts::TAU) as f32).to_le_bytes());
        data.extend([
            random.below(4) as u8,
            random.below(9) as u8,
            random.below(2) as u8,
            random.below(30) as u8,
        ]);
    }
    data
}

#[test]
fn records_of_mixed_columns() {
    for n in [500, 5_000, 26_000] {
        assert_found(&jets(n), "<u8,2<f4,<i4,<f4,<i4,<f4,4u1");
    }
}

#[test]
fn records_of_big_endian_doubles_and_shorts() {
    let mut random = Random(2);
    let mut data = Vec::new();
    for at in 0..20_000u32 {
        data.extend((random.normal() * 1e-3).to_be_bytes());
        data.extend((1e9 + random.unit() * 1e6).to_be_bytes());
        data.extend((3_000 + random.below(900) as u16).to_be_bytes());
        data.extend((random.below(4_096) as u16).to_be_bytes());
        data.extend((at / 7).to_be_bytes());
    }
    assert_found(&data, "2>f8,2>u2,>u4");
}

#[test]
fn records_whose_length_is_odd() {
    let mut random = Random(3);
    let mut data = Vec::new();
    for _ in 0..8_000 {
        data.push(random.below(6) as u8);
        for scale in [1.0, 30.0, 2e-3, 700.0] {
            data.extend(((random.normal() * scale) as f32).to_le_bytes());
        }
    }
    assert_found(&data, "u1,4<f4");
}

#[test]
fn records_in_rows_with_padding() {
    let mut random = Random(4);
    let mut data = Vec::new();
    for _ in 0..400 {
        let filled = 3 + random.below(14);
        for slot in 0..24 {
            if slot < filled {
                data.extend(
                    ((50.0 / (1 + slot) as f64 * (0.5 + random.unit())) as f32).to_le_bytes(),
                );
                data.extend(((random.normal() * 0.1) as f32).to_le_bytes());
                data.extend(((random.normal() * 2.0) as f32).to_le_bytes());
                data.extend([
                    random.below(5) as u8,
                    7 + random.below(4) as u8,
                    random.below(2) as u8,
                    1,
                ]);
            } else {
                data.extend([0; 16]);
            }
        }
    }
    let found = assert_found(&data, "3<f4,4u1");
    assert_eq!(found.shape(), [0, 24]);
}

#[test]
fn floats_of_both_orders() {
    let mut random = Random(5);
    let noise: Vec<f32> = (0..50_000)
        .map(|_| (random.normal() * 0.05) as f32)
        .collect();
    let little: Vec<u8> = noise.iter().flat_map(|x| x.to_le_bytes()).collect();
    let big: Vec<u8> = noise.iter().flat_map(|x| x.to_be_bytes()).collect();
    let wide: Vec<u8> = noise
        .iter()
        .flat_map(|&x| (f64::from(x) * std::f64::consts::PI).to_le_bytes())
        .collect();
    let wide_big: Vec<u8> = noise
        .iter()
        .flat_map(|&x| (f64::from(x) * std::f64::consts::PI).to_be_bytes())
        .collect();
    for keep in [4_096, 100_000, 200_000] {
        assert!(assert_found(&little[..keep], "<f4").shape().is_empty());
        assert!(assert_found(&big[..keep], ">f4").shape().is_empty());
        assert!(assert_found(&wide[..keep * 2], "<f8").shape().is_empty());
        assert!(
            assert_found(&wide_big[..keep * 2], ">f8")
                .shape()
                .is_empty()
        );
    }
    // A header does not confuse it.
    let mut headed =
        b"SIMPLE  =                    T / a header of text before the data".repeat(32);
    headed.extend(&big);
    assert_found(&headed, ">f4");
}

/// A smooth field of so many planes, rows and values a row.
fn field(planes: usize, rows: usize, row: usize) -> impl Iterator<Item = f64> {
    let mut random = Random(6);
    (0..planes * rows * row).map(move |at| {
        let (z, y, x) = (
            (at / row / rows) as f64,
            (at / row % rows) as f64,
            (at % row) as f64,
        );
        let wave = (x * 0.11).sin() * (y * 0.13 + z * 0.05).cos()
            + (x * 0.031 + y * 0.047 - z * 0.09).sin();
        wave + random.normal() * 0.002
    })
}

#[test]
fn grids() {
    let cube: Vec<u8> = field(20, 75, 110)
        .flat_map(|x| (x as f32).to_le_bytes())
        .collect();
    assert_eq!(assert_found(&cube, "<f4").shape(), [0, 75, 110]);
    let doubles: Vec<u8> = field(16, 60, 90).flat_map(f64::to_be_bytes).collect();
    assert_eq!(assert_found(&doubles, ">f8").shape(), [0, 60, 90]);
    let image: Vec<u8> = field(1, 400, 300)
        .flat_map(|x| (((x + 2.5) * 500.0) as u16).to_le_bytes())
        .collect();
    assert_eq!(assert_found(&image, "<u2").shape(), [0, 300]);
    let grey: Vec<u8> = field(1, 400, 300)
        .map(|x| ((x + 2.5) * 50.0) as u8)
        .collect();
    assert_eq!(assert_found(&grey, "u1").shape(), [0, 300]);
}

#[test]
fn colours_side_by_side_and_waveforms() {
    let mut random = Random(10);
    let shades = field(1, 300, 400).flat_map(|x| [x + 2.5, 0.3 * x + 3.0, 2.2 - 0.8 * x]);
    let image: Vec<u8> = shades.map(|x| (x * 50.0 + random.normal()) as u8).collect();
    assert_found(&image, "3u1");
    let mut waves = Vec::new();
    for _ in 0..300 {
        let (start, height) = (60.0 + 8.0 * random.unit(), 4_000.0 * random.unit());
        for at in 0..500 {
            let t = (f64::from(at) - start).max(0.0);
            let sample =
                1_000.0 + height * (t / 5.0).min(1.0) * (-t / 120.0).exp() + 3.0 * random.normal();
            waves.extend((sample as u16).to_le_bytes());
        }
    }
    assert_found(&waves, "<u2");
}

#[test]
fn packed_records_of_many_types() {
    let mut random = Random(11);
    let mut data = Vec::new();
    for at in 0..9_000u64 {
        for scale in [5e4, 1.0, 1.0, 9e3] {
            data.extend(((random.unit() * scale) as f32).to_le_bytes());
        }
        data.extend((1e-19 * random.normal()).to_le_bytes());
        data.push(random.below(3) as u8);
        data.push(random.below(2) as u8);
        data.extend((random.below(60_000) as u16).to_le_bytes());
        data.extend((at * 37 + random.below(40)).to_le_bytes());
        data.extend([
            b'a' + random.below(20) as u8,
            b'k',
            b'0' + random.below(10) as u8,
        ]);
    }
    assert_found(&data, "4<f4,<f8,2u1,<u2,<u8,3u1");
}

#[test]
fn columns_one_after_another() {
    let mut random = Random(7);
    let energies: Vec<f64> = (0..20_000)
        .map(|_| 500.0 - 400.0 * random.unit().powi(2))
        .collect();
    let mut data = Vec::new();
    for _ in 0..4 {
        data.extend(
            energies
                .iter()
                .flat_map(|e| ((e * (1.0 + 1e-4 * random.normal())) as f32).to_le_bytes()),
        );
    }
    assert_eq!(assert_found(&data, "<f4").shape(), [0, 20_000]);
}

#[test]
fn integers() {
    let mut random = Random(8);
    let mut clock = 5_000_000_000u64;
    let stamps = bytes_of(30_000, |_| {
        clock += random.below(100_000);
        clock.to_le_bytes()
    });
    assert_found(&stamps, "<u8");
    assert_found(
        &bytes_of(30_000, |_| {
            ((random.normal() * 3_000.0) as i32).to_be_bytes()
        }),
        ">i4",
    );
    let samples = bytes_of(30_000, |at| {
        let sample = (at as f64 * 0.07).sin() * 9_000.0 + random.normal() * 50.0;
        (sample as i16).to_le_bytes()
    });
    assert_found(&samples, "<i2");
}

#[test]
fn text_and_noise_are_bytes() {
    let words = [
        "lane", "chain", "frame", "plane", "context", "of", "the", "and", "symbol", "\n",
    ];
    let mut random = Random(9);
    let text: String = (0..40_000)
        .map(|_| format!("{} ", words[random.below(10) as usize]))
        .collect();
    assert!(detect(text.as_bytes()).is_bytes());
    let table: String = (0..9_000)
        .map(|at| format!("{at:6},{:9.4},{:9.4}\n", random.normal(), random.unit()))
        .collect();
    assert!(detect(table.as_bytes()).is_bytes());
    for n in [300, 10_000, 300_000] {
        let noise = bytes_of(n, |_| [random.bits() as u8]);
        let found = detect(&noise);
        assert!(found.is_bytes(), "{found} in {n} bytes of noise");
    }
}

#[test]
fn little_or_nothing() {
    assert!(detect(&[]).is_bytes());
    assert!(detect(&[7]).is_bytes());
    assert!(detect(&[0; 255]).is_bytes());
    for n in [256, 257, 1_000, 70_001] {
        assert!(detect(&vec![0; n]).is_bytes(), "{n} zeros");
        detect(&vec![0xff; n]);
    }
    // Any length of any start of a file gives some layout.
    let data = jets(200);
    for n in 0..data.len().min(3_000) {
        assert!(detect(&data[..n]).record_size() > 0);
    }
}
