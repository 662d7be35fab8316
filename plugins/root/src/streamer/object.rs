//! Objects read by their class's StreamerInfo: how a TTree, its branches and leaves become values
//! that can be asked for by name, whatever version of ROOT wrote them.
//!
//! Only the classes that make up a tree are read; all else is skipped by its length. Every member
//! takes bytes of its own, so work and memory are bounded by the record's length; depth is bounded
//! by `MAX_DEPTH`.

use std::sync::Arc;

use super::classes::{Class, Classes, Element, code};
use super::pointers::{Pointer, Pointers};
use crate::container::basket::Basket;
use crate::container::cursor::{Cursor, Header};
use crate::error::{Error, Result};

const MAX_DEPTH: usize = 64;

/// The value of a member.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A null pointer, or something that was skipped.
    Null,
    Int(i64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
    /// A pointer to an object of [`Objects`].
    Pointer(usize),
    /// A TObjArray; `None` where it holds nothing, or something that was skipped.
    Array(Vec<Option<usize>>),
}

/// An object: its members by name, those of its bases among them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    pub class: Arc<str>,
    members: Vec<(String, Value)>,
    /// What a TBasket is, which no StreamerInfo describes.
    pub basket: Option<Arc<Basket>>,
}

impl Object {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// An integer member; 0 where there is none: old versions lack members that were added with
    /// that meaning.
    pub fn int(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(Value::Int(value)) => *value,
            // Numbers of entries were doubles in old versions.
            Some(Value::Float(value)) => *value as i64,
            _ => 0,
        }
    }

    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    pub fn ints(&self, name: &str) -> &[i64] {
        match self.get(name) {
            Some(Value::Ints(values)) => values,
            _ => &[],
        }
    }

    /// The numbers of the objects in a TObjArray.
    pub fn array(&self, name: &str) -> impl Iterator<Item = usize> + '_ {
        let items: &[Option<usize>] = match self.get(name) {
            Some(Value::Array(items)) => items,
            _ => &[],
        };
        items.iter().flatten().copied()
    }

    pub fn pointer(&self, name: &str) -> Option<usize> {
        match self.get(name) {
            Some(Value::Pointer(number)) => Some(*number),
            _ => None,
        }
    }
}

/// All objects that were behind pointers, by number.
#[derive(Debug, Default)]
pub(crate) struct Objects(Vec<Object>);

