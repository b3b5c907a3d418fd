import type { Counter, Gauge, Registry } from 'prom-client'

export type Labels = Record<string, string>

/** A counter or gauge whose values are read when it is scraped. */
export function addMetric(
  registry: Registry,
  kind: typeof Counter | typeof Gauge,
  name: string,
  help: string,
  labelNames: string[],
  read: (set: (labels: Labels, value: number) => void) => void,
): void {
  const Kind = kind as typeof Counter
  new Kind({
    name,
    help,
    labelNames,
    registers: [registry],
    collect(this: Counter) {
      this.reset()
      read((labels, value) => this.inc(labels, value))
    },
  })
}
