// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A quarter of a core for one process: by a control group of Linux where one can be made, else by busy loops beside it.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

const PERIOD_US = 100_000
const QUOTA_US = PERIOD_US / 4
const LOOPS_FOR_EACH_CORE = 3

/** Holds the process to it, and says how; `end` lets go. */
export function hold(pid) {
  const name = `bench-${process.pid}`
  try {
    if (existsSync('/sys/fs/cgroup/cgroup.controllers'))
      return held(join('/sys/fs/cgroup', name), { 'cpu.max': `${QUOTA_US} ${PERIOD_US}` }, pid)
    const files = { 'cpu.cfs_period_us': PERIOD_US, 'cpu.cfs_quota_us': QUOTA_US }
    return held(join('/sys/fs/cgroup/cpu', name), files, pid)
  } catch (error) {
    return busy(error)
  }
}

function held(folder, files, pid) {
  mkdirSync(folder)
  const end = () => rmdirSync(folder)
  try {
    for (const [file, value] of Object.entries(files)) writeFileSync(join(folder, file), String(value))
    writeFileSync(join(folder, 'cgroup.procs'), String(pid))
  } catch (error) {
    end()
    throw error
  }
  return { how: `a control group gives it ${QUOTA_US / 1000} of every ${PERIOD_US / 1000} ms`, end }
}

function busy(error) {
  const loops = Array.from({ length: LOOPS_FOR_EACH_CORE * cpus().length }, () =>
    spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' }),
  )
  const how = `${loops.length} busy loops beside it, since there is no control group to be had (${error.message})`
  return { how, end: () => loops.forEach((loop) => loop.kill('SIGKILL')) }
}
