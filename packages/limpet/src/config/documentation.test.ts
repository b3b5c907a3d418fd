import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { parse } from 'yaml'
import { generatedFiles, jsonSchema, staleFiles } from '../../../../scripts/generate-docs.ts'
import { parseConfig } from './load.ts'

const root = new URL('../../../../', import.meta.url)
const files = generatedFiles()
const page = files.get('docs/configuration.md') ?? ''
const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '')

/** Every key once, and each form that a value can take. */
const everyKey = `
listen: '[::1]:8080'
admin: off
workers: 2
keys: { file: limpet.keys }
pins: { capacity: 2000 }
store: { url: 'redis+sentinel://a:1,b/mymaster/2', passwordFile: password, caFile: ca.pem, queue: 1000, lookupTimeout: 1s }
trustedProxies: [10.0.0.0/8, fd00::/8, 192.0.2.1]
forwarded: true
via: edge
limits: { headBytes: 16384, headerCount: 50, targetBytes: 4096, bodyBytes: 1000000, bodyRate: 100, connections: 5000, connectionsPerClient: 50 }
timeouts: { head: 5s, idle: 1m30s, connect: 500ms, response: off, stream: 1h, tunnelIdle: 1d, tunnelPing: 30s, requestBody: 10s, writeStall: 10s, shutdown: 5s }
pool: { idle: 2s, maxIdle: 0 }
log: { level: silent, access: stdout }
services:
  - name: chat
    match: [{ host: '*.example.com', path: /v1 }, { host: '[::1]' }, { host: 10.0.0.5 }]
    replicas: ['http://[::1]:8001', https://b.example, { url: http://c:1/, name: c, weight: 0.5, drain: true }]
    dialect: cookie
    session: [header:x-session-id, cookie:sid, query:s, bearer, ip, cookie, 'module:./session.ts']
    cookie: { name: id, begins: navigation, pair: true, idle: 10m, absolute: 30d, sameSite: none, secure: always, domain: example.com, path: /v1, persist: true }
    ttl: 10m
    maxAge: 1d
    balance: random
    bound: { factor: 2, gap: 0 }
    onLost: reject
    drainTimeout: 10m
    health: { path: /up, interval: 1s, timeout: 500ms, healthy: 2, unhealthy: 3 }
    ejection: { failures: 5, backoff: 2s, maxBackoff: 30s }
    host: replica
    decisionHeader: false
  - { name: rest, replicas: [], match: { path: / }, session: bearer, bound: off, health: off, ejection: off, maxAge: off }
  - { name: media, replicas: [], dialect: sagemaker, sagemaker: { endpoint: m-1, variant: Blue, signature: { accessKeys: ./keys, region: eu-west-1 } }, maxSessions: 5, serialize: true }
  - { name: tools, match: { path: /mcp }, replicas: [], dialect: mcp, mcp: { recover: reject, bind: credential, keepAlive: off, contentBytes: 4096 } }
  - { name: any, replicas: [], dialect: sagemaker, sagemaker: { endpoint: '*' }, maxSessions: off }
`

type Schema = Readonly<Record<string, unknown>>
type Check = (value: unknown, operand: never, schema: Schema) => boolean

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  array: Array.isArray,
  object: isMapping,
}

/** The JSON Schema keywords that our schema uses, as far as they judge a value. */
const keywords: Readonly<Record<string, Check>> = {
  type: (value, type: string) => types[type]?.(value) ?? false,
  enum: (value, values: unknown[]) => values.includes(value),
  const: (value, wanted: unknown) => value === wanted,
  pattern: (value, source: string) => typeof value !== 'string' || new RegExp(source, 'u').test(value),
  minLength: (value, least: number) => typeof value !== 'string' || value.length >= least,
  maxLength: (value, most: number) => typeof value !== 'string' || value.length <= most,
  minimum: (value, least: number) => typeof value !== 'number' || value >= least,
  exclusiveMinimum: (value, bound: number) => typeof value !== 'number' || value > bound,
  maximum: (value, most: number) => typeof value !== 'number' || value <= most,
  minItems: (value, least: number) => !Array.isArray(value) || value.length >= least,
  items: (value, item: Schema) => !Array.isArray(value) || value.every((one) => accepts(item, one)),
  anyOf: (value, alternatives: Schema[]) => alternatives.some((alternative) => accepts(alternative, value)),
  required: (value, keys: string[]) => !isMapping(value) || keys.every((key) => Object.hasOwn(value, key)),
  properties: (value, properties: Record<string, Schema>) =>
    !isMapping(value) ||
    Object.entries(properties).every(
      ([key, schema]) => !Object.hasOwn(value, key) || accepts(schema, value[key]),
    ),
  additionalProperties: (value, _no: false, schema) =>
    !isMapping(value) || Object.keys(value).every((key) => Object.hasOwn(schema.properties as object, key)),
}

