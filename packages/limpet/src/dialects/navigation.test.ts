import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleRequest } from './dialect.fixture.ts'
import { isNavigation } from './navigation.ts'

const cases: [description: string, headers: Record<string, string>, expected: boolean][] = [
  ['a browser that loads a page', { 'sec-fetch-mode': 'navigate', accept: 'text/html' }, true],
  ["a page's own fetch, whatever it accepts", { 'sec-fetch-mode': 'cors', accept: 'text/html' }, false],
  ['a WebSocket', { 'sec-fetch-mode': 'websocket' }, false],
  ['an older browser', { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }, true],
  ['HTML among others', { accept: 'application/json, TEXT/HTML;q=0.5' }, true],
  ['a type that only ends alike', { accept: 'application/x-text/html5' }, false],
  ['curl', { accept: '*/*' }, false],
  ['a client that says nothing', {}, false],
]

for (const [description, headers, expected] of cases) {
  test(`${description}: ${expected ? 'a navigation' : 'none'}`, () => {
    assert.equal(isNavigation(sampleRequest(headers)), expected)
  })
}

test('a POST is one where the browser says so only', () => {
  const post = { ...sampleRequest({ accept: 'text/html' }), method: 'POST' }
  assert.equal(isNavigation(post), false)
  const form = { ...sampleRequest({ 'sec-fetch-mode': 'navigate' }), method: 'POST' }
  assert.equal(isNavigation(form), true)
})
