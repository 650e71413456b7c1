// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Pools, what happens to them, and what they do, as text.

use engine::{AgentLimits, InstanceNumber, Pool, PoolEffect, PoolPolicy, Rate, Request, Reserve, TypeIndex, TypeLimits};
use expect_test::Expect;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// Plays `moves`, separated by `|`, to the pool that `setup` describes, and compares what it does.
///
/// A setup is a list with `;` of `type a min 1 max 4 holds 2 checked reserve 1 from 5`, `agent x of a can gpu,fast limit 2 rate 3 per 1s` and
/// `policy up 80 down 40 check 10s`; unless it says so, `policy up 100 down 50 check 10s`.
///
/// Moves: `ask t1 of a needs gpu priority 5 urgent key 7 ready 3s lane 2`; `done`, `decline`, `leak`, `late` (a leaked one returns), `lend`,
/// `back` (it wants its place back), `gone` and `drop` (it ends, or leaks, while its place is lent) and `withdraw`, each of a task; `made`, `fail`, `fatal`, `well`,
/// `ill`, `lost` and `disposed` of an instance; `forget`; `wait 5s`; `due`; `show`.
pub(crate) fn check(setup: &str, moves: &str, expect: &Expect) {
    let mut run = Run::new(setup);
    for one in moves.split('|') {
        run.play(one.trim());
    }
    expect.assert_eq(&run.journal);
}

pub(crate) fn duration(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap());
    let number: u64 = number.parse().unwrap();
    Duration::from_millis(number * if unit == "ms" { 1 } else { 1000 })
}

/// A pool as text says it.
pub(crate) struct Setup {
    policy: PoolPolicy,
    names: Vec<String>,
    pub(crate) types: Vec<TypeLimits>,
    /// Whether the instances of each type can be asked how they are.
    pub(crate) checked: Vec<bool>,
    /// The anonymous ones first, as the pool numbers them.
    pub(crate) agents: Vec<Agent>,
}

#[derive(Clone)]
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) of: usize,
    anonymous: bool,
    capabilities: Vec<Arc<str>>,
    pub(crate) limits: AgentLimits,
}

pub(crate) fn read(text: &str) -> Setup {
    let policy = PoolPolicy { scale_up: 100, scale_down: 50, check_every: duration("10s") };
    let mut setup = Setup { policy, names: vec![], types: vec![], checked: vec![], agents: vec![] };
    for line in text.split(';') {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "type" => setup.add_type(&words),
            "agent" => setup.add_agent(&words),
            "policy" => {
                let check_every = after(&words, "check").map_or(setup.policy.check_every, duration);
                let (scale_up, scale_down) = (number(&words, "up").unwrap_or(100), number(&words, "down").unwrap_or(50));
                setup.policy = PoolPolicy { scale_up, scale_down, check_every };
            }
            word => panic!("`{word}` describes nothing"),
        }
    }
    setup
}

impl Setup {
    fn add_type(&mut self, words: &[&str]) {
        let reserve = number(words, "reserve").map(|slots| Reserve { slots, priority: after(words, "from").unwrap().parse().unwrap() });
        let (min, max, concurrency) =
            (number(words, "min").unwrap_or(0), number(words, "max").unwrap_or(1), number(words, "holds").unwrap_or(1));
        let (id, of) = (words[1].to_owned(), self.types.len());
        self.types.push(TypeLimits { min, max, concurrency, reserve });
        self.checked.push(words.contains(&"checked"));
        self.names.push(id.clone());
        self.agents.push(Agent { id, of, anonymous: true, capabilities: vec![], limits: AgentLimits::default() });
    }

    fn add_agent(&mut self, words: &[&str]) {
        let of = self.names.iter().position(|name| name == after(words, "of").unwrap()).unwrap();
        let capabilities = after(words, "can").map(|can| can.split(',').map(Arc::from).collect()).unwrap_or_default();
        let rate = number(words, "rate").map(|count| Rate { count, per: duration(after(words, "per").unwrap()) });
        let limits = AgentLimits { concurrency: number(words, "limit"), rate };
        self.agents.push(Agent { id: words[1].to_owned(), of, anonymous: false, capabilities, limits });
    }

    pub(crate) fn pool(&self) -> Pool {
        let mut pool = Pool::new(self.policy);
        for (name, limits) in self.names.iter().zip(&self.types) {
            pool.add_type(name.as_str().into(), *limits);
        }
        for agent in self.agents.iter().filter(|agent| !agent.anonymous) {
            add(&mut pool, agent);
        }
        pool
    }

