// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Scores a series:  cargo run --release -p analytics --example score < values.csv
//!
//! Reads `timestamp,value` with one line of headings, and writes one score in [0, 1] for each row, made of that row and those before it alone: how unusual it
//! is that a value is so far from the latest ones, in either direction. At the end it says on standard error how long a value took.

use analytics::anomaly::{Point, Spread};
use std::io::{BufRead, BufWriter, Write};
use std::time::{Duration, Instant};

fn main() -> std::io::Result<()> {
    let pool = Spread::default().middle();
    let (mut above, mut below) = (Point::default(), Point::default());
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut rows, mut time) = (0_u32, Duration::ZERO);
    for line in std::io::stdin().lock().lines().skip(1) {
        let line = line?;
        let Some(value) = line.rsplit(',').next().and_then(|text| text.trim().parse::<f64>().ok()) else { continue };
        let begun = Instant::now();
        // A figure may be 0 or less: what is unusual of it is unusual of a figure that grows with it.
        let scale = value.abs().ln_1p().copysign(value);
        let tails = [above.observe(scale.exp(), pool), below.observe((-scale).exp(), pool)];
        let tail = tails.into_iter().flatten().map(|judged| judged.tail).fold(1.0, f64::min);
        time += begun.elapsed();
        rows += 1;
        // A tail of one half is usual and scores 0, one of a billionth 0.5; so that none is as unusual as can be, and the worst can be told from the bad.
        let digits = -(2.0 * tail).clamp(f64::MIN_POSITIVE, 1.0).log10();
        let score = digits / (digits + 9.0);
        writeln!(out, "{score:.6}")?;
    }
    out.flush()?;
    writeln!(std::io::stderr(), "{rows} values, {:.3} µs each", time.as_secs_f64() * 1e6 / f64::from(rows.max(1)))?;
    Ok(())
}
