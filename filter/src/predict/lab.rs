//! Scratch driver.
use super::column::*;
use super::value::ValueType;
use crate::coder::*;
use crate::{ByteOrder, Layout};

pub struct Col { pub vt: ValueType, pub offset: usize, pub order: ByteOrder }

pub fn columns(layout: &Layout) -> Vec<Col> {
    let mut v = vec![];
    for f in layout.fields() {
        for e in 0..f.count {
            if f.kind == crate::Kind::Bytes {
                for b in 0..f.width { v.push(Col { vt: ValueType { kind: crate::Kind::Uint, width: 1 }, offset: (f.offset + e * f.width + b) as usize, order: f.order }); }
            } else {
                v.push(Col { vt: ValueType { kind: f.kind, width: f.width as u8 }, offset: (f.offset + e * f.width) as usize, order: f.order });
            }
        }
    }
    v
}

pub fn load(raw: &[u8], rec: usize, c: &Col) -> Vec<u64> {
    let w = c.vt.width as usize;
    raw.chunks_exact(rec).map(|r| {
        let b = &r[c.offset..c.offset + w];
        let mut x = 0u64;
        match c.order { ByteOrder::Little => for &q in b.iter().rev() { x = x << 8 | u64::from(q) }, ByteOrder::Big => for &q in b { x = x << 8 | u64::from(q) } }
        c.vt.order(x)
    }).collect()
}

/// Ranks into 16 bins
pub fn bins(v: &[u64], n: usize) -> Vec<u8> {
    let mut s: Vec<u64> = v.to_vec();
    s.sort_unstable();
    let mut cuts: Vec<u64> = (1..n).map(|i| s[i * s.len() / n]).collect();
    cuts.dedup();
    v.iter().map(|x| cuts.partition_point(|c| c <= x) as u8).collect()
}

fn ent(counts: &[u32], total: f64) -> f64 {
    counts.iter().filter(|&&c| c > 0).map(|&c| { let p = f64::from(c) / total; -p * p.log2() }).sum()
}

#[allow(non_snake_case)] fn ValueTypeMax(w: u8) -> u64 { u64::MAX >> (64 - 8 * u32::from(w)) }
pub fn plan_refs(cols: &[Vec<u64>], ws: &[u8]) -> Vec<Vec<usize>> {
    let n = cols[0].len().min(4096);
    let q: Vec<Vec<u8>> = cols.iter().map(|c| bins(&c[..n], 16)).collect();
    let t = n as f64;
    let h: Vec<f64> = q.iter().map(|v| { let mut c = [0u32; 16]; v.iter().for_each(|&x| c[x as usize] += 1); ent(&c, t) }).collect();
    let mut out = vec![];
    for c in 0..cols.len() {
        let mut mi: Vec<(f64, usize)> = vec![];
        for j in 0..c {
            let mut cnt = [0u32; 256];
            for i in 0..n { cnt[(q[j][i] as usize) << 4 | q[c][i] as usize] += 1; }
            let cells = cnt.iter().filter(|&&x| x > 0).count() as f64;
            let hj = ent(&cnt, t);
            let v = h[c] + h[j] - hj - (cells - 16.0).max(0.0) / (2.0 * t * 0.693);
            let flip = |u: u64, w: u8| { let m = ValueTypeMax(w); u.max(!u & m) }; let same = (0..n).filter(|&i| cols[j][i] == cols[c][i] || flip(cols[j][i], ws[j]) == flip(cols[c][i], ws[c])).count() as f64 / t; let v = v + if cols[c].iter().any(|&z| z != cols[c][0]) { 2.0 * same } else { 0.0 };
            mi.push((v, j));
        }
        let mut refs: Vec<usize> = vec![];
        while refs.len() < REFS && !mi.is_empty() {
            let mut best = (0.03, usize::MAX);
            for &(v, j) in &mi {
                if refs.contains(&j) { continue; }
                let mut s = v;
                if let Some(&r) = refs.first() {
                    // conditional MI given r
                    let mut c3 = vec![0u32; 8 * 8 * 8];
                    let mut c2 = vec![0u32; 64]; let mut c2b = vec![0u32; 64]; let mut c1 = vec![0u32; 8];
                    for i in 0..n {
                        let (a, b, d) = ((q[r][i] >> 1) as usize, (q[j][i] >> 1) as usize, (q[c][i] >> 1) as usize);
                        c3[a << 6 | b << 3 | d] += 1; c2[a << 3 | b] += 1; c2b[a << 3 | d] += 1; c1[a] += 1;
                    }
                    let cells = c3.iter().filter(|&&x| x > 0).count() as f64;
                    s = ent(&c2, t) + ent(&c2b, t) - ent(&c3, t) - ent(&c1, t) - (cells - 64.0).max(0.0) / (2.0 * t * 0.693);
                }
                if s > best.0 { best = (s, j); }
            }
            if best.1 == usize::MAX { break; }
            refs.push(best.1);
        }
        out.push(refs);
    }
    out
}

