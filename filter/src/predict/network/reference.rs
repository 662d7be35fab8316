//! The value that a field's reference expects in a row.

use crate::model::Reference;
use crate::predict::value::ValueType;

impl Reference {
    /// The value expected, as an ordered integer of the field's type, given the row's values to the left by column number.
    #[inline]
    pub fn expect(
        self,
        value_type: ValueType,
        types: &[ValueType],
        left: impl Fn(usize) -> u64,
    ) -> u64 {
        let number = |column: u16| {
            let column = usize::from(column);
            types[column].number(left(column))
        };
        match self {
            Reference::Same(column) => left(usize::from(column)),
            Reference::Magnitude(column) => {
                let value = left(usize::from(column));
                let top = 1u64 << (8 * u32::from(value_type.width) - 1);
                if value & top == 0 {
                    !value & value_type.max_ordered()
                } else {
                    value
                }
            }
            Reference::Relation(relation) => {
                let [a, b, c] = relation.columns;
                let value = relation.formula.of(number(a), number(b), number(c));
                value_type.ordered_from_number(value)
            }
            Reference::Rest(columns) => {
                let mut rest = 1.0;
                for column in columns.into_iter().filter(|&column| column != u16::MAX) {
                    rest -= number(column);
                }
                value_type.ordered_from_number(rest)
            }
        }
    }
}
