// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The pool of agents, as methods of the engine's handle. Instances are known by their numbers, types and agents by their places in the order
//! they were added; what the pool wants comes as effects.

use crate::engine::Engine;
use crate::error::CodedError;
use ::engine::{AgentLimits, Figures, InstanceNumber, PoolPolicy, Rate, Reserve, TypeIndex, TypeLimits};
use napi_derive::napi;
use runtime::Driver;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What holds for all types; see `engine::PoolPolicy`. Milliseconds.
#[napi(object)]
#[expect(missing_docs, reason = "as in `engine::PoolPolicy`")]
pub struct NativePoolPolicy {
    pub scale_up: u32,
    pub scale_down: u32,
    pub check_every: f64,
}

/// See `engine::TypeLimits`.
#[napi(object)]
#[expect(missing_docs, reason = "as in `engine::TypeLimits`")]
pub struct NativeTypeLimits {
    pub min: u32,
    pub max: u32,
    pub concurrency: u32,
    pub reserve_slots: Option<u32>,
    pub reserve_priority: Option<i32>,
}

/// An agent of a type; see `engine::AgentLimits`. Milliseconds.
#[napi(object)]
#[expect(missing_docs, reason = "as in `engine::AgentLimits`")]
pub struct NativeAgent {
    pub id: String,
    /// The place of its type.
    pub of: u32,
    pub capabilities: Vec<String>,
    pub concurrency: Option<u32>,
    pub rate_count: Option<u32>,
    pub rate_per: Option<f64>,
    /// What it was registered with, in short, if that says what it gives.
    pub configuration: Option<String>,
}

#[napi]
impl Engine {
    /// From now on agents are asked for. Called before anything runs.
    #[napi(catch_unwind)]
    pub fn open_pool(&self, policy: NativePoolPolicy) -> Result<(), CodedError> {
        let check_every = millis(policy.check_every);
        let policy = PoolPolicy { scale_up: policy.scale_up, scale_down: policy.scale_down, check_every };
        self.told(|driver| driver.open_pool(policy))
    }

    /// Adds a type of agent, and the agent that goes by its name.
    #[napi(catch_unwind)]
    pub fn add_agent_type(&self, name: String, limits: NativeTypeLimits) -> Result<(), CodedError> {
        let NativeTypeLimits { min, max, concurrency, reserve_slots, reserve_priority } = limits;
        let reserve = reserve_slots.zip(reserve_priority).map(|(slots, priority)| Reserve { slots, priority });
        self.told(|driver| driver.add_agent_type(name.into(), TypeLimits { min, max, concurrency, reserve }))
    }

    /// Adds an agent.
    #[napi(catch_unwind)]
    pub fn add_agent(&self, agent: NativeAgent) -> Result<(), CodedError> {
        let rate = agent.rate_count.zip(agent.rate_per).map(|(count, per)| Rate { count, per: millis(per) });
        let capabilities = agent.capabilities.into_iter().map(Into::into).collect();
        let limits = AgentLimits { concurrency: agent.concurrency, rate };
        let id: Arc<str> = agent.id.into();
        self.told(|driver| {
            if let Some(print) = agent.configuration {
                driver.configure_agent(Arc::clone(&id), print.into());
            }
            driver.add_agent(id, TypeIndex::new(agent.of), capabilities, limits);
        })
    }

    /// From now on the agent of this type's name runs tasks of an agent that nobody has registered.
    #[napi(catch_unwind)]
    pub fn stand_in(&self, agent_id: String, type_name: String) -> Result<(), CodedError> {
        self.told(|driver| driver.stand_in(agent_id.into(), type_name.into()))
    }

    /// An instance is made; `checked`: it can be asked how it is; `worker`: the thread it has, if it is isolated. Effects of this and of what follows come with the next `advance` or `pull`.
    #[napi(catch_unwind)]
    pub fn agent_created(&self, instance: u32, checked: bool, worker: Option<u32>) -> Result<(), CodedError> {
        let instance = InstanceNumber::new(instance);
        self.told(|driver| {
            if let Some(worker) = worker {
                driver.runs_in_worker(instance, worker);
            }
            driver.pool(|pool, now| pool.created(now, instance, checked))
        })
    }

