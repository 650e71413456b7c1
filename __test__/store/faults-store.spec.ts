// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A file is the file: by whatever name it is opened, as long as it is there, and never a new one because it is empty or shorter than it was.

import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { start } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { KeptLog } from '../support/logs.ts'
import { gate, orchestratorWith, register, rejection, task, thrownBy, until, workflow } from '../support/orchestrators.ts'
import { MultiAgentOrchestrator, type Logger, type OrchestratorError } from '@codexos/multi-agent-orchestrator'

const folder = userFolder()
const only = workflow([task('a')])
const FILES = ['', '-wal', '-shm', '.lock']
const isWindows = process.platform === 'win32'

function open(path: string, storage: { durability?: 'os' | 'disk'; acceptOlder?: boolean } = {}): MultiAgentOrchestrator {
  return orchestratorWith({ work: () => 'kept' }, { storage: { path, ...storage } })
}

const opening = (path: string, storage = {}): Promise<OrchestratorError> => rejection(open(path, storage).ready())

/** One whose store is lost: that it cannot be closed is known. */
function losing(
  path: string,
  agents: Record<string, () => unknown>,
  durability: 'os' | 'disk' = 'disk',
  logger: Logger | false = false,
): MultiAgentOrchestrator {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability }, logger })
  register(orchestrator, agents)
  return orchestrator
}

async function count(orchestrator: MultiAgentOrchestrator): Promise<number> {
  return (await orchestrator.listExecutions({ limit: 1000 })).executions.length
}

interface Killed {
  readonly path: string
  /** Bytes of its log that were there when half of the executions had been run, and it was noted how far the journal was on the medium. */
  readonly flushed: number
}

/** A store whose process was killed once it had so many executions; at 'disk' it had been noted that the journal was on the medium to its end. */
async function killed(executions: number, durability = 'disk'): Promise<Killed> {
  const path = storePath(folder)
  const child = start(
    folder,
    `
    import { readFileSync, statSync } from 'node:fs'
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const [path, durability, executions] = process.argv.slice(2)
    const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability } })
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => 'kept' }) })
    const run = async () => {
      for (let n = 0; n < Number(executions) / 2; n += 1) await orchestrator.executeWorkflow(${JSON.stringify(only)})
    }
    const floor = () => Number(readFileSync(path + '.lock', 'utf8').split('\\n')[2] || 0)
    const noted = async (least) => {
      while (floor() < least) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await run()
    await noted(1)
    console.log('flushed ' + statSync(path + '-wal').size + ' ' + readFileSync(path + '-wal').subarray(16, 24).toString('hex') + '.')
    const before = floor()
    await run()
    if (durability === 'disk') await noted(before + 1)
    console.log('done')
    setInterval(() => {}, 1000)
  `,
    [path, durability, String(executions)],
  )
  await child.says('done')
  const { stdout } = await child.kill()
  const [, flushed, salt = ''] = /flushed (\d+) (\w+)\./.exec(stdout) ?? []
  // A log that was begun anew since has nothing of them: they are in the file.
  const isSame = readFileSync(`${path}-wal`).subarray(16, 24).toString('hex') === salt
  return { path, flushed: isSame ? Number(flushed) : 32 }
}

/** Closed after so many executions. */
async function closed(executions: number, path = storePath(folder)): Promise<string> {
  const orchestrator = open(path)
  for (let n = 0; n < executions; n += 1) await orchestrator.executeWorkflow(only)
  await orchestrator.shutdown()
  return path
}

const noted = (path: string): string[] => readFileSync(`${path}.lock`, 'utf8').split('\n')

