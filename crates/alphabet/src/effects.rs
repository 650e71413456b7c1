// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The table of effects. `owed` ones always leave; those that are `told` leave if a listener wants them.

use crate::table::effects;

effects! {
    /// Of one execution: what it owes, and what is on record of it.
    execution Execution {
        /// The small number of the execution.
        slot: u32,
        /// The task, by its instance; 0 where the effect is about the execution.
        task: u32,
        /// The attempt, from 1; 0 where there is none.
        attempt: u32,
        /// When it was recorded, in microseconds since the epoch.
        at: u64,
        /// Its place in the journal of its execution.
        number: u64,
    } {
        /// The execution is accepted and on record.
        owed Accepted,
        /// Run an attempt. `interruptions`: how often the task was interrupted before; `instance`: the number of the agent's instance that does it, 0 if
        /// there is none.
        owed Run { interruptions: u64, instance: u32 },
        /// Stop an attempt. `cause`: 1 timeout, 2 silence, 3 total timeout, 4 and more the reason of the stop as in `cancelled`, plus 3.
        owed Abort { cause: u64 },
        /// The execution has ended. `status`: 1 completed, 2 failed, 3 cancelled.
        owed Ended { status: u64 },
        /// An attempt failed and another follows.
        told Retrying { start: u64, end: u64 },
        /// A task completed. `start`, `end`: of its last attempt.
        told Completed { start: u64, end: u64 },
        /// A task failed. `start`, `end`: of its last attempt.
        told Failed { start: u64, end: u64 },
        /// A task was skipped. `reason`: 1 upstream failed, 2 upstream skipped, 3 condition false, 4 branch not taken, 5 rule not met.
        told Skipped { reason: u64 },
        /// A task was cancelled. `reason`: 1 sibling failed, 2 cancelled, 3 join satisfied, 4 deadline, 5 budget, 6 timeout.
        told Cancelled { reason: u64 },
        /// The request to cancel the execution is on record.
        owed Cancelling,
        /// Ask the function that is a condition of a task, by its place among those.
        owed AskGate { index: u32 },
        /// Ask the function that is the condition of a branch.
        owed AskBranch { index: u32 },
        /// Ask the function that is a condition of another pass of a loop, after so many.
        owed AskTurn { index: u32, passes: u32 },
        /// Ask the schema of a task about an output that no attempt of it gave.
        owed AskSchema,
        /// The execution began.
        told Started,
        /// A pass of a loop ended. `pass`: which, from 0; `outcome`: 1 completed, 2 failed, 3 cancelled.
        told Iterated { pass: u64, outcome: u64 },
        /// The execution is paused.
        owed Paused,
        /// It goes on.
        owed Resumed,
        /// A task waits for a signal or for time. `until`: 0 without a bound.
        told Waiting { until: u64 },
        /// A group, a loop or a wait began.
        told Opened,
        /// A task took over an output that another execution had made.
        told Reused,
        /// A signal is on record.
        owed Signalled,
        /// What an attempt was to tell is on record: a model it chose, a step.
        owed Noted,
        /// This process drives the execution no more, and knows of no end of it. `why`: 1 it was refused, since there is one with its id, 3 it was deleted, being damaged, 2 another process has
        /// it, 4 it was refused, since it would be where another process drives.
        owed LetGo { why: u64 },
        /// The execution was not at hand and is to be again: what it is, or why it cannot be read, is asked for, before anything else is heard of it.
        owed Woken,
        /// The execution runs another definition from here on, and its tasks have the numbers of that.
        owed Moved,
    }

    /// Of one schedule.
    schedule Schedule {
        /// The number of the schedule.
        schedule: u32,
        /// When it was recorded, in microseconds since the epoch.
        at: u64,
    } {
        /// The schedule is on record as it is now. `next`: its next planned instant, 0 if there is none.
        owed Scheduled { next: u64 },
        /// The schedule is no more.
        owed Unscheduled,
        /// The schedule has begun the execution in `slot`, before anything else is heard of that. `planned`: for which instant.
        owed Fired { slot: u32, planned: u64 },
    }

    /// Of the store.
    store Store {
        /// When it was done, in microseconds since the epoch.
        at: u64,
    } {
        /// An execution is on record no more, with those that go with it. `ticket`: the number of what was asked.
        owed Deleted { ticket: u32 },
        /// What another process has left is this one's from here on; what that is is asked for.
        owed Taken,
        /// Letters of other processes, their replies, or news of executions that they drive have come, which are asked for.
        owed Post,
    }

    /// Of the pool of agents.
    pool Pool {
        /// When it was decided, in microseconds since the epoch.
        at: u64,
    } {
        /// Make an instance of an agent, both by their numbers.
        owed CreateAgent { instance: u32, agent: u32 },
        /// Let go of an instance. `force`: 1 if nothing may be waited for.
        owed DisposeAgent { instance: u32, force: bool },
        /// Ask an instance how it is.
        owed CheckAgent { instance: u32 },
        /// An instance is ill, and has no new work.
        owed AgentUnhealthy { instance: u32 },
        /// It is well again.
        owed AgentRecovered { instance: u32 },
        /// A type of agent, by its number, has more instances than before.
        owed ScaledUp { of: u32, from: u32, to: u32 },
        /// It has fewer.
        owed ScaledDown { of: u32, from: u32, to: u32 },
        /// An attempt that lent its place has it back. `ticket`: of its reclaim.
        owed Reclaimed { ticket: u32 },
    }
}
