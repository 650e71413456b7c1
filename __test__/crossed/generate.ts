// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Cases that a seed makes. What they hold has one outcome however its parts are timed: at most one child of a parallel group can fail, and only under
// `failurePolicy: 'continue'`, unless each child takes a time of its own; what is cancelled is cancelled by a task that runs alone. So a crash at any commit must
// change nothing. Beside a crash there are no signals (whoever loses the answer cannot know whether to send one again), and nothing is answered within a grace.

import type { AgentTask, AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import type { Action, Case, Deed, Signal } from './case.ts'
import { Chance } from './chance.ts'
import { CODED_OUTPUT, CODED_PAYLOAD, hasCode } from './coded.ts'
import { movable } from './moves.ts'
import { namesIn, type Names } from './named.ts'

/** Where a task is made. */
interface Place {
  /** Tasks before it that its templates may name. */
  readonly seen: readonly string[]
  readonly depth: number
  /** Whether nothing runs beside it, so that it may cancel, pause, wait for signals and fail. */
  readonly alone: boolean
  /** Whether it is a task of the workflow above all. */
  readonly top: boolean
  readonly inLoop: boolean
}

export function caseOf(seed: number): Case {
  return new Generator(seed).make()
}

class Generator {
  readonly #chance: Chance
  readonly #seed: number
  /** Of its own, so that a case is otherwise what it was before there were steps. */
  readonly #stepping: Chance
  readonly #registered: AgentWorkflow[] = []
  #tasks = 0
  /** There is one cancel in a case at most. */
  #cancels = false
  #crashes = false
  #policy: 'continue' | 'fail_fast' = 'fail_fast'
  #waits = 0
  /** Child workflows of the workflow above all. */
  readonly #children: string[] = []
  /** Few: a thread takes as long as several cases. */
  readonly #isolates: boolean
  #isIsolated = false

  constructor(seed: number) {
    this.#chance = new Chance(seed)
    this.#seed = seed
    this.#stepping = new Chance(seed + 1)
    this.#isolates = this.#stepping.oneIn(64)
  }

  make(): Case {
    const chance = this.#chance
    const inFile = chance.oneIn(2)
    const crashes = inFile && chance.oneIn(2)
    this.#crashes = crashes
    const cancels = chance.oneIn(8)
    const main = this.#workflow('main', { seen: [], depth: 0, alone: true, top: true, inLoop: false }, cancels)
    const signals = this.#signals()
    const coded = hasCode(main)
    const made = {
      seed: this.#seed,
      inFile,
      isolates: this.#isIsolated,
      main,
      registered: this.#registered,
      context: this.#context(),
      signals,
      actions: this.#actions(coded, namesIn(main, this.#registered)),
      ...(crashes &&
        signals.length === 0 && {
          crash: { commit: 1 + chance.below(24), side: chance.of(['beforeCommit', 'afterCommit'] as const) },
        }),
    }
    const moved = this.#moved(made.main, coded, signals.length > 0)
    // Drawn last, so that the cases are those that they were before there was this.
    return { ...made, ...moved, actions: [...made.actions, ...moved.actions], parks: inFile && chance.oneIn(2) }
  }

  /** Where it is mended: what is code is not, and what a signal brought may not fit any more. */
  #moved({ tasks }: AgentWorkflow, coded: boolean, hasSignals: boolean): Pick<Case, 'mend' | 'actions'> {
    const chance = this.#stepping
    const mend = chance.below(1_000_000)
    const places = coded || hasSignals ? [] : movable(tasks)
    if (places.length > 0 && chance.oneIn(4)) {
      const task = chance.of(places)
      const { deed } = (task.input as { data: { deed: Deed } }).data
      deed.moves = task.retryPolicy?.maxAttempts ?? 1
      delete deed.pauses
    }
    const actions: Action[] = !coded && chance.oneIn(8) ? [{ do: 'move', back: 0 }] : []
    if (actions.length > 0 && chance.oneIn(3)) actions.push({ do: 'retry', back: 0 })
    return { mend, actions }
  }

  #workflow(id: string, place: Place, cancels = false): AgentWorkflow {
    const outer = this.#policy
    this.#policy = this.#chance.of(['continue', 'fail_fast', 'fail_fast'] as const)
    this.#cancels ||= cancels
    const tasks = this.#list(place, 1 + this.#chance.below(4))
    const policy = this.#policy
    this.#policy = outer
    // In the middle of a wait, if there are any: nothing else takes minutes.
    const deadline = this.#chance.oneIn(8) ? this.#chance.of(['30m', '90m', '30h'] as const) : undefined
    return {
      id,
      name: id,
      version: '1',
      ...(policy === 'continue' && { failurePolicy: policy }),
      ...(deadline !== undefined && { deadline }),
      tasks,
    }
  }

  /** Tasks one after the other, with a clean-up at their end now and then. */
  #list(place: Place, count: number): AgentTask[] {
    const tasks: AgentTask[] = []
    const seen = [...place.seen]
    for (let at = 0; at < count; at += 1) {
      let task = this.#task({ ...place, seen: [...seen] })
      // Groups of type `parallel` right after each other would start together.
      while (task.type === 'parallel' && tasks.at(-1)?.type === 'parallel') task = this.#leaf({ ...place, seen: [...seen] })
      tasks.push(task)
      seen.push(task.id)
    }
    if (place.alone && this.#chance.oneIn(6)) {
      const last = tasks.at(-1) as AgentTask
      tasks.push({ ...this.#leaf({ ...place, alone: false, seen: place.seen }), dependencies: [last.id], triggerRule: 'all_done' })
    }
    return tasks
  }

  #task(place: Place): AgentTask {
    const chance = this.#chance
    const kind = place.depth > 2 ? chance.below(7) : chance.below(14)
    const made = ((): AgentTask => {
      if (kind === 7 || kind === 8) return this.#child(place)
      if (kind === 9) return this.#group(place)
      if (kind === 10) return this.#parallel(place)
      if (kind === 11) return this.#choice(place)
      if (kind === 12) return this.#loop(place)
      if (kind === 13 && place.alone) return this.#wait(place)
      return this.#leaf(place)
    })()
    if (made.waitFor === undefined && chance.oneIn(10))
      made.conditions = [chance.of(['context.yes', 'context.no', 'context.yes && !context.no'])]
    if (chance.oneIn(8)) made.onError = chance.oneIn(3) ? { continue: [chance.of(['QUOTA', 'ERR_AGENT'])] } : 'continue'
    return made
  }

  #id(kind: string): string {
    this.#tasks += 1
    // A dot is no border of a path.
    return this.#chance.oneIn(5) ? `${kind}.${this.#tasks}` : `${kind}${this.#tasks}`
  }

  #leaf(place: Place): AgentTask {
    const chance = this.#chance
    const id = this.#id('t')
    const deed = this.#deed(place, id)
    const task: AgentTask = { id, name: id, agentId: this.#agentFor(deed), input: { data: { ...this.#data(place), deed } } }
    if (chance.oneIn(3)) task.retryPolicy = { maxAttempts: 1 + chance.below(3), backoffType: 'fixed', initialDelay: '1s' }
    if (place.alone && chance.oneIn(4)) task.compensate = this.#undoing(id)
    if (deed.spawns === undefined && deed.cancels === undefined && chance.oneIn(5))
      task.cache = chance.oneIn(2) ? true : { key: `k{{ context.n }}` }
    const mayBeJudged = place.alone && deed.cancels === undefined
    if (mayBeJudged && chance.oneIn(8)) task.outputSchema = CODED_OUTPUT as never
    else if (chance.oneIn(6))
      task.fallback = chance.of([{ value: { instead: id } }, { agentId: 'stand-in', input: { data: { of: id, ...this.#takesOne() } } }])
    return task
  }

  #agentFor(deed: Deed): 'work' | 'apart' {
    const isSimple = Object.keys(deed).every((field) => APART.has(field))
    if (!this.#isolates || deed.steps === undefined || !isSimple) return 'work'
    this.#isIsolated = true
    return 'apart'
  }

  /** What stands in for a task, and what undoes it, may take a step that its agent takes as well. */
  #takesOne(): { deed?: Deed } {
    return this.#stepping.oneIn(3) ? { deed: { steps: 1 } } : {}
  }

  #undoing(of: string): NonNullable<AgentTask['compensate']> {
    return { agentId: 'undo', input: { data: { of, ...this.#takesOne() } }, ...(this.#chance.oneIn(3) && { on: 'started' as const }) }
  }

  #deed(place: Place, id: string): Deed {
    const chance = this.#chance
    const deed: Deed = {}
    this.#steps(deed, place.alone)
    if (place.alone) {
      if (chance.oneIn(5)) deed.fails = 1 + chance.below(3)
      if (chance.oneIn(7)) deed.failsRuns = 1 + chance.below(2)
      if (chance.oneIn(9)) deed.breaks = true
      if (chance.oneIn(12)) deed.final = true
      if (chance.oneIn(30)) deed.bulk = true
      if (chance.oneIn(3)) deed.code = 'QUOTA'
      if (this.#cancels && chance.oneIn(3)) {
        this.#cancels = false
        // A crash while it is told to stop leaves it no time to answer.
        deed.cancels = this.#crashes ? 'stops' : chance.of(['answers', 'stops'] as const)
      } else if (chance.oneIn(15)) deed.pauses = true
      if (chance.oneIn(6)) {
        deed.spawns = Array.from({ length: 1 + chance.below(2) }, (_, at) => this.#spawned(`s${at}`, id))
        deed.catches = chance.oneIn(2)
      }
      if (chance.oneIn(12)) deed.strays = true
      if (deed.cancels !== undefined) deed.inStep = this.#stepping.oneIn(2)
      else if (this.#stepping.oneIn(12)) deed.lingers = true
    }
    return deed
  }

  #steps(deed: Deed, alone: boolean): void {
    const chance = this.#stepping
    if (chance.oneIn(3)) deed.steps = 1 + chance.below(4)
    if (deed.steps !== undefined && chance.oneIn(2)) deed.stumbles = true
    if (deed.steps !== undefined && alone && chance.oneIn(3)) deed.inStep = true
    if (chance.oneIn(12)) deed.changes = true
  }

  #spawned(id: string, of: string): AgentTask {
    const deed: Deed = this.#chance.oneIn(4) ? { fails: 1 + this.#chance.below(2) } : {}
    this.#steps(deed, true)
    const agentId = this.#chance.oneIn(4) ? 'stand-in' : 'work'
    const task: AgentTask = { id, name: id, agentId, input: { data: { said: `for ${of}`, deed } } }
    if (this.#chance.oneIn(2)) task.retryPolicy = { maxAttempts: 2, backoffType: 'fixed', initialDelay: '1s' }
    return task
  }

  /** What a leaf says, made of what it sees. */
  #data(place: Place): { said: string } {
    const chance = this.#chance
    const earlier = place.seen.length > 0 ? chance.of(place.seen) : undefined
    const choices = [
      '{{ context.t }}',
      'text {{ context.t }} and {{ context.n }}',
      '{{ context.o }}',
      'n is {{ context.n }}',
      'plain \u{1F600}',
    ]
    if (earlier !== undefined) choices.push(`{{ tasks['${earlier}'].output }}`, `after {{ tasks['${earlier}'].status }}`)
    if (place.inLoop) choices.push('{{ index }}', '{{ last }}')
    return { said: chance.of(choices) }
  }

  #child(place: Place): AgentTask {
    const chance = this.#chance
    const id = this.#id('c')
    if (place.top && !place.inLoop) this.#children.push(id)
    const inner: Place = { seen: [], depth: place.depth + 1, alone: place.alone, top: false, inLoop: false }
    const flow = this.#workflow(`flow-${id}`, inner)
    const byName = chance.oneIn(3)
    if (byName) this.#registered.push(flow)
    const { t, n, yes, no, o } = { t: '{{ context.t }}', n: '{{ context.n }}', yes: true, no: false, o: '{{ context.o }}' }
    const task: AgentTask = { id, name: id, workflow: byName ? flow.id : flow, input: { data: { t, n, yes, no, o } } }
    if (chance.oneIn(2)) task.retryPolicy = { maxAttempts: 1 + chance.below(3), backoffType: 'fixed', initialDelay: '1s' }
    if (place.alone && chance.oneIn(4)) task.compensate = this.#undoing(id)
    return task
  }

  #group(place: Place): AgentTask {
    const id = this.#id('g')
    return { id, name: id, type: 'sequential', tasks: this.#list({ ...place, depth: place.depth + 1 }, 1 + this.#chance.below(3)) }
  }

  /** Children that run at once; one of them may fail where that stops no other. */
  #parallel(place: Place): AgentTask {
    if (this.#chance.oneIn(4)) return this.#joined(place)
    const id = this.#id('p')
    const inner = { ...place, depth: place.depth + 1, alone: false }
    const tasks = Array.from({ length: 2 + this.#chance.below(2) }, () => this.#task(inner))
    if (place.alone && this.#policy === 'continue' && this.#chance.oneIn(2)) {
      const failing = this.#leaf(inner)
      tasks.push({ ...failing, input: { data: { said: 'no', deed: { fails: 3 } } } })
    }
    return { id, name: id, type: 'parallel', tasks, ...(this.#chance.oneIn(3) && { join: 'settled' as const }) }
  }

  /** Calls of which some decide how the group ends. */
  #joined(place: Place): AgentTask {
    const chance = this.#chance
    const id = this.#id('p')
    const times = TIMES.slice(0, 2 + chance.below(2))
    const join = chance.of(['any', 'race', { quorum: 2 }] as const)
    const tasks: AgentTask[] = []
    while (times.length > 0) {
      const [slow = 0] = times.splice(chance.below(times.length), 1)
      const deed: Deed = { slow, ...(place.alone && chance.oneIn(3) && { fails: 1 + chance.below(2) }) }
      this.#steps(deed, false)
      const name = this.#id('t')
      const task: AgentTask = { id: name, name, agentId: 'work', input: { data: { ...this.#data(place), deed } } }
      // What a crash interrupts takes its whole time again, and who has failed before would come later.
      if (!this.#crashes && chance.oneIn(3)) task.retryPolicy = { maxAttempts: 2, backoffType: 'fixed', initialDelay: '1s' }
      if (chance.oneIn(4)) task.onError = 'continue'
      tasks.push(task)
    }
    return { id, name: id, type: 'parallel', join, tasks }
  }

  #choice(place: Place): AgentTask {
    const chance = this.#chance
    const id = this.#id('d')
    const inner = { ...place, depth: place.depth + 1 }
    const branches = Array.from({ length: 1 + chance.below(2) }, () => ({
      when: chance.of(['context.yes', 'context.no']),
      tasks: this.#list(inner, 1 + chance.below(2)),
    }))
    const rest = chance.below(3)
    return {
      id,
      name: id,
      type: 'conditional',
      branches,
      ...(rest === 0 && { default: this.#list(inner, 1) }),
      ...(rest === 1 && place.alone && { onNoMatch: 'fail' as const }),
    }
  }

  #loop(place: Place): AgentTask {
    const chance = this.#chance
    const id = this.#id('l')
    const inner = { ...place, depth: place.depth + 1, inLoop: true }
    const forEach = chance.oneIn(2)
    const loop = forEach
      ? {
          forEach: [1, 'two', { three: 3 }].slice(0, 1 + chance.below(3)),
          onItemError: chance.of(['fail', 'collect', 'skip', 'failAfter'] as const),
        }
      : {
          until: `iteration >= ${chance.below(3)}`,
          maxIterations: 2,
          onLimit: place.alone ? chance.of(['fail', 'stop'] as const) : ('stop' as const),
        }
    if (chance.oneIn(2)) return { id, name: id, type: 'loop', loop, tasks: this.#list(inner, 1 + chance.below(2)) }
    const { id: _, name: __, compensate: ___, ...call } = this.#leaf(inner)
    return { ...call, id, name: id, type: 'loop', loop }
  }

  #wait(place: Place): AgentTask {
    const id = this.#id('w')
    if (!place.top || this.#chance.oneIn(3)) return { id, name: id, waitFor: { delay: '1h' } }
    this.#waits += 1
    return { id, name: id, waitFor: { signal: 'go', timeout: '1d', schema: CODED_PAYLOAD as never } }
  }

  #signals(): Signal[] {
    const signals: Signal[] = []
    // Time is moved to where they come, and a thread takes its own to begin.
    const late = this.#chance.oneIn(2) && !this.#isIsolated
    for (let n = 0; this.#waits > 0 && n < 5; n += 1) {
      if (this.#chance.oneIn(5))
        signals.push({ name: 'go', payload: { n: this.#chance.of(['five', 2]) }, late, refused: 'ERR_SIGNAL_SCHEMA' })
      else
        signals.push({
          name: 'go',
          payload: { n: n === 2 ? -1 : n, ...(!this.#chance.oneIn(3) && { text: this.#chance.of(TEXTS) }) },
          late,
        })
    }
    if (this.#chance.oneIn(4)) signals.push({ name: 'gone', payload: 1, late: false, refused: 'ERR_UNKNOWN_SIGNAL' })
    return signals
  }

  #context(): Record<string, unknown> {
    const chance = this.#chance
    const text = chance.of(TEXTS)
    return {
      yes: true,
      no: false,
      t: text,
      n: chance.of(NUMBERS),
      o: { b: 1, a: chance.of(TEXTS), [chance.of(TEXTS)]: null, c: [chance.of(TEXTS)] },
    }
  }

  #actions(coded: boolean, names: Names): Action[] {
    const chance = this.#chance
    const keyed = this.#waits === 0 && chance.oneIn(3)
    const scheduled = !keyed && chance.oneIn(6)
    const actions: Action[] = [
      scheduled
        ? { do: 'schedule', id: 'nightly', ...(chance.oneIn(4) && { allow: names }) }
        : keyed
          ? { do: 'key', key: 'the key', rerun: false }
          : { do: 'run', id: 'first', ...(chance.oneIn(4) && { allow: names }) },
    ]
    if (!keyed && this.#children.length > 0 && chance.oneIn(4)) actions.unshift({ do: 'squat', child: chance.of(this.#children) })
    const more = chance.below(4)
    for (let at = 0; at < more; at += 1) {
      if (chance.oneIn(3)) actions.push({ do: 'heal' })
      const kind = chance.below(keyed ? 5 : 3)
      if (kind === 0) actions.push({ do: 'fork', back: chance.below(2), place: chance.below(64) })
      else if (kind === 1) actions.push({ do: 'retry', back: chance.below(2) })
      else if (kind === 2) actions.push(this.#another(`more-${at}`, coded, names))
      else actions.push({ do: 'key', key: 'the key', rerun: chance.oneIn(2), ...(chance.oneIn(4) && { tenant: 'one' }) })
    }
    return actions
  }

  /** The workflow once more, as another tenant, or as it was changed meanwhile: nothing is registered that would bring its code. */
  #another(id: string, coded: boolean, names: Names): Action {
    const chance = this.#chance
    const tenant = chance.of([undefined, 'one', 'two'])
    const isChanged = !coded && chance.oneIn(3)
    const without = (all: readonly string[]): string[] => all.filter(() => !chance.oneIn(4))
    const allow = chance.oneIn(2)
      ? { agents: without(names.agents) }
      : { workflows: without(names.workflows), agents: [...names.agents, 'more'] }
    return {
      do: 'run',
      id,
      ...(tenant !== undefined && { tenant }),
      ...(isChanged && { changed: true as const }),
      ...(chance.oneIn(5) && { allow }),
    }
  }
}

/** What an agent in a thread of its own can do: it knows nothing of the rest. */
const APART: ReadonlySet<string> = new Set(['steps', 'stumbles', 'inStep', 'changes', 'fails', 'code', 'final'] satisfies (keyof Deed)[])

/** Every text that JavaScript allows, some of which no file and no other language does. */
const TEXTS = [
  'plain',
  '',
  '\ud83d',
  'half \udc00 pair',
  '\u0000',
  'line\u2028end',
  '{{ context.yes }}',
  'it\'s "quoted" \\ back',
  '\u{1F600}\ufeff',
  '__proto__',
  'é e\u0301',
  '<b>&amp;</b>',
]

/** Milliseconds that calls take which run at once: with attempts a second apart no two of their ends and beginnings coincide. */
const TIMES = [1000, 2500, 7000]

const NUMBERS = [0, -0, 1, 2.5, 1e21, 1e-7, 123456789012345680000, 0.1 + 0.2, -1e300, 2 ** 53]
