use catena_train::*;
use catena_filter::{Layout, model::Dims};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let get = |k: &str, d: f64| a.iter().position(|x| x == k).map_or(d, |i| a[i + 1].parse().unwrap());
    let layout = Layout::parse(&a[2]).unwrap();
    let raw = std::fs::read(&a[1]).unwrap();
    let r = data::Records::new(&layout, &raw);
    let total = r.rows();
    let rows = total * 9 / 10;
    let knots = get("--knots", 17.0) as usize;
    let fields = data::plan_fields(&r, rows, knots);
    data::check(&r, &fields).unwrap();
    let d = get("--d", 64.0) as u16;
    let o = learn::Options {
        dims: Dims { width: d, heads: get("--heads", 4.0) as u8, blocks: get("--blocks", 2.0) as u8, hidden: get("--hidden", 128.0) as u16, head_width: get("--z", 64.0) as u16, window: 64, slots: get("--slots", 16.0) as u16, rate: 4, chunk: 64 },
        knots, minutes: get("--minutes", 5.0), seed: 1, sequences: get("--seq", 8.0) as usize, lengths: vec![16, 32, 64], rate: get("--lr", 3e-3), decay: get("--decay", 0.02), mixed: 0.0, threads: get("--threads", 2.0) as usize, quantise_from: get("--qat", 0.8),
    };
    let net = learn::train(&r, rows, total, &fields, &o, None).unwrap();
    let b = batch::Batcher { records: &r, fields: &fields, knots, own: false, experts: None };
    let (_, _, by) = learn::evaluate(&net, &b, rows, total, &candle_core::Device::Cpu).unwrap();
    let (_, _, by2) = learn::evaluate(&net, &b, 8000, 12000, &candle_core::Device::Cpu).unwrap();
    let b1 = batch::Batcher { records: &r, fields: &fields, knots, own: true, experts: None };
    let (_, _, by3) = learn::evaluate(&net, &b1, 8000, 12000, &candle_core::Device::Cpu).unwrap();
    for (p, f) in fields.iter().enumerate() {
        let mut s = format!("column {:3} ", f.column);
        for h in 0..f.planes.len() {
            let idx = fields[..p].iter().filter(|g| g.planes.len() > h).count();
            s += &format!(" plane{} {:.3}/{:.3}/{:.3}", f.planes[h], by[h][idx], by2[h][idx], by3[h][idx]);
        }
        println!("{s}");
    }
}
