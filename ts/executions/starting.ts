// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How executions begin: by a call, under an id or a key that the caller has chosen, as the fork of another, or as a task of one.

import type { AgentRegistry } from '../pool/agent-pool.js'
import { forbiddenIn, narrowed } from '../definition/allow.js'
import { readContext, readOptions, type ReadOptions } from './arguments.js'
import { ChosenIds } from './chosen-ids.js'
import type { Definition, DefinitionReader } from '../definition/definition.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Elsewhere } from './elsewhere.js'
import { Turns } from '../base/turns.js'
import type { Past } from './ended-executions.js'
import { ValidationError, type OrchestratorError } from '../api/errors.js'
import { inherited, keptEnds, keptSteps, undoneIn, type ForkPoint } from './fork.js'
import { assertSameWorkflow, endsToKeep, planOf, sameSchema, whatStays } from './mend.js'
import type { ReadMove } from './moving.js'
import { canonical } from '../json/canonical.js'
import type { HeldRuns } from '../events/late-listeners.js'
import { beginOnce, fingerprintOf, type KeyHost } from './idempotency.js'
import { judgeContext } from '../run/input-judge.js'
import type { Json } from '../json/json.js'
import { copyJson } from '../json/copy.js'
import type { LiveRuns } from './live-runs.js'
import type { Log } from '../log/log.js'
import { cancelledBy, cancelWith, type Started } from './outcome.js'
import { namedIn, type AgentNeed } from '../definition/named.js'
import { pinsFor } from '../definition/pins.js'
import { Run } from '../run/run.js'
import type { Allowance, ExecuteOptions, ForkPlan, WorkflowExecution } from '../api/execution.js'
import type { AgentWorkflow } from '../api/workflow.js'
import type { WorkflowValidator } from '../definition/workflow-engine.js'
import { nextTurn } from '../base/real-time.js'
import type { ReusedEnd, RunOptions } from '../run/options.js'

type Context = { [key: string]: Json }

const TOLD_MAX = 1000

/** What beginning an execution needs of the orchestrator. */
interface StartingHost {
  readonly agents: AgentRegistry
  readonly log: Log
  readonly dispatcher: Dispatcher
  readonly live: LiveRuns
  readonly held: HeldRuns
  readonly reader: DefinitionReader
  readonly workflows: WorkflowValidator
  /** Whether a workflow may only begin if everything it names is registered. */
  readonly validates: boolean
  /** `workflow.maxIdlePasses`. */
  readonly maxIdlePasses: number
  /** Whether there is no store. */
  readonly inMemory: boolean
  /** One that has not, at hand whether it was or not. */
  find(id: string): Promise<Run | undefined>
  /** An execution that has ended. */
  past(id: string): Promise<Past | undefined>
  readonly ready: () => Promise<void>
  readonly assertOpen: (call?: string, underWay?: boolean) => void
  cancelExecution(id: string, reason?: string): Promise<void>
  /** Where several processes may drive. */
  readonly elsewhere: Elsewhere | undefined
}

/** What a fork is made from. */
interface Origin {
  readonly execution: WorkflowExecution
  readonly definition: Definition
  readonly context: { readonly [key: string]: Json }
  readonly options: RunOptions
}

/** A fork that has not begun. */
interface Fork {
  readonly definition: Definition
  readonly context: { readonly [key: string]: Json }
  readonly reuse: Readonly<Record<string, ReusedEnd>>
  /** Whether it is a retry. */
  readonly retry: boolean
  /** The registered workflows that its tasks name. */
  readonly workflows?: RunOptions['workflows']
}

export class Beginnings {
  readonly #host: StartingHost
  readonly #chosen: ChosenIds
  readonly #keyed: KeyHost
  /** The workflows of which it was said that models do tasks of them. */
  readonly #told = new Set<string>()

