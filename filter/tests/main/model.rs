//! Promise: a model file comes back as it was or not at all, a stream says which model it needs,
//! and is decoded with that one.

use std::io::{Cursor, Read};
use std::sync::Arc;

use crate::common::models::{self, DIMS};
use crate::common::{self, Noise};
use catena_filter::io::read;
use catena_filter::model::{Dims, Matrix, ModelSummary, Network, Search, Table};
use catena_filter::{
    Archive, CompressOptions, Decoder, DecompressOptions, ErrorKind, Layout, Level, Model, ModelId,
    Pull, Result, compress, decompress,
};

fn layout() -> Layout {
    Layout::parse(common::records(1).dtype).unwrap()
}

fn model(seed: u64) -> Arc<Model> {
    Arc::new(models::model(&layout(), seed))
}

/// Options for decoding without the places where models are installed.
fn alone() -> DecompressOptions {
    DecompressOptions::default()
        .with_threads(1)
        .with_model_search(false)
}

fn options(model: &Arc<Model>, embed: bool) -> CompressOptions {
    CompressOptions::default()
        .with_level(Level::new(8).unwrap())
        .with_threads(1)
        .with_frame_size(2600)
        .with_model(Arc::clone(model))
        .with_embed_model(embed)
}

/// The file with another content, under the hash of that.
fn renamed(mut file: Vec<u8>) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let end = file.len() - 32;
    let hash = Sha256::digest(&file[..end]);
    file[end..].copy_from_slice(&hash);
    file
}

fn message(result: Result<Model>) -> String {
    let error = result.expect_err("no model");
    assert!(matches!(error.kind(), ErrorKind::Model(_)), "{error}");
    error.to_string()
}

#[test]
fn a_file_comes_back() {
    let model = model(1);
    let file = model.write();
    let back = Model::read(&file).unwrap();
    assert_eq!(back.id(), model.id());
    assert!(back.network().unwrap() == model.network().unwrap());
    assert_eq!(back.starts().unwrap(), model.starts().unwrap());
    assert_eq!(back.layout(), model.layout());
    assert_eq!(back.notes(), "sample\nrandom weights");
    assert_eq!(back.write(), file);
    assert_eq!(ModelId::of_file(&file).unwrap(), model.id());
    let again = models::model(&layout(), 1);
    assert_eq!(again.write(), file, "the same parts give the same file");
    assert_ne!(self::model(2).id(), model.id());
    let summary = ModelSummary::read(&file).unwrap();
    let said = (summary.dims, summary.weight_n);
    assert_eq!(said, (Some(DIMS), model.weight_n()));
    assert_eq!(numbers(model.network().unwrap()), model.weight_n());
}

/// All numbers of a network.
fn numbers(network: &Network) -> u64 {
    let matrix = |m: &Matrix| m.weights.len() + m.scales.len();
    let table = |t: &Table| t.weights.len() + 1;
    let fields = network.fields.iter().map(|f| {
        let tables = [&f.value, &f.above, &f.head_above].map(table);
        let priors = f.priors.iter().map(|priors| 256 * (1 + priors.after.len()));
        let vectors = f.query.len() + f.equal.len() + f.byte_scales.len() + f.knots.len();
        let types = f.head_types.iter().map(Vec::len);
        tables.iter().sum::<usize>() + vectors + types.sum::<usize>() + priors.sum::<usize>()
    });
    let blocks = network.blocks.iter().map(|b| {
        let matrices = [&b.qkv, &b.out, &b.gate_up, &b.down].map(matrix);
        let norms = b.attention_norm.len() + b.forward_norm.len() + b.memory_share.len();
        matrices.iter().sum::<usize>() + norms
    });
    let eviction = network
        .eviction
        .iter()
        .map(|e| e.depthwise.len() + e.pointwise.len() + e.norm.len() + matrix(&e.project));
    let heads = network.heads.iter().map(|h| {
        let prefixes: usize = h.prefix.iter().map(table).sum();
        let copies = table(&h.above) + table(&h.reference) + matrix(&h.copies);
        matrix(&h.project) + prefixes + copies + matrix(&h.nodes)
    });
    let bytes = network.bytes.iter().map(table);
    let parts = fields
        .chain(blocks)
        .chain(eviction)
        .chain(heads)
        .chain(bytes);
    (parts.sum::<usize>() + network.norm.len()) as u64
}

