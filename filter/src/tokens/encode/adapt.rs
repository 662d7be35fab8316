//! Columns of the adaptive stage: what is said of them beforehand, and their tokens.

use super::super::adaptive::rows::{Rows, Scene, write};
use super::super::adaptive::{Adaptive, classes, spell};
use super::super::bins::Bins;
use super::super::column::Known;
use super::super::offsets::BitWriter;
use super::super::plan::{ColumnPlan, Place};
use super::super::side::Side;
use super::super::word::{Word, Words};
use super::{Left, Prepared, Ready, Recipe, Settled, cut, tokens};
use crate::coder::BitCoder;

/// Exceptions are well where they are no more than one row in so many.
const SELDOM: usize = 100;

/// These rows by the plan of the chain's beginning, if that is of this stage.
pub(super) fn adapted<W: Word>(
    before: &ColumnPlan,
    me: &Known,
    prepared: &Prepared<W>,
) -> Option<Settled> {
    before.adaptive.as_ref()?;
    Some(Settled {
        tokens: tokens(&before.bins, prepared, &me.exceptions),
        plan: before.clone(),
        clusters: Vec::new(),
        bits: 0.0,
    })
}

/// Whether the bins of the beginning suit these rows, too.
pub(super) fn is_adapted_well(settled: &Settled) -> bool {
    if settled
        .plan
        .adaptive
        .as_ref()
        .is_some_and(|adaptive| adaptive.spelt)
    {
        return true;
    }
    let exception = settled.plan.bins.exception();
    let exceptions = settled.tokens.iter().filter(|&&token| token == exception);
    exceptions.count() * SELDOM <= settled.tokens.len()
}

/// Bins and classes of these rows.
pub(super) fn fresh<W: Word>(
    recipe: &Recipe,
    adaptive: &Adaptive,
    me: &Known,
    prepared: &Prepared<W>,
    left: &Left,
) -> Settled {
    let (bins, tokens, classes) = match adaptive.spelt {
        true => {
            let bins = Bins::default();
            let tokens = vec![bins.exception(); me.words.row_n()];
            (bins, tokens, Vec::new())
        }
        false => {
            let (bins, tokens) = cut(recipe, me, prepared);
            let classes = classes(&tokens, bins.token_n());
            (bins, tokens, classes)
        }
    };
    let adaptive = Adaptive {
        classes,
        ..adaptive.clone()
    };
    let plan = ColumnPlan {
        prediction: recipe.prediction.clone(),
        copy: recipe.copy.clone(),
        bins,
        adaptive: Some(adaptive),
        form: recipe.form,
        ..ColumnPlan::empty(recipe.form.vt)
    };
    Settled {
        bits: said_bits(&plan, left.known.len()),
        plan,
        tokens,
        clusters: Vec::new(),
    }
}

/// Bits that a plan takes by itself.
pub fn said_bits(plan: &ColumnPlan, left: usize) -> f64 {
    let mut side = Side::writer();
    let place = Place {
        vt: plan.form.vt,
        left,
    };
    let said = plan.clone().code(&mut side, place, (None, true));
    debug_assert!(said.is_ok());
    side.finish().len() as f64 * 8.0
}

/// Writes a column of the adaptive stage.
pub fn write_adapted<C: BitCoder>(
    me: &Known,
    ready: &Ready,
    left: &Left,
    settled: &Settled,
    coder: &mut C,
    offsets: &mut BitWriter,
) {
    match (ready, &me.words) {
        (Ready::Narrow(prepared), Words::Narrow(words)) => {
            write_words(me, words, prepared, left, settled, coder, offsets);
        }
        (Ready::Wide(prepared), Words::Wide(words)) => {
            write_words(me, words, prepared, left, settled, coder, offsets);
        }
        _ => {}
    }
}

fn write_words<W: Word, C: BitCoder>(
    me: &Known,
    words: &[W],
    prepared: &Prepared<W>,
    left: &Left,
    settled: &Settled,
    coder: &mut C,
    offsets: &mut BitWriter,
) {
    let Some(adaptive) = &settled.plan.adaptive else {
        return;
    };
    if adaptive.spelt {
        return spell::write(me.form.vt, words, coder);
    }
    let scene = Scene {
        plan: &settled.plan,
        adaptive,
        view: &left.view(words.len(), &prepared.predicted),
    };
    let rows = Rows {
        me,
        words,
        residuals: &prepared.residuals,
        tokens: &settled.tokens,
    };
    write(scene, rows, coder, offsets);
}
