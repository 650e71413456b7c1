// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Random workflows that are stopped anywhere, mended and go on, against the oracle of __test__/mended. Two processes share the cases.

import { bundleSuite, runSuite } from './crossed.mjs'

export const mended = {
  name: 'mended',
  says: 'random workflows, stopped anywhere and mended, keep the ends that a slow oracle keeps, and come to what the mended workflow does from its beginning',
  share: 300,
  total: 10_000,
  prepare: () => bundleSuite('mended'),
  cases: (...given) => runSuite('mended', ...given),
}
