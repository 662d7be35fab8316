//! A line's parts: words, numbers, runs of blanks, and the bytes between them.
//!
//! Lines of one *key* have the same parts in the same order and the same bytes between them. Keys
//! are found in the bytes alone; no grammar is known.

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Blanks.
    Gap,
    /// Letters and what is joined to them.
    Word,
    /// Digits, with sign, point and exponent.
    Number,
}

impl Part {
    /// Its letter in a key: none of them stands there for itself.
    const fn mark(self) -> u8 {
        match self {
            Part::Gap => b' ',
            Part::Word => b'W',
            Part::Number => b'N',
        }
    }

    /// The part of a mark.
    pub(super) fn of_mark(mark: u8) -> Option<Part> {
        match mark {
            b' ' => Some(Part::Gap),
            b'W' => Some(Part::Word),
            b'N' => Some(Part::Number),
            _ => None,
        }
    }
}

/// Where a part lies in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn of<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        &raw[self.start as usize..self.end as usize]
    }

    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// Longest line that is looked at.
pub(super) const LONGEST: usize = 1 << 16;
/// Most parts of a line.
const MOST_PARTS: usize = 4096;
/// Longest first word that tells lines apart.
const LONGEST_FIRST: usize = 16;

const OTHER: u8 = 0;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;

const CLASS: [u8; 256] = {
    let mut class = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => LETTER,
            _ => OTHER,
        };
        byte += 1;
    }
    class
};

/// Appends a line's parts and its key; `false` if it is not to be looked at. `line` ends with its
/// last byte, and begins at `start`. `first`: a word at its beginning tells it apart from others.
pub(super) fn scan(
    raw: &[u8],
    (start, end): (usize, usize),
    first: bool,
    parts: &mut Vec<Span>,
    key: &mut Vec<u8>,
) -> bool {
    key.clear();
    if end - start > LONGEST {
        return false;
    }
    let begun = parts.len();
    let class = |at: usize| {
        if at < end {
            CLASS[usize::from(raw[at])]
        } else {
            OTHER
        }
    };
    let mut at = start;
    let mut joined = false;
    while at < end {
        let from = at;
        let byte = raw[at];
        let part = match CLASS[usize::from(byte)] {
            LETTER => {
                at = word_end(raw, at, end);
                match is_special(&raw[from..at]) {
                    true => Part::Number,
                    false => Part::Word,
                }
            }
            DIGIT => match number_end(raw, at, end) {
                to if class(to) == LETTER => {
                    at = word_end(raw, to, end);
                    Part::Word
                }
                to => {
                    at = to;
                    Part::Number
                }
            },
            _ if byte == b' ' => {
                while at < end && raw[at] == b' ' {
                    at += 1;
                }
                Part::Gap
            }
            _ => {
                let signed = matches!(byte, b'-' | b'+') && !joined;
                let pointed = byte == b'.' && !joined;
                let after = match signed && at + 1 < end && raw[at + 1] == b'.' {
                    true => class(at + 2),
                    false => class(at + 1),
                };
                let word = if after == LETTER {
                    word_end(raw, at + 1, end)
                } else {
                    at
                };
                let to = match (signed || pointed) && after == DIGIT {
                    true => number_end(raw, at, end),
                    false if signed && word > at && is_special(&raw[at + 1..word]) => word,
                    false => at,
                };
                if to == at || class(to) == LETTER {
                    let parts_from = |byte: u8| DELIMITERS.contains(&byte);
                    if parts_from(byte) && at == start {
                        nothing(at, parts, key);
                    }
                    key.push(byte);
                    at += 1;
                    joined = byte == b')';
                    let ends = |next: u8| next == byte || matches!(next, b'\r' | b'\n');
                    if parts_from(byte) && at < end && ends(raw[at]) {
                        nothing(at, parts, key);
                    }
                    if parts.len() - begun > MOST_PARTS {
                        parts.truncate(begun);
                        return false;
                    }
                    continue;
                }
                at = to;
                Part::Number
            }
        };
        joined = part != Part::Gap;
        let literal = first && part == Part::Word && from == start;
        if literal && at - from <= LONGEST_FIRST {
            key.extend_from_slice(&[b'F', (at - from) as u8]);
            key.extend_from_slice(&raw[from..at]);
        }
        key.push(part.mark());
        parts.push(Span {
            start: from as u32,
            end: at as u32,
        });
        if parts.len() - begun > MOST_PARTS {
            parts.truncate(begun);
            return false;
        }
    }
    true
}

