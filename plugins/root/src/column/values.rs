//! A buffer of numbers of one kind, in the machine's own byte order.

use super::types::Kind;

macro_rules! values {
    ($($variant:ident $type:ty, $what:literal;)*) => {
        /// Numbers of one kind, one after another.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Values {
            $(#[doc = $what] $variant(Vec<$type>),)*
        }

        impl Values {
            /// No numbers of this kind.
            pub fn new(kind: Kind) -> Self {
                match kind {
                    $(Kind::$variant => Values::$variant(Vec::new()),)*
                }
            }

            /// What they are.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Values::$variant(_) => Kind::$variant,)*
                }
            }

            /// How many there are.
            pub fn len(&self) -> usize {
                match self {
                    $(Values::$variant(v) => v.len(),)*
                }
            }

            /// The numbers' bytes, in the machine's order.
            pub fn as_bytes(&self) -> &[u8] {
                match self {
                    $(Values::$variant(v) => bytemuck::cast_slice(v),)*
                }
            }

            /// Appends big-endian numbers. A last one that is cut short is left out.
            pub(crate) fn extend_be(&mut self, bytes: &[u8]) {
                match self {
                    $(Values::$variant(v) => {
                        let (whole, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                        v.extend(whole.iter().map(|&b| <$type>::from_be_bytes(b)));
                    })*
                }
            }

            /// Appends little-endian numbers.
            pub(crate) fn extend_le(&mut self, bytes: &[u8]) {
                match self {
                    $(Values::$variant(v) => {
                        let (whole, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                        v.extend(whole.iter().map(|&b| <$type>::from_le_bytes(b)));
                    })*
                }
            }

            /// Appends some of other numbers of the same kind; those of another kind are not taken.
            pub(crate) fn extend_part(&mut self, from: &Values, part: std::ops::Range<usize>) {
                match (self, from) {
                    $((Values::$variant(v), Values::$variant(from)) => {
                        v.extend_from_slice(from.get(part).unwrap_or_default());
                    })*
                    _ => {}
                }
            }

            /// Appends `n` zeros.
            pub(crate) fn extend_zeros(&mut self, n: usize) {
                match self {
                    $(Values::$variant(v) => v.resize(v.len() + n, Default::default()),)*
                }
            }
        }
    };
}

values! {
    Bool u8, "Truth values, a byte each: 0 is false.";
    I8 i8, "Signed, 8 bits.";
    U8 u8, "Unsigned, 8 bits.";
    I16 i16, "Signed, 16 bits.";
    U16 u16, "Unsigned, 16 bits.";
    I32 i32, "Signed, 32 bits.";
    U32 u32, "Unsigned, 32 bits.";
    I64 i64, "Signed, 64 bits.";
    U64 u64, "Unsigned, 64 bits.";
    F32 f32, "IEEE-754 single precision.";
    F64 f64, "IEEE-754 double precision.";
}

impl Values {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_numbers_of_the_machine() {
        let mut values = Values::new(Kind::U16);
        values.extend_be(&[1, 2, 3, 4, 5]);
        values.extend_le(&[1, 2]);
        values.extend_zeros(1);
        assert_eq!(values, Values::U16(vec![0x0102, 0x0304, 0x0201, 0]));
        assert_eq!(values.as_bytes().len(), 8);
    }
}
