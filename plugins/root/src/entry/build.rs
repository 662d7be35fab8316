//! From names of types and StreamerInfo to codecs, or to the reason why there is none.

use std::sync::Arc;

use crate::column::{Field, Kind, Type};
use crate::streamer::classes::{Class, Classes, Element, code};
use crate::streamer::cxx::Cxx;

use super::codec::{Codec, Step};
use super::packed::{Packed, Range};
use super::references;

/// Classes inside classes deeper than this, or with more members in all, are not worth a column.
const MAX_DEPTH: usize = 24;
const MAX_MEMBERS: usize = 4096;

/// A type and how it is streamed, or why it cannot be read.
pub(crate) type Built = Result<(Type, Codec), String>;

/// Which headers an object has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Headers {
    /// Its own and its bases'.
    All,
    /// Its bases' only: an object that is a whole branch.
    Bases,
    /// None: an object stored member by member.
    None,
}

/// Builds codecs from the classes of a file.
pub(crate) struct Builder<'a> {
    classes: &'a Classes,
    depth: usize,
    members_left: usize,
}

impl<'a> Builder<'a> {
    pub fn new(classes: &'a Classes) -> Self {
        Builder {
            classes,
            depth: 0,
            members_left: MAX_MEMBERS,
        }
    }

    /// A type as it is streamed inside a collection.
    fn item(&mut self, cxx: &Cxx) -> Built {
        Ok(match cxx {
            Cxx::Scalar(kind) => (Type::Scalar(*kind), Codec::Scalar(*kind)),
            Cxx::Float16 => packed(Packed::new(false, None)),
            Cxx::Double32 => packed(Packed::new(true, None)),
            Cxx::String | Cxx::TString => (Type::String, Codec::Text),
            Cxx::Sequence(item) => {
                let (ty, codec) = self.item(item)?;
                (Type::list(ty), Codec::Sequence(Box::new(codec)))
            }
            Cxx::Map(key, value) => {
                let (ty, codec) = self.pair(key, value)?;
                (Type::list(ty), Codec::Sequence(Box::new(codec)))
            }
            Cxx::Pair(first, second) => self.pair(first, second)?,
            Cxx::Class(name) => match self.collection_class(name) {
                Some(element) => self.collection(&Cxx::parse(&element).ok_or(element)?)?,
                None => self.class(name, Headers::All)?,
            },
            Cxx::Pointer(_) => return Err("pointers in a collection".into()),
        })
    }

    /// The members of a pair, one after another.
    fn pair(&mut self, first: &Cxx, second: &Cxx) -> Built {
        let mut fields = Vec::new();
        let mut steps = Vec::new();
        for (i, (name, cxx)) in [("first", first), ("second", second)].iter().enumerate() {
            let (ty, codec) = self.item(cxx)?;
            fields.push(Field {
                name: Arc::from(*name),
                ty,
            });
            steps.push(Step::Member(i, codec));
        }
        Ok((Type::Record(fields), Codec::Record(steps)))
    }

    /// The type of collection that a class streams itself as.
    fn collection_class(&self, name: &str) -> Option<String> {
        let class = self.classes.get(name, None, None)?;
        let this = class.collection()?;
        if let Some(Cxx::Sequence(_)) = Cxx::parse(&this.type_name) {
            return Some(this.type_name.clone());
        }
        // What streams itself as a vector names its items in angle brackets at the beginning of the
        // title.
        let title = this.title.strip_prefix('<')?;
        let mut depth = 1;
        let end = title.find(|c: char| {
            depth += match c {
                '<' => 1,
                '>' => -1,
                _ => 0,
            };
            depth == 0
        })?;
        let item = title.get(..end)?.trim().trim_end_matches('*');
        Some(format!("vector<{item}>"))
    }

    /// A collection or string with a header.
    fn collection(&mut self, cxx: &Cxx) -> Built {
        let item = match cxx {
            Cxx::String => return Ok((Type::String, Codec::HeadedText)),
            Cxx::Sequence(item) => (**item).clone(),
            Cxx::Map(key, value) => Cxx::Pair(key.clone(), value.clone()),
            _ => return Err("not a collection".into()),
        };
        let (ty, codec) = self.item(&item)?;
        let members = match &item {
            Cxx::Class(name) => {
                let (members_ty, members) = self.class(name, Headers::None)?;
                match members {
                    Codec::Record(steps) if members_ty == ty => Some(steps),
                    _ => None,
                }
            }
            Cxx::Pair(..) => match self.members_of_pair(&item)? {
                Codec::Record(steps) => Some(steps),
                _ => None,
            },
            _ => None,
        };
        let item = Box::new(codec);
        Ok((Type::list(ty), Codec::Collection { item, members }))
    }

    /// A pair's members as members of a class, whose collections and strings have headers.
    fn members_of_pair(&mut self, pair: &Cxx) -> Result<Codec, String> {
        let Cxx::Pair(first, second) = pair else {
            return Err("not a pair".into());
        };
        let mut steps = Vec::new();
        for (i, cxx) in [first, second].into_iter().enumerate() {
            steps.push(Step::Member(i, self.pair_half(cxx)?.1));
        }
        Ok(Codec::Record(steps))
    }