fn plane_modes(v: &[u64], vt: ValueType) -> [PlaneMode; 8] {
    let w = vt.width as usize;
    let mut m = [PlaneMode::Modelled; 8];
    for k in 0..w {
        let sh = 8 * (w - 1 - k);
        let mut cnt = [0u32; 256];
        for x in v { cnt[(x >> sh) as usize & 255] += 1; }
        if cnt.iter().filter(|&&c| c > 0).count() == 1 { m[k] = PlaneMode::Constant((v[0] >> sh) as u8); continue; }
        let n = v.len() as f64;
        let h = ent(&cnt, n) + 255.0 / (2.0 * n * 0.693);
        if h > 7.98 && v.len() > 1000 {
            // conditional on the byte before (top 4 bits) and on the byte above
            let mut best: f64 = 8.0;
            for t in 0..2 {
                let mut c = vec![0u32; 16 * 256]; let mut c1 = [0u32; 16];
                for i in 1..v.len() {
                    let ctx = if t == 0 { if k == 0 { 0 } else { (v[i] >> (sh + 8)) as usize & 15 } } else { (v[i - 1] >> (sh + 4)) as usize & 15 };
                    c[ctx << 8 | (v[i] >> sh) as usize & 255] += 1; c1[ctx] += 1;
                }
                let hh = ent(&c, n) - ent(&c1, n) + 4095.0 / (2.0 * n * 0.693);
                best = best.min(hh);
            }
            // repeats of whole values
            let mut s = v.to_vec(); s.sort_unstable(); s.dedup();
            let rep = 1.0 - s.len() as f64 / n;
            let mut lows: Vec<u64> = v.iter().map(|x| x & 0xffffff).collect(); lows.sort_unstable(); lows.dedup();
            if best > 7.97 && rep < 0.01 { m[k] = PlaneMode::Raw; }
        }
    }
    m
}

pub struct Report { pub bits: Vec<[f64; 8]>, pub bytes: usize, pub secs: f64 , pub dsecs: f64}

