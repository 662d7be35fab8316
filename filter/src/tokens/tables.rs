//! Plans and tables that were found once, for data that stands alone in small pieces: what a model
//! of tables holds.
//!
//! A chain begins with them and says no memory of its own. The decoder needs the memory alone; for
//! the encoder there is what makes fresh tables where a frame has other needs. Columns stand side
//! by side. Invariant: whatever was read goes together, so that neither side meets a plan that
//! cannot be computed.

use std::sync::Arc;

use super::bins::{BINS, Cutting};
use super::context::{COMBINED, CUTS, SOURCES, Source};
use super::encode::Recipe;
use super::frame::{Memory, Views, most_entries, read_memory, write_memory};
use super::plan::{ColumnPlan, Place, code_source};
use super::prediction::Prediction;
use super::search::{Effort, Search};
use super::side::{Side, Topic};
use crate::coder::BitCoder;
use crate::layout::Expansion;
use crate::{Error, Level, Result};

/// Most bytes of a memory in a model.
const MEMORY_MAX: usize = 1 << 20;
/// Bits a row are kept in parts of this.
const PARTS: f64 = 1024.0;
/// Most bits a row and column, rows, and bits that an interval must save.
const BITS_MAX: u64 = 1 << 20;
const ROWS_MAX: u64 = u32::MAX as u64;
const PRICE_MAX: u64 = 1 << 16;

/// What a search found, ready for many chains. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tables(Arc<Search>);

impl Tables {
    /// Tables of what was found where columns stand side by side; nothing if they are more than a
    /// model holds.
    pub fn new(expansion: &Expansion, level: Level, search: Search) -> Result<Option<Self>> {
        let tables = Tables(Arc::new(search));
        let mut bytes = Vec::new();
        tables.write(expansion, &mut bytes)?;
        if bytes.len() > MEMORY_MAX {
            return Ok(None);
        }
        // As they will be read: bits are rounded.
        Tables::read(expansion, level, &bytes).map(Some)
    }

    /// What frames are written by.
    pub fn search(&self) -> &Arc<Search> {
        &self.0
    }

    /// What frames are read by.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.0.memory
    }

    /// The most entries that so many bytes hold.
    pub fn entries_max(len: usize) -> u64 {
        most_entries(len) as u64
    }

    /// Entries of all tables.
    pub fn entries(&self) -> u64 {
        let entries = self.0.memory.columns.iter().map(ColumnPlan::entries);
        entries.sum::<usize>() as u64
    }

    /// Appends them as they stand in a model's file.
    ///
    /// # Errors
    /// `Corrupt` of columns that stand one after another.
    pub fn write(&self, expansion: &Expansion, out: &mut Vec<u8>) -> Result<()> {
        write_memory(&Views::new(expansion, 0), Some(&self.0.memory), out)?;
        let mut side = Side::writer();
        let mut search = Search::clone(&self.0);
        code(&mut side, &mut search)?;
        out.extend_from_slice(&side.finish());
        Ok(())
    }

    /// Reads what [`Tables::write`] wrote.
    ///
    /// # Errors
    /// `Corrupt` of what nobody writes.
    pub fn read(expansion: &Expansion, level: Level, bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MEMORY_MAX {
            return Err(Error::corrupt("more tables than a model has"));
        }
        let (memory, rest) = read_memory(&Views::new(expansion, 0), false, bytes)?;
        let memory = memory.ok_or_else(|| Error::corrupt("a model without tables"))?;
        for plan in &memory.columns {
            go_together(&plan.prediction, plan.contexts.iter().map(|c| c.source))?;
        }
        let recipe = |plan: &ColumnPlan| Recipe {
            form: plan.form,
            prediction: plan.prediction.clone(),
            copy: plan.copy.clone(),
            cutting: Cutting {
                price: 0.0,
                bins: 0,
                exact: 0,
            },
            sources: Vec::new(),
            adaptive: None,
        };
        let mut search = Search {
            recipes: memory.columns.iter().map(recipe).collect(),
            bits: vec![0.0; memory.columns.len()],
            memory: Arc::new(memory),
            row_size: expansion.record_size as usize,
            rows: 0,
            patience: Effort::of_level(level.get()).patience,
        };
        code(&mut Side::reader(rest), &mut search)?;
        Ok(Tables(Arc::new(search)))
    }
}

/// Writes or reads what the encoder needs beside the plans.
fn code<C: BitCoder>(side: &mut Side<C>, search: &mut Search) -> Result<()> {
    let rows = side.bounded(Topic::Length, search.rows as u64, ROWS_MAX)?;
    if rows == 0 {
        return Err(Error::corrupt("tables of no rows"));
    }
    search.rows = rows as usize;
    for (at, recipe) in search.recipes.iter_mut().enumerate() {
        let place = Place {
            vt: recipe.form.vt,
            left: at,
        };
        code_recipe(side, recipe, place)?;
        let bits = search.bits[at] / rows as f64 * PARTS;
        let bits = side.bounded(Topic::Distance, bits as u64, BITS_MAX)?;
        search.bits[at] = bits as f64 / PARTS * rows as f64;
    }
    Ok(())
}

fn code_recipe<C: BitCoder>(side: &mut Side<C>, recipe: &mut Recipe, place: Place) -> Result<()> {
    let cutting = &mut recipe.cutting;
    cutting.price = side.bounded(Topic::Cut, cutting.price as u64, PRICE_MAX)? as f64;
    cutting.bins = side.bounded(Topic::Count, cutting.bins as u64, BINS as u64)? as usize;
    cutting.exact = side.bounded(Topic::Count, cutting.exact as u64, BINS as u64)? as usize;
    let n = side.bounded(Topic::Count, recipe.sources.len() as u64, SOURCES as u64)? as usize;
    recipe.sources.resize(n, (Source::Predicted, 2));
    for (source, level_n) in &mut recipe.sources {
        code_source(source, side, place)?;
        let cuts = side.bounded(Topic::Level, *level_n as u64 - 1, CUTS as u64)?;
        *level_n = cuts as usize + 1;
    }
    let combined: usize = recipe.sources.iter().map(|&(_, n)| n).product();
    if combined > COMBINED || recipe.sources.iter().any(|&(_, n)| n < 2) {
        return Err(Error::corrupt("contexts of a recipe"));
    }
    go_together(&recipe.prediction, recipe.sources.iter().map(|s| s.0))
}

/// Refuses sources that no decoder takes together, or not with this prediction.
fn go_together(prediction: &Prediction, sources: impl Iterator<Item = Source>) -> Result<()> {
    let (mut own, mut near, mut behind) = (0, 0, false);
    for source in sources {
        match source {
            Source::Own(_) => own += 1,
            Source::Near | Source::Above => near += 1,
            Source::Predicted if !prediction.is_foreseen() => behind = true,
            _ => behind |= own + near > 0,
        }
    }
    match behind || own > 1 || near > 2 || own * near > 0 {
        true => Err(Error::corrupt("contexts that do not go together")),
        false => Ok(()),
    }
}
