import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hostName, isValidHost } from './host.ts'

describe('Host values that are accepted (RFC 9110 §7.2, RFC 3986 §3.2.2)', () => {
  for (const host of [
    'a',
    'A.example',
    'a.example:8080',
    'a:',
    'a:0',
    'a:65535',
    '127.0.0.1',
    '127.0.0.1:80',
    '[::1]',
    '[::1]:80',
    '[::1]:',
    '[2001:DB8::7]',
    '[::ffff:1.2.3.4]',
    'a_b',
    'xn--p1ai',
    'a%20b',
    "a!$&'()*+;=~",
    'a.',
  ])
    test(host, () => assert.equal(isValidHost(host), true))
})

describe('Host values that are refused', () => {
  const cases: readonly (readonly [why: string, host: string])[] = [
    ['empty', ''],
    ['a port alone', ':80'],
    ['a list', 'a, b'],
    ['a list without a space', 'a,b'],
    ['user information', 'u@a'],
    ['user information with a password', 'u:p@a'],
    ['a path', 'a/e'],
    ['a query', 'a?e'],
    ['a fragment', 'a#e'],
    ['a backslash', 'a\\e'],
    ['a space', 'a b'],
    ['a tab', 'a\tb'],
    ['quotes', '"a"'],
    ['angle brackets', '<a>'],
    ['bytes from 0x80', 'caf\xe9'],
    ['characters past Latin-1', 'caf\u0142'],
    ['a port out of range', 'a:65536'],
    ['a port of five nines', 'a:99999'],
    ['a port of six digits', 'a:000080'],
    ['a port that is no number', 'a:b'],
    ['a negative port', 'a:-1'],
    ['a port with a space', 'a: 80'],
    ['two ports', 'a:1:2'],
    ['an address without its brackets', '::1'],
    ['an open bracket', '[::1'],
    ['a closing bracket alone', '::1]'],
    ['empty brackets', '[]'],
    ['brackets around a name', '[a.example]'],
    ['something behind the brackets', '[::1]a'],
    ['something behind the brackets and a port', '[::1]a:80'],
    ['a zone', '[fe80::1%eth0]'],
    ['two bracketed addresses', '[::1][::2]'],
    ['an endless address', `[${':'.repeat(46)}]`],
  ]
  for (const [why, host] of cases) test(why, () => assert.equal(isValidHost(host), false))
})

describe('the name that services are matched by', () => {
  for (const [host, name] of [
    ['A.Example', 'a.example'],
    ['A.Example:8080', 'a.example'],
    ['a:', 'a'],
    ['[2001:DB8::7]:80', '[2001:db8::7]'],
    ['[::1]', '[::1]'],
  ] as const)
    test(`${host} is ${name}`, () => assert.equal(hostName(host), name))
})
