//! Bit histories: what a context has seen, in one byte.
//!
//! A state holds how many zeros and ones were seen (few of them exactly, many of them roughly) and
//! which came last. A bit moves the state along; the count of the other bit shrinks when it is
//! surprised, so that the recent past counts more. States are numbered by a search from the empty
//! one, in a fixed order, and what a state means as a probability is learned elsewhere.

/// Next state after a zero or a one, by state.
pub type Transitions = [[u8; 2]; 256];

/// Counts of zeros and ones a state stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Zeros.
    pub n0: u8,
    /// Ones.
    pub n1: u8,
    /// The last bit, where both were seen.
    pub last: u8,
}

/// All states and how they follow one another. State 0 is the empty history.
pub struct Histories {
    /// Successors.
    pub next: Transitions,
    /// Meaning.
    pub counts: [Counts; 256],
    /// How many of the 256 numbers are in use.
    pub used: usize,
}

/// The largest count of one bit beside `other` of the other.
const CAP: [u8; 7] = [40, 20, 12, 8, 7, 6, 6];

const fn step(c: Counts, bit: u8) -> Counts {
    let (mut same, mut other) = if bit == 0 { (c.n0, c.n1) } else { (c.n1, c.n0) };
    if other > 2 {
        other = if other > 24 {
            7
        } else if other > 12 {
            6
        } else if other > 8 {
            5
        } else if other > 5 {
            4
        } else if other > 3 {
            3
        } else {
            2
        };
    }
    if other > 6 {
        other = 6;
    }
    if same < CAP[other as usize] {
        same += 1;
    } else {
        same = CAP[other as usize];
    }
    if same > 6 && other > 0 {
        // The pair must also be allowed the other way round.
        let mut allowed = other;
        while allowed > 0 && CAP[allowed as usize] < same {
            allowed -= 1;
        }
        other = allowed;
    }
    let last = if other == 0 { 0 } else { bit };
    if bit == 0 {
        Counts {
            n0: same,
            n1: other,
            last,
        }
    } else {
        Counts {
            n0: other,
            n1: same,
            last,
        }
    }
}

const fn build() -> Histories {
    let empty = Counts {
        n0: 0,
        n1: 0,
        last: 0,
    };
    let mut all = Histories {
        next: [[0; 2]; 256],
        counts: [empty; 256],
        used: 1,
    };
    let mut at = 0;
    while at < all.used {
        let mut bit = 0;
        while bit < 2 {
            let to = step(all.counts[at], bit);
            let mut found = 0;
            while found < all.used {
                let c = all.counts[found];
                if c.n0 == to.n0 && c.n1 == to.n1 && c.last == to.last {
                    break;
                }
                found += 1;
            }
            if found == all.used {
                all.counts[found] = to;
                all.used += 1;
            }
            all.next[at][bit as usize] = found as u8;
            bit += 1;
        }
        at += 1;
    }
    all
}

/// The table, made when the program is compiled.
pub static HISTORIES: Histories = build();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_fit_a_byte_and_count_truly_at_first() {
        assert!(
            HISTORIES.used > 150 && HISTORIES.used <= 256,
            "{}",
            HISTORIES.used
        );
        let mut state = 0u8;
        for n in 1..=40u8 {
            state = HISTORIES.next[usize::from(state)][1];
            assert_eq!(
                HISTORIES.counts[usize::from(state)],
                Counts {
                    n0: 0,
                    n1: n,
                    last: 0
                }
            );
        }
        let surprised = HISTORIES.counts[usize::from(HISTORIES.next[usize::from(state)][0])];
        assert!(surprised.n1 < 10 && surprised.n0 == 1, "{surprised:?}");
    }
}
