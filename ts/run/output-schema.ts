// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The `outputSchema` of a task as its agent has it: to steer a model by, and to judge before the engine does.

import type { TaskDefinition } from '../definition/definition.js'
import { ValidationError } from '../api/errors.js'
import { judgeOutput } from './input-judge.js'
import { pathSteps } from '../api/issue.js'
import type { OutputSchema } from '../schema/output-schema.js'

/** The schema of a task's output. What fits is given back as it was: what the user's own schema makes of it is made once, when the attempt returns. */
export function outputSchemaOf(task: TaskDefinition): OutputSchema {
  const jsonSchema = (): unknown => structuredClone(task.source.outputSchema)
  return {
    '~standard': {
      version: 1,
      vendor: 'multi-agent-orchestrator',
      jsonSchema: { input: jsonSchema, output: jsonSchema },
      async validate(value) {
        try {
          await judgeOutput(task, value)
          return { value }
        } catch (error) {
          if (!(error instanceof ValidationError)) throw error
          // The first step is `result`, which is the value itself.
          return { issues: error.issues.map(({ path, message }) => ({ message, path: pathSteps(path).slice(1) })) }
        }
      },
    },
  }
}