    /// A member of a pair, by number, as a member of a class; `None` if the name is not that of a
    /// pair.
    pub fn pair_member(&mut self, name: &str, id: i64) -> Option<Built> {
        let Some(Cxx::Pair(first, second)) = Cxx::parse(name) else {
            return None;
        };
        let cxx = match id {
            0 => first,
            1 => second,
            _ => return None,
        };
        Some(self.pair_half(&cxx))
    }

    fn pair_half(&mut self, cxx: &Cxx) -> Built {
        match cxx {
            Cxx::String | Cxx::Sequence(_) | Cxx::Map(..) => self.collection(cxx),
            other => self.item(other),
        }
    }

    /// An object that is a whole branch: a collection or a string, or a class without and with a
    /// header of its own.
    pub fn whole(&mut self, name: &str) -> Result<(Type, Codec, Option<Codec>), String> {
        let cxx = Cxx::parse(name).ok_or_else(|| format!("no type: {name}"))?;
        match &cxx {
            Cxx::Sequence(_) | Cxx::Map(..) => {
                let (ty, codec) = self.collection(&cxx)?;
                Ok((ty, codec, None))
            }
            Cxx::Class(class) => match self.collection_class(class) {
                Some(element) => {
                    let cxx = Cxx::parse(&element).ok_or(element)?;
                    let (ty, codec) = self.collection(&cxx)?;
                    Ok((ty, codec, None))
                }
                None if own_streamer(class).is_some() => {
                    let (ty, codec) = self.class(class, Headers::All)?;
                    Ok((ty, codec.clone(), Some(codec)))
                }
                None => {
                    let (ty, codec) = self.class(class, Headers::Bases)?;
                    let (_, headed) = self.class(class, Headers::All)?;
                    Ok((ty, codec, Some(headed)))
                }
            },
            other => {
                let (ty, codec) = self.item(other)?;
                Ok((ty, codec, None))
            }
        }
    }

    /// A member of a class.
    pub fn member(&mut self, element: &Element) -> Built {
        let kind = element.kind;
        let array = |(ty, codec): (Type, Codec)| -> (Type, Codec) {
            let codec = element.dims.iter().rev().fold(codec, |item, &size| {
                let item = Box::new(item);
                Codec::Fixed { size, item }
            });
            (ty.array(&element.dims), codec)
        };
        if element.dims.contains(&0) {
            return Err(format!("member {} is an array of no size", element.name));
        }
        let item = kind - code::OFFSET_ARRAY;
        let is_array = (1..code::OFFSET_ARRAY).contains(&item)
            || (code::OBJECT..=code::TNAMED).contains(&item);
        let single = if is_array { item } else { kind };
        if single == code::BITS {
            return Ok(array((Type::Scalar(Kind::U32), Codec::Bits)));
        }
        if let Some(scalar) = scalar_of(single) {
            return Ok(array((Type::Scalar(scalar), Codec::Scalar(scalar))));
        }
        let named = || Cxx::parse(&element.type_name);
        match single {
            code::DOUBLE32 | code::FLOAT16 => {
                let range = Range::parse(&element.title);
                Ok(array(packed(Packed::new(single == code::DOUBLE32, range))))
            }
            code::TSTRING => Ok(array((Type::String, Codec::Text))),
            code::STL_STRING => Ok(array((Type::String, Codec::HeadedText))),
            code::BASE => self.class(&element.name, Headers::All),
            code::OBJECT | code::ANY | code::OBJECT_INLINE | code::ANY_INLINE | code::TNAMED => {
                let name = element.type_name.trim_end_matches('*');
                let built = match self.collection_class(name).as_deref().and_then(Cxx::parse) {
                    Some(cxx) => self.collection(&cxx)?,
                    None => self.class(name, Headers::All)?,
                };
                Ok(array(built))
            }
            _ if element.is_stl || single == code::STL => match named() {
                Some(Cxx::Pointer(_)) | None => {
                    Err(format!("member of type {}", element.type_name))
                }
                Some(cxx) => Ok(array(self.collection(&cxx)?)),
            },
            _ => Err(format!(
                "member {} of type {} ({kind})",
                element.name, element.type_name
            )),
        }
    }

