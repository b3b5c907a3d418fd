/**
 * Writes docs/configuration.md and docs/limpet.schema.json from the config schema. With `--check` it writes
 * nothing, names each file that is out of date and exits with 1.
 */
import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { restartSettings } from '../packages/limpet/src/config/diff.ts'
import { configSchema } from '../packages/limpet/src/config/schema.ts'

const root = new URL('../', import.meta.url)

/** The JSON Schema keywords that the config's schema uses. */
interface JsonSchema {
  readonly type?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
}

/** The JSON Schema of a config file, for editors and other tools. */
export function jsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
  return {
    $id: 'urn:limpet:config',
    ...schema,
    title: 'Limpet configuration',
    description: 'The config file of limpet serve.',
  } as JsonSchema
}

/** The reference of the config file, as Markdown. */
export function configurationPage(): string {
  return `${intro}\n${sections('', jsonSchema()).join('\n')}`
}

const intro = `# Configuration

<!-- Made by scripts/generate-docs.ts from the schema in packages/limpet/src/config. Edit that, then run \`npm run docs\`. -->

\`limpet serve limpet.yaml\` reads one YAML file; \`createRouter(options)\` takes the same keys as an object. \`limpet check limpet.yaml\` says whether a file can be used and, if not, what is wrong in which line.

\`\`\`yaml
listen: :8080
admin: 127.0.0.1:8081
keys: { file: limpet.keys }
trustedProxies: [10.0.0.0/8]
timeouts: { response: 10m }
log: { access: stdout }

services:
  # Clients name their session in a header; a browser without it gets a cookie.
  - name: chat
    match: { host: chat.example.com, path: /v1 }
    replicas:
      - http://10.0.0.5:8000
      - http://10.0.0.6:8000
      - { url: http://10.0.0.7:8000, name: large, weight: 2 }
    session: [header:x-session-id, cookie]
    ttl: 30m
    health: { path: /health, interval: 5s }

  # A state that can't be rebuilt: a session whose replica is gone gets an error.
  - name: editor
    match: { host: "*.edit.example.com" }
    replicas: [http://10.0.1.5:3000, http://10.0.1.6:3000]
    dialect: cookie
    cookie: { name: __Host-editor, secure: always, absolute: 7d }
    onLost: reject
\`\`\`

Only \`services\` is required:

\`\`\`yaml
services:
  - name: default
    replicas: [http://127.0.0.1:8001, http://127.0.0.1:8002]
\`\`\`

- A **duration** is a number with a unit, or several: \`500ms\`, \`20m\`, \`1h30m\`. Units are \`ms\`, \`s\`, \`m\`, \`h\` and \`d\`. Where \`off\` is allowed, it switches the setting off.
- **HOST:PORT** is a name or an address with a port: \`127.0.0.1:8080\`, \`[::1]:8080\`; \`:8080\` is every address of the machine.
- Relative paths start at the folder of the config file; in the library, at the working directory.
- Keys that Limpet does not know are faults, so that a misspelt setting does not go unnoticed.
- A running router takes up a changed file by itself. A file with a fault is reported and not used. These settings need a restart: ${restartSettings.map((name) => `\`${name}\``).join(', ')}.
- Editors that read JSON Schema complete and check the file with \`limpet.schema.json\`, which stands beside this page, when its first line is \`# yaml-language-server: $schema=PATH/limpet.schema.json\`.
`

