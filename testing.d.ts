// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from ts/ by `pnpm build`. Its diff is the diff of the public API.

/**
 * Tests of workflows without waiting: a real orchestrator whose time, agents and crashes belong to the test.
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
import type { TaskInput } from '@codexos/multi-agent-orchestrator';
import type { Typed } from '@codexos/multi-agent-orchestrator';
import type { WorkflowExecution } from '@codexos/multi-agent-orchestrator';
import type { WorkflowTypes } from '@codexos/multi-agent-orchestrator';

/**
 * A step that is taken after so much time of the kit; throws the reason if the attempt is told to stop meanwhile.
 *
 * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if it is no duration.
 */
export declare function after(duration: Duration, step: unknown): Pause;

/** At which commit from now on the process ends: before it, so that what agents did for it is on no record; or after it, unheard. */
export declare type CrashMoment = {
    readonly beforeCommit: number;
} | {
    readonly afterCommit: number;
};

/** One end of the process, and how the execution ended nevertheless. */
export declare interface CrashPoint {
    /** The commit, from 1. */
    readonly commit: number;
    /** Whether the process ended before it, or after it. */
    readonly side: 'before' | 'after';
    /** The execution, continued after the crash to its end: completed, failed or cancelled. */
    readonly execution: WorkflowExecution;
}

/**
 * Makes a test kit and opens its orchestrator.
 *
 * @throws {ValidationError} `ERR_CONFIG` with every problem of the options by path.
 */
export declare function createTestKit(options?: TestKitOptions): Promise<TestKit>;

/** Never answers, whatever its signal says: the attempt is given up 5 s after it was told to stop. */
export declare const hang: Pause;

/** A step that takes time: made by `after`, or one of `hang` and `untilAborted`. */
export declare interface Pause {
    readonly pause: 'after' | 'hang' | 'untilAborted';
}

/** An agent that follows a script. */
export declare interface ScriptedAgent {
    /** Its calls in order, those before a crash included. */
    readonly calls: readonly ScriptedCall[];
}

/** One call of a scripted agent. */
export declare interface ScriptedCall {
    /** What it was given: a copy. */
    readonly task: TaskInput;
    readonly attempt: number;
    readonly idempotencyKey: string;
    readonly signal: AbortSignal;
    /** When, by the clock of the kit. */
    readonly at: Date;
}

/** An answer in the form of code. What it returns is the answer; what it throws fails the attempt. */
export declare type ScriptFunction = (task: TaskInput, context: AttemptContext) => unknown;

/** Scripts the agents of a test kit. */
export declare interface TestAgents {
    /**
     * Lets an agent follow a script from now on, also after a crash: its answers in order, or a function that gives every answer. It takes the
     * place of an agent or type registered under this name, and of an earlier script.
     *
     * A step is JSON data (the answer), an `Error` (thrown), a function (called), `after('2s', step)`, `hang` or `untilAborted`. An attempt
     * that a crash has cut short gets the same step again. A call beyond the last step fails with `ERR_SCRIPT_ENDED`, not retried.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT`, `ERR_NOT_JSON` with the steps that are none by path.
     */
    script(agentId: string, steps: readonly unknown[] | ScriptFunction): ScriptedAgent;
}

/** The time of a test kit. It stands still, but for a microsecond with everything that is recorded. */
export declare interface TestClock {
    /** What the orchestrator and the kit take for now. */
    now(): Date;
    /**
     * Lets time pass: everything that falls due happens in order, and what follows from it is done and recorded before the next. Resolves
     * when nothing is left to do at the end of it. Agents at work in real time are not waited for: time passes while they work.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if it is no duration, or leads past the year 2253.
     */
    advance(duration: Duration): Promise<void>;
    /** Lets time pass until something has happened that waited for it; `false` if nothing does. What falls due within one millisecond happens together. */
    advanceToNext(): Promise<boolean>;
    /**
     * Resolves when so much time has passed, for agents that wait. While it waits an agent is not at work.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if it is no duration.
     */
    sleep(duration: Duration): Promise<void>;
}

/** A real orchestrator whose time, agents and crashes belong to a test. */
export declare interface TestKit extends AsyncDisposable {
    /** The orchestrator that is open; after `reopen` another one. Nothing of it is replaced but its time. */
    readonly orchestrator: MultiAgentOrchestrator;
    /** Its time. */
    readonly clock: TestClock;
    /** Its scripted agents; those of `setup` need no script. */
    readonly agents: TestAgents;
    /** Runs a workflow as `executeWorkflow` does, and skips every wait on the way. Settles and rejects as that does, and as `until` does. */
    run<T extends WorkflowTypes = PlainTypes>(workflow: Typed<T>, context?: T['context'], options?: ExecuteOptions): Promise<WorkflowExecution<T['results']>>;
    /**
     * Skips every wait until the promise has settled, and settles as it does. Time stands still while an agent is at work: one that does
     * not wait for time by a script or by `clock.sleep`.
     *
     * @throws {TimeoutError} `ERR_STUCK` if nothing happens for `patience` of real time; it says what is waited for.
     */
    until<T>(promise: PromiseLike<T>): Promise<T>;
    /**
     * Ends the process as SIGKILL would, as far as the orchestrator can tell: what is not on record is lost, agents hear nothing, their late
     * answers go nowhere, pending calls reject with `ERR_CRASHED`. At once, or at a commit to come. Resolves when it has happened, or
     * will not any more: the kit is reopened or closed.
     *
     * @throws {ClosedError} `ERR_CRASHED` if it has crashed already.
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the moment is none.
     */
    crash(moment?: CrashMoment): Promise<void>;
    /**
     * Opens the same store again, as the next process would: with `setup` and with the same scripts. Without a crash it shuts down before.
     *
     * @throws {StoreError} `ERR_NOT_DURABLE` if the kit is in memory.
     */
    reopen(): Promise<MultiAgentOrchestrator>;
    /**
     * Runs a workflow again and again, each time with an empty store, the scripts from their beginning and the clock at `startAt`; ends the
     * process before or after another commit each time, opens the store again and skips every wait to the end. Until there is no commit left.
     *
     * @throws {StoreError} `ERR_NOT_DURABLE` if the kit is in memory.
     */
    crashPoints(workflow: AgentWorkflow, context?: object, options?: ExecuteOptions): AsyncIterable<CrashPoint>;
    /** Shuts the orchestrator down and removes the file. May be called twice. */
    close(): Promise<void>;
}

/** How a test kit is set up: as an orchestrator is, but for its storage, and with these. */
export declare interface TestKitOptions extends Omit<OrchestratorConfig, 'storage'> {
    /** Where executions are kept: in memory (default), or in a file of the kit's own, which survives `crash`. */
    storage?: 'memory' | 'file' | undefined;
    /** What the clock shows at first, from 1970 to 2253. Default 2026-01-01T00:00:00Z: the same in every run. */
    startAt?: Date | undefined;
    /** What a process does when it starts: registers agents, workflows, listeners. Called with each orchestrator that the kit opens. */
    setup?: ((orchestrator: MultiAgentOrchestrator) => unknown) | undefined;
    /** How long `run` and `until` wait in real time for agents at work, and for what the test itself is to do. Default 2 s. */
    patience?: Duration | undefined;
}

/** Works until its signal tells it to stop, then throws the reason. */
export declare const untilAborted: Pause;

export { }