    /// An object of a class.
    fn class(&mut self, name: &str, headers: Headers) -> Built {
        if let Some(built) = own_streamer(name) {
            return built;
        }
        let mut fields = Vec::new();
        let mut steps = Vec::new();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("classes nested too deep".into());
        }
        let done = self.class_into(name, headers, &mut fields, &mut steps);
        self.depth -= 1;
        done?;
        Ok((Type::Record(fields), Codec::Record(steps)))
    }

    fn class_into(
        &mut self,
        name: &str,
        headers: Headers,
        fields: &mut Vec<Field>,
        steps: &mut Vec<Step>,
    ) -> Result<(), String> {
        if own_streamer(name).is_some() {
            return Err(format!("a base class {name}, which streams itself"));
        }
        let class = self.described(name)?;
        if headers == Headers::All {
            steps.push(Step::Open(class.version));
        }
        self.elements(&class, headers, fields, steps)?;
        if headers == Headers::All {
            steps.push(Step::Close);
        }
        Ok(())
    }

    fn elements(
        &mut self,
        class: &Class,
        headers: Headers,
        fields: &mut Vec<Field>,
        steps: &mut Vec<Step>,
    ) -> Result<(), String> {
        for element in &class.elements {
            self.members_left = self
                .members_left
                .checked_sub(1)
                .ok_or("a class of too many members")?;
            if element.name == "TObject" && matches!(element.kind, code::BASE | code::TOBJECT) {
                steps.push(Step::TObject);
            } else if matches!(element.kind, code::BASE | code::TNAMED)
                && element.type_name == "BASE"
            {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("classes nested too deep".into());
                }
                let inner = match headers {
                    Headers::None => Headers::None,
                    _ => Headers::All,
                };
                self.class_into(&element.name, inner, fields, steps)?;
                self.depth -= 1;
            } else if let Some(value) = counted(element) {
                let counter = counter(element, fields)?;
                let (ty, codec) = self.member(&value)?;
                steps.push(Step::Counted(fields.len(), counter, codec));
                fields.push(Field {
                    name: element.name.as_str().into(),
                    ty: Type::list(ty),
                });
            } else {
                let (ty, codec) = self.member(element)?;
                steps.push(Step::Member(fields.len(), codec));
                fields.push(Field {
                    name: element.name.as_str().into(),
                    ty,
                });
            }
        }
        Ok(())
    }

    fn described(&self, name: &str) -> Result<Arc<Class>, String> {
        if let Some(class) = self.classes.get(name, None, None) {
            return Ok(class);
        }
        element_link(name).ok_or_else(|| format!("the file does not describe class {name}"))
    }
}

/// What an array of variable size in an object is made of.
fn counted(element: &Element) -> Option<Element> {
    let basic = code::OFFSET_POINTER + 1..code::OFFSET_POINTER + code::OFFSET_ARRAY;
    (basic.contains(&element.kind) && element.dims.is_empty()).then(|| Element {
        kind: element.kind - code::OFFSET_POINTER,
        ..element.clone()
    })
}

/// The field that tells the length of an array: its title names it in brackets.
fn counter(element: &Element, fields: &[Field]) -> Result<usize, String> {
    let name = element
        .title
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    let name = name.map_or("", |(name, _)| name.trim());
    let is = |field: &Field| &*field.name == name && field.ty == Type::Scalar(Kind::I32);
    let at = fields.iter().rposition(is);
    at.ok_or_else(|| format!("array {} without its counter", element.name))
}

/// ROOT's classes that stream themselves, whatever their StreamerInfo says: how, or that it is not
/// known here.
fn own_streamer(name: &str) -> Option<Built> {
    let array = |kind| {
        let codec = Codec::Sequence(Box::new(Codec::Scalar(kind)));
        Ok((Type::list(Type::Scalar(kind)), codec))
    };
    Some(match name {
        "TRef" => Ok((references::type_of_one(), Codec::Ref)),
        "TRefArray" => Ok((references::type_of_array(), Codec::RefArray)),
        "TDatime" => Ok((Type::Scalar(Kind::U32), Codec::Scalar(Kind::U32))),
        "TArrayC" => array(Kind::I8),
        "TArrayS" => array(Kind::I16),
        "TArrayI" => array(Kind::I32),
        "TArrayL" | "TArrayL64" => array(Kind::I64),
        "TArrayF" => array(Kind::F32),
        "TArrayD" => array(Kind::F64),
        "TClonesArray" | "TObjArray" | "TList" | "THashList" | "TSortedList" | "THashTable"
        | "TMap" | "TOrdCollection" | "TBtree" | "TExMap" | "TUUID" | "TUrl" | "TProcessID"
        | "TCollection" | "TSeqCollection" => Err(format!("class {name} streams itself")),
        _ => return None,
    })
}

/// ATLAS's links have no StreamerInfo of their own: all there is to them is their base.
fn element_link(name: &str) -> Option<Arc<Class>> {
    if !name.starts_with("ElementLink<") {
        return None;
    }
    let base = Element {
        name: "ElementLinkBase".into(),
        title: String::new(),
        kind: code::BASE,
        type_name: "BASE".into(),
        dims: Vec::new(),
        is_stl: false,
    };
    Some(Arc::new(Class {
        name: name.into(),
        version: 1,
        checksum: 0,
        elements: vec![base],
    }))
}

fn packed(packed: Packed) -> (Type, Codec) {
    (Type::Scalar(packed.kind()), Codec::Packed(packed))
}

/// The number that a type code stands for.
pub(crate) fn scalar_of(kind: i32) -> Option<Kind> {
    Some(match kind {
        1 => Kind::I8,
        2 => Kind::I16,
        3 | code::COUNTER => Kind::I32,
        4 | 16 => Kind::I64,
        5 => Kind::F32,
        8 => Kind::F64,
        11 => Kind::U8,
        12 => Kind::U16,
        13 => Kind::U32,
        14 | 17 => Kind::U64,
        18 => Kind::Bool,
        _ => return None,
    })
}