/** The section of `schema` at `path`, then those of the mappings in it. */
function sections(path: string, schema: JsonSchema): string[] {
  const properties = Object.entries(schema.properties ?? {})
  const rows = properties.map(([key, property]) => {
    const inner = innerMapping(property)
    const innerPath = joined(path, key, property)
    const values = inner === undefined ? valuesOf(property) : valuesOf(property, anchorOf(innerPath))
    const required = schema.required?.includes(key) ?? false
    return `| \`${key}\` | ${values} | ${defaultOf(property, required)} | ${cell(property.description ?? '')} |`
  })
  const title = path === '' ? 'Top level' : `\`${path}\``
  const head = ['', `## ${title}`, '', '| key | values | default | meaning |', '|---|---|---|---|']
  const inner = properties.flatMap(([key, property]) => {
    const mapping = innerMapping(property)
    return mapping === undefined ? [] : sections(joined(path, key, property), mapping)
  })
  return [[...head, ...rows, ''].join('\n').trimEnd().concat('\n'), ...inner]
}

/** The mapping that a property holds, as such, among alternatives or in a list. */
function innerMapping(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties !== undefined) return schema
  if (schema.items !== undefined) return innerMapping(schema.items)
  return schema.anyOf?.map(innerMapping).find((mapping) => mapping !== undefined)
}

function joined(path: string, key: string, schema: JsonSchema): string {
  return `${path === '' ? '' : `${path}.`}${key}${schema.type === 'array' ? '[]' : ''}`
}

/** How GitHub names the anchor of a heading: lower case, letters and digits only. */
function anchorOf(path: string): string {
  return path.toLowerCase().replace(/[^a-z0-9-]/g, '')
}

function valuesOf(schema: JsonSchema, anchor?: string): string {
  if (schema.anyOf !== undefined) {
    const words = new Set(schema.anyOf.map((alternative) => valuesOf(alternative, anchor)))
    return [...words].join(' or ')
  }
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ')
  if (schema.items !== undefined) return `list of: ${valuesOf(schema.items, anchor)}`
  if (schema.properties !== undefined) return `[mapping](#${anchor})`
  if (schema.type === 'boolean') return '`true`, `false`'
  if (schema.type === 'integer' || schema.type === 'number') return numbersOf(schema)
  return schema.title ?? 'string'
}

function numbersOf({ type, minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  const noun = type === 'integer' ? 'whole number' : 'number'
  const least = exclusiveMinimum === undefined ? `${minimum}` : `more than ${exclusiveMinimum}`
  if (maximum === undefined || maximum === Number.MAX_SAFE_INTEGER) return `${noun}, ${least} or more`
  return `${noun}, ${least} to ${maximum}`
}

function defaultOf(schema: JsonSchema, required: boolean): string {
  if (required) return 'required'
  const value = schema.default
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return ''
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** The files that this script makes, by their path from the repository's root. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schemaPath = 'docs/limpet.schema.json'
  return new Map([
    ['docs/configuration.md', configurationPage()],
    [schemaPath, formatted(schemaPath, JSON.stringify(jsonSchema()))],
  ])
}

/** `text` as the repository's formatter wants it, so that its check and this script's agree. */
function formatted(path: string, text: string): string {
  const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'))
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'format', `--stdin-file-path=${path}`],
    {
      cwd: fileURLToPath(root),
      encoding: 'utf8',
      input: text,
    },
  )
  if (status !== 0) throw new Error(`biome can't format ${path}: ${stderr}`)
  return stdout
}

/** Those of `files` that are absent under `folder` or hold something else there. */
export async function staleFiles(files: ReadonlyMap<string, string>, folder: URL): Promise<string[]> {
  const stale: string[] = []
  for (const [path, wanted] of files) {
    const found = await readFile(new URL(path, folder), 'utf8').catch(() => undefined)
    if (found !== wanted) stale.push(path)
  }
  return stale
}

if (import.meta.main) {
  const files = generatedFiles()
  const stale = await staleFiles(files, root)
  if (process.argv.includes('--check')) {
    for (const path of stale) process.stderr.write(`${path} is out of date: run npm run docs\n`)
    process.exitCode = stale.length > 0 ? 1 : 0
  } else {
    for (const path of stale) {
      await writeFile(new URL(path, root), files.get(path) ?? '')
      process.stdout.write(`wrote ${path}\n`)
    }
  }
}
