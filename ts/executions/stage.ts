// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the test kit sets an orchestrator on: another clock, and an end of the process that can be chosen. A configuration carries it under a
// key that nobody else has, so that it is no part of the public surface.

import type { AgentRegistry } from '../pool/agent-pool.js'
import { SystemClock, type Clock } from '../base/clock.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { ClosedError } from '../api/errors.js'
import type { ModelGateway } from '../models/integration.js'
import { NativeClock, type NativeStage, type NativeTime } from '../boundary/native.js'

const STAGE: unique symbol = Symbol('stage')

/** What stands in for the world. */
export interface Stage {
  readonly clock: Clock
  readonly native: NativeStage
  /** An orchestrator was made, and this is how to treat it. */
  entered(actor: Actor): void
  /** The process of its orchestrator has ended, as far as anybody can tell. */
  crashed(): void
}

/** An orchestrator, as its stage treats it. */
export interface Actor {
  readonly dispatcher: Pick<Dispatcher, 'isStill' | 'atWork' | 'engine'>
  readonly agents: Pick<AgentRegistry, 'standIn'>
  readonly models: Pick<ModelGateway, 'waiting'>
  /** Ends its process, as far as anybody can tell: what is not on record is lost, and nobody is told. */
  abandon(): void
}

/** `config` with a stage. */
export function onStage<T extends object>(config: T, stage: Stage): T {
  return { ...config, [STAGE]: stage }
}

/** The stage that a configuration carries. */
export function stageOf(config: object): Stage | undefined {
  return (config as { [STAGE]?: Stage })[STAGE]
}

/** What an orchestrator tells time by, in both languages: the clock of its stage, else one of its own. */
export function timeOn(stage: Stage | undefined): { readonly clock: Clock; readonly native: NativeTime } {
  const clock = stage?.clock ?? new SystemClock()
  return { clock, native: { clock: stage?.native.clock() ?? new NativeClock(clock.now()), stage: stage?.native } }
}

/** What whoever still asks an orchestrator hears whose process has ended on its stage. */
export function processEnded(): ClosedError {
  return new ClosedError('ERR_CRASHED', 'the test kit has ended this orchestrator as a crash would; kit.reopen() opens its store again')
}