pub fn run(raw: &[u8], layout: &Layout, frame: usize, verify: bool, force_model: bool) -> Report {
    let rec = layout.record_size() as usize;
    let cols = columns(layout);
    let shape = layout.shape().to_vec();
    let grid = cols.len() == 1;
    let (x, xy) = match shape.len() { 0 | 1 => (0usize, 0usize), 2 => (shape[1] as usize, 0), n => (shape[n - 1] as usize, (shape[n - 1] * shape[n - 2]) as usize) };
    let frame = (frame / rec).max(1) * rec;
    let mut models: Vec<ColumnModel> = vec![];
    let mut dmodels: Vec<ColumnModel> = vec![];
    let mut refs: Vec<Vec<usize>> = vec![];
    let mut lefts: Vec<Vec<usize>> = vec![]; let mut rels: Vec<Option<(u8, usize, usize, usize)>> = vec![];
    let mut hist: Vec<Vec<u64>> = vec![vec![]; cols.len()];
    let mut total = 0usize;
    let mut match_tabs: Vec<std::collections::HashMap<u64, u64>> = vec![Default::default(); cols.len()];
    let mut secs = 0.0; let mut dsecs = 0.0;
    let mut ovh = vec![[0.0f64; 8]; cols.len()];
    for chunk in raw.chunks(frame) {
        let values: Vec<Vec<u64>> = cols.iter().map(|c| load(chunk, rec, c)).collect();
        if refs.is_empty() {
            let t = std::time::Instant::now();
            refs = if grid { vec![vec![]] } else { plan_refs(&values, &cols.iter().map(|c| c.vt.width).collect::<Vec<_>>()) };
            rels = if grid { vec![None] } else { plan_relations(&cols, &values) };
            if std::env::var("V").is_ok() { eprintln!("rels {:?}", rels.iter().enumerate().filter(|r| r.1.is_some()).collect::<Vec<_>>()); }
            if std::env::var("V").is_ok() { eprintln!("plan {:?} {:?}", t.elapsed(), refs); }
        }
        for (c, col) in cols.iter().enumerate() {
            let v = &values[c];
            if v.is_empty() { continue; }
            let mut modes = plane_modes(v, col.vt);
            if force_model { for m in &mut modes { if *m == PlaneMode::Raw { *m = PlaneMode::Modelled; } } }
            let mut left: Vec<usize> = refs[c].clone(); for j in (0..c).rev() { if left.len() < 14 && !left.contains(&j) && values[j].iter().any(|&z| z != values[j][0]) || left.contains(&j) { if !left.contains(&j) { left.push(j); } } } if let Some(l) = lefts.get(c) { left = l.clone(); } else { lefts.push(left.clone()); }
            let nreg = if grid { if xy > 0 { 18 } else if x > 0 { 10 } else { 8 } } else { left.len() + 3 };
            if models.len() <= c {
                let rv: Vec<ValueType> = refs[c].iter().map(|&j| cols[j].vt).collect();
                let lines = if grid { 1 << 16 } else { 1 << 14 };
                models.push(ColumnModel::new(col.vt, &rv, grid, nreg, lines));
                if c > 0 && cols[c - 1].vt == col.vt && std::env::var("NOINH").is_err() { let prev = models[c - 1].clone(); models[c].inherit(&prev); }
                if verify { dmodels.push(models[c].clone()); }
            }
            let h = hist[c].len();
            let mut all = std::mem::take(&mut hist[c]);
            all.extend_from_slice(v);
            let max = col.vt.max_ordered() as f64;
            let around = |all: &[u64], i: usize, tab: &std::collections::HashMap<u64, u64>| -> Around {
                let at = |d: usize| if d > 0 && i >= d { all[i - d] } else { 0 };
                let mut a = Around { before: [at(1), at(2)], ..Default::default() };
                if grid {
                    let vt = col.vt;
                    let w = if i > 0 { vt.number(at(1)) } else { 0.0 };
                    let fb = at(1);
                    let g = |d: usize| if d > 0 && i >= d { all[i - d] } else { fb };
                    a.grid = if x > 0 { [g(x), g(x + 1), g(x - 1), g(xy), g(xy+1), g(xy+x), g(xy+x+1), 0] } else { [0; 8] }; a.cube = xy > 0;
                    if x == 0 { a.grid = [at(2), at(3), at(4), at(1), 0, 0, 0, 0]; }
                    let ds: &[usize] = if xy > 0 { &[x, x + 1, x - 1, 2, 2 * x, x + 2, xy, xy + 1, xy - 1, xy + x, xy - x, xy - x - 1, xy - x + 1, xy + x + 1, xy + x - 1, 2 * xy, 3, 2 * x + 1] } else if x > 0 { &[x, x + 1, x - 1, 2, 2 * x, x + 2, x - 2, 3, 2 * x + 1, 2 * x - 1] } else { &[2, 3, 4, 5, 6, 7, 8, 9] };
                    for (k, &d) in ds.iter().enumerate() { a.regressors[k] = vt.number(g(d)) - w; }
                    a.regressor_n = nreg;
                    a.place = if x > 0 { (i % x) as u32 } else { 0 };
                } else {
                    let row = i - h;
                    for (k, &j) in refs[c].iter().enumerate() { a.refs[k] = values[j][row]; }
                    for (k, &j) in left.iter().enumerate() { a.regressors[k] = values[j][row] as f64 / cols[j].vt.max_ordered() as f64; let q = cols[j].vt.number(values[j][row]); a.value_regressors[k] = if q.abs() < 1e30 { q } else { 0.0 }; }
                    if let Some((f, i0, i1, i2)) = rels[c] { let q = |j: usize| cols[j].vt.number(values[j][row]); let v = relation(f, q(i0), q(i1), q(i2)); if v.abs() < 1e30 { a.relation = Some(v); } }
                    let n = left.len();
                    a.regressors[n] = a.before[0] as f64 / max; a.regressors[n + 1] = a.before[1] as f64 / max; a.regressors[n + 2] = 1.0; let q = |u: u64| { let q = col.vt.number(u); if q.abs() < 1e30 { q } else { 0.0 } }; a.value_regressors[n] = q(a.before[0]); a.value_regressors[n + 1] = q(a.before[1]); a.value_regressors[n + 2] = 1.0;
                    a.regressor_n = nreg;
                }
                let key = key_of(&a, grid);
                if let Some(&m) = tab.get(&key) { a.matched = m; a.has_match = true; }
                a
            };
            let tab0 = if verify { match_tabs[c].clone() } else { Default::default() };
            let mut enc = RangeEncoder::default();
            let mut rawb: Vec<u8> = vec![];
            let t = std::time::Instant::now();
            for i in h..all.len() {
                let a = around(&all, i, &match_tabs[c]);
                let key = key_of(&a, grid);
                models[c].code(&mut enc, &a, all[i], &modes, &mut |b| { rawb.push(b as u8); b });
                match_tabs[c].insert(key, all[i]);
            }
            let bytes = enc.finish();
            secs += t.elapsed().as_secs_f64();
            total += bytes.len() + rawb.len();
            for k in 0..8 { if modes[k] == PlaneMode::Raw { ovh[c][k] += 8.0 * v.len() as f64; } }
            if verify {
                let mut tab = tab0;
                let mut dec = RangeDecoder::new(&bytes);
                let mut out = all[..h].to_vec();
                let mut rp = 0;
                let t = std::time::Instant::now();
                for i in h..all.len() {
                    let a = around(&out, i, &tab);
                    let key = key_of(&a, grid);
                    let val = dmodels[c].code(&mut dec, &a, 0, &modes, &mut |_| { rp += 1; u64::from(rawb[rp - 1]) });
                    assert_eq!(val, all[i], "col {c} row {i}");
                    tab.insert(key, val);
                    out.push(val);
                }
                dsecs += t.elapsed().as_secs_f64();
            }
            let keep = if grid { 1 << 22 } else { 4 };
            let from = all.len().saturating_sub(keep);
            if from > 0 { all.drain(..from); }
            hist[c] = all;
        }
    }
    let bits = models.iter().enumerate().map(|(c, m)| { let mut o = [0.0; 8]; for k in 0..8 { o[k] = ovh[c][k] + 16.0 * m.n_bits[k] - m.cost[k]; } o }).collect();
    if std::env::var("W").is_ok() {
        let mut s = vec![0.0; 48]; for m in &models { for (a, b) in s.iter_mut().zip(m.mixer_means()) { *a += b / models.len() as f64; } }
        for r in s.chunks(8) { eprintln!("{:?}", r.iter().map(|x| (x * 1000.0).round() / 1000.0).collect::<Vec<_>>()); }
    }
    Report { bits, bytes: total, secs, dsecs }
}

