//! Files that the tests make with the library itself: every class of type, every kind of link, all
//! storages.

use std::ffi::CStr;
use std::path::Path;

use catena_hdf5_calls::*;

/// Any error ends a test.
pub type Outcome<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A dataset that is to be made.
pub struct Made<'a> {
    pub file: &'a Handle,
    pub name: &'a CStr,
    pub datatype: Handle,
    pub dims: &'a [u64],
    pub most: Option<&'a [Option<u64>]>,
    pub chunk: Option<&'a [u64]>,
    pub gzip: bool,
    /// Shuffle without gzip.
    pub shuffle_alone: bool,
    /// Edge chunks without filters.
    pub bare_edges: bool,
    /// This filter, behind shuffle and gzip if they are there.
    pub catena: Option<&'a [u32]>,
    pub fill: Option<&'a [u8]>,
}

impl<'a> Made<'a> {
    pub fn new(file: &'a Handle, name: &'a CStr, datatype: Handle, dims: &'a [u64]) -> Self {
        Made {
            file,
            name,
            datatype,
            dims,
            most: None,
            chunk: None,
            gzip: false,
            shuffle_alone: false,
            bare_edges: false,
            catena: None,
            fill: None,
        }
    }

    /// Creates and links it, under the root group.
    pub fn create(&self) -> Outcome<Handle> {
        let dcpl = dataset_create_plist()?;
        if let Some(chunk) = self.chunk {
            set_chunk_shape(&dcpl, chunk)?;
        }
        if self.gzip {
            set_shuffle(&dcpl)?;
            set_deflate(&dcpl, 6)?;
        }
        if self.shuffle_alone {
            set_shuffle(&dcpl)?;
        }
        if let Some(values) = self.catena {
            set_filter(&dcpl, 51838, false, values)?;
        }
        if self.bare_edges {
            set_bare_edges(&dcpl, true)?;
        }
        if let Some(fill) = self.fill {
            set_fill_value(&dcpl, &self.datatype, fill)?;
        }
        let space = simple_space(self.dims, self.most)?;
        let made = create_dataset(self.file, &self.datatype, &space, &dcpl)?;
        link_object(&made, &open_object(self.file, c"/")?, self.name, false)?;
        Ok(made)
    }

    /// Creates it and writes all elements.
    pub fn with(&self, raw: &[u8]) -> Outcome<Handle> {
        let made = self.create()?;
        let zero = vec![0; self.dims.len()];
        write_block(&made, &self.datatype, (&zero, self.dims, self.dims), raw)?;
        Ok(made)
    }
}

/// `n` bytes that compress somewhat.
pub fn bytes(n: usize) -> Vec<u8> {
    (0..n as u32)
        .map(|i| ((i / 4).wrapping_mul(2654435761) >> (24 + i % 4)) as u8 & 0x3F)
        .collect()
}

/// Smooth floats.
pub fn floats(n: usize) -> Vec<u8> {
    (0..n)
        .flat_map(|i| ((i as f32 / 10.0).sqrt() + (i % 7) as f32).to_le_bytes())
        .collect()
}

pub fn record_type() -> Outcome<Handle> {
    let triple = fixed_array_type(&standard(Standard::F32)?, &[3])?;
    let flags = make_enum(&[(c"no", 0), (c"yes", 1)])?;
    let (text, blob) = (make_string(Some(5))?, make_opaque(3, c"blob")?);
    let inner = make_compound(
        4,
        &[
            (c"a", 0, &standard(Standard::I16Big)?),
            (c"b", 2, &standard(Standard::U16)?),
        ],
    )?;
    Ok(make_compound(
        44,
        &[
            (c"event", 0, &standard(Standard::U64)?),
            (c"xyz", 8, &triple),
            (c"flag", 20, &flags),
            (c"text", 21, &text),
            (c"blob", 26, &blob),
            // Three bytes are nobody's.
            (c"inner", 32, &inner),
            (c"mass", 36, &standard(Standard::F64Big)?),
        ],
    )?)
}

/// Writes the file.
pub fn everything(path: &Path) -> Outcome {
    let file = create_file(path, None, 0)?;
    let root = open_object(&file, c"/")?;
    plain(&file)?;
    pointing(&file)?;
    links_and_types(&file, &root)?;
    attributes(&file, &root)?;
    drop(root);
    close(file)?;
    Ok(())
}

