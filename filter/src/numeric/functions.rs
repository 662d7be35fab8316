//! Elementary functions from basic operations alone, so that every machine computes the same bits.
//!
//! Relative errors are below 1e-12 over the ranges that physical columns hold; what matters more is
//! that they never differ.

/// 2^k for |k| < 1023.
fn power_of_two(k: i32) -> f64 {
    f64::from_bits(((k.clamp(-1022, 1023) + 1023) as u64) << 52)
}

/// e^x. Overflow saturates near 1e300, underflow is zero.
pub fn exp(x: f64) -> f64 {
    if !(x < 690.0) {
        return 1e300;
    }
    if x < -690.0 {
        return 0.0;
    }
    let k = (x * std::f64::consts::LOG2_E).round();
    let r = (x - k * 0.693_147_180_369_123_8) - k * 1.908_214_929_270_587_7e-10;
    let mut sum = 1.0;
    for i in (1..14).rev() {
        sum = 1.0 + sum * r * RECIPROCALS[i];
    }
    sum * power_of_two(k as i32)
}

const RECIPROCALS: [f64; 32] = {
    let mut r = [0.0; 32];
    let mut i = 1;
    while i < 32 {
        r[i] = 1.0 / i as f64;
        i += 1;
    }
    r
};

/// ln(x) for positive normal x; anything else gives -700.
pub fn ln(x: f64) -> f64 {
    if !(f64::MIN_POSITIVE..f64::INFINITY).contains(&x) {
        return -700.0;
    }
    let bits = x.to_bits();
    let mut k = ((bits >> 52) as i32) - 1023;
    let mut m = f64::from_bits(bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        k += 1;
    }
    // atanh's series: ln m = 2 atanh((m - 1) / (m + 1)).
    let t = (m - 1.0) / (m + 1.0);
    let t2 = t * t;
    let mut sum = 0.0;
    for i in (0..11).rev() {
        sum = sum * t2 + RECIPROCALS[2 * i + 1];
    }
    2.0 * t * sum + f64::from(k) * std::f64::consts::LN_2
}

/// log2 of a count, for entropies.
pub fn log2(x: f64) -> f64 {
    ln(x) * std::f64::consts::LOG2_E
}

/// sin and cos; arguments beyond 1e6 give (0, 1).
pub fn sin_cos(x: f64) -> (f64, f64) {
    if !(x.abs() < 1e6) {
        return (0.0, 1.0);
    }
    let quarter = (x * std::f64::consts::FRAC_2_PI).round();
    let r = (x - quarter * 1.570_796_326_734_125_6) - quarter * 6.077_100_506_506_192e-11;
    let r2 = r * r;
    let (mut s, mut c) = (1.0, 1.0);
    for i in (1..9).rev() {
        s = 1.0 - s * r2 * RECIPROCALS[2 * i] * RECIPROCALS[2 * i + 1];
        c = 1.0 - c * r2 * RECIPROCALS[2 * i - 1] * RECIPROCALS[2 * i];
    }
    let s = s * r;
    match (quarter as i64) & 3 {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

/// atan(x).
pub fn atan(x: f64) -> f64 {
    if x.is_nan() {
        return 0.0;
    }
    if x.abs() > 1.0 {
        let rest = atan(1.0 / x);
        return if x > 0.0 {
            std::f64::consts::FRAC_PI_2 - rest
        } else {
            -std::f64::consts::FRAC_PI_2 - rest
        };
    }
    // Two halvings of the angle bring the argument below 0.2.
    let half = x / (1.0 + (1.0 + x * x).sqrt());
    let quarter = half / (1.0 + (1.0 + half * half).sqrt());
    let t2 = quarter * quarter;
    let mut sum = 0.0;
    for i in (0..10).rev() {
        sum = RECIPROCALS[2 * i + 1] - sum * t2;
    }
    4.0 * quarter * sum
}

/// The angle of the point (x, y).
pub fn atan2(y: f64, x: f64) -> f64 {
    if x > 0.0 {
        atan(y / x)
    } else if x < 0.0 {
        let turned = atan(y / x);
        if y < 0.0 {
            turned - std::f64::consts::PI
        } else {
            turned + std::f64::consts::PI
        }
    } else if y > 0.0 {
        std::f64::consts::FRAC_PI_2
    } else if y < 0.0 {
        -std::f64::consts::FRAC_PI_2
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-11 * (1.0 + b.abs())
    }

    #[test]
    fn agrees_with_the_usual_functions() {
        for i in -4000..4000 {
            let x = f64::from(i) * 0.00731;
            assert!(close(exp(x) / x.exp(), 1.0), "exp {x}");
            let (s, c) = sin_cos(x);
            assert!(close(s, x.sin()) && close(c, x.cos()), "sin {x}: {s} {c}");
            assert!(close(atan(x), x.atan()), "atan {x}");
            assert!(
                close(atan2(x, 1.5), x.atan2(1.5)) && close(atan2(x, -1.5), x.atan2(-1.5)),
                "atan2 {x}"
            );
            if x > 0.0 {
                assert!(close(ln(x), x.ln()), "ln {x}");
            }
        }
    }

    #[test]
    fn odd_arguments_are_harmless() {
        for x in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e300,
            -1e300,
            0.0,
        ] {
            for y in [exp(x), ln(x), sin_cos(x).0, atan(x), atan2(x, x)] {
                assert!(y.is_finite(), "{x} {y}");
            }
        }
    }
}
