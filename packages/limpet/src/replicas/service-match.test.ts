import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ServiceMatch } from './service-match.ts'

type Match = { host?: string; path?: string }

function matcher(rules: Readonly<Record<string, Match | Match[]>>) {
  const entries = Object.entries(rules).map(([service, match]) => ({
    service,
    match: [match].flat().map(({ host, path = '/' }) => ({ host, path })),
  }))
  const match = new ServiceMatch(entries, (host) => host)
  return (host: string, target: string) => match.find(host, target)
}

describe('a service', () => {
  test('that is alone and takes all gets all, whatever the host', () => {
    const find = matcher({ only: {} })
    assert.equal(find('anything', '/x'), 'only')
    assert.equal(find('', '*'), 'only')
  })

  test('is found by its path, which ends at a segment', () => {
    const find = matcher({ api: { path: '/v1' } })
    for (const target of ['/v1', '/v1/', '/v1/chat', '/v1?x=1'])
      assert.equal(find('h', target), 'api', target)
    for (const target of ['/v10', '/', '/V1', '/v', '*']) assert.equal(find('h', target), undefined, target)
  })

  test('with the longer path wins, however the config orders them', () => {
    const find = matcher({ root: { path: '/' }, long: { path: '/v1/chat' }, short: { path: '/v1' } })
    assert.equal(find('h', '/v1/chat/x'), 'long')
    assert.equal(find('h', '/v1/chats'), 'short')
    assert.equal(find('h', '/v2'), 'root')
  })

  test('with the exact host wins over a suffix, the longer suffix over the shorter, any over none', () => {
    const find = matcher({
      none: {},
      wide: { host: '*.example.com' },
      near: { host: '*.a.example.com' },
      exact: { host: 'x.a.example.com' },
    })
    assert.equal(find('x.a.example.com', '/'), 'exact')
    assert.equal(find('y.a.example.com', '/'), 'near')
    assert.equal(find('a.example.com', '/'), 'wide')
    assert.equal(find('deep.b.example.com', '/'), 'wide')
    assert.equal(find('example.com', '/'), 'none')
    assert.equal(find('notexample.com', '/'), 'none')
  })

  test('for the host but not the path leaves the request to the next best', () => {
    const find = matcher({ exact: { host: 'a.example.com', path: '/only' }, wide: { host: '*.example.com' } })
    assert.equal(find('a.example.com', '/only'), 'exact')
    assert.equal(find('a.example.com', '/else'), 'wide')
    assert.equal(find('other.org', '/only'), undefined)
  })

  test('may have several matches', () => {
    const find = matcher({ app: [{ host: 'A.example.com' }, { path: '/app' }] })
    assert.equal(find('a.example.com', '/x'), 'app')
    assert.equal(find('b', '/app'), 'app')
    assert.equal(find('b', '/x'), undefined)
  })
})
