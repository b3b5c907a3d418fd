import { parseArgs } from 'node:util'
import { type ListenAddress, listenField } from '../config/address.ts'
import { didYouMean } from '../config/did-you-mean.ts'
import { parseDuration } from '../config/duration.ts'

/** What `limpet sessions` is asked for. */
export type SessionsFlags =
  | { readonly kind: 'help' }
  /** Print the line behind the command's name and exit with 2. */
  | { readonly kind: 'fault'; readonly fault: string }
  | (CommonFlags & { readonly kind: 'list'; readonly filter: ListFilter })
  /** `name` is a session's id or hash; an id may need `service`. */
  | (CommonFlags & {
      readonly kind: 'show' | 'close'
      readonly name: string
      readonly service: string | undefined
    })

/** What to list, as the admin listener's parameters have it. */
export type ListFilter = Readonly<Partial<Record<'service' | 'replica' | 'idle' | 'limit', string>>>

interface CommonFlags {
  readonly admin: ListenAddress
  readonly isJson: boolean
}

const options = {
  service: { type: 'string' },
  replica: { type: 'string' },
  idle: { type: 'string' },
  limit: { type: 'string' },
  admin: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

type FlagName = keyof typeof options

const flagsOf: Readonly<Record<'list' | 'show' | 'close', readonly FlagName[]>> = {
  list: ['service', 'replica', 'idle', 'limit', 'admin', 'json', 'help'],
  show: ['service', 'admin', 'json', 'help'],
  close: ['service', 'admin', 'json', 'help'],
}

const filterFlags = ['service', 'replica', 'idle', 'limit'] as const

/** Reads the arguments of `limpet sessions`; the first fault is the one that is told. */
export function parseSessionsFlags(argv: readonly string[]): SessionsFlags {
  const parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true })
  if (parsed.values.help !== undefined) return { kind: 'help' }
  const [kind, name, ...others] = parsed.positionals
  if (kind !== 'list' && kind !== 'show' && kind !== 'close') return unknownAction(kind)
  const values = new Map<FlagName, string>()
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue
    const why = tokenFault(token, kind, values)
    if (why !== undefined) return fault(`${kind}: ${why}`)
    values.set(token.name as FlagName, token.value ?? '')
  }
  const admin = listenField().safeParse(values.get('admin') ?? '127.0.0.1:8081')
  if (!admin.success || admin.data.port === 0)
    return fault(`${kind}: --admin must be HOST:PORT or [IPV6]:PORT`)
  const common = { admin: admin.data, isJson: values.has('json') }
  if (kind !== 'list') {
    if (name === undefined || name === '' || others.length > 0) return fault(`${kind} needs one ID or HASH`)
    return { kind, ...common, name, service: values.get('service') }
  }
  if (name !== undefined) return fault(`list takes no ${name}; see --help`)
  const why = filterFault(values)
  if (why !== undefined) return fault(`list: ${why}`)
  const filter = filterFlags.flatMap((flag) => (values.has(flag) ? [[flag, values.get(flag)]] : []))
  return { kind, ...common, filter: Object.fromEntries(filter) }
}

function fault(text: string): SessionsFlags {
  return { kind: 'fault', fault: text }
}

function unknownAction(kind: string | undefined): SessionsFlags {
  if (kind === undefined) return fault('needs list, show or close; see limpet sessions --help')
  const near = didYouMean(kind, Object.keys(flagsOf))
  return fault(
    `can't ${kind}; ${near === undefined ? 'see limpet sessions --help' : `did you mean ${near}?`}`,
  )
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function tokenFault(
  { name, rawName, value, inlineValue }: OptionToken,
  kind: keyof typeof flagsOf,
  earlier: ReadonlyMap<FlagName, string>,
): string | undefined {
  const flag = flagsOf[kind].find((known) => known === name)
  if (flag === undefined) {
    const near = didYouMean(name, flagsOf[kind])
    return `there is no option ${rawName}; ${near === undefined ? 'see --help' : `did you mean --${near}?`}`
  }
  if (earlier.has(flag)) return `${rawName} stands here twice`
  if (options[flag].type === 'boolean') return value === undefined ? undefined : `${rawName} takes no value`
  const hasValue = value !== undefined && value !== '' && (inlineValue || !value.startsWith('-'))
  return hasValue ? undefined : `${rawName} needs a value`
}

function filterFault(values: ReadonlyMap<FlagName, string>): string | undefined {
  const idle = values.get('idle')
  if (idle !== undefined && parseDuration(idle) === undefined)
    return `--idle must be a duration such as 20m or 500ms, not "${idle}"`
  const limit = values.get('limit')
  if (limit !== undefined && !/^(?:[1-9]\d{0,2}|1000)$/.test(limit))
    return `--limit must be a number from 1 to 1000, not "${limit}"`
  return undefined
}
