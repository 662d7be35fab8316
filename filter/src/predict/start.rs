//! Built-in start values: what the mixers weigh before they have learned.
//!
//! Means of the weights that the first mixer ended with on alice_hyp3, cms_hzz, cms_like_nanoaod
//! (records), climate_a1b, cosmo_pm, silesia_mr, legend f32 (grids), fcc_edm4hep, cms_nanoaod_dy,
//! resemblyzer weights (rows), dickens and hepmc (bytes) of the development corpus; the other files
//! are for measuring. The order of inputs is that of [`super::column::Effort`].

use super::column::{Effort, Family};
use super::mixer::MAX_BLOCKS;

/// Inputs at most.
const INPUTS: usize = MAX_BLOCKS * 16;

/// What the mixers begin with for the network's inputs: its logit, what came of such logits, the
/// corrected logit.
const NETWORK: [f32; 3] = [0.3, 0.2, 0.2];

/// Start weights of the first-layer mixers at a level: a model's own where it has some.
pub fn weights<E: Effort>(family: Family, own: Option<&[i16]>, out: &mut [f32]) {
    let table = &E::START[match family {
        Family::Record => 0,
        Family::Grid => 1,
        Family::Sequence => 2,
        Family::Bytes => 3,
    }];
    for (to, &from) in out.iter_mut().zip(table) {
        *to = f32::from(from) / 1024.0;
    }
    let network = &mut out[E::AT_NETWORK..E::AT_NETWORK + E::NETWORK_INPUTS];
    network.copy_from_slice(&NETWORK[..E::NETWORK_INPUTS]);
    for (to, &from) in out.iter_mut().zip(own.unwrap_or_default()) {
        *to = f32::from(from) / 1024.0;
    }
}

/// Weights in 1/1024, by family.
pub type Start = [[i16; INPUTS]; 4];

/// For [`super::column::Thorough`].
pub const THOROUGH: Start = [
    // Record
    [
        50, 62, 52, 77, 48, 73, 70, 119, 98, 84, 44, 54, 51, 45, 120, 52, -28, -26, -25, -14, -30,
        -17, -25, -7, -3, -18, -33, -28, -30, -33, -7, -29, 73, 67, 83, 79, 79, 99, 85, 80, 54, 37,
        71, 36, 32, 184, 200, 221, 191, 204, 206, 206, 160, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    // Grid
    [
        81, 68, 79, 68, 59, 74, 87, 146, 68, 95, 101, 101, 56, 149, 60, 101, -46, -34, -32, -32,
        -31, -24, -44, -62, -19, -13, 29, 4, -40, -62, -34, 17, 148, 196, 143, 103, 203, 127, 79,
        34, 55, 109, 104, 2, 63, 122, 202, 138, 165, 156, 205, 205, 12, -5, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    // Sequence
    [
        25, 4, 43, 92, 110, 38, -4, 293, 131, 68, 113, 74, 20, 74, 34, 58, -44, -83, -46, -31, 11,
        -33, -89, 44, 18, -31, 12, -34, -48, -47, -58, -43, 74, 72, 76, 124, 76, 56, 110, 59, -4,
        2, -6, -35, -7, 170, 212, 205, 147, 205, 205, 205, 62, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    // Bytes
    [
        163, 275, 259, 171, 168, 275, 182, 258, 209, 118, 208, 105, 144, 226, 117, 172, -127, -230,
        -124, -145, -98, -127, -102, 18, -97, -79, -47, -54, -1, -147, -44, -182, 53, 53, 112, -17,
        53, 12, 55, -102, 124, 61, 61, 48, 44, 130, 200, 205, 57, 205, 205, 205, -353, -55, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
    ],
];
