// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Ids of spans, which follow from what is on record: see `analytics::spans`.

import { attempt } from './failures.js'
import { native } from './native.js'

/** The ids of the span of an attempt and of its trace; `traceparent`: of whoever began the execution at the top. */
export function spanOfAttempt(
  execution: string,
  path: string,
  number: number,
  traceparent: string | undefined,
): { span: string; trace: string } {
  const [span = '', trace = ''] = attempt(() => native.spanOfAttempt(execution, path, number, traceparent))
  return { span, trace }
}

/** Those of an execution, and of the span that it stands under; `undefined`: under none. */
export function spanOfExecution(
  execution: string,
  traceparent: string | undefined,
  parent: { readonly execution: string; readonly path: string } | undefined,
): { span: string; trace: string; above: string | undefined } {
  const [span = '', trace = '', above] = attempt(() => native.spanOfExecution(execution, traceparent, parent?.execution, parent?.path))
  return { span, trace, above }
}