#[test]
fn a_flip_in_any_byte_and_every_cut_are_found() {
    let file = model(1).write();
    let mut spoiled = file.clone();
    for at in 0..file.len() {
        let bit = 1 << (at % 8);
        spoiled[at] ^= bit;
        message(Model::read(&spoiled));
        spoiled[at] ^= bit;
        message(Model::read(&file[..at]));
    }
    message(Model::read(&[&file[..], &[0]].concat()));
}

#[test]
fn a_hostile_file_with_the_right_hash_does_no_harm() {
    let file = model(1).write();
    let mut noise = Noise::new(11);
    let mut taken = 0;
    for case in 0..150 {
        let mut spoiled = file.clone();
        // Mostly the head, where all sizes stand.
        let reach = if case % 4 == 0 { file.len() - 32 } else { 200 };
        for _ in 0..=case % 3 {
            let at = 5 + noise.next() as usize % (reach - 5);
            spoiled[at] = noise.next() as u8;
        }
        if case % 7 == 0 {
            spoiled.truncate(40 + noise.next() as usize % 200);
        }
        taken += usize::from(Model::read(&renamed(spoiled)).is_ok());
    }
    // Notes and numbers may be anything.
    assert!(taken > 0);
}

#[test]
fn weights_that_say_nothing_take_few_bytes_but_some() {
    let random = models::model(&layout(), 1);
    let mut network = random.network().unwrap().clone();
    for table in &mut network.bytes {
        table.weights.fill(0);
    }
    let quiet = Model::new(layout(), network, random.starts().unwrap().clone(), "").unwrap();
    assert!(quiet.file().len() < random.file().len() - 8000);
    assert_eq!(Model::read(quiet.file()).unwrap(), quiet);
    // Millions of weights in few bytes, 100 blocks 112 wide: refused before any of them is made.
    let mut wide = quiet.write();
    (wide[5], wide[7]) = (112, 100);
    let told = message(Model::read(&renamed(wide)));
    assert!(told.contains("more weights than"), "{told}");
}

#[test]
fn what_is_wrong_is_said() {
    let file = model(1).write();
    let mut newer = file.clone();
    newer[4] = 3;
    let mut wide = file.clone();
    // The width as a varint of one byte: 17 is no multiple of 16.
    assert_eq!(wide[5], 16);
    wide[5] = 17;
    let cut = renamed(file[..60].to_vec());
    let cases = [
        (Vec::new(), "not a model file"),
        (b"hello".to_vec(), "not a model file"),
        (file[..4].to_vec(), "cut short"),
        (renamed(newer), "newer than this program"),
        (file[..file.len() - 1].to_vec(), "damaged"),
        (renamed(wide), "width"),
        (cut, "cut short"),
    ];
    for (file, why) in cases {
        let told = message(Model::read(&file));
        assert!(told.contains(why), "'{why}' is not in: {told}");
    }
}

#[test]
fn weights_of_a_normal_distribution_take_their_entropy() {
    let layout = Layout::parse("<f4").unwrap();
    let dims = Dims {
        width: 64,
        hidden: 64,
        head_width: 64,
        ..DIMS
    };
    let mut network = models::network(&layout, dims, 5);
    let mut noise = Noise::new(3);
    let mut normal = |weights: &mut Vec<i8>| {
        for weight in weights {
            let sum: i64 = (0..6).map(|_| (noise.next() % 64) as i64 - 31).sum();
            *weight = sum.clamp(-127, 127) as i8;
        }
    };
    for block in &mut network.blocks {
        for matrix in [
            &mut block.qkv,
            &mut block.out,
            &mut block.gate_up,
            &mut block.down,
        ] {
            normal(&mut matrix.weights);
        }
    }
    for head in &mut network.heads {
        normal(&mut head.project.weights);
        normal(&mut head.nodes.weights);
        normal(&mut head.above.weights);
        head.prefix
            .iter_mut()
            .for_each(|table| normal(&mut table.weights));
    }
    network
        .bytes
        .iter_mut()
        .for_each(|table| normal(&mut table.weights));
    let model = models::model_of(&layout, network).unwrap();
    let mut weights = Vec::new();
    let network = model.network().unwrap();
    for block in &network.blocks {
        for matrix in [&block.qkv, &block.out, &block.gate_up, &block.down] {
            weights.push(&matrix.weights);
        }
    }
    for head in &network.heads {
        weights.extend([
            &head.project.weights,
            &head.nodes.weights,
            &head.above.weights,
        ]);
        weights.extend(head.prefix.iter().map(|table| &table.weights));
    }
    weights.extend(network.bytes.iter().map(|table| &table.weights));
    let entropy: f64 = weights.iter().map(|weights| entropy(weights)).sum();
    let weight_n: usize = weights.iter().map(|weights| weights.len()).sum();
    let rest = model.weight_n() as usize - weight_n;
    println!(
        "{weight_n} weights, entropy {entropy:.0} bytes, {rest} other numbers; file {}",
        model.file().len()
    );
    // The rest are f32 for the better part, of random bits.
    assert!((model.file().len() as f64) < 1.01 * entropy + 2.5 * rest as f64);
}

