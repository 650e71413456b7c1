// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow as an author wrote it becomes a definition that runs: JSON text for the engine, and for us what text cannot hold.

import { types } from 'node:util'
import { isData, markWorkflow, textOf, type Marks } from './marks.js'
import { ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'
import { Imprint } from '../json/imprint.js'
import { partialJson, sameJson, writtenJson, type Json } from '../json/json.js'
import { describeThrown, throwerIn } from '../json/walk.js'
import { Judges, WrittenSchema, type SchemaSite } from '../schema/judging.js'
import {
  NativeSchema,
  readAcceptedWorkflow,
  readWorkflow,
  type NativePlan,
  type NativeReadingLimits,
  type PlanReading,
} from '../boundary/native.js'
import { SPAWNED } from './spawned-task.js'
import type { AgentWorkflow } from '../api/workflow.js'
import type { ConditionFunction, TaskType } from '../api/task.js'
import { type AgentNeed, workflowsNamedIn } from './named.js'

/** Letters of a definition that are read in some milliseconds. */
const LARGE = 65_536

/** A validated workflow. */
export interface Definition {
  readonly plan: NativePlan
  readonly workflowId: string
  /** Every task of every level, by its number in the plan: the root list first. */
  readonly tasks: readonly TaskDefinition[]
  /** How many of them are in the root list. */
  readonly rootCount: number
  /** Whether nothing looks at results, so that they may stay in JavaScript. */
  readonly opaque: boolean
  /** Whether a task is a loop. */
  readonly loops: boolean
  /** Whether a task is a workflow, which runs as an execution of its own. */
  readonly children: boolean
  /** Every agent it needs. */
  readonly agents: readonly AgentNeed[]
  /** The functions that are conditions, by name. Those of a stored definition come with `registerWorkflow`. */
  readonly functions: Map<string, ConditionFunction>
  /** The user's own judges of its schemas. Those of a stored definition come with `registerWorkflow` as well. */
  readonly judges: Judges
  /** The tasks that wait for a signal with a schema, by its name: their numbers. */
  readonly judgedSignals: ReadonlyMap<string, readonly number[]>
  /** The names of functions it needs. */
  readonly functionNames: readonly string[]
  /** The registered workflows that its tasks name. */
  readonly workflowIds: readonly string[]
  /** Whether a group has a `.` in its id: executions of versions before made paths of what is inside otherwise, and keep those. */
  readonly dottedGroups: boolean
  /** What judges the context of an execution. */
  readonly contextSchema: SchemaSite | undefined
  /** As it was given to the engine. */
  readonly source: Json
  /** Whether it holds so much that to read it takes a turn of its own. */
  readonly large: boolean
}

/** One task of a definition, as its attempts need it. */
export interface TaskDefinition {
  readonly id: string
  readonly name: string
  /** Empty for what is no call of an agent, or of any that has what it requires. */
  readonly agentId: string
  readonly requires: readonly string[]
  readonly type: TaskType
  readonly kind: 'agent' | 'workflow' | 'wait' | 'group' | 'choice' | 'loop'
  /** Where it stands in the definition. */
  readonly place: string
  readonly prompt: string | undefined
  readonly data: Json | undefined
  /** Whether its input is what templates give. */
  readonly templated: boolean
  /** What judges its input, its output, and the signal that it waits for. */
  readonly inputSchema: SchemaSite | undefined
  readonly outputSchema: SchemaSite | undefined
  readonly signalSchema: SchemaSite | undefined
  /** The judges among which those of its schemas stand, and by which path they do. */
  readonly judges: Judges
  readonly schemasAt: string
  /** Whether something stands in for it where it would fail. */
  readonly hasFallback: boolean
  /** Whether its output is kept for other executions. */
  readonly cached: boolean
  /** The numbers of its dependencies. */
  readonly dependencies: readonly number[]
  /** The group, loop, or undone task it belongs to. */
  readonly owner: number | undefined
  /** Whether it is a loop whose passes may build on earlier ones. */
  readonly building: boolean
  /** As it was written. */
  readonly source: StoredTask
}

/** The resolved edges of a workflow. */
export interface WorkflowGraph {
  readonly tasks: readonly {
    readonly id: string
    readonly dependencies: readonly string[]
    readonly implicit: boolean
    /** The group, branch or loop it stands in. */
    readonly parent?: string
  }[]
}

/** A task as it is stored. */
export interface StoredTask {
  id?: string
  name?: string
  type?: TaskType
  dependencies?: string[]
  input?: { prompt?: string; data?: Json; schema?: Json }
  outputSchema?: Json
  waitFor?: { signal?: string; schema?: Json }
  requires?: string[]
  workflow?: string | Json
  [field: string]: unknown
}

interface GraphRow {
  id: string
  place: string
  kind: TaskDefinition['kind']
  list: number
  owner: number | null
  agentId: string | null
  dependencies: number[]
  implicit: boolean
  templated: boolean
  building: boolean
}

/** A reading of a workflow: every problem, and the definition if none is an error. */
interface Reading {
  readonly problems: readonly Issue[]
  readonly definition: Definition | undefined
  /** Makes its graph; absent where its structure is broken. */
  readonly graph: (() => WorkflowGraph) | undefined
  /** What of it is data, with markers in place of schemas and functions. */
  readonly snapshot: Json | undefined
}

interface ReadingLimits {
  readonly maxTasks: number
  readonly maxDepth: number
  /** Milliseconds. */
  readonly defaultTimeout: number
  readonly enableValidation: boolean
}

/** The bounds as the engine reads them. */
export function readingLimits({
  maxTasks: tasksMax,
  maxDepth: depthMax,
  defaultTimeout,
  enableValidation: checked,
}: ReadingLimits): NativeReadingLimits {
  return { tasksMax, depthMax, defaultTimeout, checked }
}

/** A workflow that was read, as it was then. */
interface Known {
  readonly snapshot: Json
  readonly definition: Definition
  /** Made when it is read again; null if that is of no use, since its parts are others each time. */
  imprint: Imprint | null | undefined
}

function isUnchanged(workflow: object, known: Known): boolean {
  if (known.imprint?.holds() === true) return true
  if (!sameJson(workflow, known.snapshot)) return false
  known.imprint = known.imprint === undefined ? (Imprint.of(workflow, known.snapshot) ?? null) : null
  return true
}

/** Reads workflows, and remembers those it has read: an unchanged object is not validated twice. */
export class DefinitionReader {
  readonly #limits: ReadingLimits
  readonly #known = new WeakMap<object, Known>()
  readonly #accepted = new WeakMap<object, Definition>()

  constructor(limits: ReadingLimits) {
    this.#limits = limits
  }

  /** The definition of a workflow, or a `ValidationError` with every problem; `beside`: what else is wrong with one that is refused. */
  read(workflow: AgentWorkflow, beside: (source: Json) => readonly Issue[] = () => []): Definition {
    const known = this.#known.get(workflow)
    if (known !== undefined && isUnchanged(workflow, known)) return known.definition
    const { problems, definition, snapshot } = this.examine(workflow)
    if (definition === undefined) {
      const errors = problems.filter(({ severity }) => severity !== 'warning')
      throw new ValidationError('ERR_VALIDATION', 'the workflow cannot run', [...errors, ...beside(snapshot ?? null)])
    }
    if (snapshot !== undefined) this.#known.set(workflow, { snapshot, definition, imprint: undefined })
    return definition
  }

  /** The definition of a workflow that was accepted as part of another, or with an execution. */
  readAccepted(workflow: object): Definition {
    let known = this.#accepted.get(workflow)
    if (known === undefined) {
      known = acceptedDefinition(workflow, this.#limits.defaultTimeout)
      this.#accepted.set(workflow, known)
    }
    return known
  }

  /** A workflow with marks, as far as it can be looked at. */
  #marked(workflow: unknown, issues: Issue[]): Marks {
    try {
      return markWorkflow(workflow, issues)
    } catch (error) {
      // A getter or a Proxy threw, which the walk through it names again; it cannot be marked.
      const issue = throwerIn(workflow, '') ?? { path: '', message: `reading it threw ${describeThrown(error)}`, code: 'ERR_NOT_JSON' }
      issues.push(issue)
      return markWorkflow(null, [])
    }
  }

  /** Every problem of a workflow, warnings included, and its graph. */
  examine(workflow: unknown): Reading {
    const issues: Issue[] = []
    if (!isWorkflow(workflow))
      return { problems: [{ path: '', message: noWorkflow(workflow) }], definition: undefined, graph: undefined, snapshot: undefined }
    const marks = this.#marked(workflow, issues)
    const whole = writtenJson(marks.marked, '', issues)
    const snapshot = whole ?? partialJson(marks.marked)
    const nothing = { definition: undefined, graph: undefined, snapshot }
    if (whole === undefined && !isObject(snapshot)) return { problems: issues, ...nothing }
    const text = textOf(snapshot ?? null, marks)
    const reading = readWorkflow(text, readingLimits(this.#limits))
    // What was left out, or stands in for something else, has been reported as it is.
    const problems = [...issues, ...issuesOf(reading).filter(({ path }) => !issues.some((issue) => touches(issue.path, path)))]
    const plan = reading.plan()
    if (plan === null || issues.length > 0) return { problems, ...nothing }
    const rows = rowsOf(plan)
    // Nothing changes what was copied, so that the definition shares it.
    const source = (isData(marks) ? snapshot : JSON.parse(text)) as Source
    return { problems, definition: defined(plan, text, source, rows, marks), graph: () => graphOf(rows), snapshot }
  }
}

type GraphTuple = readonly [
  id: string,
  place: string,
  kind: TaskDefinition['kind'],
  list: number,
  owner: number | null,
  agentId: string | null,
  dependencies: number[],
  implicit: boolean,
  templated: boolean,
  building: boolean,
]

/** The tasks of a plan as they were resolved. */
function rowsOf(plan: NativePlan): GraphRow[] {
  const rows = JSON.parse(plan.graph()) as GraphTuple[]
  return rows.map(([id, place, kind, list, owner, agentId, dependencies, implicit, templated, building]) => {
    return { id, place, kind, list, owner, agentId, dependencies, implicit, templated, building }
  })
}

/** Whether it may be one: no promise of one, and no name. */
function isWorkflow(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || types.isPromise(value)) return false
  try {
    return !Array.isArray(value)
  } catch {
    // A Proxy that was revoked; marking it says so.
    return true
  }
}

function noWorkflow(value: unknown): string {
  const isPromise = types.isPromise(value)
  const found = isPromise ? 'a promise' : describe(value)
  const hint = {
    promise: '; did you forget await?',
    string: `; a registered workflow runs by its id as a task: { id: 'a', workflow: ${found} }`,
    undefined: '; is it exported, and is its name spelt right?',
  }[isPromise ? 'promise' : (typeof value as string)]
  return `expected an object such as { id: 'flow', tasks: [{ id: 'a', agentId: 'worker' }] }, found ${found}${hint ?? ''}`
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether one path is the other, or inside it. */
function touches(one: string, other: string): boolean {
  const [outer, inner] = one.length <= other.length ? [one, other] : [other, one]
  return inner.startsWith(outer) && (inner.length === outer.length || outer === '' || '.['.includes(inner[outer.length] ?? ''))
}

/**
 * A definition that was accepted before, without the user's own judges and functions: the JSON Schemas judge. It is read by the rules of that day,
 * however strict the door has become, and with the timeout for tasks that give none, in milliseconds.
 */
export function acceptedDefinition(accepted: object, defaultTimeout: number): Definition {
  const text = JSON.stringify(accepted)
  const reading = readAcceptedWorkflow(text, defaultTimeout)
  const plan = reading.plan()
  if (plan === null) throw new ValidationError('ERR_STORE_CORRUPT', 'a stored definition cannot run', issuesOf(reading))
  return defined(plan, text, JSON.parse(text) as Source, rowsOf(plan), undefined)
}

/** The definition of a plan out of a store, which is not read again. */
export function definitionOf(plan: NativePlan): Definition {
  const text = plan.source()
  return defined(plan, text, JSON.parse(text) as Source, rowsOf(plan), undefined)
}

/** A task that an attempt added at run time, with judges of its own: `path` is that of the instance. */
export function spawnedTask(source: StoredTask, path: string): TaskDefinition {
  const kind = source.workflow === undefined ? 'agent' : 'workflow'
  const agentId = typeof source['agentId'] === 'string' ? source['agentId'] : null
  const row = { id: source.id ?? '', place: path, kind, agentId, dependencies: [], templated: false, owner: null, building: false } as const
  const native: Partial<Record<SchemaOf, NativeSchema>> = {}
  const byRust = (of: SchemaOf, text: string): string | null => {
    const schema = of === 'input' ? source.input?.schema : source.outputSchema
    return (native[of] ??= new NativeSchema(JSON.stringify(schema))).judge(text)
  }
  return taskOf({ ...row, dependencies: [] }, source, { judges: new Judges(), at: SPAWNED, byRust })
}

type SchemaOf = 'input' | 'output' | 'signal'

/** What judges the schemas of a task. */
interface Schemas {
  readonly judges: Judges
  readonly at: string
  readonly byRust: (of: SchemaOf, text: string) => string | null
}

/** A definition as it was given to the engine. */
type Source = { readonly id: string; readonly [field: string]: Json }

function defined(plan: NativePlan, text: string, whole: Source, rows: readonly GraphRow[], marks: Marks | undefined): Definition {
  const judges = new Judges(marks?.judges)
  const tasks: TaskDefinition[] = []
  for (const [number, row] of rows.entries()) {
    const task = taskOf(row, at(whole, row.place) as StoredTask, {
      judges,
      at: row.place,
      byRust: (of, value) => {
        if (of === 'input') return plan.judgeInput(number, value)
        return of === 'output' ? plan.judgeOutput(number, value) : plan.judgeSignal(number, value)
      },
    })
    tasks.push(standsIn(row.place) ? asStandIn(tasks[row.owner ?? 0] as TaskDefinition, task) : task)
  }
  const names = new Set<string>()
  if (text.includes('"function"')) collectNames(whole, names)
  return {
    plan,
    workflowId: whole.id,
    opaque: plan.opaque(),
    rootCount: rows.filter(({ list }) => list === 0).length,
    loops: rows.some(({ kind }) => kind === 'loop'),
    children: tasks.some(({ kind }) => kind === 'workflow'),
    agents: needsOf(tasks),
    tasks,
    functions: new Map(marks?.named),
    judges,
    judgedSignals: judgedSignalsOf(tasks),
    functionNames: [...names],
    workflowIds: text.includes('"workflow"') ? [...new Set(workflowsNamedIn(whole))] : [],
    contextSchema: isAbsent(whole['context']) ? undefined : new WrittenSchema('context', judges, (value) => plan.judgeContext(value)),
    dottedGroups: tasks.some(({ kind, id }) => (kind === 'group' || kind === 'choice') && id.includes('.')),
    source: whole,
    large: text.length > LARGE,
  }
}

/** Whether what stands at this place of a definition stands in for a task. */
function standsIn(place: string): boolean {
  return /\.fallback(?:\[\d+\])?$/.test(place)
}

/** An agent that stands in for a task: called for it, with an input of its own or what the task was given. */
function asStandIn(own: TaskDefinition, task: TaskDefinition): TaskDefinition {
  const { agentId, place, templated } = task
  const { prompt, data, inputSchema, source } = task.source.input === undefined ? own : task
  return { ...own, kind: 'agent', agentId, requires: [], place, templated, hasFallback: false, prompt, data, inputSchema, source }
}

/** What its calls of agents need, each once. */
function needsOf(tasks: readonly TaskDefinition[]): AgentNeed[] {
  const needs = new Map<string, AgentNeed>()
  for (const { kind, agentId, requires } of tasks) {
    const key = requires.length === 0 ? `=${agentId}` : JSON.stringify([agentId, ...requires])
    if (kind === 'agent' && !needs.has(key)) needs.set(key, { agentId, requires })
  }
  return [...needs.values()]
}

type Row = Pick<GraphRow, 'id' | 'place' | 'kind' | 'agentId' | 'dependencies' | 'templated' | 'owner' | 'building'>

/** By the name of the signal. */
function judgedSignalsOf(tasks: readonly TaskDefinition[]): Map<string, number[]> {
  const waits = new Map<string, number[]>()
  tasks.forEach(({ signalSchema, source }, number) => {
    const name = source.waitFor?.signal
    if (signalSchema !== undefined && name !== undefined) waits.set(name, [...(waits.get(name) ?? []), number])
  })
  return waits
}

function taskOf(row: Row, source: StoredTask, schemas: Schemas): TaskDefinition {
  const { id, place, kind, agentId, dependencies, templated, owner, building } = row
  const { input, outputSchema, waitFor } = source
  const { judges, at: schemasAt } = schemas
  return {
    id,
    name: source.name ?? id,
    agentId: agentId ?? '',
    requires: source.requires ?? [],
    type: source.type ?? (source.dependencies === undefined ? 'sequential' : 'parallel'),
    kind,
    place,
    prompt: input?.prompt,
    data: input?.data,
    templated,
    inputSchema: siteOf(schemas, 'input', input?.schema, 'input.schema'),
    outputSchema: siteOf(schemas, 'output', outputSchema, 'outputSchema'),
    signalSchema: siteOf(schemas, 'signal', waitFor?.schema, 'waitFor.schema'),
    judges,
    schemasAt,
    hasFallback: source['fallback'] !== undefined && source['fallback'] !== null,
    cached: typeof source['cache'] === 'object' ? source['cache'] !== null : source['cache'] === true,
    dependencies,
    owner: owner ?? undefined,
    building,
    source,
  }
}

function siteOf({ judges, at: place, byRust }: Schemas, of: SchemaOf, schema: Json | undefined, path: string): SchemaSite | undefined {
  return isAbsent(schema) ? undefined : new WrittenSchema(`${place}.${path}`, judges, (text) => byRust(of, text))
}

function isAbsent(value: Json | undefined): boolean {
  return value === undefined || value === null
}

const SEPARATORS = '.[]'

/** The value at a path such as `tasks[2].branches[0]`. */
export function at(value: unknown, path: string): unknown {
  let inner = value
  let begin = 0
  for (let end = 0; end <= path.length; end += 1) {
    if (end < path.length && !SEPARATORS.includes(path.charAt(end))) continue
    if (end > begin) inner = (inner as Record<string, unknown>)[path.slice(begin, end)]
    begin = end + 1
  }
  return inner
}

/** The names of every `{ "function": name }`. */
function collectNames(value: unknown, names: Set<string>): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    if (key === 'input' || key === 'metadata') continue
    if (key === 'function' && typeof member === 'string') names.add(member)
    else collectNames(member, names)
  }
}

function issuesOf(reading: PlanReading): Issue[] {
  const problems = JSON.parse(reading.problems()) as { path: string; message: string; code: string | null; severity: 'error' | 'warning' }[]
  return problems.map(({ path, message, code, severity }) => ({ path, message, severity, ...(code !== null && { code }) }))
}

function graphOf(rows: readonly GraphRow[]): WorkflowGraph {
  const idAt = (place: number): string => rows[place]?.id ?? ''
  // The call of a loop and what undoes a task stand where their owner stands.
  const shown = rows.filter(({ place, owner }) => owner === null || !inside(place, rows[owner]?.place ?? ''))
  return {
    tasks: shown.map(({ id, dependencies, implicit, owner }) => ({
      id,
      dependencies: dependencies.map(idAt),
      implicit,
      ...(owner !== null && { parent: idAt(owner) }),
    })),
  }
}

function inside(place: string, owner: string): boolean {
  return place === owner || place === `${owner}.compensate` || standsIn(place)
}
