//! Inputs that all promises are tried on, made by code.

pub mod engine;
pub mod forge;
pub mod models;
pub mod mutations;
pub mod reference;

use std::io::Write;

use catena_filter::io::write;
use catena_filter::{CompressOptions, Layout, Level};

/// A small generator of repeatable noise (xorshift64*).
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Noise(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

/// An input and what it is.
pub struct Sample {
    pub name: &'static str,
    pub dtype: &'static str,
    pub shape: &'static [u64],
    pub raw: Vec<u8>,
}

impl Sample {
    pub fn layout(&self) -> Layout {
        Layout::parse(self.dtype)
            .unwrap()
            .with_shape(self.shape)
            .unwrap()
    }
}

/// Events of a detector in packed records of 26 bytes, with a tail of 5 bytes.
pub fn records(n: u64) -> Sample {
    let mut noise = Noise::new(7);
    let mut raw = Vec::new();
    for i in 0..n {
        let pt = 20.0 + (noise.next() % 10_000) as f32 / 37.0;
        let eta = (noise.next() % 5000) as f32 / 1000.0 - 2.5;
        raw.extend_from_slice(&(1_000_000 + i / 3).to_le_bytes());
        raw.extend_from_slice(&pt.to_le_bytes());
        raw.extend_from_slice(&eta.to_le_bytes());
        raw.extend_from_slice(&(f64::from(pt) * (1.0 + f64::from(eta * eta) / 2.0)).to_be_bytes());
        raw.extend_from_slice(&[(i % 5) as u8, 0]);
    }
    raw.extend_from_slice(b"tail!");
    Sample {
        name: "records",
        dtype: "event:<u8,pt:<f4,eta:<f4,e:>f8,2u1",
        shape: &[],
        raw,
    }
}

/// A smooth field on a grid.
pub fn grid() -> Sample {
    let value = |z: u32, y: u32, x: u32| {
        let (z, y, x) = (z as f32, y as f32, x as f32);
        100.0 + z * 0.5 + (x - 20.0) * (y - 12.0) / 64.0
    };
    let mut raw = Vec::new();
    for z in 0..12 {
        for y in 0..25 {
            for x in 0..40 {
                raw.extend_from_slice(&value(z, y, x).to_le_bytes());
            }
        }
    }
    Sample {
        name: "grid",
        dtype: "<f4",
        shape: &[12, 25, 40],
        raw,
    }
}

/// Floats that break careless codecs: NaN payloads, both zeros, infinities, denormals.
pub fn odd_floats() -> Sample {
    let odd = [
        0u32,
        0x8000_0000,
        0x7F80_0000,
        0xFF80_0000,
        0x7FC0_0000,
        0x7FC1_2345,
        0xFFFF_FFFF,
        0x7F80_0001,
        1,
        0x8000_0001,
        0x007F_FFFF,
        0x3F80_0000,
    ];
    let raw = (0..3000).flat_map(|i| odd[i * i % odd.len()].to_le_bytes());
    Sample {
        name: "odd_floats",
        dtype: "<f4",
        shape: &[],
        raw: raw.collect(),
    }
}

/// Words in a row.
pub fn text() -> Sample {
    let mut noise = Noise::new(3);
    let words = [
        "muon ", "jet ", "track ", "vertex ", "of ", "the ", "a ", "decays\n",
    ];
    let raw = (0..4000).flat_map(|_| words[(noise.next() >> 40) as usize % words.len()].bytes());
    Sample {
        name: "text",
        dtype: "u1",
        shape: &[],
        raw: raw.collect(),
    }
}

/// Lines of numbers as programs write them: counts, energies with their momenta, names.
pub fn listing(n: usize) -> Sample {
    let mut noise = Noise::new(12);
    let mut draw = || (noise.next() >> 11) as f64 / (1u64 << 53) as f64;
    let lines = (0..n).map(|at| {
        let p = [draw() * 8.0 - 4.0, draw() * 8.0 - 4.0, draw() * 90.0];
        let m = [0.0, 0.000511, 0.13957][at % 3];
        let e = (p[0] * p[0] + p[1] * p[1] + p[2] * p[2] + m * m).sqrt();
        match at % 20 {
            0 => format!("E {} {:.3}\n", at / 20, draw() * 100.0),
            19 => "# end of the event\n".into(),
            _ => format!(
                "P {at} {:>6} {:.16e} {:.16e} {:.16e} {e:.16e} {m} {:<4}|{:+.2}\n",
                [11, -211, 22][at % 3],
                p[0],
                p[1],
                p[2],
                at % 7 * 20,
                p[0],
            ),
        }
    });
    Sample {
        name: "listing",
        dtype: "u1",
        shape: &[],
        raw: lines.collect::<String>().into_bytes(),
    }
}

/// Columns of their own kinds, one after another.
pub fn segments() -> Sample {
    let mut noise = Noise::new(5);
    let mut value = |at: usize| {
        let random = noise.next() >> 40;
        match at {
            0..1500 => (random % 10) as f32,
            1500..4000 => 1000.0 + (random % 4096) as f32 / 16.0,
            4000..4100 => f32::from_bits(random as u32),
            _ => 1e-5 * (1.0 + random as f32 / 1e8),
        }
    };
    Sample {
        name: "segments",
        dtype: "<f4",
        shape: &[],
        raw: (0..6000).flat_map(|at| value(at).to_le_bytes()).collect(),
    }
}

/// Bytes that nothing compresses.
pub fn noise() -> Sample {
    let mut noise = Noise::new(11);
    Sample {
        name: "noise",
        dtype: "<u2",
        shape: &[],
        raw: (0..2501).flat_map(|_| noise.next().to_le_bytes()).collect(),
    }
}

/// One value over and over.
pub fn constant() -> Sample {
    Sample {
        name: "constant",
        dtype: "<i4",
        shape: &[],
        raw: 42i32.to_le_bytes().repeat(5000),
    }
}

/// Events with all that the engine looks for in records: relations between columns, copies,
/// mirrored angles, steps of a thousandth, doubles of either byte order, small integers, noise,
/// constants; with odd floats sprinkled in.
pub fn events(n: u32) -> Sample {
    let mut noise = Noise::new(21);
    let mut raw = Vec::new();
    for i in 0..n {
        let mut unit = || (noise.next() >> 40) as f32 / (1 << 24) as f32;
        let pt = 20.0 + 80.0 * unit() * unit();
        let eta = 5.0 * unit() - 2.5;
        let phi = (2.0 * unit() - 1.0) * std::f32::consts::PI;
        let weight = match i % 97 {
            3 => f32::NAN,
            5 => -0.0,
            7 => f32::INFINITY,
            _ => (unit() * 99_999.0).round() / 1000.0,
        };
        raw.extend_from_slice(&pt.to_le_bytes());
        raw.extend_from_slice(&eta.to_le_bytes());
        raw.extend_from_slice(&phi.to_be_bytes());
        raw.extend_from_slice(&(pt * eta.cosh()).to_le_bytes());
        raw.extend_from_slice(&(f64::from(pt) * f64::from(phi.cos())).to_le_bytes());
        raw.extend_from_slice(&eta.abs().to_le_bytes());
        raw.extend_from_slice(&weight.to_le_bytes());
        raw.extend_from_slice(&((i / 7 * 3) as u16).to_le_bytes());
        raw.extend_from_slice(&(-i64::from(i / 5)).to_be_bytes());
        raw.extend_from_slice(&[(i % 4) as u8, 9, noise.next() as u8]);
    }
    Sample {
        name: "events",
        dtype: "pt:<f4,eta:<f4,phi:>f4,p:<f4,px:<f8,abs:<f4,w:<f4,run:<u2,id:>i8,3u1",
        shape: &[],
        raw,
    }
}

/// A rough field on a plane, in doubles with the most significant byte first.
pub fn plane() -> Sample {
    let mut noise = Noise::new(5);
    let mut raw = Vec::new();
    for y in 0..40u32 {
        for x in 0..50u32 {
            let (u, v) = (f64::from(x) - 25.0, f64::from(y) - 20.0);
            let rough = (noise.next() >> 44) as f64 * 1e-7;
            raw.extend_from_slice(&(u * u - v * u * 0.3 + rough).to_be_bytes());
        }
    }
    Sample {
        name: "plane",
        dtype: ">f8",
        shape: &[40, 50],
        raw,
    }
}

/// Waves in three dimensions whose height is quiet in some parts and rough in others, with holes.
pub fn waves() -> Sample {
    let mut noise = Noise::new(31);
    let mut raw = Vec::new();
    for z in 0..8u32 {
        for y in 0..30u32 {
            for x in 0..40u32 {
                let (u, v, w) = (x as f32 * 0.21, y as f32 * 0.13, z as f32 * 0.4);
                let rough = (noise.next() >> 44) as f32 * if x < 20 { 1e-9 } else { 1e-7 };
                let height = match (x / 5 + y) % 9 {
                    0 => 1e20,
                    _ => 3.0 + (u + w).sin() * v.cos() + rough,
                };
                raw.extend_from_slice(&height.to_le_bytes());
            }
        }
    }
    Sample {
        name: "waves",
        dtype: "<f4",
        shape: &[8, 30, 40],
        raw,
    }
}

/// A random walk of small integers, in a row.
pub fn walk() -> Sample {
    let mut noise = Noise::new(17);
    let mut at = 0i32;
    let mut raw = Vec::new();
    for _ in 0..4000 {
        at += (noise.next() >> 60) as i32 - 7;
        raw.extend_from_slice(&(at as i16).to_le_bytes());
    }
    Sample {
        name: "walk",
        dtype: "<i2",
        shape: &[],
        raw,
    }
}

/// Noise beside the same, less a constant: few bytes that tokens are the best for.
pub fn twins(n: usize) -> Sample {
    let mut noise = Noise::new(29);
    let mut raw = Vec::new();
    for _ in 0..n {
        let value = (noise.next() >> 44) as u32;
        raw.extend_from_slice(&(value + 900).to_le_bytes());
        raw.extend_from_slice(&value.to_le_bytes());
    }
    Sample {
        name: "twins",
        dtype: "<u4,<u4",
        shape: &[],
        raw,
    }
}

pub fn all() -> Vec<Sample> {
    vec![
        records(1500),
        grid(),
        odd_floats(),
        text(),
        listing(400),
        noise(),
        constant(),
    ]
}

pub fn level(number: u8) -> Level {
    Level::new(number).unwrap()
}

/// Options for the sample at this level.
pub fn options(sample: &Sample, number: u8) -> CompressOptions {
    CompressOptions::default()
        .with_level(level(number))
        .with_layout(sample.layout())
}

/// A stream that is no short one: there is a flush before the end.
pub fn long(raw: &[u8], options: CompressOptions) -> Vec<u8> {
    let mut writer = write::Encoder::new(Vec::new(), options).unwrap();
    writer.write_all(raw).unwrap();
    writer.flush().unwrap();
    writer.finish().unwrap()
}

/// Writes in pieces of these lengths, over and over; 0 is a flush.
pub fn in_pieces(raw: &[u8], options: CompressOptions, pieces: &[usize]) -> Vec<u8> {
    let mut writer = write::Encoder::new(Vec::new(), options).unwrap();
    let mut rest = raw;
    for &len in pieces.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, later) = rest.split_at(len.min(rest.len()));
        writer.write_all(piece).unwrap();
        if len == 0 {
            writer.flush().unwrap();
        }
        rest = later;
    }
    writer.finish().unwrap()
}