// Two orchestrators wrote one file, since each had taken the lock of its own name for it; and at 'disk' a link could not be opened at all.
describe.skipIf(isWindows)('one file has one path, by whatever name it is opened', () => {
  it.each(['os', 'disk'] as const)('a link, at %s', async (durability) => {
    const path = storePath(folder)
    const first = open(path, { durability })
    await first.executeWorkflow(only)
    symlinkSync(path, `${path}.link`)
    const refused = await opening(`${path}.link`, { durability })
    expect(refused).toMatchObject({
      code: 'ERR_STORE_LOCKED',
      message: expect.stringContaining(`\`${path}\` is in use by another orchestrator of this process (${process.pid})`),
    })
    await first.shutdown()
    const second = open(`${path}.link`, { durability })
    await second.executeWorkflow(only)
    expect(await count(second)).toBe(2)
    expect(existsSync(`${path}.link-wal`)).toBe(false)
  })

  it('a link to a file that is still to be made, a folder that is a link, a relative path', async () => {
    const real = mkdtempSync(join(folder, 'real-'))
    symlinkSync(real, `${real}-link`)
    symlinkSync('made.db', join(real, 'link.db'))
    const path = join(realpathSync(real), 'made.db')
    const names = [join(real, 'link.db'), join(`${real}-link`, 'made.db'), join(`${real}-link`, 'link.db'), relative(process.cwd(), path)]
    for (const name of names) {
      const first = open(name)
      await first.executeWorkflow(only)
      for (const other of names) expect(await opening(other), `${name} ${other}`).toMatchObject({ code: 'ERR_STORE_LOCKED' })
      await first.shutdown()
    }
    expect(existsSync(path) && !existsSync(join(real, 'link.db.lock'))).toBe(true)
  })

  it('a process that goes to another folder once the orchestrator is made', async () => {
    const [here, there] = [mkdtempSync(join(folder, 'here-')), mkdtempSync(join(folder, 'there-'))]
    const child = start(
      folder,
      `
      import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
      process.chdir(process.argv[2])
      const orchestrator = new MultiAgentOrchestrator({ storage: { path: 'store.db' } })
      process.chdir(process.argv[3])
      await orchestrator.ready()
      await orchestrator.shutdown()
    `,
      [here, there],
    )
    expect(await child.ended()).toMatchObject({ code: 0, stderr: '' })
    expect([existsSync(join(here, 'store.db')), existsSync(join(there, 'store.db'))]).toEqual([true, false])
  })

  // The log and the lock go by the name: two of them would be two stores over one file.
  it('a file with two names is refused', async () => {
    const path = await closed(1)
    linkSync(path, `${path}.other`)
    for (const name of [path, `${path}.other`])
      expect(await opening(name)).toMatchObject({ code: 'ERR_STORE_OPEN', message: expect.stringContaining('has 2 names (hard links)') })
    unlinkSync(`${path}.other`)
    expect(await count(open(path))).toBe(1)
  })
})

it.each([
  [':memory:', '`:memory:` is not a file: leave `storage` out to keep executions in memory'],
  ['file:store.db?mode=memory', 'must be the path of a file, not a URI: "file:store.db?mode=memory"; leave `file:` out'],
  ['store\0.db', 'must be the path of a file, without the character NUL: "store\\u0000.db"'],
])('what SQLite takes for something else than a file is refused by name: %j', (path, message) => {
  expect(thrownBy(() => orchestratorWith({}, { storage: { path } }))).toMatchObject({
    code: 'ERR_CONFIG',
    issues: [{ path: 'storage.path', message, code: 'ERR_INVALID_VALUE' }],
  })
  expect(existsSync(path.replace('\0', ''))).toBe(false)
})

// Files were readable by everyone whom the umask let.
describe.skipIf(isWindows)('files are for their owner', () => {
  const modes = (path: string): number[] => FILES.map((suffix) => statSync(`${path}${suffix}`).mode & 0o777)

  it('those that are made', async () => {
    const path = storePath(folder)
    await open(path).executeWorkflow(only)
    expect(modes(path)).toEqual([0o600, 0o600, 0o600, 0o600])
  })

  it('what a file’s owner has allowed stays, and holds for what is made beside it', async () => {
    const path = await closed(1)
    for (const suffix of ['', '.lock']) chmodSync(`${path}${suffix}`, 0o640)
    await open(path).executeWorkflow(only)
    expect(modes(path)).toEqual([0o640, 0o640, 0o640, 0o640])
  })
})

