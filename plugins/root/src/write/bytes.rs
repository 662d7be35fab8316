//! Bytes of ROOT objects: big-endian numbers, counted texts, objects with their byte counts and
//! versions, references to objects and classes.

use std::collections::HashMap;

/// Marks a byte count.
const COUNTED: u32 = 0x4000_0000;
/// Marks a reference to a class.
const CLASS: u32 = 0x8000_0000;
/// Says that a class's name follows.
const NEW_CLASS: u32 = 0xFFFF_FFFF;
/// References count from here.
const OFFSET: usize = 2;

/// An object that is being written. References count from the beginning of the key before it.
#[derive(Default)]
pub(super) struct Out {
    pub(super) bytes: Vec<u8>,
    key_len: usize,
    classes: HashMap<&'static str, u32>,
}

macro_rules! numbers {
    ($($name:ident $names:ident $type:ty;)*) => {
        $(pub(super) fn $name(&mut self, n: $type) {
            self.bytes.extend_from_slice(&n.to_be_bytes());
        }

        pub(super) fn $names(&mut self, all: &[$type]) {
            all.iter().for_each(|&n| self.$name(n));
        })*
    };
}

impl Out {
    /// Behind a key of so many bytes.
    pub(super) fn behind(key_len: usize) -> Self {
        Out {
            key_len,
            ..Out::default()
        }
    }

    numbers! {
        u8 u8s u8;
        i16 i16s i16;
        i32 i32s i32;
        u32 u32s u32;
        i64 i64s i64;
        f32 f32s f32;
        f64 f64s f64;
    }

    pub(super) fn u16(&mut self, n: u16) {
        self.bytes.extend_from_slice(&n.to_be_bytes());
    }

    /// A counted text.
    pub(super) fn text(&mut self, text: &str) {
        self.counted(text.as_bytes());
    }

    /// Bytes with their number before them.
    pub(super) fn counted(&mut self, bytes: &[u8]) {
        match u8::try_from(bytes.len()) {
            Ok(n @ ..=254) => self.u8(n),
            _ => {
                self.u8(255);
                self.u32(bytes.len() as u32);
            }
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// An object of this version, with its byte count.
    pub(super) fn object(&mut self, version: u16, body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.u32(0);
        self.u16(version);
        body(self);
        self.count(start);
    }

    fn count(&mut self, start: usize) {
        let n = self.bytes.len() - start - 4;
        if let Some(to) = self.bytes.get_mut(start..start + 4) {
            to.copy_from_slice(&(COUNTED | n as u32).to_be_bytes());
        }
    }

    /// What a pointer leads to: an object of this class, which the body writes. Gives the number by
    /// which it can be referred to.
    pub(super) fn pointed(&mut self, class: &'static str, body: impl FnOnce(&mut Self)) -> u32 {
        let start = self.bytes.len();
        self.u32(0);
        match self.classes.get(class).copied() {
            Some(tag) => self.u32(CLASS | tag),
            None => {
                let tag = self.bytes.len() + self.key_len + OFFSET;
                self.classes.insert(class, tag as u32);
                self.u32(NEW_CLASS);
                self.bytes.extend_from_slice(class.as_bytes());
                self.u8(0);
            }
        }
        body(self);
        self.count(start);
        (start + self.key_len + OFFSET) as u32
    }

    /// `TObject`, on the heap and not deleted.
    pub(super) fn tobject(&mut self) {
        self.u16(1);
        self.u32(0);
        self.u32(0x0300_0000);
    }

    /// `TNamed`.
    pub(super) fn named(&mut self, name: &str, title: &str) {
        self.object(1, |out| {
            out.tobject();
            out.text(name);
            out.text(title);
        });
    }

    /// `TObjArray` of so many pointers, which the body writes.
    pub(super) fn array(&mut self, n: usize, body: impl FnOnce(&mut Self)) {
        self.object(3, |out| {
            out.tobject();
            out.text("");
            out.i32(n as i32);
            out.i32(0);
            body(out);
        });
    }
}
