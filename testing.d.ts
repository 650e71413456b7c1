// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from ts/ by `pnpm build`. Its diff is the diff of the public API.

/**
 * Tests workflows without waiting: a real orchestrator whose time, agents and crashes the test controls.
 *
 * @packageDocumentation
 */

import type { AgentWorkflow } from '@codexos/multi-agent-orchestrator';
import type { AttemptContext } from '@codexos/multi-agent-orchestrator';
import { Duration } from '@codexos/multi-agent-orchestrator';
import type { ExecuteOptions } from '@codexos/multi-agent-orchestrator';
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator';
import type { OrchestratorConfig } from '@codexos/multi-agent-orchestrator';
import type { PlainTypes } from '@codexos/multi-agent-orchestrator';
import type { StorageConfig } from '@codexos/multi-agent-orchestrator';
import type { TaskInput } from '@codexos/multi-agent-orchestrator';
import type { Typed } from '@codexos/multi-agent-orchestrator';
import type { WorkflowExecution } from '@codexos/multi-agent-orchestrator';
import type { WorkflowTypes } from '@codexos/multi-agent-orchestrator';

/**
 * Returns a step that answers after a time of the kit's clock. It throws the reason if the attempt must stop meanwhile.
 *
 * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the duration is invalid.
 */
export declare function after(duration: Duration, step: unknown): Pause;

/** The commit, counted from now, at which the process ends: before it, so that nothing of it is on record; or after it, before any answer. */
export declare type CrashMoment = {
    readonly beforeCommit: number;
} | {
    readonly afterCommit: number;
};

/** One simulated crash, and the end of the execution after it. */
export declare interface CrashPoint {
    /** The commit, from 1. */
    readonly commit: number;
    /** Whether the process ended before or after the commit. */
    readonly side: 'before' | 'after';
    /** The execution, continued after the crash to its end: completed, failed or cancelled. */
    readonly execution: WorkflowExecution;
}

/**
 * Creates a test kit and opens its orchestrator.
 *
 * @throws {ValidationError} `ERR_CONFIG` with every problem of the options by path.
 */
export declare function createTestKit(options?: TestKitOptions): Promise<TestKit>;

/** A step that never answers and ignores its signal: the attempt is given up 5 s after it had to stop. */
export declare const hang: Pause;

/** A step that takes time: from `after`, or `hang` or `untilAborted`. */
export declare interface Pause {
    readonly pause: 'after' | 'hang' | 'untilAborted';
}

/** An agent that follows a script. */
export declare interface ScriptedAgent {
    /** Its calls in order, including those before a crash. */
    readonly calls: readonly ScriptedCall[];
}

/** One call of a scripted agent. */
export declare interface ScriptedCall {
    /** A copy of its first argument. */
    readonly task: TaskInput;
    readonly attempt: number;
    readonly idempotencyKey: string;
    readonly signal: AbortSignal;
    /** The time of the call, by the clock of the kit. */
    readonly at: Date;
}

/** Computes an answer. Its return value is the answer; an error fails the attempt. */
export declare type ScriptFunction = (task: TaskInput, context: AttemptContext) => unknown;

/** Scripts the agents of a test kit. */
export declare interface TestAgents {
    /**
     * Lets an agent follow a script from now on, also after a crash: an array of answers, or a function that gives every answer. It replaces an agent or type
     * of this name, and an earlier script.
     *
     * A step is JSON data (the answer), an `Error` (thrown), a function (called), `after('2s', step)`, `hang` or `untilAborted`. An attempt that a crash
     * interrupted gets the same step again. A call beyond the last step fails with `ERR_SCRIPT_ENDED`, which is not retried.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT`, `ERR_NOT_JSON` with every invalid step by path.
     */
    script(agentId: string, steps: readonly unknown[] | ScriptFunction): ScriptedAgent;
}