/// Bytes of the order-0 entropy.
fn entropy(weights: &[i8]) -> f64 {
    let mut counts = [0u32; 256];
    weights
        .iter()
        .for_each(|&w| counts[usize::from(w as u8)] += 1);
    let n = weights.len() as f64;
    let used = counts.iter().filter(|&&count| count > 0);
    used.map(|&count| f64::from(count) * (n / f64::from(count)).log2())
        .sum::<f64>()
        / 8.0
}

#[test]
fn a_stream_names_its_model() {
    let (model, raw) = (model(1), common::records(1000).raw);
    let packed = compress(&raw, &options(&model, false)).unwrap();
    assert_eq!(packed[4..6], [2, 0x81], "version 2, a model");
    let error = decompress(&packed, &alone()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MissingModel { id, .. } if *id == model.id()));
    assert!(error.to_string().contains(&model.id().to_string()));
    let with = |model: &Arc<Model>| alone().with_model(Arc::clone(model));
    assert!(decompress(&packed, &with(&self::model(2))).is_err());
    assert!(decompress(&packed, &with(&model)).unwrap() == raw);
    let plain = options(&model, false).with_model(None);
    assert_eq!(compress(&raw, &plain).unwrap()[4..6], [2, 0x80]);
}

#[test]
fn a_stream_carries_its_model() {
    let (model, raw) = (model(1), common::records(1000).raw);
    let packed = compress(&raw, &options(&model, true)).unwrap();
    assert_eq!(packed[4..6], [2, 0x83]);
    assert!(decompress(&packed, &alone()).unwrap() == raw);
    // From a pipe, in pieces, and twice.
    let twice = [&packed[..], &packed].concat();
    let mut decoder = Decoder::new(alone()).unwrap();
    let (mut out, mut rest) = (Vec::new(), &twice[..]);
    loop {
        let taken = match rest.is_empty() {
            true => decoder.finish().map(|()| 0).unwrap(),
            false => decoder.push(&rest[..rest.len().min(97)]).unwrap(),
        };
        rest = &rest[taken..];
        match decoder.pull().unwrap() {
            Pull::Data(data) => out.extend(data),
            Pull::Pending => decoder.wait(),
            Pull::Starved => {}
            Pull::End => break,
        }
    }
    assert!(out == [&raw[..], &raw].concat());
    // At any place, with the index and without it.
    for index in [true, false] {
        let packed = compress(&raw, &options(&model, true).with_index(index)).unwrap();
        let mut archive = Archive::open_with(Cursor::new(&packed), alone()).unwrap();
        let header = archive.streams().next().unwrap();
        assert_eq!(header.model, Some(model.id()));
        assert_eq!(header.embedded, Some(model.file().len()));
        assert_eq!(archive.embedded_model(0).unwrap().unwrap(), model.file());
        let mut some = vec![0; 5000];
        archive.read_at(7000, &mut some).unwrap();
        assert!(some == raw[7000..12_000]);
    }
    // An empty stream has it, too.
    let packed = compress(b"", &options(&model, true)).unwrap();
    assert_eq!(decompress(&packed, &alone()).unwrap(), b"");
}

#[test]
fn every_flipped_bit_and_every_cut_of_such_a_stream_is_found() {
    let mut raw = common::records(40).raw;
    raw.truncate(600);
    let model = model(1);
    let packed = compress(&raw, &options(&model, true)).unwrap();
    let mut spoiled = packed.clone();
    // The model is large beside the rest, and its bytes are all alike to the decoder.
    let inside = 100..packed.len() - 700;
    for at in (0..packed.len()).filter(|at| !inside.contains(at) || at % 97 == 0) {
        for bit in [0, 6] {
            spoiled[at] ^= 1 << bit;
            let error = decompress(&spoiled, &alone()).expect_err("a flipped bit");
            assert!(error.offset().is_some() || at < 70, "{at}: {error}");
            spoiled[at] ^= 1 << bit;
        }
        let error = decompress(&packed[..at], &alone()).expect_err("a cut");
        assert!(
            matches!(error.kind(), ErrorKind::Truncated),
            "{at}: {error}"
        );
    }
}

