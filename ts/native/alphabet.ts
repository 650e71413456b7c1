// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from `crates/alphabet` by `build.rs`: change the table there, and build.

/** Words of one answer: slot, task, attempt, form, start, end, instance, reads, progress. */
export const ANSWER_WORDS = 9
/** Of `reads`, in place of a bit for each: what is not known, and all. */
export const READS_UNKNOWN = -1
export const READS_ALL = -2
/** Words before the first effect: how many there are, flags, the next deadline. */
export const HEADER_WORDS = 3
/** In the second word of the header, beside 1 if there are more effects: the store has something to tell. */
export const ALERTS = 2
export const EFFECT_WORDS = 8

/** The form of an answer. */
export const Form = {
  /** The agent gave a value, which stays in JavaScript. */
  completedHeld: 0,
  /** The agent gave a value; its text is JSON. */
  completedJson: 1,
  /** The attempt failed; its text says why. */
  failed: 2,
  /** With what the agent gave, on a second line, beside what its schema made of that. */
  completedJudged: 3,
  /** Of a child in which something can be undone. */
  completedUndoable: 4,
} as const

/** What the first word of an effect says above its lowest byte. */
export const EffectClass = {
  execution: 0,
  schedule: 1,
  store: 2,
  pool: 3,
} as const
export type EffectClass = (typeof EffectClass)[keyof typeof EffectClass]

/** Looks at one effect in an array of words, and may be moved to another. */
class View {
  readonly words: Float64Array
  place: number

  constructor(words: Float64Array, place = 0) {
    this.words = words
    this.place = place
  }
}

/** Of one execution: what it owes, and what is on record of it. */
export const ExecutionKind = {
  /** The execution is accepted and on record. */
  accepted: 0,
  /** Run an attempt. `interruptions`: how often the task was interrupted before; `instance`: the number of the agent's instance that does it, 0 if there is none. */
  run: 1,
  /** Stop an attempt. `cause`: 1 timeout, 2 silence, 3 total timeout, 4 and more the reason of the stop as in `cancelled`, plus 3. */
  abort: 2,
  /** The execution has ended. `status`: 1 completed, 2 failed, 3 cancelled. */
  ended: 3,
  /** An attempt failed and another follows. */
  retrying: 4,
  /** A task completed. `start`, `end`: of its last attempt. */
  completed: 5,
  /** A task failed. `start`, `end`: of its last attempt. */
  failed: 6,
  /** A task was skipped. `reason`: 1 upstream failed, 2 upstream skipped, 3 condition false, 4 branch not taken, 5 rule not met. */
  skipped: 7,
  /** A task was cancelled. `reason`: 1 sibling failed, 2 cancelled, 3 join satisfied, 4 deadline, 5 budget, 6 timeout. */
  cancelled: 8,
  /** The request to cancel the execution is on record. */
  cancelling: 9,
  /** Ask the function that is a condition of a task, by its place among those. */
  askGate: 10,
  /** Ask the function that is the condition of a branch. */
  askBranch: 11,
  /** Ask the function that is a condition of another pass of a loop, after so many. */
  askTurn: 12,
  /** Ask the schema of a task about an output that no attempt of it gave. */
  askSchema: 13,
  /** The execution began. */
  started: 14,
  /** A pass of a loop ended. `pass`: which, from 0; `outcome`: 1 completed, 2 failed, 3 cancelled. */
  iterated: 15,
  /** The execution is paused. */
  paused: 16,
  /** It goes on. */
  resumed: 17,
  /** A task waits for a signal or for time. `until`: 0 without a bound. */
  waiting: 18,
  /** A group, a loop or a wait began. */
  opened: 19,
  /** A task took over an output that another execution had made. */
  reused: 20,
  /** A signal is on record. */
  signalled: 21,
  /** What an attempt was to tell is on record: a model it chose, a step. */
  noted: 22,
  /** This process drives the execution no more, and knows of no end of it. `why`: 1 it was refused, since there is one with its id, 3 it was deleted, being damaged, 2 another process has it, 4 it was refused, since it would be where another process drives. */
  letGo: 23,
  /** The execution was not at hand and is to be again: what it is, or why it cannot be read, is asked for, before anything else is heard of it. */
  woken: 24,
  /** The execution runs another definition from here on, and its tasks have the numbers of that. */
  moved: 25,
} as const
export type ExecutionKind = (typeof ExecutionKind)[keyof typeof ExecutionKind]

export class ExecutionEffect extends View {
  get kind(): ExecutionKind {
    return this.words[this.place] as ExecutionKind
  }

  /** The small number of the execution. */
  get slot(): number {
    return this.words[this.place + 1] as number
  }

  /** The task, by its instance; 0 where the effect is about the execution. */
  get task(): number {
    return this.words[this.place + 2] as number
  }

  /** The attempt, from 1; 0 where there is none. */
  get attempt(): number {
    return this.words[this.place + 3] as number
  }

  /** When it was recorded, in microseconds since the epoch. */
  get at(): number {
    return this.words[this.place + 4] as number
  }

  /** Its place in the journal of its execution. */
  get number(): number {
    return this.words[this.place + 5] as number
  }

  /** Of `run`. */
  get interruptions(): number {
    return this.words[this.place + 6] as number
  }

  /** Of `run`. */
  get instance(): number {
    return this.words[this.place + 7] as number
  }

  /** Of `abort`. */
  get cause(): number {
    return this.words[this.place + 6] as number
  }

  /** Of `ended`. */
  get status(): number {
    return this.words[this.place + 6] as number
  }

