//! The rows as CSV: one line a measurement, given ones with empty costs.

use crate::row::Row;

const HEAD: &str = "file,bytes,codec,transform,compressed_bytes,bpd,enc_cpu_s,dec_cpu_s,enc_wall_s,dec_wall_s,enc_MBps,\
                    dec_MBps,enc_peak_bytes,dec_peak_bytes,version,source\n";

/// All rows. MB/s are raw bytes by CPU second.
pub fn csv(rows: &[Row]) -> String {
    let mut out = HEAD.to_owned();
    for row in rows {
        let transform = row.transform.map_or("", |t| t.name());
        let costs = match row.cost {
            Some(c) => {
                let rate = |s: f64| row.raw as f64 / 1e6 / s.max(1e-9);
                format!(
                    "{:.4},{:.4},{:.4},{:.4},{:.3},{:.3},{},{}",
                    c.enc_cpu,
                    c.dec_cpu,
                    c.enc_wall,
                    c.dec_wall,
                    rate(c.enc_cpu),
                    rate(c.dec_cpu),
                    c.enc_memory,
                    c.dec_memory
                )
            }
            None => ",,,,,,,".to_owned(),
        };
        let source = if row.given() { "given" } else { "measured" };
        out += &format!(
            "{},{},{},{transform},{},{:.4},{costs},{},{source}\n",
            row.file,
            row.raw,
            row.codec,
            row.coded,
            row.bpd(),
            row.version
        );
    }
    out
}
