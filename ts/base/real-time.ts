// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Time and turns of this process, as they were when this file was loaded. Test runners replace them (`vi.useFakeTimers()`, `jest.useFakeTimers()`), and
// whatever asked for them by their global names then would wait for a test to move a clock that is not ours. No other file names them.

/** What is replaced. */
interface RealTime {
  readonly setTimeout: typeof setTimeout
  readonly clearTimeout: typeof clearTimeout
  readonly setInterval: typeof setInterval
  readonly clearInterval: typeof clearInterval
  readonly setImmediate: typeof setImmediate
  readonly queueMicrotask: typeof queueMicrotask
  /** Milliseconds, from a moment of this process on. */
  elapsed(): number
  /** When that moment was, in milliseconds since the epoch. */
  readonly origin: number
}

export const real: RealTime = {
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate,
  queueMicrotask,
  elapsed: performance.now.bind(performance),
  origin: performance.timeOrigin,
}

/** Resolves so many milliseconds later. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => real.setTimeout(resolve, ms))
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => real.setImmediate(resolve))
}

/** Fakes of vitest and jest have the clock that moves them; older ones of jest are mock functions. */
function isFake(given: unknown): boolean {
  return typeof given === 'function' && ('clock' in given || '_isMockFunction' in given)
}

/** The test file that is running, as far as its runner tells. */
function testFile(): string | undefined {
  const world = globalThis as { __vitest_worker__?: { filepath?: unknown }; expect?: { getState?: () => { testPath?: unknown } } }
  const path = world.__vitest_worker__?.filepath ?? world.expect?.getState?.().testPath
  return typeof path === 'string' ? path : undefined
}

const judged: Record<string, unknown> = {
  ...real,
  Date: globalThis.Date,
  'performance.now': Reflect.get(performance, 'now'),
  'process.nextTick': Reflect.get(process, 'nextTick'),
}
const fakes = Object.entries(judged)
  .filter(([, given]) => isFake(given))
  .map(([name]) => name)

if (fakes.length > 0) {
  const where = testFile()
  const message =
    `${where === undefined ? 'a test' : where} had replaced ${fakes.join(', ')} before it loaded @codexos/multi-agent-orchestrator, which now waits for ` +
    'fake time; import it first, at the top of the file, and fake timers afterwards'
  // Not by `process.emitWarning`, which waits for `process.nextTick`: that may be a fake too.
  process.emit('warning', Object.assign(new Error(message), { name: 'FakeTimersWarning', code: 'MAO_FAKE_TIMERS' }))
}
