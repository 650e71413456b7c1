// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Anomalies on runs of workflows, healthy ones and some with something wrong. The figures are printed; the bounds are asserted.

#[path = "support/random.rs"]
mod random;
#[path = "support/runs.rs"]
mod runs;

use analytics::anomaly::{Cause, Detectors, Measure, Told};
use random::{Random, seed};
use runs::{Heard, Ill, WELL, Workflow, begun, run};

/// What can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planted {
    Slower13,
    Slower2,
    Slower8,
    Errors,
    CostCreep,
    StarvedQueue,
}

const KINDS: [Planted; 6] =
    [Planted::Slower13, Planted::Slower2, Planted::Slower8, Planted::Errors, Planted::CostCreep, Planted::StarvedQueue];

impl Planted {
    fn measure(self) -> Measure {
        match self {
            Self::Slower13 | Self::Slower2 | Self::Slower8 => Measure::Duration,
            Self::Errors => Measure::Failures,
            Self::CostCreep => Measure::Cost,
            Self::StarvedQueue => Measure::Wait,
        }
    }

    /// What is wrong so many runs after it began.
    fn ill(self, since: usize) -> Ill {
        let since = f64::from(u32::try_from(since).unwrap_or(u32::MAX));
        match self {
            Self::Slower13 => Ill { slower: 1.3, ..WELL },
            Self::Slower2 => Ill { slower: 2.0, ..WELL },
            Self::Slower8 => Ill { slower: 8.0, ..WELL },
            Self::Errors => Ill { fails: 0.5, ..WELL },
            Self::CostCreep => Ill { dearer: 1.04_f64.powf(since.min(30.0)), ..WELL },
            Self::StarvedQueue => Ill { waits: 5.0, ..WELL },
        }
    }
}

const HEALTHY: usize = 45;
const ILL: usize = 30;

#[test]
fn planted_regressions_are_found_and_each_is_one_alert() {
    let mut random = Random(seed(0x5EED_0018));
    let (mut found, mut right, mut wrong) = (Vec::new(), 0, 0);
    for number in 0..200 {
        let wide = number % 2 == 0;
        let kind = KINDS[number / 2 % KINDS.len()];
        let mut workflow = Workflow::of(&mut random, number, wide);
        // What costs nothing cannot become dearer.
        while kind == Planted::CostCreep && workflow.tasks[0].model.is_none() {
            workflow = Workflow::of(&mut random, number, wide);
        }
        let task = random.below(workflow.tasks.len());
        let begins = HEALTHY + random.below(20);
        let mut detectors = Detectors::default();
        let mut heard: Vec<Heard> = Vec::new();
        for at in 0..begins + ILL {
            let days = f64::from(u32::try_from(at).unwrap_or_default()) / 24.0;
            let ill = |place| if at >= begins && place == task { kind.ill(at - begins) } else { WELL };
            run(&mut detectors, &workflow, &mut random, (at, days), ill, &mut heard);
        }
        let mut first = None;
        for (heard, (cause, measure)) in heard.iter().filter_map(|heard| Some((heard, begun(heard)?))) {
            let names = matches!(cause, Cause::Task { task: id, .. } if **id == *workflow.tasks[task].id);
            if heard.run >= begins && names && measure == kind.measure() && first.is_none() {
                first = Some(heard.run - begins + 1);
                right += 1;
            } else {
                wrong += 1;
                println!(
                    "wrong: {kind:?} of `{}` from run {begins}, but in run {} {cause:?} {measure:?}",
                    workflow.tasks[task].id, heard.run
                );
            }
        }
        found.push((kind, first));
    }
    let mut slower2 = 0;
    for kind in KINDS {
        let of: Vec<_> = found.iter().filter(|(of, _)| *of == kind).map(|(_, first)| *first).collect();
        let mut delays: Vec<usize> = of.iter().flatten().copied().collect();
        delays.sort_unstable();
        println!("{kind:?}: {} of {} found, after {:?} runs in the middle", delays.len(), of.len(), delays.get(delays.len() / 2));
        if kind == Planted::Slower2 {
            slower2 = delays[delays.len() / 2];
        }
    }
    let precision = f64::from(right) / f64::from(right + wrong);
    let recall = f64::from(right) / 200.0;
    println!("precision {precision:.3}, recall {recall:.3}: {right} right, {wrong} wrong");
    assert!(precision >= 0.9 && recall >= 0.8 && slower2 <= 10);
}

#[test]
fn a_slow_model_is_one_alert_that_names_it() {
    let mut random = Random(seed(40));
    for number in 0..20 {
        let mut workflow = Workflow::with(&mut random, number, true, 40);
        while workflow.tasks[0].model.is_none() {
            workflow = Workflow::with(&mut random, number, true, 40);
        }
        let slower = if number % 2 == 0 { 2.0 } else { 8.0 };
        let mut detectors = Detectors::default();
        let mut heard = Vec::new();
        for at in 0..100 {
            let ill = |_| if at >= 60 { Ill { slower, ..WELL } } else { WELL };
            run(&mut detectors, &workflow, &mut random, (at, f64::from(u32::try_from(at).unwrap_or_default()) / 24.0), ill, &mut heard);
        }
        let alerts = heard.iter().filter_map(|heard| Some((heard.run, begun(heard)?)));
        let alerts: Vec<_> = alerts.filter(|(run, (_, measure))| *run >= 60 && *measure == Measure::Duration).collect();
        let model = workflow.tasks[0].model.clone().unwrap_or_default();
        assert!(
            matches!(&alerts[..], [(run, (Cause::Model { model: named }, _))] if *run < 70 && *named == model),
            "{slower} times slower: {alerts:?}"
        );
    }
}

#[test]
fn a_healthy_week_is_quiet() {
    let mut random = Random(seed(7));
    let workflows: Vec<_> = (0..30).map(|number| Workflow::of(&mut random, number, number % 3 == 0)).collect();
    let mut detectors = Detectors::default();
    let (mut heard, mut runs) = (Vec::new(), 0);
    for at in 0..7 * 48 {
        let days = f64::from(u32::try_from(at).unwrap_or_default()) / 48.0;
        for workflow in &workflows {
            runs += run(&mut detectors, workflow, &mut random, (at, days), |_| WELL, &mut heard);
        }
    }
    let alerts: Vec<_> = heard.iter().filter_map(|heard| Some((heard.run, begun(heard)?))).collect();
    let flags = heard.iter().filter(|heard| matches!(heard.told, Told::Unusual(_)) && heard.task.is_some() && !heard.rare).count();
    let share = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(u32::try_from(runs).unwrap_or(u32::MAX));
    println!(
        "{runs} runs: {:.3} % flagged, {} alerts, {:.2} in 10,000",
        100.0 * share(flags),
        alerts.len(),
        10_000.0 * share(alerts.len())
    );
    assert!(share(alerts.len()) <= 1e-4);
    assert!(share(flags) <= 0.0015);
}
