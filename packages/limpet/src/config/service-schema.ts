import { z } from 'zod'
import { cookieSchema } from './cookie-schema.ts'
import { durationField, maxLifeMs } from './duration.ts'
import { inMs, rule, scalar, section, shown } from './field.ts'
import { ejectionSchema, type HealthConfig, healthSchema } from './health-schema.ts'
import { matchSchema } from './match-schema.ts'
import { mcpSchema } from './mcp-schema.ts'
import { replicaSchema } from './replica-schema.ts'
import { sagemakerSchema } from './sagemaker-schema.ts'
import { checkService } from './service-rules.ts'
import { listOf, type SessionSourceConfig, type Sources, sessionSourceField } from './session-source.ts'

/** The dialects this version speaks. */
export const dialects = ['header', 'cookie', 'sagemaker', 'mcp'] as const
const plannedDialects = ['openai']

/** Ways to place a request without a session. */
export const balancePolicies = ['round-robin', 'random', 'least-load'] as const

export type Dialect = (typeof dialects)[number]
export type BalancePolicy = (typeof balancePolicies)[number]

/** Up to 63 lower-case letters, digits and dashes. */
export const serviceNamePattern = /^[a-z0-9-]{1,63}$/

/** How long pins live by default. */
const TTL_MS = 1_200_000
const LONG_TTL_MS = 43_200_000

function orOff<Schema extends z.ZodType>(schema: Schema) {
  return z.union([z.literal('off').transform(() => undefined), schema])
}

