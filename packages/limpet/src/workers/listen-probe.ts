import { setTimeout as sleep } from 'node:timers/promises'
import type { HealthConfig, ReplicaConfig } from '../config/schema.ts'
import { checkHealth } from '../replicas/health.ts'

const ASK_EVERY_MS = 50

/**
 * Checks a replica that is starting until a check passes, and resolves to undefined then; else, after `timeoutMs` or
 * when `signal` aborts, to what was wrong at last.
 */
export async function untilHealthy(
  replica: ReplicaConfig,
  health: HealthConfig,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const untilMs = performance.now() + timeoutMs
  const aborted = new Promise<string>((resolve) => {
    if (signal.aborted) resolve('it has ended')
    signal.addEventListener('abort', () => resolve('it has ended'), { once: true })
  })
  for (;;) {
    const fault = await Promise.race([checkHealth(replica, health), aborted])
    if (signal.aborted) return 'it has ended'
    if (fault === undefined || performance.now() >= untilMs) return fault
    await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}
