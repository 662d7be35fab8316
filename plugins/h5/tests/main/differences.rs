//! Verify finds each kind of difference, and names where it is.

use std::path::Path;

use crate::files::{Made, Outcome, bytes};
use catena_h5::verify;
use catena_hdf5_calls::*;

/// A small file, with one thing in it as `change` says.
fn write(path: &Path, change: &str) -> Outcome {
    let file = create_file(path, None, 0)?;
    let root = open_object(&file, c"/")?;
    let is = |what: &str| change == what;
    let of = if is("type") {
        Standard::I32
    } else {
        Standard::U32
    };
    let dims: &[u64] = if is("shape") { &[99] } else { &[100] };
    let mut data = Made::new(&file, c"data", standard(of)?, dims);
    data.chunk = Some(&[30]);
    let most = [Some(500)];
    data.most = is("limit").then_some(&most[..]);
    data.fill = Some(if is("fill") {
        &[1, 0, 0, 0]
    } else {
        &[2, 0, 0, 0]
    });
    let mut raw = bytes(4 * dims[0] as usize);
    if is("bit") {
        raw[4 * 77] ^= 1;
    }
    let made = data.with(&raw)?;
    if is("sign of zero") || is("") {
        // Equal as numbers, different as bits.
        let zero = if is("") { 0.0f64 } else { -0.0 };
        let f64s = standard(Standard::F64)?;
        let at = create_attribute(&made, c"zero", &f64s, &other_space(true)?, None)?;
        Values::of_bytes(&f64s, &zero.to_le_bytes(), &other_space(true)?)?.to_attribute(&at)?;
    } else if !is("attribute gone") {
        let name = if is("attribute name") {
            c"null"
        } else {
            c"zero"
        };
        let of = match is("attribute type") {
            true => standard(Standard::I64)?,
            false => standard(Standard::F64)?,
        };
        let space = match is("attribute shape") {
            true => simple_space(&[1], None)?,
            false => other_space(true)?,
        };
        let at = create_attribute(&made, name, &of, &space, None)?;
        Values::of_bytes(&of, &[0; 8], &space)?.to_attribute(&at)?;
    }
    let group = create_group(&file, &group_plist(&root)?)?;
    link_object(&group, &root, c"group", is("link charset"))?;
    let target = if is("soft") { c"/elsewhere" } else { c"/data" };
    let kind = LinkKind::Soft(target.into());
    make_link(
        &group,
        &Link {
            name: c"soft".into(),
            utf8: false,
            kind,
        },
    )?;
    let second = match is("alias") {
        true => Made::new(&file, c"same", standard(of)?, dims).with(&raw)?,
        false => {
            link_object(&made, &root, c"same", false)?;
            made.clone()
        }
    };
    drop(second);
    let texts = if is("text") {
        [c"a", c"b"]
    } else {
        [c"a", c"c"]
    };
    let space = simple_space(&[2], None)?;
    let strings = Made::new(&file, c"strings", make_string(None)?, &[2]).create()?;
    Values::of_texts(&texts, &space)?.to_dataset(&strings, 0, 2)?;
    let to = if is("reference") {
        c"/strings"
    } else {
        c"/data"
    };
    let of = standard(Standard::ObjectReference)?;
    let reference = Made::new(&file, c"reference", of.clone(), &[1]).create()?;
    let one = simple_space(&[1], None)?;
    Values::of_bytes(&of, &old_reference(&file, to, None)?, &one)?.to_dataset(&reference, 0, 1)?;
    if is("link gone") {
        delete_link(&root, c"strings")?;
    }
    if is("comment") {
        set_comment(&group, c"new")?;
    }
    drop((root, group, made, strings, reference));
    close(file)?;
    Ok(())
}

#[test]
fn each_kind_is_found() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let (a, b) = (folder.path().join("a.h5"), folder.path().join("b.h5"));
    write(&a, "")?;
    for (change, path, what) in [
        ("type", "/data", "type"),
        ("shape", "/data", "shape"),
        ("limit", "/data", "shape"),
        ("fill", "/data", "fill value"),
        ("bit", "/data", "first at [77]"),
        ("sign of zero", "/data", "attribute zero has another value"),
        (
            "attribute gone",
            "/data",
            "attribute zero is missing in the second",
        ),
        (
            "attribute name",
            "/data",
            "attribute null is missing in the first",
        ),
        (
            "attribute type",
            "/data",
            "attribute zero is of another type",
        ),
        (
            "attribute shape",
            "/data",
            "attribute zero has another shape",
        ),
        ("link charset", "/", "link group"),
        ("soft", "/group", "link soft"),
        ("alias", "/", "another object"),
        ("text", "/strings", "first at [0]"),
        ("reference", "/reference", "other elements"),
        ("link gone", "/", "link strings is missing in the second"),
        ("comment", "/group", "comment"),
    ] {
        write(&b, change)?;
        let found = verify(&a, &b, 2, &|_| ())?;
        let hit = found
            .iter()
            .any(|d| d.path == path && d.what.contains(what));
        assert!(hit, "{change}: {found:#?}");
    }
    write(&b, "same")?;
    assert_eq!(verify(&a, &b, 1, &|_| ())?, []);
    Ok(())
}
