import { Buffer } from 'node:buffer'
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml'
import type { ConfigFault } from '../errors.ts'
import type { PathFault } from './issue-message.ts'

/** The largest config file that is read. */
export const maxConfigBytes = 1_048_576

/** How often aliases may repeat what their anchors hold, so that a small file can't become a huge config. */
const maxAliasCount = 100

type Place = Pick<ConfigFault, 'line' | 'column'>

/** A parsed YAML file: its value, and where each part of it stands. */
export interface YamlFile {
  readonly value: unknown
  /** The place of the key or value that the fault is about, or of the nearest thing around it that exists. */
  placeOf(fault: Pick<PathFault, 'path' | 'at'>): Place
}

/** Reads YAML 1.2. The faults, when there are any, are those of the syntax, repeated keys among them. */
export function readYaml(text: string, file: string): YamlFile | readonly ConfigFault[] {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxConfigBytes) {
    return [{ file, line: 1, column: 1, message: `the file is larger than ${maxConfigBytes} bytes` }]
  }
  const lines = new LineCounter()
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
    const problems = [...document.errors, ...document.warnings]
    const tooDeep = problems.find(({ code }) => code === 'RESOURCE_EXHAUSTION')
    if (tooDeep !== undefined)
      return [{ file, ...place(tooDeep.pos[0]), message: 'this is nested too deeply' }]
    if (problems.length > 0) {
      return problems.map(({ pos, code, message }) => ({
        file,
        ...place(pos[0]),
        message: inWords(code, message),
      }))
    }
    const lost = unknownAlias(document)
    if (lost !== undefined) {
      return [
        { file, ...place(lost.range?.[0] ?? 0), message: `no anchor &${lost.source} stands before this` },
      ]
    }
    const value: unknown = document.toJS({ maxAliasCount })
    return { value, placeOf: ({ path, at }) => place(offsetOf(document, path, at)) }
  } catch (error) {
    // What yaml throws when maxAliasCount is passed.
    if (!(error instanceof ReferenceError)) throw error
    return [{ file, line: 1, column: 1, message: 'the aliases of this file repeat too much' }]
  }
}

function inWords(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key stands here twice'
  if (code === 'MULTIPLE_DOCS') return 'a config file holds one document: remove what follows ---'
  if (code === 'NON_STRING_KEY') return 'keys must be strings'
  return message.replace(/\s+/g, ' ')
}

/** The first alias whose anchor does not come before it. */
function unknownAlias(document: Document.Parsed): Alias.Parsed | undefined {
  const anchors = new Set<string>()
  let lost: Alias.Parsed | undefined
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor)
        return undefined
      }
      if (anchors.has(node.source)) return undefined
      lost = node as Alias.Parsed
      return visit.BREAK
    },
  })
  return lost
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], at: 'key' | 'value'): number {
  let node = resolved(document, document.contents)
  let offset = node?.range?.[0] ?? 0
  for (const [index, step] of path.entries()) {
    const isLast = index === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (pair === undefined) return offset
      const written = pair.value as Node | null
      offset =
        (isLast && at === 'key') || hasNoText(written)
          ? startOf(pair, offset)
          : (written?.range?.[0] ?? offset)
      node = resolved(document, pair.value)
    } else if (isSeq(node)) {
      const item = node.items[Number(step)]
      if (!isNode(item)) return offset
      offset = item.range?.[0] ?? offset
      node = resolved(document, item)
    } else {
      return offset
    }
  }
  return offset
}

function resolved(document: Document.Parsed, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document)
  return isNode(node) ? node : undefined
}

/** Whether nothing is written for the value, so that only the key can be pointed at. */
function hasNoText(node: Node | null): boolean {
  return node === null || (node.range != null && node.range[0] === node.range[1])
}

function startOf(pair: Pair<unknown, unknown>, otherwise: number): number {
  return isNode(pair.key) ? (pair.key.range?.[0] ?? otherwise) : otherwise
}
