//! Grids: `41,128,128` and its limits.
//!
//! Invariant: the product of a checked shape's axes and the record size fits 63 bits, so no later
//! product overflows.

use super::MAX_RANK;
use crate::error::{Error, Result};

/// A grid from text, slowest axis first: `41,128,128`, or `41x128x128`. The first axis may be 0:
/// length unknown.
///
/// # Errors
/// Names the axis at fault, and why.
pub fn parse_shape(text: &str) -> Result<Vec<u64>> {
    let mut shape = Vec::new();
    for (at, part) in text.split([',', 'x']).enumerate() {
        let part = part.trim();
        let fault = |why: &str| {
            Error::invalid(format!(
                "shape '{}', axis {}, '{part}': {why}",
                text.trim(),
                at + 1
            ))
        };
        if at >= MAX_RANK {
            return Err(fault(&format!("a grid has at most {MAX_RANK} axes")));
        }
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fault("a number is expected"));
        }
        shape.push(part.parse().map_err(|_| fault("does not fit 64 bits"))?);
    }
    check(&shape, 1)?;
    Ok(shape)
}

/// Refuses a grid of `record_size` bytes a point that cannot exist.
pub(super) fn check(shape: &[u64], record_size: u32) -> Result<()> {
    if shape.len() > MAX_RANK {
        return Err(Error::invalid(format!(
            "a grid has at most {MAX_RANK} axes, not {}",
            shape.len()
        )));
    }
    let mut total = u64::from(record_size);
    for (at, &axis) in shape.iter().enumerate() {
        if axis == 0 && at > 0 {
            return Err(Error::invalid(format!(
                "axis {} of the shape is 0; only the first may be (unknown)",
                at + 1
            )));
        }
        total = total
            .checked_mul(axis.max(1))
            .filter(|&total| total <= i64::MAX as u64)
            .ok_or_else(|| {
                Error::invalid(format!("the shape has too many bytes at axis {}", at + 1))
            })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        assert_eq!(parse_shape("41,128,128").unwrap(), [41, 128, 128]);
        assert_eq!(parse_shape(" 41x128 x 128").unwrap(), [41, 128, 128]);
        assert_eq!(parse_shape("0,37,49").unwrap(), [0, 37, 49]);
        assert_eq!(
            parse_shape("9223372036854775807").unwrap(),
            [i64::MAX as u64]
        );
        for (text, part) in [
            ("", "axis 1, ''"),
            ("4,,5", "axis 2, ''"),
            ("4,-5", "axis 2, '-5'"),
            ("4,0", "axis 2"),
            ("99999999999999999999", "64 bits"),
            ("4294967296,4294967296", "axis 2"),
            ("9223372036854775808", "axis 1"),
            (&["1"; MAX_RANK + 1].join(","), "at most 32"),
        ] {
            let message = parse_shape(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn record_size_counts() {
        assert!(check(&[1 << 62], 1).is_ok());
        assert!(check(&[1 << 62], 2).is_err());
        assert!(check(&[0, 1 << 62], 2).is_err());
    }
}
