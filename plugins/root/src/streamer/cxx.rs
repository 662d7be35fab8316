//! Names of C++ types, as far as they say how values are streamed.

use crate::column::Kind;

/// Templates nested deeper than this are refused.
const MAX_DEPTH: usize = 16;

/// A C++ type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cxx {
    Scalar(Kind),
    /// `Float16_t` and `Double32_t`, which in collections have no range.
    Float16,
    Double32,
    /// `std::string`.
    String,
    /// `TString`.
    TString,
    /// Any collection of one type.
    Sequence(Box<Cxx>),
    /// Any map or multimap.
    Map(Box<Cxx>, Box<Cxx>),
    /// A class with a StreamerInfo of its own, by its normalized name.
    Class(String),
    /// A pair, whose StreamerInfo may be missing.
    Pair(Box<Cxx>, Box<Cxx>),
    /// What is behind a pointer.
    Pointer(Box<Cxx>),
}

/// The name without `std::`, `const` and the spaces that writers place differently.
pub(crate) fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let name = name.replace("std::", "");
    let ends_word = |c: char| c.is_alphanumeric() || c == '_';
    for word in name.split_whitespace() {
        // Only between two words is a space needed: `unsigned int`.
        if out.ends_with(ends_word) && word.starts_with(ends_word) {
            out.push(' ');
        }
        out.push_str(word);
        // `const` says nothing of how a value is streamed.
        let before = out
            .strip_suffix("const")
            .filter(|b| !b.ends_with(ends_word));
        if let Some(len) = before.map(|b| b.trim_end().len()) {
            out.truncate(len);
        }
    }
    out
}

impl Cxx {
    /// From a type name; `None` where it is no name of a type.
    pub fn parse(name: &str) -> Option<Self> {
        parse(&normalized(name), 0)
    }
}

fn parse(name: &str, depth: usize) -> Option<Cxx> {
    if depth > MAX_DEPTH || name.is_empty() {
        return None;
    }
    if let Some(pointee) = name.strip_suffix('*') {
        return parse(pointee, depth + 1).map(|p| Cxx::Pointer(Box::new(p)));
    }
    if let Some(scalar) = scalar(name) {
        return Some(scalar);
    }
    let Some((template, arguments)) = name.split_once('<') else {
        return Some(Cxx::Class(name.to_owned()));
    };
    let arguments = split_arguments(arguments.strip_suffix('>')?);
    let argument =
        |i: usize| -> Option<Box<Cxx>> { parse(arguments.get(i)?, depth + 1).map(Box::new) };
    Some(match template {
        "vector" | "list" | "deque" | "set" | "multiset" | "forward_list" | "unordered_set"
        | "unordered_multiset" | "ROOT::VecOps::RVec" | "ROOT::RVec" => Cxx::Sequence(argument(0)?),
        "map" | "multimap" | "unordered_map" | "unordered_multimap" => {
            Cxx::Map(argument(0)?, argument(1)?)
        }
        "pair" => Cxx::Pair(argument(0)?, argument(1)?),
        _ => Cxx::Class(name.to_owned()),
    })
}

fn scalar(name: &str) -> Option<Cxx> {
    let kind = match name {
        "bool" | "Bool_t" => Kind::Bool,
        "char" | "Char_t" | "signed char" | "int8_t" => Kind::I8,
        "unsigned char" | "UChar_t" | "uint8_t" | "Byte_t" | "byte" => Kind::U8,
        "short" | "Short_t" | "int16_t" => Kind::I16,
        "unsigned short" | "UShort_t" | "uint16_t" => Kind::U16,
        "int" | "Int_t" | "int32_t" => Kind::I32,
        "unsigned int" | "unsigned" | "UInt_t" | "uint32_t" => Kind::U32,
        "long" | "Long_t" | "long long" | "Long64_t" | "int64_t" => Kind::I64,
        "unsigned long" | "ULong_t" | "unsigned long long" | "ULong64_t" | "uint64_t"
        | "size_t" => Kind::U64,
        "float" | "Float_t" => Kind::F32,
        "double" | "Double_t" => Kind::F64,
        "Float16_t" => return Some(Cxx::Float16),
        "Double32_t" => return Some(Cxx::Double32),
        "string" | "basic_string<char>" => return Some(Cxx::String),
        "TString" => return Some(Cxx::TString),
        _ => return None,
    };
    Some(Cxx::Scalar(kind))
}

/// Splits at the commas that are in no inner template.
fn split_arguments(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = text.split(move |c: char| {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_all_spellings() {
        let f32 = || Box::new(Cxx::Scalar(Kind::F32));
        assert_eq!(
            normalized("vector<ElementLink<DataVector<xAOD::Jet_v1> > >"),
            normalized("std::vector<ElementLink<DataVector<xAOD::Jet_v1>>>")
        );
        assert_eq!(
            Cxx::parse("vector< vector<Float_t> >"),
            Some(Cxx::Sequence(Box::new(Cxx::Sequence(f32()))))
        );
        assert_eq!(
            Cxx::parse("map<const std::string, vector<float>>"),
            Some(Cxx::Map(
                Box::new(Cxx::String),
                Box::new(Cxx::Sequence(f32()))
            ))
        );
        assert_eq!(
            Cxx::parse("unsigned long long"),
            Some(Cxx::Scalar(Kind::U64))
        );
        assert_eq!(
            Cxx::parse("vector<float,allocator<float> >"),
            Some(Cxx::Sequence(f32()))
        );
        assert_eq!(Cxx::parse("float*"), Some(Cxx::Pointer(f32())));
        assert_eq!(
            Cxx::parse("DataVector<A,B<int>>"),
            Some(Cxx::Class("DataVector<A,B<int>>".into()))
        );
    }

    #[test]
    fn nonsense_is_no_type() {
        for bad in ["", "vector<", "vector<>", "map<int>", "vector<float"] {
            assert_eq!(Cxx::parse(bad), None, "{bad}");
        }
        assert_eq!(Cxx::parse(&"vector<".repeat(1000)), None);
        let deep = "vector<".repeat(1000) + "int" + &">".repeat(1000);
        assert_eq!(Cxx::parse(&deep), None);
    }
}
