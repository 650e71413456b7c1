// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How the thresholds of a configuration stand.

/** A threshold of `monitoring.alertThresholds`, as it stands. */
export interface ThresholdStanding {
  readonly rule: 'taskFailureRate' | 'executionDuration' | 'memoryUsage' | 'cpuUsage'
  /** In the unit of the configuration; of durations milliseconds. */
  readonly threshold: number
  /**
   * - `noData`: there is no figure: it was not measured yet, or too few tasks have ended. That is neither good nor bad, and ends and begins no alert;
   * - `quiet`: it is below the threshold;
   * - `pending`: it is at the threshold, and not for as long as the rule says, or an alert was over a short while ago;
   * - `firing`: an alert has begun and is not over, also while there is no figure.
   */
  readonly state: 'noData' | 'quiet' | 'pending' | 'firing'
  /** The figure when it was last looked at; absent where there was none. Of `executionDuration` how many executions have been at work for too long. */
  readonly value?: number
}
