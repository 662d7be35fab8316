//! What the adaptive stage is told beforehand, as side information.

use super::super::adaptive::look::{By, Look, Seen};
use super::super::adaptive::{Adaptive, CLASSES, CONTEXTS, LOOKS, TOPS};
use super::super::bins::Bins;
use super::super::context::{CUTS, Source};
use super::super::side::{Side, Topic};
use super::super::stencil::Domain;
use super::parts::{FARTHEST, code_cuts, code_source};
use super::{Place, corrupt};
use crate::Result;
use crate::coder::BitCoder;

/// Whether a column's tokens adapt, and by what.
pub(super) fn code_adaptive<C: BitCoder>(
    adaptive: &mut Option<Adaptive>,
    side: &mut Side<C>,
    place: Place,
    bins: &Bins,
) -> Result<()> {
    if !side.flag(adaptive.is_some()) {
        *adaptive = None;
        return Ok(());
    }
    let Adaptive {
        contexts,
        second,
        tops,
        classes,
        spelt,
    } = adaptive.get_or_insert_default();
    let kind = match second {
        _ if *spelt => 3,
        None => 0,
        Some(Domain::Numbers) => 1,
        Some(Domain::Words) => 2,
    };
    let kind = side.bounded(Topic::Kind, kind, 3)?;
    *spelt = kind == 3;
    if *spelt {
        return Ok(());
    }
    *second = match kind {
        0 => None,
        1 => Some(Domain::Numbers),
        _ => Some(Domain::Words),
    };
    *tops = side.bounded(Topic::Count, (*tops).into(), TOPS.into())? as u8;
    let least = (contexts.len() as u64).wrapping_sub(1);
    let context_n = side.bounded(Topic::Count, least, CONTEXTS as u64 - 1)? + 1;
    contexts.resize(context_n as usize, Vec::new());
    for looks in contexts {
        let look_n = side.bounded(Topic::Count, looks.len() as u64, LOOKS as u64)? as usize;
        looks.resize_with(look_n, || Look::whole(Seen::Second));
        let mut own = false;
        for look in looks {
            code_look(look, side, place)?;
            if own && !look.seen.is_own() {
                return Err(corrupt("order of what a context looks at"));
            }
            if look.seen.needs_second() && second.is_none() {
                return Err(corrupt("a second prediction that there is not"));
            }
            own |= look.seen.is_own();
        }
    }
    classes.resize(bins.token_n(), 0);
    let mut before = 0;
    for class in classes {
        let by = usize::from(before) / 4;
        let value = side.number_by(Topic::Class, by, (*class).into());
        if value >= CLASSES.into() {
            return Err(corrupt("how often a token is met"));
        }
        *class = value as u8;
        before = *class;
    }
    Ok(())
}

fn code_look<C: BitCoder>(look: &mut Look, side: &mut Side<C>, place: Place) -> Result<()> {
    let (kind, distance) = match look.seen {
        Seen::Source(_) => (0, 1),
        Seen::Magnitude(distance) => (1, distance),
        Seen::Sign(distance) => (2, distance),
        Seen::Expected => (3, 1),
        Seen::Second => (4, 1),
        Seen::SecondScale => (5, 1),
        Seen::FirstScale => (6, 1),
    };
    let kind = side.bounded(Topic::Look, kind, 6)?;
    let mut distance = u64::from(distance) - 1;
    if matches!(kind, 1 | 2) {
        distance = side.bounded(Topic::Distance, distance, FARTHEST)?;
    }
    let distance = distance as u32 + 1;
    look.seen = match kind {
        0 => {
            let mut source = match look.seen {
                Seen::Source(source) => source,
                _ => Source::Predicted,
            };
            code_source(&mut source, side, place)?;
            Seen::Source(source)
        }
        1 => Seen::Magnitude(distance),
        2 => Seen::Sign(distance),
        3 => Seen::Expected,
        4 => Seen::Second,
        5 => Seen::SecondScale,
        _ => Seen::FirstScale,
    };
    let (kind, number) = match look.by {
        By::Shift(shift) => (0, shift),
        By::Cuts(_) => (1, 0),
        By::Ranks(n) => (2, n),
    };
    let kind = side.bounded(Topic::By, kind, 2)?;
    look.by = match kind {
        0 => By::Shift(side.bounded(Topic::CutShift, number.into(), 63)? as u8),
        1 => {
            let mut cuts = match &mut look.by {
                By::Cuts(cuts) => std::mem::take(cuts),
                _ => Vec::new(),
            };
            code_cuts(&mut cuts, side)?;
            By::Cuts(cuts)
        }
        _ => {
            let foreseen = matches!(
                look.seen,
                Seen::Source(Source::Value(_) | Source::Predicted)
            );
            let n = side.bounded(Topic::By, number.into(), CUTS as u64 + 1)?;
            if !foreseen || n < 2 {
                return Err(corrupt("ranks of what is not known of all rows"));
            }
            By::Ranks(n as u8)
        }
    };
    Ok(())
}
