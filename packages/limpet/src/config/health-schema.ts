import { z } from 'zod'
import { durationField } from './duration.ts'
import { inMs, rule, section } from './field.ts'

const times = z.int().min(1).max(100)

/** Active checks of a replica. */
export const healthSchema = section({
  path: z
    .string()
    .regex(/^\/[^#\s]*$/, 'must start with / and hold no space or #')
    .optional()
    .describe('What to GET; a status of 200 to 399 is healthy. By default a TCP connect is the check.'),
  interval: durationField().prefault('2s').describe('From the end of a check to the start of the next.'),
  timeout: durationField().prefault('1s').describe('For one check.'),
  healthy: times.prefault(1).describe('Successes in a row that bring a replica back.'),
  unhealthy: times.prefault(2).describe('Failures in a row that take a replica out.'),
}).transform(({ path, ...health }) => ({ ...inMs(health, ['interval', 'timeout']), path }))

/** Passive checks: replicas that refuse connections of real requests are left alone for a while. */
export const ejectionSchema = section({
  failures: times.prefault(3).describe('Failed connections in a row that eject a replica.'),
  backoff: durationField()
    .prefault('1s')
    .describe('How long the first ejection lasts; each further one twice as long.'),
  maxBackoff: durationField().prefault('60s').describe('The longest ejection.'),
})
  .check(
    rule((ejection, fault) => {
      if (ejection.backoff > ejection.maxBackoff) fault(['backoff'], 'must not be longer than maxBackoff')
    }),
  )
  .transform((ejection) => inMs(ejection, ['backoff', 'maxBackoff']))

export type HealthConfig = z.output<typeof healthSchema>
export type EjectionConfig = z.output<typeof ejectionSchema>