fn key_of(a: &Around, grid: bool) -> u64 {
    let m = |x: u64, y: u64| (x ^ y.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    if grid { m(m(a.before[0], a.before[1]), 1) } else { m(m(a.refs[0], a.refs[1]), if a.refs[0] == 0 && a.refs[1] == 0 { a.before[0] } else { 7 }) }
}

pub fn relation(f: u8, a: f64, b: f64, c: f64) -> f64 {
    match f {
        0 => { let p = a * b.cosh(); (p * p + c * c).sqrt() }
        1 => a * b.cosh(),
        2 => a * b.sinh(),
        3 => a * b.cos(),
        4 => a * b.sin(),
        5 => (a * a + b * b).sqrt(),
        6 => (a * a + b * b + c * c).sqrt(),
        7 => a * b,
        8 => a / b,
        9 => (a * a - b * b).max(0.0).sqrt(),
        10 => a + b,
        11 => a - b,
        12 => a * a,
        13 => a.sqrt(),
        14 => b.atan2(a),
        15 => (c / (a * a + b * b).sqrt()).asinh(),
        16 => (a*a - b*b - c*c).max(0.0).sqrt(),
        17 => a / (a + b),
        18 => { let p = a * b.cosh(); (c * c - p * p).max(0.0).sqrt() }
        19 => a * b * c,
        20 => a.exp(),
        21 => a.ln(),
        22 => -(b/2.0).tan().ln(),
        _ => 1.0 / a,
    }
}
const ARITY: [usize; 24] = [3, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 1, 1, 2, 3, 3, 2, 3, 3, 1, 1, 1, 1];
pub fn plan_relations(cols: &[Col], values: &[Vec<u64>]) -> Vec<Option<(u8, usize, usize, usize)>> {
    let n = values[0].len().min(4000);
    let num: Vec<Vec<f64>> = cols.iter().zip(values).map(|(c, v)| v[..n].iter().map(|&u| c.vt.number(u)).collect()).collect();
    let live = |v: f64| v.abs() < 1e30 && v != 0.0;
    let mut out = vec![None; cols.len()];
    for c in 1..cols.len() {
        if cols[c].vt.kind != crate::Kind::Float { continue; }
        // rows where target is live
        let rows: Vec<usize> = (0..n).filter(|&i| live(num[c][i])).step_by((n / 48).max(1)).take(48).collect();
        if rows.len() < 16 { continue; }
        let mut distinct: Vec<u64> = rows.iter().map(|&i| values[c][i]).collect(); distinct.sort_unstable(); distinct.dedup();
        if distinct.len() < 12 { continue; }
        let mut best: Option<(f64, (u8, usize, usize, usize))> = None;
        let cand: Vec<usize> = (c.saturating_sub(40)..c).filter(|&j| cols[j].vt.kind == crate::Kind::Float).collect();
        let mut test = |f: u8, i0: usize, i1: usize, i2: usize| {
            let err = |i: usize| { let t = num[c][i]; let v = relation(f, num[i0][i], num[i1][i], num[i2][i]); ((v - t) / t).abs() };
            let mut bad = 0;
            for &i in &rows[..6] { if !(err(i) < 1e-3) { bad += 1; if bad > 2 { return; } } }
            let mut errs: Vec<f64> = rows.iter().map(|&i| { let e = err(i); if e.is_nan() { 1e9 } else { e } }).collect();
            errs.sort_by(f64::total_cmp);
            let e = errs[errs.len() * 6 / 10];
            if e < 2e-4 && best.is_none_or(|b| e < b.0 * 0.7) { best = Some((e, (f, i0, i1, i2))); }
        };
        for f in 0..24u8 {
            match ARITY[f as usize] {
                1 => for &i in &cand { test(f, i, i, i); },
                2 => for &i in &cand { for &j in &cand { if i != j { test(f, i, j, i); } } },
                _ => for &i in &cand { for &j in &cand { if i != j { for &k in &cand { if k != i && k != j { test(f, i, j, k); } } } } },
            }
        }
        if let Some((e, r)) = best { if std::env::var("V").is_ok() { eprintln!("col {c}: {r:?} {e:e}"); } out[c] = Some(r); }
    }
    out
}
