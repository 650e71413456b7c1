// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The worker that reads a large text of YAML, which takes seconds for a MiB, while the event loop does other things. Bundled as dist/yaml.mjs.

import { parentPort, workerData } from 'node:worker_threads'
import { readYamlText } from './read.js'

parentPort?.postMessage(readYamlText(workerData as string))
