//! From how the reader reads a branch to the shapes that its entries may have.

use crate::column::Kind;
use crate::entry::{Codec, Packed, Step};

use super::shape::{MAX_DEPTH, Number, Shape};

/// The shapes that the entries of a codec may have, the likeliest first; only sound ones.
pub(super) fn shapes_of(codec: &Codec) -> Vec<Shape> {
    sound([shape(codec, false), shape(codec, true)])
}

/// The same for values up to the end of the entry, after `skip` bytes.
pub(super) fn shapes_to_end(skip: usize, codec: &Codec) -> Vec<Shape> {
    let headed = |item| {
        let items = Box::new(Shape::ToEnd(0, Box::new(item)));
        Some(Shape::Maybe(Box::new(Shape::Framed(false, items))))
    };
    match codec {
        Codec::HeadedText => sound([headed(Shape::Text)]),
        Codec::Collection { item, .. } => {
            let item = shape(item, false).map(|item| Shape::Counted(vec![item]));
            sound([item.and_then(headed)])
        }
        codec => sound([shape(codec, false).map(|item| Shape::ToEnd(skip, Box::new(item)))]),
    }
}

fn sound(shapes: impl IntoIterator<Item = Option<Shape>>) -> Vec<Shape> {
    let mut all: Vec<Shape> = shapes.into_iter().flatten().collect();
    all.retain(|shape| shape.is_sound());
    all.dedup();
    all
}

/// `member_wise`: collections that can be stored member by member are.
fn shape(codec: &Codec, member_wise: bool) -> Option<Shape> {
    let boxed = |codec: &Codec| shape(codec, member_wise).map(Box::new);
    Some(match codec {
        Codec::Scalar(kind) => Shape::Number(Number::of(*kind)),
        Codec::Packed(Packed::Float) => Shape::Number(Number::of(Kind::F32)),
        Codec::Packed(Packed::Truncated { .. }) => Shape::All(vec![
            Shape::Number(Number::BYTE),
            Shape::Number(Number::U16),
        ]),
        Codec::Packed(Packed::Steps { .. }) => Shape::Number(Number::U32),
        // Those of objects that nothing refers to.
        Codec::Bits => Shape::Number(Number::U32),
        Codec::Ref | Codec::RefArray => return None,
        Codec::Text => Shape::Text,
        Codec::HeadedText => Shape::Framed(false, Box::new(Shape::Text)),
        Codec::Fixed { size, item } => Shape::Fixed(*size, boxed(item)?),
        Codec::Sequence(item) => Shape::Counted(vec![shape(item, member_wise)?]),
        Codec::Collection {
            members: Some(members),
            ..
        } if member_wise => {
            let steps = members.iter().filter_map(|step| match step {
                Step::Member(_, codec) => Some(shape(codec, member_wise)),
                Step::TObject => Some(Some(tobject())),
                Step::Counted(..) => Some(None),
                Step::Open(_) | Step::Close => None,
            });
            let members = Shape::Counted(steps.collect::<Option<_>>()?);
            let version = Shape::Number(Number::U16);
            Shape::Framed(false, Box::new(Shape::All(vec![version, members])))
        }
        Codec::Collection { item, .. } => {
            let items = Shape::Counted(vec![shape(item, member_wise)?]);
            Shape::Framed(false, Box::new(items))
        }
        Codec::Record(steps) => {
            let mut steps = steps.iter();
            Shape::All(record(&mut steps, member_wise, 0)?)
        }
    })
}

/// Steps up to the end of what is open.
fn record(
    steps: &mut std::slice::Iter<'_, Step>,
    member_wise: bool,
    depth: usize,
) -> Option<Vec<Shape>> {
    let mut parts = Vec::new();
    while let Some(step) = steps.next() {
        match step {
            Step::Open(_) if depth < MAX_DEPTH => {
                let inner = record(steps, member_wise, depth + 1)?;
                parts.push(Shape::Framed(true, Box::new(Shape::All(inner))));
            }
            Step::Open(_) => return None,
            Step::Close => return Some(parts),
            Step::TObject => parts.push(tobject()),
            Step::Member(_, codec) => parts.push(shape(codec, member_wise)?),
            Step::Counted(..) => return None,
        }
    }
    Some(parts)
}

/// Version, id, bits; without the process number that follows if one bit is set.
fn tobject() -> Shape {
    let number = Shape::Number;
    Shape::All(vec![
        number(Number::U16),
        number(Number::U32),
        number(Number::U32),
    ])
}
