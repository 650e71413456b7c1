// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the page does by itself: one row at a time can be reached with the keyboard, and what it says is shown.

/** The script of the page. */
export const KEYS: string = `
const rows = [...document.querySelectorAll('.row')]
const told = document.querySelector('.told')
let at = 0
function select(place) {
  const next = rows[Math.min(Math.max(place, 0), rows.length - 1)]
  if (!next) return
  const last = rows[at]
  last.tabIndex = -1
  last.ariaSelected = 'false'
  at = rows.indexOf(next)
  next.tabIndex = 0
  next.ariaSelected = 'true'
  told.textContent = next.ariaLabel
  next.focus()
}
const nextCritical = () => {
  for (let step = 1; step <= rows.length; step += 1) {
    const place = (at + step) % rows.length
    if (rows[place].classList.contains('critical')) return place
  }
  return at
}
const moves = { ArrowDown: () => at + 1, ArrowUp: () => at - 1, Home: () => 0, End: () => rows.length - 1, c: nextCritical }
const list = document.querySelector('.rows')
list.addEventListener('keydown', (event) => {
  const move = event.ctrlKey || event.metaKey || event.altKey ? undefined : moves[event.key]
  if (move === undefined) return
  event.preventDefault()
  select(move())
})
list.addEventListener('click', (event) => {
  const row = event.target.closest('.row')
  if (row !== null) select(rows.indexOf(row))
})
list.addEventListener('focusin', (event) => {
  const place = rows.indexOf(event.target)
  if (place >= 0 && rows[place].ariaSelected !== 'true') select(place)
})
`
