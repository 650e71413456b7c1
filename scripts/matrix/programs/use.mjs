// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import * as mao from '@codexos/multi-agent-orchestrator'
import * as testing from '@codexos/multi-agent-orchestrator/testing'
import { exercise } from './exercise.cjs'

console.log(await exercise(mao, testing))
