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
        knots, minutes: get("--minutes", 5.0), seed: 1, sequences: get("--seq", 8.0) as usize, lengths: vec![16, 32, 64], rate: get("--lr", 3e-3), decay: get("--decay", 0.02), mixed: get("--mixed", 0.0), threads: get("--threads", 2.0) as usize, quantise_from: get("--qat", 0.8),
    };
    let said = (get("--mixed", 0.0) > 0.0).then(|| experts::Said::listen(&layout, &r, &raw, 128 << 10).unwrap());
    println!("references {:?}", fields.iter().filter_map(|f| Some((f.column, f.reference?))).collect::<Vec<_>>());
    let net = learn::train(&r, rows, total, &fields, &o, said.as_ref()).unwrap();
    let exported = export::export(&net, &fields).unwrap();
    let test = std::fs::read(&a[3]).unwrap();
    use catena_filter::{Level, predict::{self, Spec, evaluate, lane_count, network_lane_count}};
    let layout = match a.iter().position(|x| x == "--shape") { Some(i) => layout.with_shape(&catena_filter::layout::parse_shape(&a[i+1]).unwrap()).unwrap(), None => layout };
    let l6 = Level::new(6).unwrap();
    let spec6 = Spec::new(layout.clone(), l6, lane_count(&layout, l6, 1 << 20));
    let c6 = evaluate(&spec6, &test, 1 << 20).unwrap();
    let _ = network_lane_count;
    let mut starts = catena_filter::model::Starts { setups: catena_filter::predict::harvest_setups(&layout, &raw), ..Default::default() };
    if a.iter().any(|x| x == "--nosetups") { starts.setups.clear(); }
    if a.iter().any(|x| x == "--starts") {
        let tail = &raw[raw.len() / 10 * 9 / r.record * r.record..];
        let mut cols: Vec<catena_filter::model::ColumnStart> = (0..r.columns.len()).map(|c| catena_filter::model::ColumnStart { column: c as u16, efforts: [None, None] }).collect();
        for (e, level) in [(0, 7), (1, 8)] {
            let spec = Spec::new(layout.clone(), Level::new(level).unwrap(), 1).with_network(&exported, &starts).unwrap();
            for (c, w) in predict::harvest_starts(&spec, tail, 128 << 10).unwrap().into_iter().enumerate() { cols[c].efforts[e] = Some(w); }
        }
        starts.columns = cols;
    }
    for level in [7, 8, 9] {
        let l = Level::new(level).unwrap();
        let spec = Spec::new(layout.clone(), l, 1).with_network(&exported, &starts).unwrap();
        let t = std::time::Instant::now();
        let c = evaluate(&spec, &test, 128 << 10).unwrap();
        let bpd = |x: &catena_filter::predict::Costs| 8.0 * x.coded as f64 / x.raw as f64;
        let alone: f64 = c.columns.iter().map(|c| c.network.iter().sum::<f64>()).sum::<f64>() / c.raw as f64;
        println!("level {level}: {:.4} against level 6 {:.4} ratio {:.4} alone {alone:.4} {:.1} s", bpd(&c), bpd(&c6), bpd(&c) / bpd(&c6), t.elapsed().as_secs_f64());
        if level == 8 {
            for (i, (n, e)) in c.columns.iter().zip(&c6.columns).enumerate() {
                let f = |p: &[f64; 8]| p.iter().map(|x| format!("{:.3}", x / c.rows as f64)).collect::<Vec<_>>().join(" ");
                println!("{i:3} experts {} c {:.3} | mixed {} c {:.3} | alone {}", f(&e.planes), e.copies / c.rows as f64, f(&n.planes), n.copies / c.rows as f64, f(&n.network));
            }
        }
    }
}
