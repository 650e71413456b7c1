// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow may hold two things that are no data: schema objects, and functions in place of conditions. Markers stand for them while the rest
// is copied; the engine gets JSON Schemas, and functions by name.

import type { Issue } from '../api/issue.js'
import { Opaque, type Json } from '../json/json.js'
import { readSchema, type SchemaForms } from '../schema/schema.js'
import type { ConditionFunction } from '../api/task.js'

/** What the markers of a workflow stand for. */
export interface Marks {
  readonly marked: unknown
  readonly schemas: ReadonlyMap<Opaque, SchemaForms>
  /** The user's own judges, by the path of their schema. */
  readonly judges: ReadonlyMap<string, NonNullable<SchemaForms['judge']>>
  readonly functions: ReadonlyMap<Opaque, string>
  /** The functions by the name they are recorded under. */
  readonly named: ReadonlyMap<string, ConditionFunction>
  /** Whether a marker stands for what the engine never hears of. */
  readonly hides: boolean
}

const WORKFLOW_FIELDS = new Set([
  'id',
  'name',
  'version',
  'description',
  'context',
  'agents',
  'tasks',
  'metadata',
  'failurePolicy',
  'durability',
  'deadline',
  'budget',
])
const TASK_FIELDS = new Set(
  'id name type dependencies conditions triggerRule onError totalTimeout agentId requires priority affinity input retryPolicy timeout cache compensate fallback outputSchema heartbeatTimeout accept workflow waitFor tasks join branches default mode onNoMatch loop'.split(
    ' ',
  ),
)
const LISTS = ['tasks', 'default'] as const
const SCHEMAS_INSIDE = [
  ['input', 'schema'],
  ['waitFor', 'schema'],
] as const
/** Deeper nesting is refused by the engine, and must not exhaust the stack here. */
const DEPTH_MAX = 100

/** A copy of the workflow, as deep as needed, with a marker in place of each schema object and each function. */
export function markWorkflow(workflow: unknown, issues: Issue[]): Marks {
  return new Marker(issues).workflow(workflow)
}

/** Likewise of a task that stands at `path`. */
export function markTask(task: unknown, path: string, issues: Issue[]): Marks {
  return new Marker(issues).task(task, path)
}

/** Whether nothing stands for anything else: most workflows hold nothing but data, which may be much. */
export function isData({ schemas, functions, hides }: Marks): boolean {
  return schemas.size === 0 && functions.size === 0 && !hides
}

/** The text for the engine: markers become what it knows them by. */
export function textOf(snapshot: Json, marks: Marks): string {
  if (isData(marks)) return JSON.stringify(snapshot)
  const { schemas, functions } = marks
  return JSON.stringify(snapshot, (_key, value: unknown) => {
    if (!(value instanceof Opaque)) return value
    const name = functions.get(value)
    if (name !== undefined) return { function: name }
    // What is neither of the two is there for the compiler alone.
    const schema = schemas.get(value)
    return schema === undefined ? undefined : (schema.jsonSchema ?? {})
  })
}

type Fields = Record<string, unknown>

class Marker {
  readonly #issues: Issue[]
  readonly #schemas = new Map<Opaque, SchemaForms>()
  readonly #judges = new Map<string, NonNullable<SchemaForms['judge']>>()
  readonly #functions = new Map<Opaque, string>()
  readonly #named = new Map<string, ConditionFunction>()
  /** Whether a marker stands for what the engine never hears of. */
  #hides = false
  /** Inside a workflow that is written into a task: functions there stay what they are, and are refused as no data. */
  #inner = false

  constructor(issues: Issue[]) {
    this.#issues = issues
  }

  workflow(workflow: unknown): Marks {
    return this.#marks(isObject(workflow) ? this.#workflow(workflow, '', 1) : workflow)
  }

  /** One that an attempt adds. Like a workflow that is written into a task it holds schemas and no functions. */
  task(task: unknown, path: string): Marks {
    this.#inner = true
    return this.#marks(this.#task(task, path, 1))
  }

