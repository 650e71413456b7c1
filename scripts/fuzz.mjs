// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Random expressions against every bound, in a release build, then random workflows against the reference interpreter:
//   npm run fuzz [-- <seconds for the expressions> [<workflows>]]

import { run, runSteps, StepError } from './steps.mjs'

const [seconds, workflows] = [30, 100_000].map((fallback, place) => Number(process.argv[2 + place] ?? fallback))
if (![seconds, workflows].every((number) => Number.isSafeInteger(number) && number > 0))
  throw new StepError('seconds and workflows must be whole numbers')

const test = (...args) => ['test', '--target', 'host-tuple', '--package', ...args]
await runSteps([
  {
    title: `expressions, for ${seconds} s`,
    run: () =>
      run('cargo', test('expressions', '--release', '--', '--nocapture'), { env: { ...process.env, FUZZ_SECONDS: String(seconds) } }),
  },
  {
    title: `${workflows} workflows, engine and reference`,
    run: () => run('cargo', test('engine', '--test', 'agreement'), { env: { ...process.env, AGREEMENT_CASES: String(workflows) } }),
  },
])
