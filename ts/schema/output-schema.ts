// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The `outputSchema` of a task as its agent has it: to steer a model by, and to judge before the engine does.

/** A Standard Schema that is a JSON Schema as well. */
export interface OutputSchema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: 'multi-agent-orchestrator'
    validate(
      value: unknown,
    ): Promise<{ value: unknown; issues?: undefined } | { issues: readonly { message: string; path: PropertyKey[] }[] }>
    readonly jsonSchema: { input(): unknown; output(): unknown }
  }
}

export function isOutputSchema(schema: unknown): schema is OutputSchema {
  return typeof schema === 'object' && schema !== null && '~standard' in schema
}
