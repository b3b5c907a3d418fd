import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addConnectionOptions, type ConnectionOptions } from './connection-options.ts'

function optionsOf(...values: readonly string[]): ConnectionOptions {
  const options: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, named: [] }
  for (const value of values) addConnectionOptions(options, value)
  return options
}

describe('options of Connection (RFC 9110 §7.6.1)', () => {
  const none = { close: false, keepAlive: false, upgrade: false, named: [] }
  const cases: readonly (readonly [values: readonly string[], options: ConnectionOptions])[] = [
    [[''], none],
    [[' , ,'], none],
    [['close'], { ...none, close: true }],
    [['Close'], { ...none, close: true }],
    [['Keep-Alive'], { ...none, keepAlive: true }],
    [['keep-alive, Upgrade'], { ...none, keepAlive: true, upgrade: true }],
    [['keep-alive', 'close'], { ...none, keepAlive: true, close: true }],
    [['X-Secret,\tX-Other '], { ...none, named: ['x-secret', 'x-other'] }],
    [['X-A', 'x-b'], { ...none, named: ['x-a', 'x-b'] }],
    [['closed'], { ...none, named: ['closed'] }],
  ]
  for (const [values, options] of cases)
    test(JSON.stringify(values), () => assert.deepEqual(optionsOf(...values), options))
})

describe('fields that an option can not take away', () => {
  for (const name of [
    'Host',
    'Cookie',
    'Authorization',
    'Content-Length',
    'Transfer-Encoding',
    'Content-Type',
    'Content-Encoding',
    'Set-Cookie',
    'Cache-Control',
    'Date',
    'Location',
    'Via',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'Limpet-Decision',
    'Limpet-Epoch',
  ])
    test(name, () => assert.deepEqual(optionsOf(`close, ${name}`).named, []))
})
