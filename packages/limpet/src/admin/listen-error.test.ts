import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenError } from './listen-error.ts'

test('an address that can not be listened at is named with what to do about it', () => {
  const cases = [
    ['EADDRINUSE', 'LIMPET_LISTEN_IN_USE', /^Something else listens at \*:80\. .*--listen HOST:PORT/],
    ['EACCES', 'LIMPET_LISTEN_DENIED', /^This user may not listen at \*:80\. .*above 1023/],
    ['EADDRNOTAVAIL', 'LIMPET_LISTEN_ADDRESS', /^\*:80 is no address of this machine/],
    ['ENOTFOUND', 'LIMPET_LISTEN_ADDRESS', /is no address of this machine/],
    ['EIO', 'LIMPET_LISTEN_FAILED', /^Can't listen at \*:80: broken/],
  ] as const
  for (const [code, expected, message] of cases) {
    const cause = Object.assign(new Error('broken'), { code })
    const error = listenError(cause, { host: '', port: 80 }, '--listen')
    assert.equal(error.code, expected)
    assert.match(error.message, message)
    assert.equal(error.cause, cause)
  }
})
