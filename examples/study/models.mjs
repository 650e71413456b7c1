// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The part of the study that models do, where there are any: a note on each language, and conclusions from all of it.
import { LANGUAGES, nameOf } from './source/languages.mjs'

/**
 * @typedef {import('@codexos/multi-agent-orchestrator').MultiAgentOrchestrator} MultiAgentOrchestrator
 * @typedef {import('@codexos/multi-agent-orchestrator').WorkflowExecution} WorkflowExecution
 * @typedef {{ reader: string, editor: string }} Models `provider/model` by agent, as they were chosen when the study began
 * @typedef {{ headline: string, strengths: string[], risks: string[], nextSteps: string[] }} Conclusions
 */

const TEXTS = { type: 'array', items: { type: 'string' } }
const CONCLUSIONS_SCHEMA = {
  type: 'object',
  properties: { headline: { type: 'string' }, strengths: TEXTS, risks: TEXTS, nextSteps: TEXTS },
  required: ['headline', 'strengths', 'risks', 'nextSteps'],
  additionalProperties: false,
}

/** Both are of the built-in type `llm`. What they think before they answer is paid as output, so there is room for that. */
const AGENTS = {
  reader: {
    maxTokens: 2000,
    system:
      'You read figures about source code. You write plain, short English without headings or lists, and claim nothing that the figures do not say.',
  },
  editor: {
    maxTokens: 4000,
    system:
      'You sum up a study of source code for whoever decides what is done next. Each item is one plain sentence that rests on the figures.',
  },
}
const INPUT_TOKENS = 3000
/** The bound that also holds where no price is known, as of a model of one's own. The nine tasks need about a third of it. */
export const TOKENS_MAX = 100_000
const MESSAGE_LENGTH_MAX = 200
const TASK = /** @type {const} */ ({
  type: 'parallel',
  onError: 'continue',
  timeout: 120_000,
  retryPolicy: { maxAttempts: 3, backoffType: 'exponential', initialDelay: 500 },
})

export const isModelTask = (/** @type {{ agentId?: string }} */ { agentId }) => Object.hasOwn(AGENTS, agentId ?? '')

/**
 * Which models take part in a study that begins now, or one line on why none does.
 *
 * @param {MultiAgentOrchestrator} orchestrator
 * @param {{ models: boolean, budget: number }} options
 * @returns {Promise<{ models?: Models, why?: string }>}
 */
export async function chooseModels({ modelIntegration }, { models: wanted, budget }) {
  if (!wanted) return { why: 'Without models, as you asked.' }
  if (modelIntegration.listModels({ configured: true }).length === 0)
    return { why: 'Without models: the environment has no key of a provider, such as OPENAI_API_KEY, nor OPENAI_BASE_URL.' }
  const { OPENAI_BASE_URL, OPENAI_MODEL } = process.env
  // What a server of one's own offers is not in the catalogue.
  if (OPENAI_BASE_URL && OPENAI_MODEL) return { models: { reader: `openai/${OPENAI_MODEL}`, editor: `openai/${OPENAI_MODEL}` } }
  const select = async (/** @type {keyof Models} */ agent, /** @type {object} */ requirements) => {
    const { maxTokens: maxOutputTokens } = AGENTS[agent]
    const size = { estimatedInputTokens: INPUT_TOKENS, maxOutputTokens }
    const { provider, modelId } = await modelIntegration.selectModel({ ...size, ...requirements })
    return `${provider}/${modelId}`
  }
  try {
    // Half of the budget is for the notes, of which there are eight at most.
    const reader = await select('reader', { mode: 'cost', maxCost: budget / 16 })
    const editor = await select('editor', { mode: 'balanced', maxCost: budget / 2, structuredOutput: true })
    return { models: { reader, editor } }
  } catch (error) {
    const said = oneLine(/** @type {Error} */ (error).message)
    return { why: `Without models: ${said}. --budget allows more, OPENAI_MODEL names the model of OPENAI_BASE_URL.` }
  }
}

/** A continued study asks the models that it began with. */
export function registerModelAgents(/** @type {MultiAgentOrchestrator} */ { agentPool }, /** @type {Models} */ models) {
  for (const [id, configuration] of Object.entries(AGENTS)) {
    // Without a fallback the model that is named is the one that answered.
    const model = models[/** @type {keyof Models} */ (id)]
    agentPool.registerAgent({ id, type: 'llm', configuration: { ...configuration, model, fallback: [] }, maxConcurrency: 4 })
  }
}

/**
 * The tasks for models. Templates pick what they are told, so that a request has a bounded size and holds no file.
 *
 * @param {import('./workflow.mjs').Lane[]} lanes
 * @returns {import('@codexos/multi-agent-orchestrator').AgentTask[]}
 */