// Everything was acknowledged and nothing of it was ever found again.
describe.skipIf(isWindows).each(['os', 'disk'] as const)('a file that is not the store’s any more is noticed, at %s', (durability) => {
  const over = async (path: string): Promise<string> => closed(3, storePath(folder)).then((other) => (copyFileSync(other, path), other))
  const ends: [string, string, (path: string) => unknown][] = [
    ['is deleted', 'was deleted', (path) => unlinkSync(path)],
    ['is moved away', 'was deleted', (path) => renameSync(path, `${path}.away`)],
    ['is replaced', 'was replaced by another file', (path) => (copyFileSync(path, `${path}.new`), renameSync(`${path}.new`, path))],
    ['is emptied', 'was written over', (path) => truncateSync(path, 0)],
    ['is written over by another store', 'was written over', over],
  ]

  it.each(ends)('one that %s', async (_, what, end) => {
    const path = storePath(folder)
    const asked = gate()
    const logger = new KeptLog()
    const orchestrator = losing(path, { work: () => 1, slow: () => asked.promise }, durability, logger)
    const pending = orchestrator.executeWorkflow(workflow([task('a', { agentId: 'slow' })], { id: 'slow' }))
    const lost = rejection(pending)
    await orchestrator.executeWorkflow(only)
    // It has been looked at, and is in the file.
    await until(() => noted(path).length > 2)
    await end(path)
    let error: OrchestratorError | undefined
    await until(async () => {
      error = await orchestrator.executeWorkflow(only).then(
        () => undefined,
        (reason: OrchestratorError) => reason,
      )
      return error?.code === 'ERR_STORE_REPLACED'
    })
    expect(error?.message).toContain(`\`${path}\` ${what} while the store was open: nothing more is written`)
    // What was under way may be on record or not.
    expect(await lost).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', cause: { code: 'ERR_STORE_REPLACED' } })
    expect(await rejection(orchestrator.startWorkflow(only))).toMatchObject({ code: 'ERR_STORE_REPLACED' })
    asked.open()
    await orchestrator.shutdown({ drainMs: 0 }).catch(() => {})
    // On a busy machine the same workflow takes longer at last, which is told as well.
    expect(logger.lines.filter(({ event }) => event !== 'alert')).toMatchObject([
      { level: 'error', event: 'store:lost', code: 'ERR_STORE_REPLACED', err: { code: 'ERR_STORE_REPLACED' } },
    ])
  })

  it.each(['-wal', '.lock'])('its %s is deleted', async (suffix) => {
    const path = storePath(folder)
    const orchestrator = losing(path, { work: () => 1 }, durability)
    await orchestrator.executeWorkflow(only)
    unlinkSync(`${path}${suffix}`)
    await until(
      async () => (await orchestrator.executeWorkflow(only).catch((error: OrchestratorError) => error.code)) === 'ERR_STORE_REPLACED',
    )
    await orchestrator.shutdown({ drainMs: 0 }).catch(() => {})
  })

  it('and at the end, if nothing was written since', async () => {
    const path = storePath(folder)
    const orchestrator = losing(path, { work: () => 1 }, durability)
    await orchestrator.executeWorkflow(only)
    unlinkSync(path)
    expect(await rejection(orchestrator.shutdown({ drainMs: 0 }))).toMatchObject({ code: 'ERR_STORE_REPLACED' })
  })
})

