// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A provider that is the caller's own code, as it is registered.

import { describe, type Issue } from '../api/issue.js'
import type { CustomProvider, ModelRegistration } from '../api/models.js'
import { readRateLimit, type ResolvedProvider } from '../config/models.js'
import { readRegistration } from './requirements.js'

/** What is told of it beside its functions; what is wrong with it is pushed to `issues`. */
export function readCustomProvider(
  name: string,
  provider: CustomProvider,
  issues: Issue[],
): { readonly models: readonly ModelRegistration[]; readonly rateLimit: ResolvedProvider['rateLimit'] } {
  const { generate, stream, rateLimit, models = [] } = provider as { [member in keyof CustomProvider]?: unknown }
  if (typeof generate !== 'function') issues.push({ path: 'provider.generate', message: `must be a function, not ${describe(generate)}` })
  if (stream !== undefined && typeof stream !== 'function')
    issues.push({ path: 'provider.stream', message: `must be a function, not ${describe(stream)}` })
  if (!Array.isArray(models)) issues.push({ path: 'provider.models', message: `must be an array of models, not ${describe(models)}` })
  return {
    rateLimit: rateLimit === undefined ? {} : readRateLimit(rateLimit, 'provider.rateLimit', issues),
    models: (Array.isArray(models) ? models : []).map((model, index) => readRegistration(model, `provider.models[${index}]`, issues, name)),
  }
}