  /** A workflow, wherever it stands: its lists, what judges its context, and agents that are there for the compiler alone. */
  #workflow(workflow: Fields, path: string, depth: number): Fields {
    const marked = this.#schemaIn(withoutValues(workflow, WORKFLOW_FIELDS), 'context', path)
    const { agents } = marked
    // As a list, or with descriptions of agents in it, it is the word of another product, of which the engine says what to do.
    if (!isAgents(agents)) return this.#lists(marked, path, depth)
    this.#hides = true
    return this.#lists({ ...marked, agents: new Opaque(agents) }, path, depth)
  }

  #marks(marked: unknown): Marks {
    return { marked, schemas: this.#schemas, judges: this.#judges, functions: this.#functions, named: this.#named, hides: this.#hides }
  }

  /** The lists of tasks an object holds. */
  #lists(holder: Fields, path: string, depth: number): Fields {
    let marked = holder
    for (const field of LISTS) {
      const tasks = holder[field]
      if (!Array.isArray(tasks) || depth > DEPTH_MAX) continue
      marked = { ...marked, [field]: tasks.map((task, place) => this.#task(task, `${join(path, field)}[${place}]`, depth + 1)) }
    }
    return marked
  }

  #task(given: unknown, path: string, depth: number): unknown {
    if (!isObject(given)) return given
    let task = this.#lists(withoutValues(given, TASK_FIELDS), path, depth)
    task = this.#schemaIn(task, 'outputSchema', path)
    for (const [field, schema] of SCHEMAS_INSIDE) {
      const inner = task[field]
      if (isObject(inner)) task = { ...task, [field]: this.#schemaIn(inner, schema, `${path}.${field}`) }
    }
    const compensate = task['compensate']
    if (isObject(compensate) && isObject(compensate['input'])) {
      const input = this.#schemaIn(compensate['input'], 'schema', `${path}.compensate.input`)
      task = { ...task, compensate: { ...compensate, input } }
    }
    const { fallback } = task
    if (Array.isArray(fallback)) {
      const marked = fallback.map((one: unknown, place) => this.#fallback(one, `${path}.fallback[${place}]`))
      task = { ...task, fallback: marked }
    } else if (fallback !== undefined) task = { ...task, fallback: this.#fallback(fallback, `${path}.fallback`) }
    if (isObject(task['workflow']) && depth <= DEPTH_MAX)
      task = { ...task, workflow: this.#written(task['workflow'], `${path}.workflow`, depth) }
    task = this.#conditionsIn(task, 'conditions', path)
    if (isObject(task['loop'])) {
      const loop = this.#conditionsIn(task['loop'], 'while', `${path}.loop`)
      task = { ...task, loop: this.#conditionsIn(loop, 'until', `${path}.loop`) }
    }
    const branches = task['branches']
    if (Array.isArray(branches)) {
      const marked = branches.map((branch: unknown, place) => {
        const where = `${path}.branches[${place}]`
        return isObject(branch) ? this.#lists(this.#conditionsIn(branch, 'when', where), where, depth) : branch
      })
      task = { ...task, branches: marked }
    }
    return task
  }

  #fallback(given: unknown, path: string): unknown {
    if (!isObject(given) || !isObject(given['input'])) return given
    return { ...given, input: this.#schemaIn(given['input'], 'schema', `${path}.input`) }
  }

  /** A workflow that is written into a task. */
  #written(workflow: Fields, path: string, depth: number): Fields {
    const inner = this.#inner
    this.#inner = true
    const marked = this.#workflow(workflow, path, depth + 1)
    this.#inner = inner
    return marked
  }

  #schemaIn(holder: Fields, field: string, path: string): Fields {
    const schema = holder[field]
    if (schema === undefined || schema === null) return holder
    const where = join(path, field)
    const forms = readSchema(schema, where, this.#issues)
    if (forms === undefined) return { ...holder, [field]: undefined }
    // A JSON Schema is data, and changes inside it are noticed as such.
    if (forms.judge === undefined) return holder
    const marker = new Opaque(schema)
    this.#schemas.set(marker, forms)
    this.#judges.set(where, forms.judge)
    return { ...holder, [field]: marker }
  }

  #conditionsIn(holder: Fields, field: string, path: string): Fields {
    const given = holder[field]
    if (given === undefined || given === null || this.#inner) return holder
    const where = join(path, field)
    const marked = Array.isArray(given)
      ? given.map((one: unknown, place) => this.#condition(one, `${where}[${place}]`))
      : this.#condition(given, where)
    return { ...holder, [field]: marked }
  }

  #condition(given: unknown, path: string): unknown {
    if (typeof given === 'function') return this.#function(given as ConditionFunction, path)
    if (isObject(given) && typeof given['evaluate'] === 'function')
      return { ...given, evaluate: this.#function(given['evaluate'] as ConditionFunction, `${path}.evaluate`) }
    return given
  }

  /** The name says where it stands, so that two functions of one name are told apart. */
  #function(given: ConditionFunction, path: string): Opaque {
    const marker = new Opaque(given)
    const name = given.name === '' || path.endsWith(given.name) ? path : `${given.name}@${path}`
    this.#functions.set(marker, name)
    this.#named.set(name, given)
    return marker
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Opaque)
}

/** Whether it is what `defineAgents` is given: functions, types of agents, and agents of a type, by name. */
function isAgents(agents: unknown): agents is Fields {
  if (!isObject(agents)) return false
  return Object.values(agents).every((agent) => {
    if (typeof agent === 'function') return true
    return (
      isObject(agent) && (typeof agent['create'] === 'function' || agent['isolation'] === 'worker' || typeof agent['type'] === 'string')
    )
  })
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`
}

/**
 * The object with `true` in every field the engine does not know. It refuses those by name whatever they hold, and what they hold may be
 * functions, of which there would be worse to say.
 */
function withoutValues(value: Fields, known: ReadonlySet<string>): Fields {
  const foreign = Object.keys(value).filter((field) => !known.has(field) && value[field] !== undefined && value[field] !== null)
  return foreign.length === 0 ? value : { ...value, ...Object.fromEntries(foreign.map((field) => [field, true])) }
}