fn plain(file: &Handle) -> Outcome {
    use Standard::*;
    let all = [
        (c"u8", U8, 1),
        (c"u16", U16, 2),
        (c"u32", U32, 4),
        (c"u64", U64, 8),
        (c"i8", I8, 1),
        (c"i16", I16, 2),
        (c"i16big", I16Big, 2),
        (c"i32", I32, 4),
        (c"i64", I64, 8),
        (c"f32", F32, 4),
        (c"f32big", F32Big, 4),
        (c"f64", F64, 8),
        (c"f64big", F64Big, 8),
        (c"bits", Bits8, 1),
    ];
    for (name, of, width) in all {
        let mut made = Made::new(file, name, standard(of)?, &[3000]);
        made.chunk = Some(&[700]);
        made.gzip = width > 2;
        made.with(&bytes(3000 * width))?;
    }
    let mut records = Made::new(file, c"records", record_type()?, &[1000]);
    records.chunk = Some(&[128]);
    records.with(&bytes(44 * 1000))?;
    Made::new(file, c"texts", make_string(Some(7))?, &[600]).with(&bytes(4200))?;
    Made::new(file, c"grid", standard(F32)?, &[20, 30, 11]).with(&floats(6600))?;
    let mut edges = Made::new(file, c"edges", standard(F32)?, &[37, 41]);
    edges.chunk = Some(&[16, 16]);
    edges.most = Some(&[None, Some(64)]);
    edges.fill = Some(&[0, 0, 192, 127]);
    edges.with(&floats(37 * 41))?;
    let mut sparse = Made::new(file, c"sparse", standard(I32)?, &[4000]);
    sparse.chunk = Some(&[500]);
    sparse.fill = Some(&[9, 0, 0, 0]);
    let sparse = sparse.create()?;
    let i32s = standard(I32)?;
    write_block(&sparse, &i32s, (&[1000], &[500], &[500]), &floats(500))?;
    let mut noise = Made::new(file, c"noise", standard(U64)?, &[512]);
    noise.chunk = Some(&[512]);
    let mut seed = 1u64;
    let random = std::iter::repeat_with(|| {
        // SplitMix64.
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (seed ^ seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    });
    noise.with(
        &random
            .take(512)
            .flat_map(u64::to_le_bytes)
            .collect::<Vec<u8>>(),
    )?;
    Made::new(file, c"small", standard(U8)?, &[5]).with(&[1, 2, 3, 4, 5])?;
    Made::new(file, c"empty", standard(U8)?, &[0]).create()?;
    let scalar = create_dataset(
        file,
        &standard(F64)?,
        &other_space(true)?,
        &dataset_create_plist()?,
    )?;
    Values::of_bytes(&standard(F64)?, &1.5f64.to_le_bytes(), &other_space(true)?)?
        .to_dataset(&scalar, 0, 1)?;
    let root = open_object(file, c"/")?;
    link_object(&scalar, &root, c"scalar", true)?;
    let null = create_dataset(
        file,
        &standard(F64)?,
        &other_space(false)?,
        &dataset_create_plist()?,
    )?;
    link_object(&null, &root, c"null", false)?;
    Ok(())
}

fn pointing(file: &Handle) -> Outcome {
    let space = simple_space(&[3], None)?;
    let texts = Values::of_texts(&[c"eins", c"", c"drei und viel mehr"], &space)?;
    Made::new(file, c"strings", make_string(None)?, &[3])
        .create()
        .map(|made| texts.to_dataset(&made, 0, 3))??;
    let of = standard(Standard::I32)?;
    let lists = Values::of_lists(&of, &[bytes(8), Vec::new(), bytes(40)], &space)?;
    let mut made = Made::new(file, c"lists", make_vlen(&of)?, &[3]);
    made.chunk = Some(&[2]);
    made.gzip = true;
    lists.to_dataset(&made.create()?, 0, 3)?;

    let mut objects = old_reference(file, c"/grid", None)?;
    objects.extend(old_reference(file, c"/records", None)?);
    objects.extend([0; 8]);
    let of = standard(Standard::ObjectReference)?;
    let made = Made::new(file, c"objects", of.clone(), &[3]).create()?;
    Values::of_bytes(&of, &objects, &space)?.to_dataset(&made, 0, 3)?;

    let part = simple_space(&[20, 30, 11], None)?;
    select_box(&part, &[1, 2, 3], &[4, 5, 6])?;
    let regions = old_reference(file, c"/grid", Some(&part))?;
    let of = standard(Standard::RegionReference)?;
    let made = Made::new(file, c"regions", of.clone(), &[1]).create()?;
    let one = simple_space(&[1], None)?;
    Values::of_bytes(&of, &regions, &one)?.to_dataset(&made, 0, 1)?;
    let of = standard(Standard::Reference)?;
    let made = Made::new(file, c"references", of, &[2]).create()?;
    let two = simple_space(&[2], None)?;
    Values::of_references(file, &[c"/edges", c"/strings"], &two)?.to_dataset(&made, 0, 2)?;
    Ok(())
}

fn links_and_types(file: &Handle, root: &Handle) -> Outcome {
    let group = create_group(file, &group_plist(root)?)?;
    link_object(&group, root, c"group", false)?;
    link_object(&group, &group, c"itself", false)?;
    let committed = record_type()?;
    commit_type(file, &committed, &type_plist(&committed)?)?;
    link_object(&committed, &group, c"type", false)?;
    let mut typed = Made::new(file, c"typed", committed, &[300]);
    typed.chunk = Some(&[100]);
    typed.with(&bytes(300 * 44))?;
    link_object(&open_object(file, c"/grid")?, &group, c"also grid", false)?;
    let soft = Link {
        name: c"soft".into(),
        utf8: false,
        kind: LinkKind::Soft(c"/nowhere".into()),
    };
    make_link(&group, &soft)?;
    let mut value = vec![0];
    value.extend_from_slice(b"other.h5\0/data\0");
    let external = Link {
        name: c"external".into(),
        utf8: true,
        kind: LinkKind::Other(64, value),
    };
    make_link(&group, &external)?;
    set_comment(&group, c"a group")?;
    Ok(())
}

fn attributes(file: &Handle, root: &Handle) -> Outcome {
    let scalar = other_space(true)?;
    let title = create_attribute(root, c"title", &make_string(None)?, &scalar, None)?;
    Values::of_texts(&[c"all there is"], &scalar)?.to_attribute(&title)?;
    create_attribute(
        root,
        c"nothing",
        &standard(Standard::F32)?,
        &other_space(false)?,
        None,
    )?;
    let grid = open_object(file, c"/grid")?;
    // As dimension scales have it: lists of references on one side, references with an axis on the
    // other.
    let of = standard(Standard::ObjectReference)?;
    let axes = simple_space(&[3], None)?;
    let rows = [
        old_reference(file, c"/u8", None)?,
        Vec::new(),
        [
            old_reference(file, c"/u16", None)?,
            old_reference(file, c"/u32", None)?,
        ]
        .concat(),
    ];
    let list = create_attribute(&grid, c"DIMENSION_LIST", &make_vlen(&of)?, &axes, None)?;
    Values::of_lists(&of, &rows, &axes)?.to_attribute(&list)?;
    let pair = make_compound(
        12,
        &[
            (c"dataset", 0, &of),
            (c"dimension", 8, &standard(Standard::I32)?),
        ],
    )?;
    let scale = open_object(file, c"/u8")?;
    let one = simple_space(&[1], None)?;
    let back = create_attribute(&scale, c"REFERENCE_LIST", &pair, &one, None)?;
    let value = [old_reference(file, c"/grid", None)?, vec![0; 4]].concat();
    Values::of_bytes(&pair, &value, &one)?.to_attribute(&back)?;
    let typed = open_object(file, c"/group/type")?;
    let on_type = create_attribute(&typed, c"unit", &standard(Standard::F64)?, &scalar, None)?;
    Values::of_bytes(&standard(Standard::F64)?, &[7; 8], &scalar)?.to_attribute(&on_type)?;
    Ok(())
}

/// libhdf5 as it is built here is for one thread at a time, and so are these tests.
pub fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ONE.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
