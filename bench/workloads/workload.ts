import type { Cores } from '../measure/cores.ts'
import type { Stage } from '../measure/stage.ts'
import type { PlanReplicas } from '../replicas/replica.ts'
import type { Metric } from '../summary/metric.ts'

/** One kind of traffic, and what to measure under it. */
export interface Workload {
  readonly id: string
  /** A sentence for the head of the table. */
  readonly title: string
  readonly replicas: PlanReplicas
  readonly metrics: readonly Metric[]
  /** Whether each measurement gets a proxy that has just been started, because memory is what it is about. */
  readonly freshProxy?: boolean
  /** Whether a run without a proxy says nothing here. */
  readonly withoutDirect?: boolean
  /** Puts load on a target until its code is compiled and its buffers are there. */
  warmUp(target: Target): Promise<void>
  /** Measures once; `values` are keyed by the metrics' keys. Throws when an answer was wrong. */
  measure(target: Target): Promise<Values>
}

export type Values = Readonly<Record<string, number>>

/** Where load goes. */
export interface Target {
  /** The port of the proxy, or of a replica for the run without a proxy. */
  port: number
  /** The proxy's process; undefined for the run without a proxy. */
  pid: number | undefined
  /** How long to measure, a whole number. */
  seconds: number
  cores: Cores
  stage: Stage
}