/// Short columns one after another, of values cut to so many bits, some of which come again.
pub fn pieces(dtype: &'static str) -> Sample {
    let mut state = 1u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let mut raw = Vec::new();
    for piece in 0..120u32 {
        let bits = 8 + piece % 5 * 4;
        let some: Vec<u32> = (0..20 + piece % 40)
            .map(|_| ((next() >> 10) as f32 * 0.01 * f32::from(piece as u8)).to_bits())
            .map(|word| word >> bits << bits)
            .collect();
        for _ in 0..60 + piece * 3 % 100 {
            raw.extend(some[next() as usize % some.len()].to_le_bytes());
        }
    }
    Sample {
        name: "pieces",
        dtype,
        shape: &[],
        raw,
    }
}

/// Corners of the cells of a curved grid: each stands in four cells.
pub fn corners(dtype: &'static str) -> Sample {
    let (rows, columns) = (40, 50);
    let mut state = 5u32;
    let corner: Vec<f64> = (0..(rows + 1) * (columns + 1))
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (row, column) = (at / (columns + 1), at % (columns + 1));
            let slant = f64::from(row) * 0.98 + f64::from(column * row) * 0.001;
            slant + f64::from(state >> 16) * 1e-7
        })
        .collect();
    let mut raw = Vec::new();
    for cell in 0..rows * columns {
        let at = cell / columns * (columns + 1) + cell % columns;
        for at in [at, at + 1, at + columns + 2, at + columns + 1] {
            let value = corner[at as usize];
            match dtype {
                "<f4" => raw.extend((value as f32).to_le_bytes()),
                _ => raw.extend(value.to_le_bytes()),
            }
        }
    }
    Sample {
        name: "corners",
        dtype,
        shape: &[],
        raw,
    }
}
