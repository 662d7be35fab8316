//! Scratch.
use catena_filter::{Layout, predict::lab};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut raw = std::fs::read(&a[1]).unwrap();
    let mut l = Layout::parse(&a[2]).unwrap();
    let mut frame = 1 << 20; let mut verify = false; let mut v = false; let mut fm = false;
    let mut i = 3;
    while i < a.len() {
        match a[i].as_str() {
            "--shape" => { i += 1; let s: Vec<u64> = a[i].split(',').map(|x| x.parse().unwrap()).collect(); l = l.with_shape(&s); }
            "--head" => { i += 1; let n: usize = a[i].parse().unwrap(); raw.truncate(n); }
            "--frame" => { i += 1; frame = a[i].parse().unwrap(); }
            "--verify" => verify = true, "-v" => v = true, "--force" => fm = true, _ => panic!() }
        i += 1;
    }
    let n = raw.len();
    let r = lab::run(&raw, &l, frame, verify, fm);
    if v { for (c, b) in r.bits.iter().enumerate() { let rows = n as f64 / f64::from(l.record_size()); println!("{c:3} {}  total {:.3}", b.iter().take(4).map(|x| format!("{:7.3}", x / rows)).collect::<Vec<_>>().join(" "), b.iter().sum::<f64>() / rows); } }
    println!("{} {} -> {} {:.4} bpd  enc {:.3} MB/s dec {:.3} MB/s", a[1].rsplit('/').next().unwrap(), n, r.bytes, 8.0 * r.bytes as f64 / n as f64, n as f64 / 1e6 / r.secs, n as f64 / 1e6 / r.dsecs);
}
