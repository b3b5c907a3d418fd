import { type Decision, decisions } from '../observe/counters.ts'

/** A decision with its place among the counters and the line that tells the client. */
export interface Outcome {
  readonly name: Decision
  readonly index: number
  readonly line: string
}

const outcome = (name: Decision): Outcome => ({
  name,
  index: decisions.indexOf(name),
  line: `limpet-decision: ${name}\r\n`,
})
export const HIT = outcome('hit')
export const NEW = outcome('new')
export const MOVED = outcome('moved')
export const NONE = outcome('none')
