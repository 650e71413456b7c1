// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Random executions that are stopped anywhere and asked what they wait for; see __test__/explained. Two processes share the cases.

import { bundleSuite, runSuite } from './crossed.mjs'

export const explained = {
  name: 'explain',
  says: 'random executions, stopped anywhere, say what they wait for, and doing what they name leads to the next record',
  share: 2000,
  total: 100_000,
  prepare: () => bundleSuite('explained'),
  cases: (...given) => runSuite('explained', ...given),
}
