// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow as an author wrote it becomes a definition that runs: JSON text for the engine, and for us what text cannot hold.

import { ValidationError } from './errors.js'
import { memberPath, type Issue } from './issue.js'
import { Opaque, plainJson, sameJson, type Json } from './json.js'
import { readWorkflow, type NativePlan, type PlanReading } from './native.js'
import { readSchema, type SchemaForms } from './schema.js'
import type { AgentWorkflow } from './workflow.js'

/** A validated workflow. */
export interface Definition {
  readonly plan: NativePlan
  readonly workflowId: string
  readonly tasks: readonly TaskDefinition[]
  /** Every agent it needs. */
  readonly agentIds: readonly string[]
}

/** One task of a definition, as its attempts need it. */
export interface TaskDefinition {
  readonly id: string
  readonly name: string
  readonly agentId: string
  readonly type: 'sequential' | 'parallel'
  readonly prompt: string | undefined
  readonly data: Json | undefined
  /** Whether something judges its input. */
  readonly judged: boolean
  /** The user's own judge; without one the engine judges by the JSON Schema. */
  readonly judge: SchemaForms['judge']
  /** The places of its dependencies. */
  readonly dependencies: readonly number[]
}

/** The edges of a workflow as they were resolved. */
export interface WorkflowGraph {
  readonly tasks: readonly { readonly id: string; readonly dependencies: readonly string[]; readonly implicit: boolean }[]
}

interface StoredTask {
  id: string
  name: string
  agentId: string
  type?: 'sequential' | 'parallel'
  dependencies?: string[]
  input?: { prompt?: string; data?: Json; schema?: Json }
}

interface GraphRow {
  id: string
  dependencies: number[]
  implicit: boolean
}

/** A reading of a workflow: every problem, and the definition if none is an error. */
export interface Reading {
  readonly problems: readonly Issue[]
  readonly definition: Definition | undefined
  readonly graph: WorkflowGraph | undefined
}

export interface ReadingLimits {
  readonly maxTasks: number
  /** Milliseconds. */
  readonly defaultTimeout: number
}

/** Reads workflows, and remembers those it has read: an unchanged object is not validated twice. */
export class DefinitionReader {
  readonly #limits: ReadingLimits
  readonly #known = new WeakMap<object, { snapshot: Json; definition: Definition }>()

  constructor(limits: ReadingLimits) {
    this.#limits = limits
  }

  /** The definition of a workflow, or a `ValidationError` with every problem. */
  read(workflow: AgentWorkflow): Definition {
    const known = this.#known.get(workflow)
    if (known !== undefined && sameJson(workflow, known.snapshot)) return known.definition
    const { problems, definition, snapshot } = this.#examine(workflow)
    if (definition === undefined) {
      const errors = problems.filter(({ severity }) => severity !== 'warning')
      throw new ValidationError('ERR_VALIDATION', 'the workflow cannot run', errors)
    }
    if (snapshot !== undefined) this.#known.set(workflow, { snapshot, definition })
    return definition
  }

  /** Every problem of a workflow, warnings included, and its graph. */
  examine(workflow: unknown): Reading {
    return this.#examine(workflow)
  }

  #examine(workflow: unknown): Reading & { snapshot: Json | undefined } {
    const issues: Issue[] = []
    const nothing = { definition: undefined, graph: undefined, snapshot: undefined }
    const { marked, schemas } = markSchemas(workflow, issues)
    const snapshot = plainJson(marked, '', issues)
    refuseLoneSurrogates(snapshot, '', issues)
    if (issues.length > 0 || snapshot === undefined) return { problems: issues, ...nothing }
    const text = JSON.stringify(snapshot, (_key, value: unknown) =>
      value instanceof Opaque ? (schemas.get(value)?.jsonSchema ?? {}) : value,
    )
    const reading = readWorkflow(text, this.#limits.maxTasks, this.#limits.defaultTimeout)
    const problems = issuesOf(reading)
    const plan = reading.plan()
    if (plan === null) return { problems, ...nothing }
    const rows = JSON.parse(plan.graph()) as GraphRow[]
    const judges = (snapshot as unknown as { tasks: { input?: { schema?: unknown } }[] }).tasks.map(({ input }) => {
      const schema = input?.schema
      return schema instanceof Opaque ? schemas.get(schema)?.judge : undefined
    })
    return { problems, definition: defined(plan, text, rows, judges), graph: graphOf(rows), snapshot }
  }
}

