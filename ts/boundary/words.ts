// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The layout of what crosses as numbers, in JavaScript and in `src/words.rs`.

/** The layout of answers and effects, as in `src/words.rs`. */
export const ANSWER_WORDS = 7
export const HEADER_WORDS = 3
export const EFFECT_WORDS = 8
/** In the second word of the header, beside 1 if there are more effects: the store has something to tell. */
export const CONCERNS = 2

/** The form of an answer. */
export const Form = { completedHeld: 0, completedJson: 1, failed: 2, completedJudged: 3, completedUndoable: 4 } as const

/** The kinds of effect, as in `runtime::EffectKind`. */
export const Kind = {
  accepted: 1,
  run: 2,
  abort: 3,
  ended: 4,
  retrying: 5,
  completed: 6,
  failed: 7,
  skipped: 8,
  cancelled: 9,
  cancelling: 10,
  judge: 11,
  started: 12,
  iterated: 13,
  paused: 14,
  resumed: 15,
  waiting: 16,
  opened: 17,
  reused: 18,
  signalled: 19,
  scheduled: 20,
  unscheduled: 21,
  fired: 22,
  createAgent: 23,
  disposeAgent: 24,
  checkAgent: 25,
  agentUnhealthy: 26,
  agentRecovered: 27,
  scaledUp: 28,
  scaledDown: 29,
  reclaimed: 30,
  chosen: 31,
} as const
