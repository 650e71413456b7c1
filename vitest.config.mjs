// SPDX-License-Identifier: LicenseRef-NIA-Proprietary

import { defineConfig } from 'vitest/config'

const PROVIDERS = 'OPENAI ANTHROPIC GEMINI GOOGLE AZURE_OPENAI AZURE MISTRAL GROQ DEEPSEEK XAI TOGETHER OPENROUTER COHERE CO OLLAMA'.split(
  ' ',
)
const KEYS = ['OPENAI_BASE_URL', ...PROVIDERS.map((provider) => `${provider}_API_KEY`)]

export default defineConfig({
  test: {
    include: ['__test__/**/*.spec.ts'],
    globalSetup: '__test__/support/announce.ts',
    // The tests load the built package by its own name, as a user would, so Node itself must load it, untransformed.
    server: { deps: { external: [/[\\/]dist[\\/]/] } },
    // A crash of the addon ends one process, not the run.
    pool: 'forks',
    testTimeout: 30_000,
    // Whoever has keys in the environment has providers, and an agent that nobody has registered would ask one of them, at a price.
    env: Object.fromEntries(KEYS.map((name) => [name, ''])),
  },
})
