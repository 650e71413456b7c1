// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
/**
 * Runs workflows of cooperating agents on a durable engine.
 *
 * @packageDocumentation
 */

export { MultiAgentOrchestrator } from './orchestrator.js'
export type { AgentPool } from './agent-pool.js'
export type {
  AgentsConfig,
  AlertThresholds,
  CollaborationConfig,
  MonitoringConfig,
  OrchestratorConfig,
  StorageConfig,
  WorkflowConfig,
} from './config.js'
export type { WorkflowGraph } from './definition.js'
export type { Duration } from './duration.js'
export {
  AgentError,
  CancelledError,
  ClosedError,
  ConflictError,
  InternalError,
  NotFoundError,
  OrchestratorError,
  StoreError,
  TaskFailedError,
  TimeoutError,
  ValidationError,
  type ErrorCode,
  type ErrorOptions,
} from './errors.js'
export type { OrchestratorEvents } from './events.js'
export type { ExecutionHandle } from './handle.js'
export type { Issue } from './issue.js'
export type {
  Agent,
  AgentRegistration,
  AgentTask,
  AgentType,
  AgentWorkflow,
  AttemptContext,
  ExecuteOptions,
  ExecutionList,
  ExecutionListFilter,
  ExecutionMetrics,
  ExecutionStatus,
  OrchestratorStatistics,
  RetryPolicy,
  TaskErrorInfo,
  TaskExecution,
  TaskInput,
  TaskInputDefinition,
  TaskStatus,
  WorkflowExecution,
} from './workflow.js'
export type { ValidationResult, WorkflowEngine } from './workflow-engine.js'
