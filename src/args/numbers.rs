//! Sizes, speeds and ranges, as people write them.

/// A part of the raw bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub offset: u64,
    /// Bytes; `None` for all that follow.
    pub len: Option<u64>,
}

/// A number of bytes: digits, then nothing, K, M, G or T (powers of 1024; an i and a B may follow).
pub fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number
        .parse()
        .map_err(|_| format!("'{text}' is not a size such as 65536, 64K or 4M"))?;
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(format!("unknown unit in '{text}': K, M, G and T are known")),
    };
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| format!("'{text}' is more than 64 bits hold"))
}

/// Bytes a second: 20MB/s, 500kB/s (powers of 1000), 20M, 20MiB/s (powers of 1024).
pub fn parse_speed(text: &str) -> Result<u64, String> {
    let size = text.strip_suffix("/s").unwrap_or(text);
    let digits = size.trim_end_matches(|c: char| !c.is_ascii_digit());
    let thousands = match size[digits.len()..].to_ascii_uppercase().as_str() {
        "KB" => Some(1000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "TB" => Some(1_000_000_000_000),
        _ => None,
    };
    let speed = match thousands {
        None => parse_size(size)?,
        Some(unit) => parse_size(digits)?
            .checked_mul(unit)
            .ok_or_else(|| format!("'{text}' is more than 64 bits hold"))?,
    };
    match speed {
        0 => Err("a speed of 0 is none".into()),
        speed => Ok(speed),
    }
}

pub fn parse_range(text: &str) -> Result<Range, String> {
    let (offset, len) = match text.split_once(':') {
        Some((offset, "")) => (offset, None),
        Some((offset, len)) => (offset, Some(parse_size(len)?)),
        None => (text, None),
    };
    let offset = parse_size(offset)?;
    if len.is_some_and(|len| offset.checked_add(len).is_none()) {
        return Err(format!("'{text}' ends past 64 bits"));
    }
    Ok(Range { offset, len })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ranges() {
        assert_eq!(parse_size("64K"), Ok(65536));
        assert_eq!(parse_size("4MiB"), Ok(4 << 20));
        for bad in ["", "K", "1.5M", "-1", "99999999999T", "3Q"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
        assert_eq!(
            parse_range("1K:2"),
            Ok(Range {
                offset: 1024,
                len: Some(2)
            })
        );
        assert_eq!(
            parse_range("7"),
            Ok(Range {
                offset: 7,
                len: None
            })
        );
        assert_eq!(
            parse_range("7:"),
            Ok(Range {
                offset: 7,
                len: None
            })
        );
        assert!(parse_range(":7").is_err());
        assert!(parse_range("18446744073709551615:2").is_err());
    }
}
