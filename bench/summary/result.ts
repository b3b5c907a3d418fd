import type { Machine } from '../measure/machine.ts'
import type { Metric } from './metric.ts'

/** What `--json` writes and `report.ts` reads: everything that one run of one workload found, unrounded. */
export interface Result {
  workload: string
  title: string
  metrics: readonly Metric[]
  machine: Machine
  /** ISO 8601. */
  startedAt: string
  /** Of each measurement. */
  seconds: number
  rounds: number
  /** What took part, in the order of the table. */
  subjects: Subject[]
  samples: Sample[]
  leftOut: { id: string; reason: string }[]
}

export interface Subject {
  id: string
  /** Name and version. */
  title: string
}

/** One measurement; `values` are keyed by the metrics' keys. */
export interface Sample {
  round: number
  subject: string
  values: Readonly<Record<string, number>>
}

/** The subject that stands for load without a proxy. */
export const directId = 'direct'

/** The subject whose peers the others are. */
export const ownId = 'limpet'
