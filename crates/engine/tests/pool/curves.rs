// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The scaler on curves of arrivals, beside an oracle that always has `max` instances and never waits for one to be made.

use crate::simulation::{Chance, Course, Load, micros, play};
use crate::words::read;
use std::cell::RefCell;
use std::iter;

/// How often the scaler looks at a size on its own: what "tick" and "interval" are below.
const INTERVAL: u64 = 3_000_000;
const MIN: u32 = 1;
const MAX: u32 = 24;

struct Curve {
    name: &'static str,
    arrivals: Vec<u64>,
    /// How long a task takes on average, and an instance to be made, in seconds.
    service: f64,
    making: f64,
}

impl Curve {
    /// Tasks that come independently of each other, so many each second as `rate` says for that second, for `seconds`.
    fn synthetic(name: &'static str, seconds: u64, rate: fn(u64) -> f64) -> Self {
        let (mut chance, mut arrivals) = (Chance(7), Vec::new());
        for second in 0..seconds {
            let mut at = chance.exponential(1.0 / rate(second));
            while at < 1.0 {
                arrivals.push(second * 1_000_000 + micros(at));
                at += chance.exponential(1.0 / rate(second));
            }
        }
        Self { name, arrivals, service: 0.2, making: 0.5 }
    }

    /// Tasks that came so long after each other, in milliseconds, each as `width` tasks at once.
    fn recorded(name: &'static str, gaps: &[u64], width: usize, service: f64) -> Self {
        let instants = gaps.iter().scan(0, |at, gap| {
            *at += gap * 1000;
            Some(*at)
        });
        Self { name, arrivals: instants.flat_map(|at| iter::repeat_n(at, width)).collect(), service, making: 0.5 }
    }

    fn run(&self, setup: &str, making: f64) -> Course {
        let mut pool = read(setup).pool();
        let target = pool.target("a", &[]).unwrap();
        // The same task takes as long wherever it runs.
        let chance = RefCell::new(Chance(11));
        let times: Vec<u64> = self.arrivals.iter().map(|_| micros(chance.borrow_mut().exponential(self.service))).collect();
        play(Load { pool, target, arrivals: &self.arrivals, service: &|task, _| times[task], making: micros(making) })
    }
}

fn curves() -> Vec<Curve> {
    vec![
        Curve::synthetic("steady", 600, |_| 20.0),
        Curve::synthetic("step", 600, |second| if second < STEP { 5.0 } else { 60.0 }),
        Curve::synthetic("burst", 600, |second| if second % 60 < 5 { 80.0 } else { 2.0 }),
        Curve::synthetic("sawtooth", 600, |second| f64::from(u32::try_from(second % 60).unwrap()) + 1.0),
        Curve::synthetic("flapping", 600, |second| if second % 20 < 10 { 50.0 } else { 2.0 }),
        // More than all instances can do at once: here the oracle waits as well.
        Curve::synthetic("flood", 600, |second| if second % 60 < 5 { 200.0 } else { 2.0 }),
        Curve::recorded("commits", COMMITS, 4, 0.6),
        Curve::recorded("build", BUILD, 2, 1.0),
    ]
}

const STEP: u64 = 300;

/// The gaps between the first commits of this repository, without the nights, a second as a millisecond.
const COMMITS: &[u64] = &[
    959, 148, 206, 1049, 134, 476, 343, 262, 114, 22, 949, 551, 157, 658, 335, 260, 348, 195, 1791, 446, 578, 125, 749, 891, 309, 595, 301,
    320, 167, 574, 70, 158, 0, 647, 0, 225, 7576, 16, 412, 331, 334, 156, 983, 54, 228, 66, 773, 365, 351, 519, 58, 253, 649, 10, 901, 355,
    464, 79, 351,
];

/// The gaps between the packages that a first build of it finished, in milliseconds.
const BUILD: &[u64] = &[
    650, 202, 129, 43, 644, 5371, 10921, 694, 7459, 1139, 687, 315, 2220, 339, 148, 276, 251, 1180, 832, 7075, 2351, 37263, 2456, 5855,
    4547, 1255, 5467, 1351, 4719,
];

#[test]
fn it_stays_within_its_limits_and_close_to_an_oracle_on_every_curve() {
    println!("curve     tasks  p50 ms  p95 ms  oracle p95 ms  made ms  turns  sizes  cost of the oracle's");
    for curve in curves() {
        let course = curve.run(&format!("policy up 80 down 40; type a min {MIN} max {MAX}"), curve.making);
        let oracle = curve.run(&format!("policy up 80 down 40; type a min {MAX} max {MAX}"), 0.0);
        let end = *curve.arrivals.last().unwrap();
        let sizes: Vec<u32> = course.sizes.iter().map(|(_, size)| *size).collect();
        let (least, most) = (sizes.iter().min().copied().unwrap(), sizes.iter().max().copied().unwrap());
        println!(
            "{:9} {:5} {:7} {:7} {:14} {:8} {:6} {:>6} {:6.0} %",
            curve.name,
            course.waits.len(),
            course.wait(50) / 1000,
            course.wait(95) / 1000,
            oracle.wait(95) / 1000,
            micros(curve.making) / 1000,
            course.turns(end),
            format!("{least}-{most}"),
            course.cost(end) / oracle.cost(end) * 100.0
        );
        assert!(least >= MIN && most <= MAX, "{} was at {least} and {most}", curve.name);
        let bound = oracle.wait(95) * 12 / 10 + micros(curve.making);
        assert!(course.wait(95) <= bound, "{}: 95 of 100 waited {} µs at most, the bound is {bound} µs", curve.name, course.wait(95));
        // Long after the last task nothing is left but what there shall always be.
        assert_eq!(course.sizes.last().map(|(_, size)| *size), Some(MIN), "{}", curve.name);
    }
}

#[test]
fn on_steady_load_it_turns_at_most_once_in_ten_intervals() {
    for (down, seed) in [40, 60, 79].into_iter().flat_map(|down| (0..3).map(move |seed| (down, seed))) {
        let mut chance = Chance(seed);
        let mut curve = Curve::synthetic("steady", 900, |_| 20.0);
        // Other distances for every seed, as many in any second.
        curve.arrivals.iter_mut().for_each(|at| *at += micros(chance.next()));
        curve.arrivals.sort_unstable();
        let course = curve.run(&format!("policy up 80 down {down}; type a min 1 max 24"), 0.5);
        let end = *curve.arrivals.last().unwrap();
        let most = usize::try_from(end / (10 * INTERVAL)).unwrap();
        println!("steady, down at {down} %, {seed}: {} turns, at most {most}", course.turns(end));
        assert!(course.turns(end) <= most);
    }
}

#[test]
fn a_step_is_answered_within_two_ticks() {
    let curve = Curve::synthetic("step", 600, |second| if second < STEP { 5.0 } else { 60.0 });
    let course = curve.run("policy up 80 down 40; type a min 1 max 24", curve.making);
    // 60 tasks a second of 0.2 s use 12 places, which are 80 % of 15.
    let step = STEP * 1_000_000;
    let answered = course.sizes.iter().find(|(at, size)| *at >= step && *size >= 15).map(|(at, _)| at - step).unwrap();
    println!("step: from {} to 15 instances within {} ms; a tick is {} ms", course.size(step), answered / 1000, INTERVAL / 1000);
    assert!(course.size(step) < 15 && answered <= 2 * INTERVAL);
}
