/** What the tests of dialects share. */
import { configFromInput } from '../config/load.ts'
import type { ServiceConfig, ServiceInput } from '../config/schema.ts'
import { createKeyring } from '../session/keyring.ts'
import type { KeyedRequest } from '../session/session-key.ts'
import type { DialectParts } from './dialect.ts'

export const sampleParts: DialectParts = {
  keyring: createKeyring([{ id: 1, secret: Buffer.alloc(32, 1) }]),
  accessKeys: new Map(),
  modules: new Map([['/session.mjs', (head: KeyedRequest) => head.header('x-tenant')]]),
}

export function sampleService(input: Partial<ServiceInput>): ServiceConfig {
  const service = { name: 'app', replicas: ['http://127.0.0.1:1'], ...input }
  return configFromInput({ services: [service], workers: 0 }).services[0]!
}

export function sampleRequest(headers: Readonly<Record<string, string>> = {}, target = '/'): KeyedRequest {
  return { method: 'GET', target, header: (name) => headers[name], peerAddress: '10.0.0.1' }
}
