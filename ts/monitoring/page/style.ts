// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How pages look, by day and by night.

import { BUCKETS } from './buckets.js'

const fills = (of: 'light' | 'dark'): string =>
  BUCKETS.map(({ name, waits, [of]: colour }) =>
    waits
      ? `.${name}{background:repeating-linear-gradient(45deg,${colour} 0 2px,transparent 2px 6px);box-shadow:inset 0 0 0 1px ${colour}}`
      : `.${name}{background:${colour}}`,
  ).join('\n')

/** The style of every page. */
export const STYLE: string = `
:root{color-scheme:light dark;--ink:#1a202c;--soft:#4a5568;--line:#cbd5e0;--paper:#fff;--frame:#1a202c;--bad:#a61e14}
@media(prefers-color-scheme:dark){:root{--ink:#edf2f7;--soft:#b5c0cf;--line:#3a4557;--paper:#12161d;--frame:#fff;--bad:#ff8f80}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:110rem;padding:1rem 1.5rem;font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;margin:.2rem 0}h1 small,.hint{color:var(--soft);font-weight:400}h2{font-size:1.1rem;margin:1.2rem 0 .4rem}
code,kbd{font-family:ui-monospace,monospace;font-size:.92em}
i{display:block;border-radius:2px}
.whole{display:flex;height:22px;border:1px solid var(--line)}
.whole i{border-radius:0}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;margin:.5rem 0}
.legend li{display:flex;gap:.4rem;align-items:center}.legend i{width:14px;height:14px}
.axis{position:sticky;top:0;z-index:1;margin-left:20rem;height:1.5rem;background:var(--paper);border-bottom:1px solid var(--line);color:var(--soft);font-size:12px}
.axis span{position:absolute;padding-left:3px;border-left:1px solid var(--line);white-space:nowrap}
.rows{border-bottom:1px solid var(--line)}
.row{display:flex;content-visibility:auto;contain-intrinsic-size:auto 20px;cursor:default;outline-offset:-2px}
.row:hover,.row[aria-selected=true]{background:color-mix(in srgb,var(--line) 45%,transparent)}
.row:focus-visible{outline:2px solid var(--frame)}
.name{flex:0 0 20rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;padding-right:.6rem;line-height:20px}
.bars{position:relative;flex:1;border-left:1px solid var(--line)}
.bars i{position:absolute;height:14px;margin-top:3px;min-width:1px}
.bars u{position:absolute;top:9px;height:2px;background:var(--line)}
.critical .bars i{outline:1.5px solid var(--frame)}
.critical .name{font-weight:600}
.is-failed,.is-cancelled{color:var(--bad)}
.told{min-height:3em;margin:.4rem 0}
.scroll{overflow:auto;max-height:70vh}
table{border-collapse:collapse;font-size:13px}th,td{padding:.2rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
summary{cursor:pointer;margin-top:1rem}
${fills('light')}
@media(prefers-color-scheme:dark){${fills('dark')}}
@media print{.row{content-visibility:visible}}
`
