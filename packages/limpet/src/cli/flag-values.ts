import { parseArgs } from 'node:util'
import { didYouMean } from '../config/did-you-mean.ts'

/** Flags as written, by name; one that takes no value has an empty one. */
export type FlagValues = ReadonlyMap<string, readonly string[]>

/** What a command's arguments hold. */
export interface Flags {
  readonly values: FlagValues
  readonly positionals: readonly string[]
  /** What is wrong with them: a line each, which names its flag. */
  readonly faults: string[]
}

/** The flags that a command has. */
export type FlagOptions = Readonly<
  Record<
    string,
    { readonly type: 'string' | 'boolean'; readonly multiple?: boolean; readonly short?: string }
  >
>

const defaultAdmin = '127.0.0.1:8081'

/** Reads the arguments of `command`, such as `limpet serve`. */
export function readFlags(argv: readonly string[], options: FlagOptions, command: string): Flags {
  // --admin alone opens the listener where it usually is; parseArgs knows no optional values.
  const args = argv.map((arg, i) =>
    arg === '--admin' && (argv[i + 1]?.startsWith('-') ?? true) ? `--admin=${defaultAdmin}` : arg,
  )
  const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true })
  const values = new Map<string, string[]>()
  const positionals: string[] = []
  const faults: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    const earlier = values.get(name)
    if (option === undefined) faults.push(unknownFlag(rawName, options, command))
    else if (option.type === 'boolean' && value !== undefined) faults.push(`${rawName} takes no value`)
    else if (option.type === 'string' && (value === undefined || (!inlineValue && value.startsWith('-')))) {
      faults.push(`${rawName} needs a value`)
    } else if (earlier !== undefined && !option.multiple) faults.push(`${rawName} stands here twice`)
    else values.set(name, [...(earlier ?? []), value ?? ''])
  }
  return { values, positionals, faults }
}

function unknownFlag(rawName: string, options: FlagOptions, command: string): string {
  const near = didYouMean(rawName.replace(/^-+/, ''), Object.keys(options))
  return `${rawName} is not an option of ${command}${near === undefined ? '; see --help' : `; did you mean --${near}?`}`
}
