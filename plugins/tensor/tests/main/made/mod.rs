//! Files for the tests, made here: safetensors, npy, npz.

mod random;

use std::io::Cursor;

use catena_tensor::archive::{PackOptions, Restored, Summary, UnpackOptions, pack, unpack};
use flate2::{Compress, Compression, FlushCompress};

pub use random::{mutated, random};

/// Numbers of about a normal distribution.
pub fn weights(n: usize, seed: u64) -> Vec<f32> {
    let mut next = random(seed);
    let mut uniform = move || (next() & 0xFFFF) as f32 / 65536.0 - 0.5;
    (0..n)
        .map(|_| (0..6).map(|_| uniform()).sum::<f32>() * 0.1)
        .collect()
}

pub fn le(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

/// Three layers of f32, one of bf16, a vector of int8, a mask, with metadata and padding.
pub fn checkpoint() -> Vec<u8> {
    let mut data = Vec::new();
    let mut header = String::from("{ \"__metadata__\":{\"format\":\"pt\"}");
    let mut add = |name: &str, dtype: &str, shape: &str, bytes: Vec<u8>| {
        let (from, to) = (data.len(), data.len() + bytes.len());
        header += &format!(
            ",\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{from},{to}]}}"
        );
        data.extend(bytes);
    };
    for layer in 0..3 {
        add(
            &format!("l{layer}.weight"),
            "F32",
            "[40,100]",
            le(&weights(4000, layer)),
        );
        add(
            &format!("l{layer}.bias"),
            "F32",
            "[100]",
            le(&weights(100, 50 + layer)),
        );
    }
    let bf16 = weights(3000, 9)
        .iter()
        .flat_map(|x| ((x.to_bits() >> 16) as u16).to_le_bytes())
        .collect();
    add("half", "BF16", "[30,10,10]", bf16);
    add(
        "int8",
        "I8",
        "[500]",
        weights(500, 3)
            .iter()
            .map(|x| (x * 100.0) as i8 as u8)
            .collect(),
    );
    add("mask", "BOOL", "[7]", vec![1, 0, 1, 1, 0, 0, 1]);
    add("none", "F32", "[0,5]", vec![]);
    add("one", "F64", "[]", 1.5f64.to_le_bytes().to_vec());
    header += "}   ";
    safetensors(&header, &data)
}

pub fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

pub fn deflate(raw: &[u8], level: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 1000);
    Compress::new(Compression::new(level), false)
        .compress_vec(raw, &mut out, FlushCompress::Finish)
        .unwrap();
    out
}

/// A zip file of members: name, method, raw bytes, bytes as they are stored.
pub fn zip(members: &[(&str, u16, &[u8], Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, method, raw, coded) in members {
        let offset = file.len() as u32;
        let mut common = vec![0, 0];
        common.extend(method.to_le_bytes());
        common.extend([0, 0, 0x21, 0]);
        common.extend(crc32fast::hash(raw).to_le_bytes());
        common.extend((coded.len() as u32).to_le_bytes());
        common.extend((raw.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        file.extend(b"PK\x03\x04\x14\x00");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(coded);
        directory.extend(b"PK\x01\x02\x14\x00\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = file.len() as u32;
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend((members.len() as u16).to_le_bytes());
    file.extend((members.len() as u16).to_le_bytes());
    file.extend((directory.len() as u32).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

/// Members deflated at two levels, one stored, one that no level of zlib gives, and an object
/// array.
pub fn npz() -> Vec<u8> {
    let a = npy("'<f4'", false, "(60, 50)", &le(&weights(3000, 1)));
    let b = npy(
        "'>i2'",
        true,
        "(40, 30)",
        &(0..2400u32).map(|i| (i / 3) as u8).collect::<Vec<_>>(),
    );
    let c = npy(
        "'<f8'",
        false,
        "(200,)",
        &(0..200)
            .flat_map(|i| f64::from(i).sqrt().to_le_bytes())
            .collect::<Vec<_>>(),
    );
    let object = npy("'|O'", false, "(1,)", b"\x80\x04N.");
    // Deflate's stored blocks, as zlib writes them at level 0 only.
    let stored = [
        &[1][..],
        &(c.len() as u16).to_le_bytes(),
        &(!(c.len() as u16)).to_le_bytes(),
        &c,
    ]
    .concat();
    zip(&[
        ("a.npy", 8, &a, deflate(&a, 6)),
        ("b.npy", 8, &b, deflate(&b, 9)),
        ("c.npy", 0, &c, c.clone()),
        ("d.npy", 8, &c, stored),
        ("e.npy", 0, &object, object.clone()),
    ])
}

/// Every kind of file, with a name.
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let complex = npy("'>c8'", false, "(70, 3)", &le(&weights(420, 8)));
    let record = npy(
        "[('x', '<f4'), ('n', '<i2', (3,))]",
        false,
        "(90,)",
        &[7; 900],
    );
    let fortran = npy(
        "'>f8'",
        true,
        "(30, 20)",
        &weights(600, 5)
            .iter()
            .flat_map(|&x| f64::from(x).to_be_bytes())
            .collect::<Vec<_>>(),
    );
    vec![
        ("checkpoint", checkpoint()),
        ("npz", npz()),
        ("complex", complex),
        ("record", record),
        ("fortran", fortran),
        ("empty", safetensors("{}", b"")),
        ("scalar", npy("'<f4'", false, "()", &[0, 0, 0x80, 0x3F])),
        (
            "text",
            npy("'<U3'", false, "(5,)", &[65, 0, 0, 0].repeat(15)),
        ),
    ]
}

pub fn try_pack(file: &[u8], options: &PackOptions) -> catena_tensor::Result<(Vec<u8>, Summary)> {
    let mut archive = Vec::new();
    let summary = pack(&mut Cursor::new(file), &mut archive, options, &|_| {})?;
    assert_eq!(summary.archive_bytes, archive.len() as u64);
    Ok((archive, summary))
}

pub fn packed(file: &[u8]) -> (Vec<u8>, Summary) {
    try_pack(file, &PackOptions::default().with_threads(1)).unwrap()
}

pub fn unpacked(archive: &[u8]) -> catena_tensor::Result<(Vec<u8>, Restored)> {
    let mut file = Vec::new();
    let limit = UnpackOptions::default()
        .with_threads(1)
        .with_memory_limit(64 << 20);
    let restored = unpack(archive, &mut file, &limit, &|_| {})?;
    assert_eq!(restored.bytes, file.len() as u64);
    Ok((file, restored))
}