#[test]
fn a_model_at_hand_does_not_excuse_a_damaged_one() {
    let (model, raw) = (model(1), common::records(10).raw);
    let mut packed = compress(&raw, &options(&model, true)).unwrap();
    packed[500] ^= 1;
    let with = alone().with_model(Arc::clone(&model));
    let error = decompress(&packed, &with).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{error}");
    let mut out = Vec::new();
    let mut reader = read::Decoder::new(&packed[..], with).unwrap();
    assert!(reader.read_to_end(&mut out).is_err() && out.is_empty());
}

#[test]
fn what_does_not_go_together_is_refused_before_any_output() {
    let model = model(1);
    let refused = |options: &CompressOptions, why: &str| {
        let error = compress(&common::records(3).raw, options).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidInput(_)),
            "{error}"
        );
        assert!(
            error.to_string().contains(why),
            "'{why}' is not in: {error}"
        );
    };
    let fits = options(&model, false);
    refused(
        &fits.clone().with_level(Level::default()),
        "levels 8 and 9 use",
    );
    refused(&options(&model, true).with_model(None), "no model to embed");
    let other = |dtype: &str| fits.clone().with_layout(Layout::parse(dtype).unwrap());
    refused(&other("<u8,<f4,<f4,>f8,2i1"), "column 4");
    refused(&other("<u8,<f4,<f4,>f8"), "columns");
    // Other names are no other layout; and without one the model's is taken.
    let raw = common::records(100).raw;
    let names = other("<u8,a:<f4,b:<f4,>f8,2u1");
    let packed = compress(&raw, &names).unwrap();
    assert!(decompress(&packed, &alone().with_model(model.clone())).unwrap() == raw);
    let packed = compress(&raw, &fits).unwrap();
    let archive = Archive::open_with(Cursor::new(&packed), alone()).unwrap();
    assert_eq!(archive.layout(), &layout());
}

#[test]
fn memory_is_asked_for_before_a_model_is_unpacked() {
    let model = model(1);
    let packed = compress(b"", &options(&model, true)).unwrap();
    let mut limit = 0;
    loop {
        match decompress(&packed, &alone().with_memory_limit(limit)) {
            Ok(_) => break,
            Err(error) => match error.kind() {
                ErrorKind::MemoryLimit { needed, .. } => {
                    assert!(*needed > limit);
                    limit = *needed;
                }
                _ => panic!("{error}"),
            },
        }
    }
    let plain = compress(
        b"",
        &options(&model, true)
            .with_model(None)
            .with_embed_model(false),
    );
    let needed = |packed: &[u8]| {
        let error = decompress(packed, &alone().with_memory_limit(1)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MemoryLimit { .. }));
    };
    needed(&plain.unwrap());
    assert!(limit > 3 * model.weight_n());
}

#[test]
fn folders_are_searched_in_order() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let paths: Vec<_> = folders
        .iter()
        .map(|folder| folder.path().to_owned())
        .collect();
    let search = Search::of_folders(paths.iter().cloned().chain(["/nowhere".into()]));
    let (one, two) = (model(1), model(2));
    let error = search.find(&one.id()).unwrap_err();
    let told = error.to_string();
    for path in &paths {
        assert!(told.contains(path.to_str().unwrap()), "{told}");
    }
    assert!(
        told.contains(&one.id().to_string()) && told.contains("/nowhere"),
        "{told}"
    );

    std::fs::write(paths[1].join("any name.catmodel"), one.file()).unwrap();
    std::fs::write(paths[1].join(two.file_name()), two.file()).unwrap();
    std::fs::write(paths[1].join("short.catmodel"), b"x").unwrap();
    assert_eq!(search.find(&one.id()).unwrap().id(), one.id());
    assert_eq!(search.find(&two.id()).unwrap().id(), two.id());
    assert_eq!(search.list().len(), 2);
    let hash = one.id().to_string();
    assert_eq!(search.by_name("any name").unwrap().id, one.id());
    assert_eq!(
        search.by_name(&hash[..12]).unwrap().read().unwrap().id(),
        one.id()
    );
    assert!(search.by_name("").is_err());
    assert!(search.by_name("zzz").is_err());

    // A damaged file is passed over and told of.
    let mut damaged = one.write();
    damaged[200] ^= 1;
    std::fs::write(paths[0].join(one.file_name()), &damaged).unwrap();
    assert_eq!(search.find(&one.id()).unwrap().id(), one.id());
    std::fs::remove_file(paths[1].join("any name.catmodel")).unwrap();
    let told = search.find(&one.id()).unwrap_err().to_string();
    assert!(told.contains("damaged"), "{told}");
}