    /// The agents that may run what names `id` and requires something.
    pub(crate) fn covered(&self, id: &str, requires: &[Arc<str>]) -> Vec<usize> {
        let able = |agent: &Agent| requires.iter().all(|capability| agent.capabilities.contains(capability));
        let of = self.names.iter().position(|name| name == id);
        let covers = |agent: &Agent| match of {
            None => !agent.anonymous && (id.is_empty() || agent.id == id),
            Some(of) => agent.of == of && agent.anonymous == requires.is_empty(),
        };
        (0..self.agents.len()).filter(|agent| covers(&self.agents[*agent]) && able(&self.agents[*agent])).collect()
    }
}

fn add(pool: &mut Pool, agent: &Agent) {
    let of = TypeIndex::new(u32::try_from(agent.of).unwrap());
    pool.add_agent(agent.id.as_str().into(), of, agent.capabilities.clone(), agent.limits);
}

const SLOT: u32 = 9;

struct Run {
    pool: Pool,
    now: Timestamp,
    setup: Setup,
    tasks: Vec<String>,
    places: BTreeMap<u32, InstanceNumber>,
    /// The agent of each instance.
    made: BTreeMap<InstanceNumber, usize>,
    journal: String,
}

/// The word after another.
fn after<'text>(words: &[&'text str], word: &str) -> Option<&'text str> {
    words.iter().position(|other| *other == word).map(|at| words[at + 1])
}

fn number(words: &[&str], word: &str) -> Option<u32> {
    after(words, word).map(|number| number.parse().unwrap())
}

impl Run {
    fn new(setup: &str) -> Self {
        let setup = read(setup);
        let (pool, now) = (setup.pool(), Timestamp::default());
        Self { pool, setup, now, tasks: vec![], places: BTreeMap::new(), made: BTreeMap::new(), journal: String::new() }
    }

    fn add_agent(&mut self, words: &[&str]) {
        self.setup.add_agent(words);
        add(&mut self.pool, &self.setup.agents[self.setup.agents.len() - 1]);
    }

    fn task(&mut self, name: &str) -> u32 {
        let known = self.tasks.iter().position(|task| task == name);
        let index = known.unwrap_or_else(|| {
            self.tasks.push(name.to_owned());
            self.tasks.len() - 1
        });
        u32::try_from(index).unwrap()
    }

    fn play(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        match *words.as_slice() {
            ["ask", task, ..] => self.ask(task, &words),
            ["wait", time] => self.wait(duration(time)),
            ["forget"] => self.pool.forget(self.now, SLOT),
            ["show"] => self.show(),
            ["due"] => {
                let due = self.pool.next_deadline().map_or("nothing is due".to_owned(), |due| format!("due at {}ms", due.micros() / 1000));
                self.tell_line(format_args!("{due}"));
            }
            ["agent", ..] => self.add_agent(&words),
            [verb @ ("made" | "fail" | "fatal" | "well" | "ill" | "lost" | "disposed"), instance] => {
                let (now, instance, pool) = (self.now, InstanceNumber::new(instance.parse().unwrap()), &mut self.pool);
                match verb {
                    "made" => {
                        let of = self.made.get(&instance).map(|agent| self.setup.agents[*agent].of);
                        pool.created(now, instance, of.is_some_and(|of| self.setup.checked[of]));
                    }
                    "fail" | "fatal" => pool.create_failed(now, instance, verb == "fatal"),
                    "well" | "ill" => pool.checked(now, instance, verb == "well"),
                    "lost" => pool.lost(now, instance),
                    _ => pool.disposed(now, instance),
                }
            }
            [verb, task] => self.tell(verb, task),
            _ => panic!("`{text}` is no move"),
        }
        self.listen();
    }

    fn ask(&mut self, name: &str, words: &[&str]) {
        let requires: Vec<Arc<str>> = after(words, "needs").map(|needs| needs.split(',').map(Arc::from).collect()).unwrap_or_default();
        let Some(target) = self.pool.target(after(words, "of").unwrap_or(""), &requires) else {
            self.tell_line(format_args!("nobody for {name}"));
            return;
        };
        let task = self.task(name);
        let priority = after(words, "priority").map_or(0, |priority| priority.parse().unwrap());
        let affinity = number(words, "key").map(u64::from);
        let ready = after(words, "ready").map_or(self.now, |ready| Timestamp::default().after(duration(ready)));
        let lane = number(words, "lane");
        let request = Request { target, slot: SLOT, task, priority, urgent: words.contains(&"urgent"), affinity, ready, lane };
        if let Some(instance) = self.pool.request(self.now, request) {
            self.places.insert(task, instance);
            self.tell_line(format_args!("{name} on {} at once", instance.get()));
        }
    }