// A store whose file had become empty was opened as a new one, and SQLite deleted the log beside it, with everything that was acknowledged.
describe('an empty or shortened store is not a new one', () => {
  it('an empty file, or none, beside a log', async () => {
    for (const end of [(path: string) => truncateSync(path, 0), unlinkSync]) {
      const { path } = await killed(20)
      copyFileSync(path, `${path}.kept`)
      end(path)
      const log = readFileSync(`${path}-wal`)
      for (const storage of [{}, { acceptOlder: true }])
        expect(await opening(path, storage)).toMatchObject({
          code: 'ERR_STORE_CORRUPT',
          message: expect.stringMatching(
            /is empty \(position 0\), but beside it is a log of \d+ bytes, and `.*\.lock` says that position \d+ was on the medium; put the file back, or, to begin anew, move/,
          ),
        })
      expect(readFileSync(`${path}-wal`).equals(log)).toBe(true)
      copyFileSync(`${path}.kept`, path)
      expect(await count(open(path))).toBe(20)
    }
  })

  it('an empty file, or none, beside a lock that knows of a store', async () => {
    for (const end of [(path: string) => truncateSync(path, 0), unlinkSync]) {
      const path = await closed(2)
      end(path)
      expect(await opening(path)).toMatchObject({
        code: 'ERR_STORE_CORRUPT',
        message: expect.stringMatching(
          /is empty \(position 0\), and `.*\.lock` says that position \d+ was on the medium; .* delete `.*\.lock` or open it once with `storage: \{ acceptOlder: true \}`/,
        ),
      })
      expect(await count(open(path, { acceptOlder: true }))).toBe(0)
    }
  })

  it('an empty file alone, or beside a lock that knows nothing, is a new store', async () => {
    const path = storePath(folder)
    writeFileSync(path, '')
    writeFileSync(`${path}.lock`, '12345\n')
    await open(path).executeWorkflow(only)
  })

  it('a log that is missing, or cut below what was on the medium: both positions, and the ways out', async () => {
    const { path, flushed } = await killed(20)
    const [, id, floor] = noted(path)
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    const log = readFileSync(`${path}-wal`)
    for (const rest of [undefined, flushed]) {
      if (rest === undefined) unlinkSync(`${path}-wal`)
      else writeFileSync(`${path}-wal`, log.subarray(0, rest))
      rmSync(`${path}-shm`, { force: true })
      const { code, message } = await opening(path)
      expect(code).toBe('ERR_STORE_CORRUPT')
      expect(message).toMatch(new RegExp(`ends at position \\d+, but \`${path}.lock\` says that position ${floor} was on the medium`))
      expect(message).toContain(
        `put \`${path}-wal\` back beside it, or, if an older copy was restored on purpose, delete \`${path}.lock\` or open it once with`,
      )
    }
    writeFileSync(`${path}-wal`, log)
    expect(await count(open(path))).toBe(20)
  })

  it('a damaged log: what lies behind is told', async () => {
    const { path, flushed } = await killed(20)
    const log = readFileSync(`${path}-wal`)
    log[flushed + 100] = (log[flushed + 100] ?? 0) ^ 1
    writeFileSync(`${path}-wal`, log)
    rmSync(`${path}-shm`, { force: true })
    expect((await opening(path)).message).toMatch(/its log is damaged at page \d+ of it: \d+ or more commits from there on cannot be read/)
    unlinkSync(`${path}.lock`)
    const child = start(
      folder,
      `
      import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
      const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
      await orchestrator.ready()
      await orchestrator.shutdown()
    `,
      [path],
    )
    const { code, stderr } = await child.ended()
    expect(code).toBe(0)
    expect(stderr).toMatch(/^@codexos\/multi-agent-orchestrator: `.*` was opened, but its log is damaged at page \d+/)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('a damaged log: a logger is told what lies behind', async () => {
    const { path, flushed } = await killed(20)
    const log = readFileSync(`${path}-wal`)
    log[flushed + 100] = (log[flushed + 100] ?? 0) ^ 1
    writeFileSync(`${path}-wal`, log)
    for (const beside of ['-shm', '.lock']) rmSync(`${path}${beside}`, { force: true })
    const logger = new KeptLog()
    await orchestratorWith({}, { storage: { path }, logger }).ready()
    await logger.first()
    expect(logger.lines).toEqual([
      {
        level: 'error',
        event: 'alert',
        alert: expect.objectContaining({ rule: 'store:log-damaged', state: 'firing', severity: 'high' }),
        message: expect.stringMatching(/^`.*` was opened, but its log is damaged at page \d+ of it: /),
      },
    ])
  })

  it('a power cut at ‘os’: whatever is missing of the log beyond what was on the medium, it opens', async () => {
    const { path, flushed } = await killed(30, 'os')
    const files = ['', '-wal', '.lock'].map((suffix) => [suffix, readFileSync(`${path}${suffix}`)] as const)
    const log = readFileSync(`${path}-wal`)
    const found: number[] = []
    for (let length = log.length; length >= flushed; length -= Math.floor((log.length - flushed) / 12)) {
      for (const [suffix, content] of files) writeFileSync(`${path}${suffix}`, content)
      truncateSync(`${path}-wal`, length)
      rmSync(`${path}-shm`, { force: true })
      const orchestrator = open(path)
      found.push(await count(orchestrator))
      await orchestrator.shutdown()
    }
    expect(found).toEqual(found.toSorted((one, other) => other - one))
    expect([found.length > 10, Math.min(...found) >= 15, Math.max(...found)]).toEqual([true, true, 30])
  })

  const restored = async (): Promise<string> => {
    const path = await closed(2)
    copyFileSync(path, `${path}.backup`)
    await closed(3, path)
    copyFileSync(`${path}.backup`, path)
    expect(await opening(path)).toMatchObject({ code: 'ERR_STORE_CORRUPT', message: expect.stringContaining('acceptOlder: true') })
    return path
  }

  it('a backup that was restored opens once its lock is deleted', async () => {
    const path = await restored()
    unlinkSync(`${path}.lock`)
    expect(await count(open(path))).toBe(2)
  })

  it('or by `acceptOlder: true`, once', async () => {
    const path = await restored()
    const orchestrator = open(path, { acceptOlder: true })
    expect(await count(orchestrator)).toBe(2)
    await orchestrator.executeWorkflow(only)
    await orchestrator.shutdown()
    expect(await count(open(path))).toBe(3)
  })

  it('a copy without its lock opens, and so does one with all its files', async () => {
    const { path } = await killed(6)
    const copy = storePath(folder)
    for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`)
    expect(await count(open(copy))).toBe(6)
    const whole = storePath(folder)
    for (const suffix of FILES) copyFileSync(`${path}${suffix}`, `${whole}${suffix}`)
    expect(await count(open(whole))).toBe(6)
  })

  it('another store, or the log of another, is none of this one', async () => {
    const [path, other] = [await closed(2), await closed(4)]
    copyFileSync(other, path)
    expect(await opening(path)).toMatchObject({
      code: 'ERR_STORE_CORRUPT',
      message: expect.stringContaining('is another store than the one that'),
    })
    expect(await count(open(path, { acceptOlder: true }))).toBe(4)
    const [mixed, foreign] = [await closed(2), await killed(4)]
    copyFileSync(`${foreign.path}-wal`, `${mixed}-wal`)
    const before = readFileSync(mixed)
    for (const storage of [{}, { acceptOlder: true }])
      expect(await opening(mixed, storage)).toMatchObject({
        code: 'ERR_STORE_CORRUPT',
        message: expect.stringMatching(/`.*-wal` does not belong to `.*`: it is the log of another store/),
      })
    expect(readFileSync(mixed).equals(before)).toBe(true)
  })

  it('the id and the floor are noted while it is open and when it is closed', async () => {
    const path = storePath(folder)
    const orchestrator = open(path, { durability: 'os' })
    await orchestrator.executeWorkflow(only)
    await until(() => noted(path).length > 2)
    const [pid, id] = noted(path)
    expect(pid).toBe(String(process.pid))
    await orchestrator.executeWorkflow(only)
    await orchestrator.shutdown()
    const [, same, floor] = noted(path)
    expect(same).toBe(id)
    expect(Number(floor)).toBeGreaterThan(2)
    expect(existsSync(`${path}-wal`)).toBe(false)
    expect(readFileSync(path).includes(id ?? '?')).toBe(true)
  })

  it('a lock of an older version, or one that was cut, stops nothing', async () => {
    const path = await closed(2)
    for (const text of ['12345\n', '', '12345\nnothing', '\0\0\0']) {
      writeFileSync(`${path}.lock`, text)
      const orchestrator = open(path)
      expect(await count(orchestrator)).toBe(2)
      await orchestrator.shutdown()
    }
    appendFileSync(`${path}.lock`, 'more\n')
    expect(await count(open(path))).toBe(2)
  })
})

it.skipIf(isWindows)('a folder that is gone with all its files is noticed', async () => {
  const path = join(folder, 'gone', 'store.db')
  mkdirSync(join(folder, 'gone'))
  const orchestrator = losing(path, { work: () => 1 })
  await orchestrator.executeWorkflow(only)
  // What is beside the store may be made meanwhile.
  rmSync(join(folder, 'gone'), { recursive: true, maxRetries: 20 })
  await until(
    async () => (await orchestrator.executeWorkflow(only).catch((error: OrchestratorError) => error.code)) === 'ERR_STORE_REPLACED',
  )
  await orchestrator.shutdown({ drainMs: 0 }).catch(() => {})
})