const notes = ['$schema', '$id', 'title', 'description', 'default', 'examples']

function accepts(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, operand]) => {
    if (notes.includes(keyword)) return true
    const check = keywords[keyword]
    assert.ok(check, `this test does not know the JSON Schema keyword ${keyword}`)
    return check(value, operand as never, schema)
  })
}

describe('the configuration reference', () => {
  it('is what the schema says now', async () => {
    assert.deepEqual(await staleFiles(files, root), [])
  })

  it('has examples that can be used', () => {
    assert.equal(examples.length, 2)
    for (const text of examples) parseConfig(text, 'docs/configuration.md')
  })

  it('describes every key', () => {
    const visit = (schema: Schema): void => {
      for (const value of Object.values(schema)) {
        for (const inner of Array.isArray(value) ? value : [value]) if (isMapping(inner)) visit(inner)
      }
      for (const [key, property] of Object.entries((schema.properties ?? {}) as Record<string, Schema>)) {
        assert.ok(property.description, `${key} has no description`)
        assert.match(page, new RegExp(`^\\| \`${key}\` +\\|`, 'm'))
      }
    }
    visit(jsonSchema() as Schema)
  })

  it('links to sections that exist', () => {
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    )
    const links = [...page.matchAll(/\(#(.*?)\)/g)].map(([, anchor]) => anchor ?? '')
    assert.ok(links.length > 10)
    for (const link of links) assert.ok(headings.includes(link), link)
  })

  it('is reported stale when a file of it is absent or differs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'limpet-docs-'))
    after(() => rm(folder, { recursive: true }))
    await mkdir(join(folder, 'docs'))
    await writeFile(join(folder, 'docs/configuration.md'), `${page}more`)
    const url = pathToFileURL(`${folder}/`)
    assert.deepEqual(await staleFiles(files, url), ['docs/configuration.md', 'docs/limpet.schema.json'])
  })
})

describe('the JSON Schema', async () => {
  const schema: Schema = JSON.parse(await readFile(new URL('docs/limpet.schema.json', root), 'utf8'))

  for (const [i, text] of [...examples, everyKey].entries()) {
    it(`accepts what limpet accepts: config ${i + 1}`, () => {
      parseConfig(text, 'f')
      assert.ok(accepts(schema, parse(text)))
    })
  }

  it('knows no key that the config of every key lacks', () => {
    const written = new Set([...everyKey.matchAll(/([a-zA-Z]+):/g)].map(([, key]) => key))
    const visit = (inner: unknown): void => {
      if (!isMapping(inner) && !Array.isArray(inner)) return
      if (isMapping(inner) && isMapping(inner.properties)) {
        for (const key of Object.keys(inner.properties)) assert.ok(written.has(key), key)
      }
      for (const value of Object.values(inner)) visit(value)
    }
    visit(schema)
  })

  const refused: [description: string, text: string][] = [
    ['no services', 'listen: :80'],
    ['a misspelt key', everyKey.replace('onLost', 'onlost')],
    ['a misspelt key further in', everyKey.replace('unhealthy', 'unhealty')],
    ['a duration without a unit', everyKey.replace('ttl: 10m', 'ttl: 10')],
    ['an unknown dialect', everyKey.replace('dialect: cookie', 'dialect: smtp')],
    ['an unknown session source', everyKey.replace('query:s', 'kwery:s')],
    ['a port without a colon', everyKey.replace("'[::1]:8080'", '8080')],
    ['a replica with a path', everyKey.replace('https://b.example', 'https://b.example/v1')],
    ['too few pins', everyKey.replace('2000', '2')],
  ]
  for (const [description, text] of refused) {
    it(`refuses ${description}`, () => {
      assert.ok(!accepts(schema, parse(text)))
    })
  }
})