    fn tell(&mut self, verb: &str, name: &str) {
        let (now, task) = (self.now, self.task(name));
        if verb == "withdraw" {
            return self.pool.withdraw(now, SLOT, task);
        }
        let place = *self.places.get(&task).unwrap_or_else(|| panic!("{name} has no place"));
        match verb {
            "done" | "late" => self.pool.release(now, place, (SLOT, task)),
            "decline" => self.pool.decline(now, place),
            "leak" => self.pool.leak(now, place, (SLOT, task)),
            "lend" => self.pool.lend(now, place),
            "back" => {
                if self.pool.reclaim(now, place, task) {
                    self.tell_line(format_args!("{name} back on {} at once", place.get()));
                }
            }
            "gone" => {
                self.pool.retake(now, place, Some(task));
                self.pool.release(now, place, (SLOT, task));
            }
            "drop" => {
                self.pool.retake(now, place, Some(task));
                self.pool.leak(now, place, (SLOT, task));
            }
            _ => panic!("`{verb}` is no verb"),
        }
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now.after(time);
        while let Some(due) = self.pool.next_deadline().filter(|due| *due <= until) {
            self.now = due;
            self.pool.tick(due);
            assert!(self.pool.next_deadline().is_none_or(|next| next > due), "what was due at {due} still is");
            self.listen();
        }
        self.now = until;
    }

    fn listen(&mut self) {
        while let Some(effect) = self.pool.next_effect() {
            let line = self.words(effect);
            self.tell_line(format_args!("{line}"));
        }
    }

    fn words(&mut self, effect: PoolEffect) -> String {
        match effect {
            PoolEffect::Granted { slot, task, instance, admitted_by, lane, .. } => {
                assert_eq!(slot, SLOT);
                self.places.insert(task, instance);
                let after = admitted_by.map(|(_, by)| format!(" after {}", self.tasks[by as usize])).unwrap_or_default();
                let lane = lane.map(|lane| format!(" in lane {lane}")).unwrap_or_default();
                format!("{} on {}{after}{lane}", self.tasks[task as usize], instance.get())
            }
            PoolEffect::Refused { task, instance, .. } => format!("{} refused because of {}", self.tasks[task as usize], instance.get()),
            PoolEffect::Create { instance, agent } => {
                let agent = agent.get() as usize;
                self.made.insert(instance, agent);
                format!("create {} of {}", instance.get(), self.setup.agents[agent].id)
            }
            PoolEffect::Dispose { instance, force } => format!("dispose {}{}", instance.get(), if force { " by force" } else { "" }),
            PoolEffect::Check { instance } => format!("check {}", instance.get()),
            PoolEffect::Unhealthy { instance } => format!("{} is ill", instance.get()),
            PoolEffect::Recovered { instance } => format!("{} is well again", instance.get()),
            PoolEffect::ScaledUp { of, from, to } => format!("{} up from {from} to {to}", self.setup.names[of.get() as usize]),
            PoolEffect::ScaledDown { of, from, to } => format!("{} down from {from} to {to}", self.setup.names[of.get() as usize]),
            PoolEffect::Reclaimed { ticket } => format!("{} back", self.tasks[ticket as usize]),
        }
    }

    fn show(&mut self) {
        let statistics = self.pool.statistics();
        for (name, figures) in statistics.types {
            let line = format!(
                "{name}: {} available, {} busy, {} offline of {}; {} running, {} lent, {} queued, {} leaked; used {:.0} %, p50 {:?}, p95 {:?}",
                figures.available,
                figures.busy,
                figures.offline,
                figures.total,
                figures.running,
                figures.lent,
                figures.queued,
                figures.leaked,
                figures.utilisation * 100.0,
                figures.wait_p50,
                figures.wait_p95
            );
            self.tell_line(format_args!("{line}"));
        }
    }

    fn tell_line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.journal, "{}ms {line}", self.now.micros() / 1000).unwrap();
    }
}