/// Bytes that stand between values, between which nothing may be.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A number that is missing.
fn nothing(at: usize, parts: &mut Vec<Span>, key: &mut Vec<u8>) {
    key.push(Part::Number.mark());
    let at = at as u32;
    parts.push(Span { start: at, end: at });
}

/// Whether a word stands for a number.
fn is_special(word: &[u8]) -> bool {
    let words = [&b"nan"[..], b"inf", b"infinity", b"null", b"none", b"na"];
    word.len() <= 8 && words.iter().any(|one| one.eq_ignore_ascii_case(word))
}

/// The word that a key begins with, if it tells lines apart.
pub(super) fn first_word(key: &[u8]) -> Option<&[u8]> {
    match key {
        [b'F', len, rest @ ..] => rest.get(..usize::from(*len)),
        _ => None,
    }
}

/// A key without the word that it begins with.
pub(super) fn marks(key: &[u8]) -> &[u8] {
    match first_word(key) {
        Some(word) => &key[2 + word.len()..],
        None => key,
    }
}

fn word_end(raw: &[u8], mut at: usize, end: usize) -> usize {
    while at < end && CLASS[usize::from(raw[at])] != OTHER {
        at += 1;
    }
    at
}

/// Where a number ends that begins here with a sign, a point or a digit.
fn number_end(raw: &[u8], mut at: usize, end: usize) -> usize {
    let digits = |mut at: usize| {
        while at < end && raw[at].is_ascii_digit() {
            at += 1;
        }
        at
    };
    if matches!(raw[at], b'-' | b'+') {
        at += 1;
    }
    at = digits(at);
    if at < end && raw[at] == b'.' {
        at = digits(at + 1);
    }
    if at < end && matches!(raw[at], b'e' | b'E') {
        let signed = at + 1 < end && matches!(raw[at + 1], b'-' | b'+');
        let from = at + 1 + usize::from(signed);
        let to = digits(from);
        if to > from {
            return to;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(line: &str) -> (String, Vec<&str>) {
        let (mut parts, mut key) = (Vec::new(), Vec::new());
        assert!(scan(
            line.as_bytes(),
            (0, line.len()),
            false,
            &mut parts,
            &mut key
        ));
        let words = parts
            .iter()
            .map(|part| &line[part.start as usize..part.end as usize]);
        (String::from_utf8(key).unwrap(), words.collect())
    }

    #[test]
    fn lines_fall_into_parts() {
        let (marks, parts) = key("P 3 -1.5e+00,x2 [1,-2]\r\n");
        assert_eq!(marks, "W N N,W [N,N]\r\n");
        assert_eq!(
            parts,
            ["P", " ", "3", " ", "-1.5e+00", "x2", " ", "1", "-2"]
        );
        let (marks, parts) = key("2020-01-02   .5 +7 - 12ab 1.e5 3e\t1..2");
        assert_eq!(marks, "N-N-N N N - W N W\tN.N");
        assert_eq!(parts[3..5], ["   ", ".5"]);
    }

    #[test]
    fn what_is_missing_is_a_number() {
        assert_eq!(key("1,,nan,-inf,\n").0, "N,N,N,N,N\n");
        assert_eq!(key(",2;;\r\n").0, "N,N;N;N\r\n");
        assert_eq!(key("nancy, none\n").0, "W, N\n");
    }

    #[test]
    fn a_first_word_tells_lines_apart() {
        let (mut parts, mut key) = (Vec::new(), Vec::new());
        assert!(scan(b"ab 1\n", (0, 5), true, &mut parts, &mut key));
        assert_eq!(first_word(&key), Some(&b"ab"[..]));
        assert_eq!(marks(&key), b"W N\n");
    }
}