  /** Of `retrying`, `completed`, `failed`. */
  get start(): number {
    return this.words[this.place + 6] as number
  }

  /** Of `retrying`, `completed`, `failed`. */
  get end(): number {
    return this.words[this.place + 7] as number
  }

  /** Of `skipped`, `cancelled`. */
  get reason(): number {
    return this.words[this.place + 6] as number
  }

  /** Of `askGate`, `askBranch`, `askTurn`. */
  get index(): number {
    return this.words[this.place + 6] as number
  }

  /** Of `askTurn`. */
  get passes(): number {
    return this.words[this.place + 7] as number
  }

  /** Of `iterated`. */
  get pass(): number {
    return this.words[this.place + 6] as number
  }

  /** Of `iterated`. */
  get outcome(): number {
    return this.words[this.place + 7] as number
  }

  /** Of `waiting`. */
  get until(): number {
    return this.words[this.place + 6] as number
  }

  /** Of `letGo`. */
  get why(): number {
    return this.words[this.place + 6] as number
  }

  /** What is kept of it when the view moves on. */
  copy(): ExecutionEffect {
    return new ExecutionEffect(this.words.slice(this.place, this.place + EFFECT_WORDS))
  }
}

/** Of one schedule. */
export const ScheduleKind = {
  /** The schedule is on record as it is now. `next`: its next planned instant, 0 if there is none. */
  scheduled: 256,
  /** The schedule is no more. */
  unscheduled: 257,
  /** The schedule has begun the execution in `slot`, before anything else is heard of that. `planned`: for which instant. */
  fired: 258,
} as const
export type ScheduleKind = (typeof ScheduleKind)[keyof typeof ScheduleKind]

export class ScheduleEffect extends View {
  get kind(): ScheduleKind {
    return this.words[this.place] as ScheduleKind
  }

  /** The number of the schedule. */
  get schedule(): number {
    return this.words[this.place + 1] as number
  }

  /** When it was recorded, in microseconds since the epoch. */
  get at(): number {
    return this.words[this.place + 2] as number
  }

  /** Of `scheduled`. */
  get next(): number {
    return this.words[this.place + 3] as number
  }

  /** Of `fired`. */
  get slot(): number {
    return this.words[this.place + 3] as number
  }

  /** Of `fired`. */
  get planned(): number {
    return this.words[this.place + 4] as number
  }

  /** What is kept of it when the view moves on. */
  copy(): ScheduleEffect {
    return new ScheduleEffect(this.words.slice(this.place, this.place + EFFECT_WORDS))
  }
}

/** Of the store. */
export const StoreKind = {
  /** An execution is on record no more, with those that go with it. `ticket`: the number of what was asked. */
  deleted: 512,
  /** What another process has left is this one's from here on; what that is is asked for. */
  taken: 513,
  /** Letters of other processes, their replies, or news of executions that they drive have come, which are asked for. */
  post: 514,
} as const
export type StoreKind = (typeof StoreKind)[keyof typeof StoreKind]

export class StoreEffect extends View {
  get kind(): StoreKind {
    return this.words[this.place] as StoreKind
  }

  /** When it was done, in microseconds since the epoch. */
  get at(): number {
    return this.words[this.place + 1] as number
  }

  /** Of `deleted`. */
  get ticket(): number {
    return this.words[this.place + 2] as number
  }

  /** What is kept of it when the view moves on. */
  copy(): StoreEffect {
    return new StoreEffect(this.words.slice(this.place, this.place + EFFECT_WORDS))
  }
}

/** Of the pool of agents. */
export const PoolKind = {
  /** Make an instance of an agent, both by their numbers. */
  createAgent: 768,
  /** Let go of an instance. `force`: 1 if nothing may be waited for. */
  disposeAgent: 769,
  /** Ask an instance how it is. */
  checkAgent: 770,
  /** An instance is ill, and has no new work. */
  agentUnhealthy: 771,
  /** It is well again. */
  agentRecovered: 772,
  /** A type of agent, by its number, has more instances than before. */
  scaledUp: 773,
  /** It has fewer. */
  scaledDown: 774,
  /** An attempt that lent its place has it back. `ticket`: of its reclaim. */
  reclaimed: 775,
} as const
export type PoolKind = (typeof PoolKind)[keyof typeof PoolKind]

export class PoolEffect extends View {
  get kind(): PoolKind {
    return this.words[this.place] as PoolKind
  }

  /** When it was decided, in microseconds since the epoch. */
  get at(): number {
    return this.words[this.place + 1] as number
  }

  /** Of `createAgent`, `disposeAgent`, `checkAgent`, `agentUnhealthy`, `agentRecovered`. */
  get instance(): number {
    return this.words[this.place + 2] as number
  }

  /** Of `createAgent`. */
  get agent(): number {
    return this.words[this.place + 3] as number
  }

  /** Of `disposeAgent`. */
  get force(): number {
    return this.words[this.place + 3] as number
  }

  /** Of `scaledUp`, `scaledDown`. */
  get of(): number {
    return this.words[this.place + 2] as number
  }

  /** Of `scaledUp`, `scaledDown`. */
  get from(): number {
    return this.words[this.place + 3] as number
  }

  /** Of `scaledUp`, `scaledDown`. */
  get to(): number {
    return this.words[this.place + 4] as number
  }

  /** Of `reclaimed`. */
  get ticket(): number {
    return this.words[this.place + 2] as number
  }

  /** What is kept of it when the view moves on. */
  copy(): PoolEffect {
    return new PoolEffect(this.words.slice(this.place, this.place + EFFECT_WORDS))
  }
}
