import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError } from '../errors.ts'
import { configFromInput } from './load.ts'

const storeOf = (store: unknown) => {
  const config = configFromInput({ store: store as string, services: [{ name: 'a', replicas: [] }] })
  return config.store!
}

const redis = {
  kind: 'redis',
  mode: 'single',
  tls: false,
  servers: [{ host: 'h', port: 6379 }],
  master: undefined,
  database: 0,
  username: undefined,
  password: undefined,
  shown: 'redis://h',
}

const urls: [url: string, location: object][] = [
  ['memory:', { kind: 'memory', shown: 'memory:' }],
  ['sqlite:/var/pins.db', { kind: 'sqlite', path: '/var/pins.db', shown: 'sqlite:/var/pins.db' }],
  ['redis://h', redis],
  ['redis://h:80/', { ...redis, servers: [{ host: 'h', port: 80 }], shown: 'redis://h:80/' }],
  [
    'redis://[::1]:7/3',
    { ...redis, servers: [{ host: '::1', port: 7 }], database: 3, shown: 'redis://[::1]:7/3' },
  ],
  ['redis://u:p%40s@h', { ...redis, username: 'u', password: 'p@s' }],
  ['redis://:p@h', { ...redis, password: 'p' }],
  ['rediss://h', { ...redis, tls: true, shown: 'rediss://h' }],
  [
    'redis+sentinel://:p@a,b:7/mine/2',
    {
      ...redis,
      mode: 'sentinel',
      servers: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 7 },
      ],
      master: 'mine',
      database: 2,
      password: 'p',
      shown: 'redis+sentinel://a,b:7/mine/2',
    },
  ],
  [
    'rediss+cluster://a:1,b',
    {
      ...redis,
      mode: 'cluster',
      tls: true,
      servers: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
      shown: 'rediss+cluster://a:1,b',
    },
  ],
]

const faults: [store: unknown, message: RegExp][] = [
  ['', /^store must be sqlite:PATH, redis:/],
  [7, /^store must be sqlite:PATH/],
  ['http://:hunter2@h', /^store must be sqlite:PATH/],
  ['sqlite:', /^store must name a file/],
  ['sqlite::memory:', /^store must name a file/],
  ['redis://:hunter2@', /^store must be sqlite:PATH/],
  ['redis://:hunter2@h:99999', /^store has a server that is not/],
  ['redis://:hunter2@h/x', /^store must end after the number of a database/],
  ['redis://:hunter2@h/1/2', /^store must end after the number/],
  ['redis://a,b', /^store names several servers/],
  ['redis+sentinel://:hunter2@a', /^store must end in the name/],
  ['redis+cluster://a/1', /^store names a database/],
  ['redis://:hunter2%@h', /^store has credentials that are not/],
  [{ url: 'redis://:hunter2@h:x' }, /^store\.url has a server/],
  [{ url: 'redis://:hunter2@h', queue: 1 }, /^store\.queue must be at least 1000/],
  [{ passwordFile: 'x' }, /^store\.url is missing/],
  [
    { url: 'redis://:hunter2@h', pasword: 'x' },
    /^store\.pasword is not known here; the keys are url, passwordFile/,
  ],
]

describe('the URL of a store', () => {
  for (const [url, location] of urls) {
    test(`${url} is understood`, () => {
      assert.deepEqual(storeOf(url).location, location)
      assert.deepEqual(storeOf({ url }).location, location)
    })
  }

  for (const [store, message] of faults) {
    test(`${JSON.stringify(store)} is refused, without what may be secret`, () => {
      assert.throws(
        () => storeOf(store),
        (error: ConfigError) => {
          assert.ok(error instanceof ConfigError)
          assert.match(error.message, message)
          assert.doesNotMatch(error.message, /hunter2/)
          return true
        },
      )
    })
  }

  test('comes with bounds, and with files that start at the folder of the config', () => {
    const { queue, lookupTimeoutMs, passwordFile } = storeOf('redis://h')
    assert.deepEqual([queue, lookupTimeoutMs, passwordFile], [100_000, 250, undefined])
    assert.match(storeOf({ url: 'redis://h', passwordFile: 'secret' }).passwordFile!, /^\/.*\/secret$/)
  })
})