impl Objects {
    pub fn get(&self, number: usize) -> Option<&Object> {
        self.0.get(number)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Reads the object of a key, and all that it points to.
pub(crate) fn read(
    class: &str,
    data: &[u8],
    key_len: u64,
    classes: &Classes,
) -> Result<(Object, Objects)> {
    let mut reader = Reader {
        cursor: Cursor::new(data),
        pointers: Pointers::new(key_len),
        classes,
        objects: Objects::default(),
        depth: 0,
    };
    let object = reader.object(class.into())?;
    Ok((object, reader.objects))
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    pointers: Pointers,
    classes: &'a Classes,
    objects: Objects,
    depth: usize,
}

/// Whether a class is part of what a tree is made of.
fn wanted(class: &str) -> bool {
    let tree = ["TTree", "TNtuple", "TBranch", "TLeaf", "TBasket"];
    let named = class != "TBranchRef" && tree.iter().any(|name| class.starts_with(name));
    named || matches!(class, "TObjArray" | "ROOT::TIOFeatures" | "TNamed")
}

impl Reader<'_> {
    /// An object of this class, at its header.
    fn object(&mut self, class: Arc<str>) -> Result<Object> {
        let mut object = Object {
            class: class.clone(),
            ..Object::default()
        };
        if &*class == "TBasket" {
            object.basket = Some(Arc::new(Basket::embedded(&mut self.cursor)?));
            return Ok(object);
        }
        self.members(&class, &mut object)?;
        Ok(object)
    }

    /// The members of a class or a base class, with the header before them.
    fn members(&mut self, class: &str, object: &mut Object) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::corrupt("objects nested too deep"));
        }
        let (header, checksum) = self.cursor.class_header()?;
        let version = i32::from(header.version);
        let info = self.classes.get(class, Some(version), checksum);
        let info = info.ok_or_else(|| {
            Error::unsupported(format!(
                "the file does not describe class {class} version {version}"
            ))
        })?;
        self.streamed(&info, object)?;
        self.end(header)?;
        self.depth -= 1;
        Ok(())
    }

    fn end(&mut self, header: Header) -> Result<()> {
        header.end.map_or(Ok(()), |end| self.cursor.advance_to(end))
    }

    fn streamed(&mut self, info: &Class, object: &mut Object) -> Result<()> {
        for element in &info.elements {
            match element.kind {
                code::BASE if element.name == "TNamed" => self.named(object)?,
                code::TNAMED => self.named(object)?,
                code::BASE | code::TOBJECT if element.name == "TObject" => {
                    self.cursor.skip_tobject()?
                }
                code::BASE if wanted(&element.name) => self.members(&element.name, object)?,
                code::BASE => self.cursor.skip_object()?,
                _ => {
                    let value = self.value(element, object)?;
                    object.members.push((element.name.clone(), value));
                }
            }
        }
        Ok(())
    }

    fn named(&mut self, object: &mut Object) -> Result<()> {
        let (name, title) = self.cursor.named()?;
        object.members.push(("fName".into(), Value::Text(name)));
        object.members.push(("fTitle".into(), Value::Text(title)));
        Ok(())
    }

    fn value(&mut self, element: &Element, object: &Object) -> Result<Value> {
        let kind = element.kind;
        match kind {
            code::TSTRING => self.cursor.string().map(Value::Text),
            code::OBJECT | code::ANY | code::OBJECT_INLINE | code::ANY_INLINE => {
                self.part(element.type_name.trim_end_matches('*'))
            }
            code::OBJECT_POINTER | code::ANY_POINTER => self.pointer(),
            _ if kind > code::OFFSET_POINTER && kind < code::OBJECT => {
                let counter = counter(&element.title);
                let n = object.int(counter.unwrap_or_default());
                // A byte says whether there is an array at all.
                if self.cursor.u8()? == 0 {
                    return Ok(Value::Null);
                }
                self.numbers(kind - code::OFFSET_POINTER, usize::try_from(n).unwrap_or(0))
            }
            _ if kind > code::OFFSET_ARRAY && kind < code::OFFSET_POINTER => {
                let n = element.dims.iter().product();
                self.numbers(kind - code::OFFSET_ARRAY, n)
            }
            _ => self.number(kind),
        }
    }

    fn number(&mut self, kind: i32) -> Result<Value> {
        let cursor = &mut self.cursor;
        Ok(match kind {
            1 => Value::Int(cursor.i8()?.into()),
            2 => Value::Int(cursor.i16()?.into()),
            3 | code::COUNTER => Value::Int(cursor.i32()?.into()),
            4 | 16 => Value::Int(cursor.i64()?),
            5 | code::DOUBLE32 => Value::Float(cursor.f32()?.into()),
            8 => Value::Float(cursor.f64()?),
            11 | 18 => Value::Int(cursor.u8()?.into()),
            12 => Value::Int(cursor.u16()?.into()),
            13 | code::BITS => Value::Int(cursor.u32()?.into()),
            14 | 17 => Value::Int(cursor.u64()? as i64),
            code::FLOAT16 => {
                cursor.skip(3)?;
                Value::Null
            }
            _ => {
                return Err(Error::unsupported(format!(
                    "a member of the tree has the type code {kind}"
                )));
            }
        })
    }

    fn numbers(&mut self, kind: i32, n: usize) -> Result<Value> {
        let mut values = Vec::new();
        for _ in 0..n {
            match self.number(kind)? {
                Value::Int(value) => values.push(value),
                Value::Float(value) => values.push(value as i64),
                _ => {}
            }
        }
        Ok(Value::Ints(values))
    }

    /// An object that is part of this one.
    fn part(&mut self, class: &str) -> Result<Value> {
        if let Some(size) = array_item(class) {
            let n = self.cursor.u32()? as usize;
            let len = n.checked_mul(size).ok_or_else(Error::truncated)?;
            return self.cursor.skip(len).map(|_| Value::Null);
        }
        if class == "TObjArray" {
            return self.array();
        }
        if !wanted(class) {
            return self.cursor.skip_object().map(|_| Value::Null);
        }
        // Nothing of it is needed but that it is well.
        self.object(class.into()).map(|_| Value::Null)
    }

    fn array(&mut self) -> Result<Value> {
        let header = self.cursor.header()?;
        self.cursor.skip_tobject()?;
        if header.version > 2 {
            self.cursor.string()?;
        }
        let n = self.cursor.u32()?;
        self.cursor.skip(4)?;
        let mut items = Vec::new();
        for _ in 0..n {
            items.push(match self.pointer()? {
                Value::Pointer(number) => Some(number),
                _ => None,
            });
        }
        self.end(header)?;
        Ok(Value::Array(items))
    }

    fn pointer(&mut self) -> Result<Value> {
        match self.pointers.read(&mut self.cursor)? {
            Pointer::Null => Ok(Value::Null),
            Pointer::Object(number) => Ok(Value::Pointer(number)),
            Pointer::New {
                class,
                end,
                position,
            } => {
                let unknown =
                    || Error::unsupported(format!("a {class} of unknown length in a tree"));
                if !wanted(&class) {
                    self.cursor.advance_to(end.ok_or_else(unknown)?)?;
                    return Ok(Value::Null);
                }
                if &*class == "TObjArray" {
                    return self.array();
                }
                // Before its members, which may point back to it.
                let number = self.objects.0.len();
                self.objects.0.push(Object::default());
                self.pointers.remember(position, number);
                let object = self.object(class)?;
                if let Some(end) = end {
                    self.cursor.advance_to(end)?;
                }
                if let Some(slot) = self.objects.0.get_mut(number) {
                    *slot = object;
                }
                Ok(Value::Pointer(number))
            }
        }
    }
}

/// The member that counts an array's items, in brackets at the beginning of the title.
pub(crate) fn counter(title: &str) -> Option<&str> {
    let (name, _) = title.strip_prefix('[')?.split_once(']')?;
    Some(name)
}

/// Bytes of an item of ROOT's plain arrays, which have no header.
fn array_item(class: &str) -> Option<usize> {
    Some(match class {
        "TArrayC" => 1,
        "TArrayS" => 2,
        "TArrayI" | "TArrayF" => 4,
        "TArrayL" | "TArrayL64" | "TArrayD" => 8,
        _ => return None,
    })
}