    /// It could not be made; `fatal`: nor will it ever be.
    #[napi(catch_unwind)]
    pub fn agent_failed(&self, instance: u32, fatal: bool) -> Result<(), CodedError> {
        self.told(|driver| driver.pool(|pool, now| pool.create_failed(now, InstanceNumber::new(instance), fatal)))
    }

    /// How it said it was.
    #[napi(catch_unwind)]
    pub fn agent_checked(&self, instance: u32, healthy: bool) -> Result<(), CodedError> {
        self.told(|driver| driver.pool(|pool, now| pool.checked(now, InstanceNumber::new(instance), healthy)))
    }

    /// It died.
    #[napi(catch_unwind)]
    pub fn agent_lost(&self, instance: u32) -> Result<(), CodedError> {
        self.told(|driver| driver.pool(|pool, now| pool.lost(now, InstanceNumber::new(instance))))
    }

    /// It was let go of.
    #[napi(catch_unwind)]
    pub fn agent_disposed(&self, instance: u32) -> Result<(), CodedError> {
        let instance = InstanceNumber::new(instance);
        self.told(|driver| {
            driver.forget_runner(instance);
            driver.pool(|pool, now| pool.disposed(now, instance))
        })
    }

    /// An attempt, of the task in the slot, has returned, whose answer nobody waits for any more.
    #[napi(catch_unwind)]
    pub fn release_agent(&self, instance: u32, slot: u32, task: u32) -> Result<(), CodedError> {
        self.told(|driver| driver.release_agent(InstanceNumber::new(instance), slot, task))
    }

    /// An attempt waits for tasks it spawned.
    #[napi(catch_unwind)]
    pub fn lend_agent(&self, instance: u32) -> Result<(), CodedError> {
        self.told(|driver| driver.pool(|pool, now| pool.lend(now, InstanceNumber::new(instance))))
    }

    /// It goes on: now, or when the effect with its ticket comes.
    #[napi(catch_unwind)]
    pub fn reclaim_agent(&self, instance: u32, ticket: u32) -> Result<bool, CodedError> {
        self.with(|driver| Ok(driver.pool(|pool, now| pool.reclaim(now, InstanceNumber::new(instance), ticket)).unwrap_or(true)))
    }

    /// It ends while its place is lent; `ticket` of a reclaim that waits.
    #[napi(catch_unwind)]
    pub fn retake_agent(&self, instance: u32, ticket: Option<u32>) -> Result<(), CodedError> {
        self.told(|driver| driver.pool(|pool, now| pool.retake(now, InstanceNumber::new(instance), ticket)))
    }

    /// What the pool is doing, as JSON text: `{ "all": figures, "types": [[name, figures]] }`. Milliseconds.
    #[napi(catch_unwind)]
    pub fn pool_statistics(&self) -> Result<String, CodedError> {
        let statistics = self.with(|driver| Ok(driver.pool_statistics()))?.unwrap_or_default();
        let types: Vec<Value> = statistics.types.iter().map(|(name, figures)| json!([&**name, shown(figures)])).collect();
        Ok(json!({ "all": shown(&statistics.all), "types": types }).to_string())
    }

    fn told<T>(&self, tell: impl FnOnce(&mut Driver) -> T) -> Result<(), CodedError> {
        self.with(|driver| {
            tell(driver);
            Ok(())
        })
    }
}

fn millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default()
}

fn shown(figures: &Figures) -> Value {
    json!({
        "total": figures.total,
        "available": figures.available,
        "busy": figures.busy,
        "offline": figures.offline,
        "running": figures.running,
        "lent": figures.lent,
        "utilisation": figures.utilisation,
        "queued": figures.queued,
        "leaked": figures.leaked,
        "wait": { "p50": figures.wait_p50.as_secs_f64() * 1000.0, "p95": figures.wait_p95.as_secs_f64() * 1000.0 },
    })
}
