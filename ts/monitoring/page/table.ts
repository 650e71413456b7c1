// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A table of a page, which scrolls by itself where the window is narrow, by the keyboard too.

import { html, joined, type Html } from './html.js'

export function scrolledTable(label: string, heads: readonly string[], lines: readonly Html[]): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${joined(heads.map((head) => html`<th scope="col">${head}</th>`))}
        </tr>
      </thead>
      <tbody>
        ${joined(lines)}
      </tbody>
    </table>
  </div>`
}
