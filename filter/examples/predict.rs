//! Scratch.
use catena_filter::{Layout, Level, predict::*};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut raw = std::fs::read(&a[1]).unwrap();
    let mut l = Layout::parse(&a[2]).unwrap();
    let mut frame = 1 << 20;
    let mut verify = false;
    let mut v = false;
    let mut level = 5;
    let mut keys = false;
    let mut w = false;
    let mut i = 3;
    while i < a.len() {
        match a[i].as_str() {
            "--shape" => {
                i += 1;
                let s: Vec<u64> = a[i].split(',').map(|x| x.parse().unwrap()).collect();
                l = l.with_shape(&s).unwrap();
            }
            "--head" => {
                i += 1;
                let n: usize = a[i].parse().unwrap();
                raw.truncate(n);
            }
            "--frame" => {
                i += 1;
                frame = a[i].parse().unwrap();
            }
            "--level" => {
                i += 1;
                level = a[i].parse().unwrap();
            }
            "--verify" => verify = true,
            "-v" => v = true,
            "--keys" => keys = true,
            "-w" => w = true,
            _ => panic!(),
        }
        i += 1;
    }
    let n = raw.len();
    let level = Level::new(level).unwrap();
    let frame = (frame / l.record_size() as usize).max(1) * l.record_size() as usize;
    let lanes = lane_count(&l, level, frame.min(n));
    let spec = Spec::new(l.clone(), level, lanes);
    let names: Vec<String> = l.columns().columns.iter().map(|c| c.name.clone()).collect();
    let mut pe = Planner::new(&spec);
    let mut le: Vec<Lane> = (0..lanes).map(|i| Lane::new(&spec, i)).collect();
    let mut ld: Vec<Lane> = (0..lanes).map(|i| Lane::new(&spec, i)).collect();
    let (mut total, mut te, mut td, mut tp) = (0, 0.0, 0.0, 0.0);
    let mut costs = vec![([0u64; 8], 0u64); names.len()];
    for (k, chunk) in raw.chunks(frame).enumerate() {
        if keys {
            pe = Planner::new(&spec);
            le = (0..lanes).map(|i| Lane::new(&spec, i)).collect();
            ld = (0..lanes).map(|i| Lane::new(&spec, i)).collect();
        }
        let off = (k * frame) as u64;
        let t = std::time::Instant::now();
        let (plan, cols) = pe.plan(&spec, off, chunk);
        tp += t.elapsed().as_secs_f64();
        let mut head = vec![];
        plan.write(&mut head);
        let t = std::time::Instant::now();
        let parts: Vec<Vec<u8>> = le
            .iter_mut()
            .map(|x| x.encode(&spec, &plan, &cols))
            .collect();
        te += t.elapsed().as_secs_f64();
        total += head.len() + parts.iter().map(|p| p.len() + 2).sum::<usize>();
        let mut c = 0;
        for x in &mut le {
            for y in x.take_costs() {
                for q in 0..8 {
                    costs[c].0[q] += y.0[q];
                }
                costs[c].1 += y.1;
                c += 1;
            }
        }
        if verify {
            let t = std::time::Instant::now();
            let plan = Plan::read(&spec, off, chunk.len(), &mut &head[..]).unwrap();
            let mut done = vec![];
            for (x, p) in ld.iter_mut().zip(&parts) {
                let d = x.decode(&spec, &plan, p, &done).unwrap();
                done.push(d);
            }
            assert!(assemble(&spec, &plan, &done).unwrap() == chunk);
            td += t.elapsed().as_secs_f64();
        }
    }
    if v {
        let rows = n as f64 / f64::from(l.columns().record_size);
        for (nm, b) in names.iter().zip(&costs) {
            println!(
                "{nm:36} {}  hits {:.3} total {:.3}",
                b.0.iter()
                    .take(4)
                    .map(|x| format!("{:7.3}", *x as f64 / 256.0 / rows))
                    .collect::<Vec<_>>()
                    .join(" "),
                b.1 as f64 / 256.0 / rows,
                (b.0.iter().sum::<u64>() + b.1) as f64 / 256.0 / rows
            );
        }
    }
    if w {
        for x in &le {
            for m in x.mixer_means() {
                println!(
                    "W {}",
                    m.iter()
                        .map(|x| format!("{x:.3}"))
                        .collect::<Vec<_>>()
                        .join(" ")
                );
            }
        }
    }
    println!(
        "{} {} -> {} {:.4} bpd  enc {:.3} MB/s dec {:.3} MB/s plan {:.1} ms",
        a[1].rsplit('/').next().unwrap(),
        n,
        total,
        8.0 * total as f64 / n as f64,
        n as f64 / 1e6 / te,
        n as f64 / 1e6 / td,
        tp * 1e3
    );
}
