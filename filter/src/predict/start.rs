//! Built-in start values: what mixers weigh before they have learned.

use super::column::{Effort, Family};

/// Start weights of the first-layer mixers.
pub fn weights<E: Effort>(family: Family, out: &mut [f32]) {
    let _ = family;
    out.fill(0.0);
    out[..E::CONTEXTS].fill(1.5 / (E::CONTEXTS as f32 + 2.0));
    out[E::AT_BANK..E::AT_MAPPED].fill(0.08);
    out[E::AT_MAPPED..E::AT_COPIES].fill(0.08);
    out[E::AT_COPIES..E::AT_BIAS].fill(0.2);
}
