//! The description of the classes that a file with trees holds: `TStreamerInfo`, as other readers
//! need it.

use super::bytes::Out;

/// Facts about the classes, as ROOT 6 has them.
const CLASSES: &str = include_str!("classes.txt");

struct Element<'a> {
    kind: &'a str,
    name: &'a str,
    code: i32,
    size: i32,
    base: i32,
    type_name: &'a str,
    extra: &'a str,
    title: &'a str,
}

/// The list of all descriptions.
pub(super) fn list(key_len: usize) -> Vec<u8> {
    let mut classes: Vec<(&str, i32, u32, Vec<Element<'_>>)> = Vec::new();
    for line in CLASSES.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            [name, version, checksum] => {
                let numbers = (version.parse().unwrap_or(1), checksum.parse().unwrap_or(0));
                classes.push((name, numbers.0, numbers.1, Vec::new()));
            }
            ["", kind, name, code, size, base, type_name, extra, title] => {
                if let Some((_, _, _, elements)) = classes.last_mut() {
                    elements.push(Element {
                        kind,
                        name,
                        code: code.parse().unwrap_or(0),
                        size: size.parse().unwrap_or(0),
                        base: base.parse().unwrap_or(0),
                        type_name,
                        extra,
                        title,
                    });
                }
            }
            _ => {}
        }
    }
    let mut out = Out::behind(key_len);
    out.object(5, |out| {
        out.tobject();
        out.text("");
        out.i32(classes.len() as i32);
        for (name, version, checksum, elements) in &classes {
            out.pointed("TStreamerInfo", |out| {
                info(out, name, *version, *checksum, elements)
            });
            out.u8(0);
        }
    });
    out.bytes
}

fn info(out: &mut Out, name: &str, version: i32, checksum: u32, elements: &[Element<'_>]) {
    out.object(9, |out| {
        out.named(name, "");
        out.u32(checksum);
        out.i32(version);
        out.pointed("TObjArray", |out| {
            out.array(elements.len(), |out| {
                for element in elements {
                    described(out, element);
                }
            });
        });
    });
}

fn described(out: &mut Out, element: &Element<'_>) {
    let (class, version) = match element.kind {
        "TStreamerBase" => ("TStreamerBase", 3),
        "TStreamerBasicPointer" => ("TStreamerBasicPointer", 2),
        "TStreamerObject" => ("TStreamerObject", 2),
        "TStreamerObjectPointer" => ("TStreamerObjectPointer", 2),
        "TStreamerObjectAny" => ("TStreamerObjectAny", 2),
        "TStreamerString" => ("TStreamerString", 2),
        _ => ("TStreamerBasicType", 2),
    };
    out.pointed(class, |out| {
        out.object(version, |out| {
            out.object(4, |out| {
                out.named(element.name, element.title);
                out.i32(element.code);
                out.i32(element.size);
                // Length, axes, and five of which a base's second is its checksum.
                out.i32s(&[0, 0, 0, element.base, 0, 0, 0]);
                out.text(element.type_name);
            });
            let mut extra = element.extra.split(' ');
            match class {
                "TStreamerBase" => out.i32(element.extra.parse().unwrap_or(0)),
                "TStreamerBasicPointer" => {
                    let version = extra.next().and_then(|n| n.parse().ok());
                    out.i32(version.unwrap_or(0));
                    out.text(extra.next().unwrap_or(""));
                    out.text(extra.next().unwrap_or(""));
                }
                _ => {}
            }
        });
    });
}