/** A definition out of a store, without the user's own judges: the JSON Schemas judge. */
export function storedDefinition(stored: object): Definition {
  const text = JSON.stringify(stored)
  // It ran once, so it runs whatever the limits are now.
  const reading = readWorkflow(text, 0xffff_ffff, 30_000)
  const plan = reading.plan()
  if (plan === null) throw new ValidationError('ERR_STORE_CORRUPT', 'a stored definition cannot run', issuesOf(reading))
  return defined(plan, text, JSON.parse(plan.graph()) as GraphRow[], [])
}

function defined(plan: NativePlan, text: string, rows: GraphRow[], judges: readonly SchemaForms['judge'][]): Definition {
  const { id, tasks } = JSON.parse(text) as { id: string; tasks: StoredTask[] }
  return {
    plan,
    workflowId: id,
    agentIds: [...new Set(tasks.map(({ agentId }) => agentId))],
    tasks: tasks.map((task, place) => ({
      id: task.id,
      name: task.name,
      agentId: task.agentId,
      type: task.type ?? (task.dependencies === undefined ? 'sequential' : 'parallel'),
      prompt: task.input?.prompt,
      data: task.input?.data,
      judged: task.input?.schema !== undefined && task.input.schema !== null,
      judge: judges[place],
      dependencies: rows[place]?.dependencies ?? [],
    })),
  }
}

function issuesOf(reading: PlanReading): Issue[] {
  const problems = JSON.parse(reading.problems()) as { path: string; message: string; code: string | null; severity: 'error' | 'warning' }[]
  return problems.map(({ path, message, code, severity }) => ({ path, message, severity, ...(code !== null && { code }) }))
}

function graphOf(rows: readonly GraphRow[]): WorkflowGraph {
  const idAt = (place: number): string => rows[place]?.id ?? ''
  return { tasks: rows.map(({ id, dependencies, implicit }) => ({ id, dependencies: dependencies.map(idAt), implicit })) }
}

/** A shallow copy with a marker in place of each schema object that is not data. */
function markSchemas(workflow: unknown, issues: Issue[]): { marked: unknown; schemas: Map<Opaque, SchemaForms> } {
  const schemas = new Map<Opaque, SchemaForms>()
  if (typeof workflow !== 'object' || workflow === null || !Array.isArray((workflow as AgentWorkflow).tasks))
    return { marked: workflow, schemas }
  const tasks = ((workflow as AgentWorkflow).tasks as readonly unknown[]).map((given, place) => {
    const task = withoutValues(given, TASK_FIELDS)
    const input = (task as { input?: { schema?: unknown } } | null | undefined)?.input
    if (typeof input !== 'object' || input === null || input.schema === undefined || input.schema === null) return task
    const forms = readSchema(input.schema, `tasks[${place}].input.schema`, issues)
    // A JSON Schema is data, and changes inside it are noticed as such.
    if (forms?.judge === undefined) return forms === undefined ? { ...(task as object), input: { ...input, schema: undefined } } : task
    const marker = new Opaque(input.schema)
    schemas.set(marker, forms)
    return { ...(task as object), input: { ...input, schema: marker } }
  })
  return { marked: { ...(withoutValues(workflow, WORKFLOW_FIELDS) as object), tasks }, schemas }
}

const WORKFLOW_FIELDS = ['id', 'name', 'version', 'description', 'tasks', 'metadata']
const TASK_FIELDS = ['id', 'name', 'agentId', 'type', 'input', 'dependencies', 'retryPolicy', 'timeout']

/**
 * The object with `true` in every field the engine does not know. It refuses those by name whatever they hold, and what they hold may be
 * functions, of which there would be worse to say.
 */
function withoutValues(value: unknown, known: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const foreign = Object.keys(value).filter((field) => !known.includes(field) && (value as Record<string, unknown>)[field] != null)
  return foreign.length === 0 ? value : { ...value, ...Object.fromEntries(foreign.map((field) => [field, true])) }
}

const LONE_SURROGATE = /\p{Surrogate}/u

/** A definition is kept as Unicode text, which half a surrogate pair is not. */
function refuseLoneSurrogates(value: Json | undefined, path: string, issues: Issue[]): void {
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) {
      issues.push({ path, code: 'ERR_NOT_JSON', message: 'holds half of a surrogate pair, which is not valid Unicode; remove it' })
    }
  } else if (Array.isArray(value)) {
    value.forEach((entry, index) => refuseLoneSurrogates(entry, memberPath(path, index), issues))
  } else if (typeof value === 'object' && value !== null && !((value as unknown) instanceof Opaque)) {
    for (const [key, member] of Object.entries(value)) {
      refuseLoneSurrogates(key, path, issues)
      refuseLoneSurrogates(member, memberPath(path, key), issues)
    }
  }
}