function orList(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

function dialectField() {
  return scalar<string, Dialect>({ enum: dialects }, (value, fault) => {
    const dialect = dialects.find((name) => name === value)
    if (dialect !== undefined) return dialect
    if (plannedDialects.includes(value as string)) {
      return fault(`is ${value}, which this version does not have yet; it has ${dialects.join(', ')}`)
    }
    return fault(`must be ${orList(dialects)}, not ${shown(value)}`)
  })
}

const boundSchema = section({
  factor: z
    .number()
    .min(1)
    .max(100)
    .prefault(1.25)
    .describe('How many times its fair share of the requests in flight a replica may have.'),
  gap: z
    .int()
    .min(0)
    .max(100_000)
    .prefault(8)
    .describe(
      'How many requests above its fair share it may always have, since ratios mean little at low load.',
    ),
})

/** A set of interchangeable replicas, and the rules for their sessions. */
export const serviceSchema = section({
  name: z
    .string()
    .regex(serviceNamePattern, 'must be 1 to 63 lower-case letters, digits and dashes')
    .describe('Unique among the services; labels its metrics and log lines.'),
  match: matchSchema
    .optional()
    .describe(
      'Which requests are for this service. An exact host wins over a suffix, and a longer path over a shorter one. By default all; with `dialect: sagemaker` those for its endpoint.',
    ),
  replicas: z
    .array(replicaSchema)
    .describe('Where the replicas are: URLs, or mappings with a `url`. The list may be empty.'),
  dialect: dialectField()
    .prefault('header')
    .describe(
      "How sessions are named on the wire. `cookie` is `header` with `cookie` as the last session source; `sagemaker` is the API of SageMaker's runtime and `mcp` the Model Context Protocol, whose sessions the replicas make.",
    ),
  session: z
    .union([sessionSourceField(), z.array(sessionSourceField())])
    .optional()
    .describe(
      "Where a session is named; the first source that is present counts. `cookie` is the router's own cookie, `bearer` a hash of the credential, `ip` the client's address as `trustedProxies` tell it, `module:PATH` a module whose export `session` is a function of the request head. By default `header:x-session-id`, or `cookie` with `dialect: cookie`, or none with `dialect: mcp`, where it is for requests that belong to none of the protocol's sessions. An empty list balances every request.",
    ),
  sagemaker: sagemakerSchema.optional().describe('What `dialect: sagemaker` needs to know.'),
  mcp: mcpSchema.optional().describe('What `dialect: mcp` needs to know.'),
  cookie: cookieSchema.optional().describe('The cookie that the router sets.'),
  ttl: durationField({ maxMs: maxLifeMs })
    .optional()
    .describe(
      'How long a session stays pinned to its replica without a request. By default `20m`; `12h` with `dialect: mcp`, whose clients may be silent for long.',
    ),
  maxAge: durationField({ mayBeOff: true, maxMs: maxLifeMs })
    .prefault('off')
    .describe('How long it stays pinned at most, however busy it is.'),
  balance: z.enum(balancePolicies).prefault('least-load').describe('Where requests without a session go.'),
  bound: orOff(boundSchema)
    .prefault({})
    .describe(
      'How much more load than its share a replica may have before new sessions go elsewhere. Pinned sessions stay.',
    ),
  maxSessions: orOff(z.int().min(1).max(10_000_000))
    .prefault('off')
    .describe(
      'How many sessions a replica may hold. Others are placed elsewhere, and refused with 503 when no replica has room.',
    ),
  serialize: z
    .boolean()
    .prefault(false)
    .describe(
      "Whether a session's requests go to its replica one at a time, in the order in which they came.",
    ),
  onLost: z
    .enum(['rehome', 'reject'])
    .optional()
    .describe(
      "When a session's replica is gone: place the session again, or refuse its requests. By default `rehome`; `reject` with `dialect: sagemaker`, whose sessions are lost with their replica unless the replicas share them.",
    ),
  drainTimeout: durationField({ mayBeOff: true })
    .optional()
    .describe(
      'How long a replica that drains keeps its sessions. Then they are placed again, each with its next request, unless `onLost` is `reject` or no other replica is there. By default `off`, which is for ever; `5m` with `dialect: mcp`, whose sessions have no end of their own.',
    ),
  health: z
    .union([z.literal('off'), healthSchema])
    .optional()
    .describe('Active checks of the replicas. With `dialect: sagemaker` their path is /ping by default.'),
  ejection: orOff(ejectionSchema)
    .prefault({})
    .describe('Leaving replicas alone for a while after failed connections.'),
  host: z
    .enum(['preserve', 'replica'])
    .prefault('preserve')
    .describe("The Host field that replicas see: the client's, or the replica's own host and port."),
  decisionHeader: z
    .boolean()
    .prefault(true)
    .describe('Say in the response field `limpet-decision` what was decided.'),
})
  .check(rule(checkService))
  .transform(({ session, cookie, match, ttl, onLost, drainTimeout, health, sagemaker, mcp, ...service }) => {
    const isSagemaker = service.dialect === 'sagemaker'
    const { endpoint = service.name, variant, signature } = sagemaker ?? sagemakerSchema.parse({})
    const path = endpoint === '*' ? '/endpoints' : `/endpoints/${endpoint}`
    return {
      ...inMs(service, ['maxAge']),
      ttlMs: ttl ?? (service.dialect === 'mcp' ? LONG_TTL_MS : TTL_MS),
      match: match ?? [{ host: undefined, path: isSagemaker ? path : '/' }],
      session: allSources(service.dialect, session),
      cookie: cookie ?? cookieSchema.parse({}),
      onLost: onLost ?? (isSagemaker ? 'reject' : 'rehome'),
      drainTimeoutMs: drainTimeout ?? (service.dialect === 'mcp' ? 300_000 : 0),
      health: health === 'off' ? undefined : healthOf(service.dialect, health),
      sagemaker: isSagemaker ? { endpoint, variant, signature } : undefined,
      mcp: service.dialect === 'mcp' ? (mcp ?? mcpSchema.parse({})) : undefined,
    }
  })

/** One service, with every default filled in. */
export type ServiceConfig = z.output<typeof serviceSchema>
/** What the `sagemaker` dialect works with. */
export type SagemakerConfig = NonNullable<ServiceConfig['sagemaker']>
/** What the `mcp` dialect works with. */
export type McpConfig = NonNullable<ServiceConfig['mcp']>
export type BoundConfig = z.output<typeof boundSchema>

function healthOf(dialect: Dialect, written: HealthConfig | undefined): HealthConfig {
  if (dialect !== 'sagemaker') return written ?? healthSchema.parse({})
  // What a container must answer, and within which time, is part of that API.
  const checks = written ?? healthSchema.parse({ timeout: '2s' })
  return { ...checks, path: checks.path ?? '/ping' }
}

function allSources(dialect: Dialect, written: Sources | undefined): readonly SessionSourceConfig[] {
  if (dialect === 'sagemaker') return []
  const sources = written === undefined ? undefined : listOf(written)
  if (dialect === 'mcp') return sources ?? []
  if (dialect === 'header') return sources ?? [{ kind: 'header', name: 'x-session-id' }]
  const ownCookie = { kind: 'own-cookie' } as const
  if (sources === undefined) return [ownCookie]
  return sources.some((source) => source.kind === 'own-cookie') ? sources : [...sources, ownCookie]
}
