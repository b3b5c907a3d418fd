import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isLoopbackAddress, refuseCaller } from './admin-guard.ts'

describe('who asks for sessions', () => {
  const cases: [
    what: string,
    access: { token?: string; isLoopback: boolean },
    caller: { method?: string; host?: string; authorization?: string },
    status: number | undefined,
  ][] = [
    ['on this machine', { isLoopback: true }, {}, undefined],
    ['on this machine, to end one', { isLoopback: true }, { method: 'DELETE' }, undefined],
    ['for localhost', { isLoopback: true }, { host: 'LocalHost:8081' }, undefined],
    ['for [::1]', { isLoopback: true }, { host: '[::1]:8081' }, undefined],
    ['for a name that resolves to this machine', { isLoopback: true }, { host: 'evil.example:8081' }, 403],
    ['for a name that begins like this machine', { isLoopback: true }, { host: '127.0.0.1.example' }, 403],
    ['for no host', { isLoopback: true }, { host: '' }, 403],
    ['from elsewhere', { isLoopback: false }, { host: 'router:8081' }, undefined],
    ['from elsewhere, to end one', { isLoopback: false }, { host: 'router:8081', method: 'DELETE' }, 403],
    ['without the token', { token: 'tökén', isLoopback: true }, {}, 401],
    ['with another token', { token: 'tökén', isLoopback: true }, { authorization: 'Bearer token' }, 401],
    [
      'with the beginning of the token',
      { token: 'token', isLoopback: true },
      { authorization: 'Bearer tok' },
      401,
    ],
    [
      'with the token in another scheme',
      { token: 'token', isLoopback: true },
      { authorization: 'Basic token' },
      401,
    ],
    [
      'from elsewhere with the token, to end one',
      { token: 'tökén', isLoopback: false },
      {
        method: 'DELETE',
        host: 'router',
        authorization: `bearer ${Buffer.from('tökén').toString('latin1')}`,
      },
      undefined,
    ],
  ]
  for (const [what, access, caller, status] of cases) {
    test(`${what}: ${status ?? 'let in'}`, () => {
      const { method = 'GET', host = '127.0.0.1:8081', authorization } = caller
      const refusal = refuseCaller(
        { token: access.token, isLoopback: access.isLoopback },
        { method, host, authorization },
      )
      assert.equal(refusal?.status, status)
      if (status === 401) assert.equal(refusal?.headers?.['www-authenticate'], 'Bearer')
    })
  }

  test('addresses of this machine are told from others', () => {
    for (const address of ['127.0.0.1', '127.9.8.7', '::1']) assert.equal(isLoopbackAddress(address), true)
    for (const address of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example'])
      assert.equal(isLoopbackAddress(address), false)
  })
})
