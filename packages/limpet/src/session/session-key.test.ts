import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createKeyReader, findCookies, type KeyedRequest, type KeySource } from './session-key.ts'

function requestOf(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  peerAddress = '',
): KeyedRequest {
  return { method: 'GET', target, header: (name) => headers[name.toLowerCase()], peerAddress }
}

function keyOf(
  source: KeySource,
  target: string,
  headers?: Readonly<Record<string, string>>,
): string | undefined {
  return createKeyReader(source)(requestOf(target, headers))
}

describe('a session key', () => {
  test('is the whole value of the header, and absent when that is empty', () => {
    const source = { kind: 'header', name: 'x-session-id' } as const
    assert.equal(keyOf(source, '/', { 'x-session-id': 'session-1' }), 'session-1')
    assert.equal(keyOf(source, '/', { 'x-session-id': '' }), undefined)
    assert.equal(keyOf(source, '/'), undefined)
  })

  test('is the value of the query parameter of exactly that name, decoded as forms are', () => {
    const source = { kind: 'query', name: 'sid' } as const
    const cases = [
      ['/?sid=a', 'a'],
      ['/p?x=1&sid=a%20b&y=2', 'a b'],
      ['/?sid=a+b', 'a b'],
      ['/?s%69d=a', 'a'],
      ['/?sid=first&sid=second', 'first'],
      ['/?sid=', undefined],
      ['/?sid', undefined],
      ['/?xsid=a&sidx=b', undefined],
      ['/sid=a', undefined],
      ['/?x=sid', undefined],
      ['/', undefined],
    ] as const
    for (const [target, key] of cases) assert.equal(keyOf(source, target), key, target)
  })

  test('is the same for one text in a query, in a header and from a function, beyond ASCII too', () => {
    const inHeader = Buffer.from('größe').toString('latin1')
    assert.equal(keyOf({ kind: 'query', name: 'sid' }, '/?sid=gr%C3%B6%C3%9Fe'), inHeader)
    assert.equal(keyOf({ kind: 'function', nameSession: () => 'größe' }, '/'), inHeader)
  })

  test('is the credential without the name of its scheme, and no header can make up the same', () => {
    const source = { kind: 'bearer' } as const
    const key = keyOf(source, '/', { authorization: 'Bearer abc' })
    assert.equal(keyOf(source, '/', { authorization: 'bearer   abc' }), key)
    assert.notEqual(keyOf(source, '/', { authorization: 'Bearer abd' }), key)
    assert.notEqual(keyOf(source, '/', { authorization: 'Basic abc' }), key)
    assert.equal(keyOf(source, '/'), undefined)
    assert.ok(key!.startsWith('\0'))
  })

  test('is the address, apart from all other keys', () => {
    const read = createKeyReader({ kind: 'ip' })
    assert.notEqual(read(requestOf('/', {}, '10.0.0.1')), read(requestOf('/', {}, '10.0.0.2')))
    assert.ok(read(requestOf('/', {}, '10.0.0.1'))!.startsWith('\0ip\0'))
  })

  test('is what a function returns; nothing, null and an empty string are no session', () => {
    const of = (value: unknown) => keyOf({ kind: 'function', nameSession: () => value as string }, '/')
    assert.equal(of('x'), 'x')
    for (const nothing of [undefined, null, '']) assert.equal(of(nothing), undefined)
  })

  test('can be no promise or object, which as text would be one session for everyone', () => {
    const of = (value: unknown) => keyOf({ kind: 'function', nameSession: () => value as string }, '/')
    assert.throws(() => of(Promise.resolve('x')), /must return a string or undefined, not a promise/)
    assert.throws(() => of({}), /not object/)
  })
})

describe('cookies of one name', () => {
  test('are found wherever they stand, by their exact name, in order', () => {
    const cases = [
      ['sid=a', ['a']],
      ['x=1; sid=a; y=2', ['a']],
      ['x=1;sid=a', ['a']],
      ['sid=a; sid=b; sid=c', ['a', 'b']],
      ['sid="a"', ['a']],
      ['sid=a=b', ['a=b']],
      ['sid= a ', ['a']],
      ['sid=', ['']],
      ['xsid=a; sidx=b; SID=c', []],
      ['sid', []],
      ['; ;=; sid=a;', ['a']],
      ['', []],
    ] as const
    for (const [field, values] of cases) assert.deepEqual(findCookies(field, 'sid', 2), values, field)
  })
})
