import type { z } from 'zod'
import { shown } from './field.ts'

/** Something wrong with a value; `message` continues the name of what `path` leads to. */
export interface PathFault {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** `key`: the key at the end of `path` is wrong, not its value. */
  readonly at: 'key' | 'value'
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
}

/** Words for issues whose schema has none of its own; meant as zod's `error` option of one parse. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return 'is missing'
  const not = `, not ${shown(issue.input)}`
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}${not}`
    case 'invalid_value':
      return `must be ${orList(issue.values.map(String))}${not}`
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${lengthOf(issue.origin)}${not}`
    case 'too_big':
      return `must be at most ${issue.maximum}${lengthOf(issue.origin)}${not}`
    default:
      return undefined
  }
}

/** The faults that `issues` stand for: unions reduced to the alternative that was meant. */
export function faultsOf(
  issues: readonly z.core.$ZodIssue[],
  prefix: readonly PropertyKey[] = [],
): PathFault[] {
  return issues.flatMap((issue): PathFault[] => {
    const path = [...prefix, ...issue.path]
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split('\n')
      return issue.keys.map((key, i) => ({ path: [...path, key], message: messages[i] ?? '', at: 'key' }))
    }
    if (issue.code === 'invalid_union') {
      const meant = meantAlternative(issue.errors)
      return meant === undefined
        ? [{ path, message: unionMessage(issue), at: 'value' }]
        : faultsOf(meant, path)
    }
    return [{ path, message: issue.message, at: 'value' }]
  })
}

/** `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** The path as JavaScript writes it, on one line: `services[0].ttl`, `log["a key"]`. */
export function pathName(path: readonly PropertyKey[]): string {
  const name = path.map((step, i) => {
    if (typeof step === 'number') return `[${step}]`
    const key = String(step)
    if (!/^[\w$-]{1,60}$/.test(key)) return `[${shown(key)}]`
    return i === 0 ? key : `.${key}`
  })
  return name.length === 0 ? 'the config' : name.join('')
}

function lengthOf(origin: string): string {
  return origin === 'string' ? ' characters' : ''
}

type Issues = readonly z.core.$ZodIssue[]

/** The alternative that got furthest into the value; undefined when each wants another type. */
function meantAlternative(alternatives: readonly Issues[]): Issues | undefined {
  const ranked = alternatives.map((issues) => ({ issues, depth: Math.max(...issues.map(issueDepth)) }))
  const best = Math.max(...ranked.map(({ depth }) => depth))
  return best === 0 ? undefined : ranked.find(({ depth }) => depth === best)?.issues
}

function issueDepth({ code, path }: z.core.$ZodIssue): number {
  if (path.length > 0 || code === 'unrecognized_keys') return 2
  return code === 'invalid_type' || code === 'invalid_value' ? 0 : 1
}

function unionMessage(issue: z.core.$ZodIssueInvalidUnion): string {
  const wanted = issue.errors.flat().flatMap((inner) => {
    if (inner.code === 'invalid_value') return inner.values.map(String)
    return inner.code === 'invalid_type' ? [typeNames[inner.expected] ?? inner.expected] : []
  })
  return `must be ${orList(wanted)}, not ${shown(issue.input)}`
}
