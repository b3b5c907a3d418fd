import { z } from 'zod'
import { didYouMean } from './did-you-mean.ts'

/** Reports that the value is unusable. `message` continues the key's name: "must be …", "is missing". */
export type ReportFault = (message: string) => never

/** What editors and the reference docs are told about a scalar, as JSON Schema keywords. */
export interface ScalarDoc {
  /** What the reference calls such a value: `duration`, `HOST:PORT`. */
  readonly title?: string
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly examples?: readonly string[]
}

/**
 * A field that is written as one value and parsed by `parse`. `parse` returns what the rest of the router
 * works with, or the result of `fault(message)`.
 */
export function scalar<Input, Output>(
  doc: ScalarDoc,
  parse: (value: unknown, fault: ReportFault) => Output,
): z.ZodPipe<z.ZodCustom<Input, Input>, z.ZodTransform<Output, Input>> {
  const schema = z.custom<Input>().meta({ type: 'string', ...doc })
  return schema.transform((value, context): Output => {
    const fault = (message: string): never => {
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    return value === undefined ? fault('is missing') : parse(value, fault)
  })
}

/** A mapping with exactly these keys. */
export function section<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, Object.keys(shape))).join('\n')
        : undefined,
  })
}

/** Reports that what stands at `path`, below the value being checked, is unusable. */
export type ReportFaultAt = (path: readonly PropertyKey[], message: string) => void

/** A rule between the parts of a value, for `.check()`; it is asked only when each part by itself is right. */
export function rule<T>(check: (value: T, fault: ReportFaultAt) => void): z.core.$ZodCheck<T> {
  return z.superRefine<T>(
    (value, context) => {
      check(value, (path, message) => context.addIssue({ code: 'custom', path: [...path], message }))
    },
    { when: ({ issues }) => issues.length === 0 },
  )
}

/** The keys of `Section`, with those named in `Key` ending in `Ms`. */
export type InMs<Section, Key extends keyof Section & string> = {
  [K in keyof Section as K extends Key ? `${K}Ms` : K]: Section[K]
}

/** Appends `Ms` to the names of `keys`, since units stand in names everywhere but in the file. */
export function inMs<Section extends object, Key extends keyof Section & string>(
  section: Section,
  keys: readonly Key[],
): InMs<Section, Key> {
  const entries = Object.entries(section).map(([key, value]) => [
    keys.includes(key as Key) ? `${key}Ms` : key,
    value,
  ])
  return Object.fromEntries(entries) as InMs<Section, Key>
}

/** A value as a fault's message shows it: short, on one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'function') return 'a function'
  return String(value)
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = didYouMean(key, known)
  return near === undefined
    ? `is not known here; the keys are ${known.join(', ')}`
    : `is not known; did you mean ${near}?`
}
