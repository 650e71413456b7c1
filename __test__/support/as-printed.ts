// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Runs a text that the product or its documentation prints, as a person does who copies it.

const AsyncFunction = (async () => {}).constructor as new (...text: string[]) => (...given: unknown[]) => Promise<void>

/** `given`: what its free names stand for. It may await. */
export async function asPrinted(text: string, given: Readonly<Record<string, unknown>>): Promise<void> {
  await new AsyncFunction(...Object.keys(given), text)(...Object.values(given))
}