export function modelTasks(lanes) {
  const told = lanes.filter((lane) => lane.languages.some((id) => LANGUAGES[id].kind !== 'data'))
  const notes = told.map(({ name }) => ({
    ...TASK,
    id: `note-${name}`,
    name: `note on ${name}`,
    agentId: 'reader',
    dependencies: [`summary-${name}`],
    input: {
      prompt: `This is what was counted and found in the ${nameOf(name)} sources of a directory. Say in two or three sentences what stands out.`,
      data: {
        ...figuresOf(name),
        largestFiles: picked(name, 'largest[:8]'),
        longestFunctions: picked(name, 'longest[:8]'),
        someToDos: picked(name, 'todoList[:8]'),
      },
    },
  }))
  const perLanguage = told.map(({ name }) => [name, { ...figuresOf(name), note: `{{ results['note-${name}'] }}` }])
  const conclusions = {
    ...TASK,
    id: 'conclusions',
    name: 'conclusions from all findings',
    agentId: 'editor',
    dependencies: told.flatMap(({ name }) => [`summary-${name}`, `note-${name}`]),
    input: {
      prompt:
        'These are the findings of a study of source code, by language; a note may be missing. Give a headline of one sentence, ' +
        'and up to three strengths, three risks and three next steps.',
      data: Object.fromEntries(perLanguage),
    },
    outputSchema: CONCLUSIONS_SCHEMA,
  }
  return told.length === 0 ? [] : [...notes, conclusions]
}

const FIGURES = ['files', 'code', 'comment', 'blank', 'functions', 'todos', 'duplicates', 'duplicateLines']

const figuresOf = (/** @type {string} */ lane) => Object.fromEntries(FIGURES.map((field) => [field, picked(lane, field)]))
const picked = (/** @type {string} */ lane, /** @type {string} */ field) => `{{ results['summary-${lane}'].${field} }}`

/**
 * What became of the models' part, from what is on record; nothing if models have no part in the study.
 *
 * @param {WorkflowExecution} execution
 */
export function modelPart(execution) {
  const models = /** @type {Models | undefined} */ (execution.context.models)
  if (models === undefined) return undefined
  const tasks = execution.tasks.filter(isModelTask).map(({ taskId, agentId, status, result, usage, cost = 0, error }) => ({
    taskId,
    model: models[/** @type {keyof Models} */ (agentId)],
    status,
    result,
    usage,
    cost,
    error,
  }))
  const { modelCalls: calls, tokenUsage, cost, costComplete } = execution.metrics.resourceUsage
  const done = tasks.find((task) => task.taskId === 'conclusions' && task.status === 'completed')
  const conclusions = /** @type {Conclusions | undefined} */ (done?.result)
  return { tasks, calls, tokens: tokenUsage.totalTokens, money: money(cost, costComplete), conclusions, failure: failureOf(tasks) }
}

/** What failed, and the way out, in one line. */
function failureOf(/** @type {{ status: string, error?: { code: string, message: string } }[]} */ tasks) {
  const failed = tasks.filter((task) => task.status === 'failed')
  const [first] = failed
  if (first === undefined) return undefined
  const { code = '', message = 'no reason was recorded' } = first.error ?? {}
  const wayOut = WAYS_OUT[code] ?? 'check the key, OPENAI_BASE_URL and OPENAI_MODEL, or give --no-models'
  const said = oneLine(message)
  const short = said.length > MESSAGE_LENGTH_MAX ? `${said.slice(0, MESSAGE_LENGTH_MAX - 1)}…` : said
  return `The study is whole but for ${failed.length} of ${tasks.length} tasks for models: ${wayOut}. ${code}: ${short}.`
}

/** @type {Record<string, string>} */
const WAYS_OUT = {
  ERR_BUDGET_EXCEEDED: '--budget allows more',
  ERR_MODEL_OUTPUT: 'OPENAI_MODEL names another model of OPENAI_BASE_URL, one that keeps to a JSON Schema',
  ERR_TIMEOUT: 'OPENAI_MODEL names a faster model of OPENAI_BASE_URL',
}

/** US dollars, as exact as a sum of small ones needs; a price that is not known makes it a lower bound. */
export function money(/** @type {number} */ dollars, complete = true) {
  const sum = dollars === 0 ? '$0' : `$${dollars.toFixed(dollars < 0.01 ? 6 : 4)}`
  return complete ? sum : dollars === 0 ? 'an unknown price' : `at least ${sum}`
}

/** What others wrote, fit for a terminal: no control characters, no second line. */
export const oneLine = (/** @type {string} */ text) =>
  text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
