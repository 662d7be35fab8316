//! Where two chunks differ within a dataset.

/// The first element within `inside` that differs between two arrays of `shape`.
pub(super) fn first_difference(
    a: &[u8],
    b: &[u8],
    inside: &[u64],
    shape: &[u64],
    size: usize,
) -> Option<Vec<u64>> {
    if a == b {
        return None;
    }
    let (&row, outer) = inside.split_last()?;
    let (&row_full, outer_full) = shape.split_last()?;
    let rows = outer.iter().product::<u64>();
    for number in 0..rows {
        // The row's place along all axes but the last.
        let (mut rest, mut place) = (number, vec![0; outer.len()]);
        for (axis, &dim) in outer.iter().enumerate().rev() {
            place[axis] = rest % dim;
            rest /= dim;
        }
        let flat = place
            .iter()
            .zip(outer_full)
            .fold(0, |flat, (at, dim)| flat * dim + at);
        let start = (flat * row_full) as usize * size;
        let range = start..start + row as usize * size;
        let (x, y) = (a.get(range.clone())?, b.get(range)?);
        if x != y {
            let at = x.iter().zip(y).position(|(x, y)| x != y)? / size;
            place.push(at as u64);
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_outside_do_not_count() {
        let a: Vec<u8> = (0..24).collect();
        let mut b = a.clone();
        (b[6], b[22]) = (0, 0);
        // 3 x 4 elements of two bytes, of which 2 x 3 are inside.
        assert_eq!(first_difference(&a, &b, &[2, 3], &[3, 4], 2), None);
        b[10] = 0;
        assert_eq!(
            first_difference(&a, &b, &[2, 3], &[3, 4], 2),
            Some(vec![1, 1])
        );
    }
}
