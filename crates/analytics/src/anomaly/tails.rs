// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How rare a value is.

/// The share of a t distribution with so many degrees of freedom above `t`. By the expansion of Hill (1970), which is within 1e-4 from 3 degrees on.
pub(super) fn t_above(t: f64, freedom: f64) -> f64 {
    let a = freedom - 0.5;
    let b = 48.0 * a * a;
    let z2 = a * (1.0 + t * t / freedom).ln();
    let z = z2.sqrt();
    let corrected = z + (z2 * z + 3.0 * z) / b
        - (4.0 * z2 * z2 * z2 * z + 33.0 * z2 * z2 * z + 240.0 * z2 * z + 855.0 * z) / (10.0 * b * (b + 0.8 * z2 * z2 + 100.0));
    if t < 0.0 { 1.0 - normal_above(corrected) } else { normal_above(corrected) }
}

/// The share of a normal distribution above `z`, for `z` of 0 and more: Abramowitz and Stegun 26.2.17, within 7.5e-8.
fn normal_above(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let sum = t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        // (degrees of freedom, the value that one in a thousand exceeds)
        for (freedom, t) in [(5.0, 5.893), (10.0, 4.144), (20.0, 3.552), (60.0, 3.232), (120.0, 3.160)] {
            let share = t_above(t, freedom);
            assert!((share / 0.001 - 1.0).abs() < 0.05, "{freedom} degrees: {share}");
        }
        assert!((t_above(0.0, 10.0) - 0.5).abs() < 1e-6);
        assert!((t_above(-2.228, 10.0) - 0.975).abs() < 1e-3);
    }
}
