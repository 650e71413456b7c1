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

/// The value that a share of a normal distribution is below, by the rational approximation of Acklam (2003), which is within 1.2e-9 of it in relation.
pub(super) fn normal_at(share: f64) -> f64 {
    const LOW: f64 = 0.024_25;
    if share < LOW {
        return in_the_tail(share);
    }
    if share > 1.0 - LOW {
        return -in_the_tail(1.0 - share);
    }
    let q = share - 0.5;
    let r = q * q;
    let above = ((((-39.696_830_286_653_76 * r + 220.946_098_424_520_5) * r - 275.928_510_446_968_7) * r + 138.357_751_867_269) * r
        - 30.664_798_066_147_16)
        * r
        + 2.506_628_277_459_239;
    let below = ((((-54.476_098_798_224_06 * r + 161.585_836_858_040_9) * r - 155.698_979_859_886_6) * r + 66.801_311_887_719_72) * r
        - 13.280_681_552_885_72)
        * r
        + 1.0;
    above * q / below
}

fn in_the_tail(share: f64) -> f64 {
    let q = (-2.0 * share.max(f64::MIN_POSITIVE).ln()).sqrt();
    let above = ((((-0.007_784_894_002_430_293 * q - 0.322_396_458_041_136_5) * q - 2.400_758_277_161_838) * q - 2.549_732_539_343_734)
        * q
        + 4.374_664_141_464_968)
        * q
        + 2.938_163_982_698_783;
    let below =
        (((0.007_784_695_709_041_462 * q + 0.322_467_129_070_039_8) * q + 2.445_134_137_142_996) * q + 3.754_408_661_907_416) * q + 1.0;
    above / below
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
        // (the share, what it is below)
        for (share, z) in [(0.001, -3.0902), (0.02, -2.0537), (0.1, -1.2816), (0.5, 0.0), (0.9, 1.2816), (0.975, 1.96), (0.999, 3.0902)] {
            assert!((normal_at(share) - z).abs() < 1e-4, "{share}: {}", normal_at(share));
        }
    }
}
