// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
const mao = require('@codexos/multi-agent-orchestrator')
const testing = require('@codexos/multi-agent-orchestrator/testing')
const { exercise } = require('./exercise.cjs')

void exercise(mao, testing).then((said) => console.log(said))
