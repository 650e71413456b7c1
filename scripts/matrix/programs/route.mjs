// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import * as mao from '@codexos/multi-agent-orchestrator'
import * as testing from '@codexos/multi-agent-orchestrator/testing'
import { exercise } from '../../exercise.cjs'

export const dynamic = 'force-dynamic'

export async function GET() {
  return new Response(await exercise(mao, testing))
}
