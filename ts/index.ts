// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
/**
 * Runs workflows of cooperating agents on a durable engine.
 *
 * @packageDocumentation
 */

export { MultiAgentOrchestrator } from './orchestrator.js'
export { openArchive, type ExecutionArchive } from './executions/archive.js'
export type { HybridConfiguration, LlmConfiguration, ToolConfiguration } from './agents/configuration.js'
export type { AlertRuleConfig, AlertRulesConfig } from './config/alert-rules.js'
export type { TraceFilter } from './api/traces.js'
export type { NotifyConfig, WebhookConfig } from './config/notify.js'
export type { Alert, AlertRule, MonitorEvents } from './api/alert.js'
export type { AgentPool } from './pool/agent-pool.js'
export type { AgentEvent, AllocationEvent, PoolEvents, ScalingEvent } from './api/pool.js'
export type {
  AgentsConfig,
  AlertThresholds,
  CollaborationConfig,
  InsightsConfig,
  MemoryConfig,
  MonitoringConfig,
  TracingConfig,
  OrchestratorConfig,
  RememberConfig,
  WorkflowConfig,
} from './config/config.js'
export type { RedisConfig, RedisMemoryConfig, RedisTls } from './config/redis.js'
export type { StorageConfig } from './config/storage.js'
export type { RetentionConfig, RetentionLimits, WorkflowLimits, WorkflowRetention } from './config/retention.js'
export type { Bytes } from './json/bytes.js'
export type { WorkflowGraph } from './definition/definition.js'
export type { Duration, DurationText } from './api/duration.js'
export {
  AgentError,
  CancelledError,
  ClosedError,
  ConflictError,
  InternalError,
  ModelError,
  NotFoundError,
  OrchestratorError,
  StoreError,
  TaskFailedError,
  TimeoutError,
  ToolError,
  ValidationError,
  type ErrorCode,
  type ErrorOptions,
} from './api/errors.js'
export type { EventName, ExecutionEventName, OrchestratorEvents } from './api/events.js'
export type { BudgetStanding } from './api/budget-window.js'
export type { Explanation, TaskExplanation, TaskHold, WaitsFor } from './api/explanation.js'
export type { ExecutionMonitor } from './api/monitor.js'
export type { ComparedFigures, ComparedSpan, FigureDifferences, PeriodComparison } from './api/comparison.js'
export type { AppliedInsight, Evidence, InsightOutcome, Recommendation, RecommendationKind } from './api/insight.js'
export type { Change, ChangeOperation, DefinitionChange, PathSegment, PoolChange } from './api/change.js'
export type { Assumption, ComparedExecution, ComparedTask, ExecutionComparison, Prediction, PredictOptions } from './api/prediction.js'
export type { ThresholdStanding } from './api/threshold.js'
export type { CpuProfile, ProfiledFunction } from './api/cpu-profile.js'
export type { CompletionEstimate, PathPart, PerformanceProfile, TaskProfile, TimeBucket, TimeBuckets } from './api/profile.js'
export type {
  ErrorFigures,
  FigureInsight,
  Insight,
  InsightKind,
  Performance,
  TaskPerformance,
  WorkflowAnalytics,
  WorkflowPerformance,
} from './api/analytics.js'
export type { ExecutionEvent } from './events/execution-events.js'
export { verifyStore, type BackupOptions } from './executions/backups.js'
export type { DamagedRow, StoreReport } from './api/store.js'
export type { ExecutionHandle } from './executions/handle.js'
export type { Issue } from './api/issue.js'
export type { LogEvent, Logger, LogRecord } from './log/log.js'
export type {
  AcceptedEnding,
  CustomProvider,
  CustomReply,
  CustomRequest,
  FinishReason,
  Generated,
  GenerateRequest,
  GenerateResult,
  AttemptTimeouts,
  ModelAttempt,
  SkippedModel,
  ModelBudget,
  RecurringBudget,
  ModelCalls,
  ModelCapability,
  ModelComparison,
  ModelFailureClass,
  ModelInfo,
  ModelIntegration,
  ModelMessage,
  ModelPart,
  ModelRateLimit,
  ModelRegistration,
  ModelRequirements,
  ModelsConfig,
  ModelSelection,
  ModelStream,
  ModelTool,
  ModelToolCall,
  PartOrigin,
  ProviderConfig,
  StreamPart,
  TokenUsage,
} from './api/models.js'
export type { PoolFigures, PoolStatistics } from './pool/statistics.js'
export type { Schedule, ScheduleOptions, WorkflowSchedule } from './executions/schedule.js'
export type { McpConnection } from './tools/mcp.js'
export type { McpProgram, McpRemote, McpServer, McpServerOptions } from './tools/mcp-server.js'
export type { ToolArguments, ToolContext, ToolDefinition } from './tools/tool.js'
export type {
  Agent,
  AgentRegistration,
  AgentType,
  AgentTypeLimits,
  AnyContext,
  AttemptContext,
  InlineAgentType,
  RateLimit,
  SpawnedResult,
  TaskFields,
  TaskInput,
  WorkerAgentType,
  AgentForm,
  AgentFunction,
  Agents,
} from './api/agent.js'
export type {
  CancelOptions,
  Allowance,
  ConcurrencyLimit,
  EventLoopDelayFigures,
  ExecuteOptions,
  ExecutionList,
  ExecutionListFilter,
  ExecutionMetrics,
  ExecutionStatus,
  ForkOptions,
  ForkPlan,
  ManyMoved,
  MoveFilter,
  Movement,
  MoveOptions,
  OrchestratorStatistics,
  Pruned,
  PruneFilter,
  PruneOptions,
  ResumeOptions,
  SignalOptions,
  TaskErrorInfo,
  TaskExecution,
  TaskModelCall,
  TaskStatus,
  WorkflowExecution,
  ResourceUsage,
} from './api/execution.js'
export type { ExecutionSummary, ExecutionSummaryFilter, ExecutionSummaryList, ExecutionWaits } from './api/summary.js'
export type { AgentWorkflow, Budget } from './api/workflow.js'
export type {
  AgentTask,
  AnyWord,
  Branch,
  Compensation,
  Fallback,
  Condition,
  Loop,
  RetryPolicy,
  TaskCondition,
  TaskInputDefinition,
  TaskType,
  TriggerRule,
  WaitFor,
  ConditionFunction,
} from './api/task.js'
export { defineAgents, type AgentResult, type Settled } from './typed/agents.js'
export type {
  AgentGiven,
  AgentProblem,
  CheckedTasks,
  ContextProblem,
  Differing,
  Given,
  Leaf,
  Listed,
  OtherForm,
  Places,
  PlacesIn,
  Problem,
  Results,
  Undemanding,
  Wrong,
  WrongIn,
  WrongTask,
} from './typed/check.js'
export type { Branched, CallAlone, Called, IdOf, Pass, Replaced, ResultOf, ResultsOf, Shown, Standing, Whole } from './typed/results.js'
export type { Plain, Recorded, SchemaInput, SchemaOutput } from './api/schema.js'
export { defineWorkflow } from './typed/workflow.js'
export type {
  AgentNames,
  ContextGiven,
  PlainTypes,
  ContextRead,
  StartArguments,
  Typed,
  TypedWorkflow,
  WorkflowDefinition,
  WorkflowTypes,
} from './typed/workflow.js'
export type { LoadOptions, ValidationResult, WorkflowEngine } from './definition/workflow-engine.js'
export type { WorkflowFile, WorkflowText } from './definition/workflow-source.js'
