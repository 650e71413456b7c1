// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whether a model does the tasks of an agent that nobody has registered. A name may be one that is meant for a model, or a slip of the pen, and a
// slip must never become a result that somebody invented:
//
//   said by `agents.standIn` ─▶ as it says          nearly a registered name ─▶ nobody
//   models configured ─▶ yes                        models known from the environment alone ─▶ only where no agent at all is registered

import type { AcceptedEnding } from '../api/models.js'
import { nearest } from '../base/near.js'

/** What is known of the models that may be asked. */
export interface KnownModels {
  /** Whether there is anybody to ask: a provider that was configured stays so. */
  isConfigured(): boolean
  /** Whether nobody has configured them: they are known by a key in the environment. */
  areOfEnvironment(): boolean
  /** The model that a request is sent to that says nothing of it, as `provider/model`. */
  firstName(): string | undefined
  /** Which answers tasks take as they are, where neither they nor their agents say. */
  readonly accept: readonly AcceptedEnding[]
}

/** Names of fewer letters are too short to tell a slip from another name. */
const LETTERS_MIN = 3
/** Names whose neighbours are remembered. */
const REMEMBERED_MAX = 1000

export class StandIns {
  readonly #policy: boolean | readonly string[] | undefined
  readonly #models: KnownModels
  readonly #registered: ReadonlyMap<string, unknown>
  readonly #builtIn: readonly string[]
  readonly #near = new Map<string, string | undefined>()

  /** `registered`: the names that somebody has registered, as they are at any time. */
  constructor(
    policy: boolean | readonly string[] | undefined,
    models: KnownModels,
    registered: ReadonlyMap<string, unknown>,
    builtIn: readonly string[],
  ) {
    this.#policy = policy
    this.#models = models
    this.#registered = registered
    this.#builtIn = builtIn
  }

  /** Whether a model does the tasks of an agent of this name, which nobody has registered. */
  takes(agentId: string): boolean {
    if (!this.areThere()) return false
    if (this.#policy !== undefined) return this.#policy === true || (this.#policy !== false && this.#policy.includes(agentId))
    if (this.meant(agentId) !== undefined) return false
    return !this.#models.areOfEnvironment() || this.#registered.size === 0
  }

  /** Whether there is a model that could. */
  areThere(): boolean {
    return this.#models.isConfigured()
  }

  /** Whether it would be done by a model that nobody has configured, and nobody has said that it should. */
  isGuess(agentId: string): boolean {
    return this.#policy === undefined && this.#models.areOfEnvironment() && this.takes(agentId)
  }

  /** The name that was probably meant: one that is nearly the same, and not in its digits alone. */
  meant(agentId: string): string | undefined {
    if (this.#near.has(agentId)) return this.#near.get(agentId)
    const bare = withoutDigits(agentId)
    const others = [...this.#registered.keys(), ...this.#builtIn]
    const near = nearest(
      agentId,
      others.filter((name) => name.length >= LETTERS_MIN && withoutDigits(name) !== bare),
    )
    if (this.#near.size >= REMEMBERED_MAX) this.#near.clear()
    this.#near.set(agentId, near)
    return near
  }

  /** Somebody was registered. */
  forget(): void {
    this.#near.clear()
  }

  /** What to do about a name that no agent is registered by. */
  wayOut(agentId: string): string {
    const near = this.meant(agentId)
    if (near !== undefined) {
      const all = this.areThere() ? ` To have a model do it all the same, add '${agentId}' to \`agents.standIn\` of the configuration` : ''
      return `did you mean \`${near}\`?${all}`
    }
    const ways = `call agentPool.registerAgent('${agentId}', async (task, ctx) => …) or agentPool.registerAgents({ … }), or name a registered one`
    if (!this.areThere()) return `${ways}; with a provider of models configured, the built-in agent \`llm\` needs no registration`
    const why =
      this.#policy === undefined
        ? 'a model that is known from the environment alone stands in only where no agent is registered: configure `models`, or'
        : 'to have a model do it'
    return `${ways}; ${why} add '${agentId}' to \`agents.standIn\``
  }

  /** What is said of a task that a model does by such a guess. */
  warning(agentId: string): string {
    return (
      `agent \`${agentId}\` is not registered, and ${this.#model()} does its task, known from the environment alone; ` +
      'register the agent, configure `models`, or say so by `agents.standIn`'
    )
  }

  /** The same of the tasks of a workflow, in one line. */
  line(workflowId: string, tasks: readonly { readonly id: string; readonly agentId: string }[]): string {
    const listed = tasks.map(({ id, agentId }) => `\`${id}\` (agent \`${agentId}\`)`)
    const named = listed.length > LISTED_MAX ? [...listed.slice(0, LISTED_MAX), `${listed.length - LISTED_MAX} more`] : listed
    return (
      `no agent is registered, so ${this.#model()}, known from the environment alone, does of workflow ` +
      `\`${workflowId}\` the tasks ${named.join(', ')}; register agents, configure \`models\`, or say so by \`agents.standIn\``
    )
  }

  #model(): string {
    const name = this.#models.firstName()
    return name === undefined ? 'a model' : `the model \`${name}\``
  }
}

const LISTED_MAX = 10

function withoutDigits(name: string): string {
  return name.toLowerCase().replaceAll(/\d/g, '')
}