/** The time of a test kit. It stands still, except that each record takes a microsecond. */
export declare interface TestClock {
    /** Returns the current time of the orchestrator and the kit. */
    now(): Date;
    /**
     * Lets time pass: everything that falls due happens in order, each with its consequences recorded before the next. Resolves when nothing is left to do at
     * the end. Does not wait for agents at work in real time: time passes while they work.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the duration is invalid, or leads past the year 2253.
     */
    advance(duration: Duration): Promise<void>;
    /** Lets time pass until the next thing that waits for it happens; resolves with `false` if nothing waits. All within one millisecond happens together. */
    advanceToNext(): Promise<boolean>;
    /**
     * Resolves when the time has passed, for agents that wait. A waiting agent does not count as at work.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the duration is invalid.
     */
    sleep(duration: Duration): Promise<void>;
}

/** A real orchestrator whose time, agents and crashes a test controls. */
export declare interface TestKit extends AsyncDisposable {
    /** The open orchestrator; another one after `reopen`. Only its time is replaced. */
    readonly orchestrator: MultiAgentOrchestrator;
    /** Controls its time. */
    readonly clock: TestClock;
    /** Scripts its agents; those that `setup` registers need no script. */
    readonly agents: TestAgents;
    /** Runs a workflow as `executeWorkflow` does, and skips every wait. Settles as that does, and as `until` does. */
    run<T extends WorkflowTypes = PlainTypes>(workflow: Typed<T>, context?: T['context'], options?: ExecuteOptions): Promise<WorkflowExecution<T['results']>>;
    /**
     * Skips every wait until the promise has settled, and settles as it does. Time stands still while an agent is at work: while it does not wait by a script
     * or by `clock.sleep`.
     *
     * @throws {TimeoutError} `ERR_STUCK` if nothing happens for `patience` of real time; the message lists what the executions wait for.
     */
    until<T>(promise: PromiseLike<T>): Promise<T>;
    /**
     * Simulates SIGKILL, at once or at a later commit: data that is not on record is lost, agents hear nothing and their late answers are dropped, and pending
     * calls reject with `ERR_CRASHED`. Resolves when it has happened, or can no longer happen because the kit was reopened or closed.
     *
     * @throws {ClosedError} `ERR_CRASHED` if it has crashed already.
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the moment is invalid.
     */
    crash(moment?: CrashMoment): Promise<void>;
    /**
     * Opens the same store again, as the next process would, with `setup` and the same scripts. Without a crash it shuts down first.
     *
     * @throws {StoreError} `ERR_NOT_DURABLE` if the kit is in memory.
     */
    reopen(): Promise<MultiAgentOrchestrator>;
    /**
     * Runs a workflow once per commit and side: each time with an empty store, the scripts from their beginning and the clock at `startAt`. It crashes before
     * or after that commit, opens the store again and skips every wait to the end.
     *
     * @throws {StoreError} `ERR_NOT_DURABLE` if the kit is in memory.
     */
    crashPoints(workflow: AgentWorkflow, context?: object, options?: ExecuteOptions): AsyncIterable<CrashPoint>;
    /** Shuts the orchestrator down and removes the file. May be called twice. */
    close(): Promise<void>;
}

/** The options of a test kit: those of an orchestrator except its storage, and these. */
export declare interface TestKitOptions extends Omit<OrchestratorConfig, 'storage' | 'redis'> {
    /**
     * Where executions are kept: in memory (default), or in a file of the kit's own, which survives `crash`. An object is such a file, with what `storage` of an
     * orchestrator says of parking; that is done in real time.
     */
    storage?: 'memory' | 'file' | Pick<StorageConfig, 'parkAfter'> | undefined;
    /** The first time of the clock, from 1970 to 2253. Default 2026-01-01T00:00:00Z. */
    startAt?: Date | undefined;
    /** Registers agents, workflows and listeners, as a process does when it starts. Called with each orchestrator that the kit opens. */
    setup?: ((orchestrator: MultiAgentOrchestrator) => unknown) | undefined;
    /** How long, in real time, `run` and `until` wait for agents at work and for the test itself. Default 2 s. */
    patience?: Duration | undefined;
}

/** A step that works until its signal aborts, then throws the reason. */
export declare const untilAborted: Pause;

export { }