  constructor(host: StartingHost) {
    this.#host = host
    this.#chosen = new ChosenIds(host.live, (id) => host.past(id))
    this.#keyed = {
      live: host.live,
      find: (id) => host.find(id),
      past: (id) => host.past(id),
      turns: new Turns(),
      claim: (...given) => host.dispatcher.engine.claim(...given),
      lookUpClaim: async (...given) => {
        const claimed = await host.dispatcher.engine.lookUpClaim(...given)
        // It may have found what is to be written.
        host.dispatcher.schedule()
        return claimed
      },
    }
  }

  /** Begins what a caller asks for; `call` is the number of an `executeWorkflow` call, 0 for `startWorkflow`. */
  async ask(workflow: AgentWorkflow, context: unknown, options: ExecuteOptions | undefined, call: number): Promise<Started> {
    const { dispatcher, ready, assertOpen } = this.#host
    const named = call === 0 ? 'startWorkflow' : 'executeWorkflow'
    assertOpen(named)
    const read = readOptions(options, dispatcher.clock)
    const definition = this.read(workflow, read.recorded.allow)
    const given = readContext(context, dispatcher.maxValueBytes)
    const { signal } = read
    if (signal?.aborted === true) throw cancelledBy(signal)
    const judged = definition.contextSchema === undefined && !definition.large ? given : await this.judged(definition, given)
    await ready()
    assertOpen(`${named} of workflow \`${definition.workflowId}\``, true)
    return this.start(definition, judged, read, call, given)
  }

  /** Reads a workflow that can run: it has no problem, and everything it names is registered, and allowed. */
  read(workflow: AgentWorkflow, allow?: Allowance): Definition {
    const { reader, workflows, validates } = this.#host
    const definition = reader.read(workflow, (source) => [
      ...(validates ? workflows.unknownIn(source) : []),
      ...(allow === undefined ? [] : forbiddenIn(source, allow)),
    ])
    this.assertKnown(definition, allow && { allow, ...this.#pins(definition) })
    return definition
  }

  /** The context of an execution of it as its own schema makes it. */
  async judged(definition: Definition, context: Context): Promise<Context> {
    // To read it has held the event loop, and its tasks will as they begin.
    if (definition.large) await nextTurn()
    return judgeContext(definition, context, { bytesMax: this.#host.dispatcher.maxValueBytes })
  }

  /** That everything it names is registered, or pinned, and allowed. */
  assertKnown(definition: Definition, known?: Pick<RunOptions, 'workflows' | 'standIns' | 'allow'>): void {
    const { workflows, validates } = this.#host
    const unknown = !validates || workflows.knows(definition, known) ? [] : workflows.unknownIn(definition.source, known)
    const forbidden = known?.allow === undefined ? [] : forbiddenIn(definition.source, known.allow, known.workflows)
    if (unknown.length + forbidden.length > 0)
      throw new ValidationError('ERR_VALIDATION', 'the workflow cannot run', [...unknown, ...forbidden])
  }

  #pins(definition: Definition): Pick<RunOptions, 'workflows'> {
    return pinsFor(definition, (name) => this.#host.workflows.find(name)?.source)
  }

  /**
   * What is settled when an execution of a definition begins: registered workflows and stand-ins that it names, as they are now, the bound of its loops
   * and the form of its paths.
   */
  settled(
    definition: Definition,
    had?: readonly string[],
  ): Pick<RunOptions, 'workflows' | 'builtIn' | 'standIns' | 'maxIdlePasses' | 'paths'> {
    const pins = this.#pins(definition)
    return { ...pins, ...this.#standInsOf(definition, { ...pins, ...(had && { standIns: had }) }), ...this.#kindOf(definition) }
  }

  /** What is recorded only where it makes a difference. */
  #kindOf({ loops, dottedGroups }: Definition): Pick<RunOptions, 'maxIdlePasses' | 'paths'> {
    return { ...(loops && { maxIdlePasses: this.#host.maxIdlePasses }), ...(dottedGroups && { paths: 2 }) }
  }

  /**
   * The agents that models stand in for, in a definition and in the workflows inside of it; those of `standIns` in any case. They are settled once
   * for all of them, so that what is registered meanwhile makes no child fail.
   */
  #standInsOf(
    definition: Definition,
    { parent, workflows = {}, standIns: had = [] }: RunOptions,
  ): Pick<RunOptions, 'builtIn' | 'standIns'> {
    const { agents } = this.#host
    const builtIn = agents.adopt(definition.agents, had)
    this.#tell(definition)
    const isSettled = parent !== undefined || !definition.children
    const inside = isSettled ? [] : agentsIn([definition.source, ...Object.values(workflows)]).filter((need) => !agents.isRegistered(need))
    const standIns = [...had, ...inside.filter((need) => agents.knows(need)).map(({ agentId }) => agentId)]
    return { ...(builtIn.length > 0 && { builtIn }), ...(definition.children && { standIns: [...new Set(standIns)] }) }
  }

  /** The agents that models stand in for in a fork: those that they did in what it is made from. */
  #standInsBefore(definition: Definition, { builtIn = [], standIns, workflows }: RunOptions): readonly string[] {
    if (standIns !== undefined || !definition.children) return [...builtIn, ...(standIns ?? [])]
    const own = new Set(definition.agents.map(({ agentId }) => agentId))
    return [...builtIn, ...this.standInsOnce(definition, workflows).filter((agentId) => !own.has(agentId))]
  }

  /** The agents that models stood in for where a version before this one began an execution: all that are not registered and could be stood in for. */
  standInsOnce(definition: Definition, workflows: RunOptions['workflows'] = {}): readonly string[] {
    const { agents } = this.#host
    const unknown = agentsIn([definition.source, ...Object.values(workflows)]).filter((need) => !agents.isRegistered(need))
    return unknown.filter((need) => agents.couldStandIn(need)).map(({ agentId }) => agentId)
  }

  /** One line, once for each workflow, if models that nobody has configured do tasks of it. */
  #tell({ workflowId, agents: needs, tasks }: Definition): void {
    const { agents, log } = this.#host
    if (this.#told.has(workflowId) || !needs.some((need) => agents.isGuess(need))) return
    if (this.#told.size >= TOLD_MAX) this.#told.clear()
    this.#told.add(workflowId)
    const guessed = tasks.filter(({ kind, agentId, requires }) => kind === 'agent' && agents.isGuess({ agentId, requires }))
    log.warn({ event: 'agent:stand-in', workflowId }, agents.standIns.line(workflowId, guessed))
  }

  /**
   * What a call begins, or the execution that its key stands for, which is that of what was `given`, whatever a schema makes of it. `call` is that of
   * `HeldRuns`, 0 if there is none.
   */
  async start(definition: Definition, context: Context, read: ReadOptions, call: number, given: Context): Promise<Started> {
    const { executionId: id, idempotencyKey: key, recorded, rerunFailed, signal } = read
    if (key === undefined) {
      const run = await this.#beginAs(id, () => this.begin(definition, context, recorded, id ?? null, call))
      cancelWith(this.#host, run, signal)
      return { run }
    }
    const fingerprint = fingerprintOf(definition, given)
    const standing = { key, workflowId: definition.workflowId, tenant: recorded.tenant, fingerprint, rerunFailed }
    const { joined, ...started } = await beginOnce(this.#keyed, standing, (chosen) =>
      this.begin(definition, context, { ...recorded, fingerprint }, chosen, call),
    )
    // Another process may have begun one of the key at once: then that is the same call.
    if (!joined && this.#host.elsewhere !== undefined && (await isTaken(started.run as Run)))
      return this.start(definition, context, read, call, given)
    if (joined) return { ...started, detach: signal }
    cancelWith(this.#host, started.run as Run, signal)
    return started
  }

  /** A fork under the definition of what it is made from: it takes over every end but those that follow `from`. */
  forkOf({ execution, definition, context, options }: Origin, from: ForkPoint): Fork {
    const reuse = keptEnds(definition, execution, from)
    return { definition, context, reuse, retry: from.retry, ...(options.workflows !== undefined && { workflows: options.workflows }) }
  }

  /** A fork under another definition: it takes over the ends that hold under that. */
  async mend(
    { execution, definition, context, options }: Origin,
    { from }: ForkPoint,
    workflow: AgentWorkflow,
    read: ReadOptions,
  ): Promise<Fork> {
    const { workflows: had = {} } = options
    const after = this.read(workflow, narrowed(options.allow, read.recorded.allow).allow)
    assertSameWorkflow(definition, after)
    const pins = pinsFor(after, (name) => this.#host.workflows.find(name)?.source ?? had[name])
    const judged = sameSchema(definition, after) ? context : await this.judged(after, context as Context)
    const otherContext = canonical(judged) !== canonical(context)
    const before = { definition, workflows: had }
    const reuse = endsToKeep({ before, after: { definition: after, workflows: pins.workflows ?? {} }, execution, from, otherContext })
    return { definition: after, context: judged, reuse, retry: false, ...pins }
  }

  /** A definition that an execution may be moved to. */
  async readMove({ definition: before, context, options }: Run, workflow: AgentWorkflow): Promise<ReadMove> {
    const { workflows: had = {} } = options
    const definition = this.read(workflow, options.allow)
    assertSameWorkflow(before, definition)
    const pins = pinsFor(definition, (name) => this.#host.workflows.find(name)?.source ?? had[name])
    const judged = sameSchema(before, definition) ? context : await this.judged(definition, context)
    if (canonical(judged) !== canonical(context)) {
      const message = 'makes another context of the one on record, under which nothing would stay; leave it as it is, or fork the execution'
      throw new ValidationError('ERR_INVALID_ARGUMENT', 'the execution cannot be moved to that definition', [
        { path: 'workflow.context', message },
      ])
    }
    this.assertKnown(definition, { ...options, ...pins })
    this.#host.workflows.equip(definition)
    const standIns = this.#standInsOf(definition, { ...options, ...pins })
    const { maxIdlePasses } = this.#kindOf(definition)
    const given = { ...pins, ...standIns, ...(maxIdlePasses !== undefined && { maxIdlePasses }) }
    const [old, now] = [
      { definition: before, workflows: had },
      { definition, workflows: pins.workflows ?? {} },
    ]
    const stay = (execution: WorkflowExecution, owed: readonly string[]): string[] =>
      whatStays({ before: old, after: now, execution, from: [], otherContext: false }, owed)
    return { definition, given, stay }
  }

  /** What a fork would do. */
  planOf({ execution, definition }: Origin, fork: Fork): ForkPlan {
    return planOf({ before: definition, after: fork.definition, execution, reuse: fork.reuse })
  }

  /** Begins a fork. */
  async fork(from: Origin, fork: Fork, read: ReadOptions): Promise<Run> {
    const { execution, definition: before, options } = from
    const { definition, context, reuse, retry, workflows } = fork
    const { recorded, executionId: id, signal } = read
    const standIns = this.#standInsBefore(before, options)
    const origin = {
      ...inherited(options),
      ...(workflows !== undefined && { workflows }),
      ...(standIns.length > 0 && { standIns }),
      ...narrowed(options.allow, recorded.allow),
    }
    // What undoes another names executions, not workflows.
    if (options.undoes === undefined) this.assertKnown(definition, origin)
    this.#host.workflows.equip(definition)
    const copy = copyJson(context as Json) as Context
    const { allow: _narrowed, ...own } = recorded
    const given = {
      ...origin,
      ...own,
      forkedFrom: execution.id,
      reuse,
      ...(retry && { previous: execution.id, ...keptSteps(from, undoneIn(execution.tasks).whole, reuse) }),
    }
    const run = await this.#beginAs(id, () => this.begin(definition, copy, given, id ?? null, 0))
    cancelWith(this.#host, run, signal)
    return run
  }

  /** Begins an execution; the first above a child has pinned what the child names. */
  begin(definition: Definition, context: Context, options: RunOptions, id: string | null, call: number): Run {
    const { dispatcher, live, held, inMemory } = this.#host
    this.#host.assertOpen()
    const text = inMemory && definition.opaque ? null : JSON.stringify(context)
    const pinned = definition.workflowIds.length === 0 || options.workflows !== undefined || options.parent !== undefined
    const settled = pinned
      ? { ...this.#standInsOf(definition, options), ...this.#kindOf(definition) }
      : this.settled(definition, options.standIns)
    const { tracing } = dispatcher
    // What a caller in a trace begins belongs there, unless it says otherwise; children have that of their parent.
    const traceparent = options.traceparent ?? (options.parent === undefined ? tracing?.callers() : undefined)
    const given = { ...options, ...settled, ...(traceparent !== undefined && { traceparent }) }
    const recorded = Object.keys(given).length === 0 ? null : JSON.stringify(given)
    const { slot, id: started } = dispatcher.engine.start(definition.plan, text, recorded, id)
    const run = new Run(slot, started, definition, context, call, given, dispatcher)
    run.isDrawn = id === null
    run.calledHere()
    live.add(run)
    if (call > 0) held.holds(run)
    dispatcher.add(run)
    dispatcher.activate()
    dispatcher.schedule(run)
    return run
  }

  async #beginAs(id: string | undefined, begin: () => Run): Promise<Run> {
    return id === undefined ? begin() : this.#chosen.begin(id, begin)
  }
}

/** Whether another process has begun an execution with its id. */
async function isTaken(run: Run): Promise<boolean> {
  try {
    await run.whenAccepted()
    return false
  } catch (error) {
    if ((error as OrchestratorError).code !== 'ERR_EXECUTION_EXISTS') throw error
    return true
  }
}

/** The agents that definitions name, those of workflows inside of them included. */
function agentsIn(workflows: readonly Json[]): AgentNeed[] {
  return workflows.flatMap((workflow) => [...namedIn(workflow)].flatMap((named) => (named.kind === 'agent' ? [named.need] : [])))
}
