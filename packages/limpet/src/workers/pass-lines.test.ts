import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { describe, test } from 'node:test'
import { maxLineBytes, passLines } from './pass-lines.ts'

/** What `chunks` become. */
async function passed(...chunks: (string | Buffer)[]): Promise<string[]> {
  const from = new PassThrough()
  const writes: string[] = []
  passLines(from, { write: (bytes: Buffer) => writes.push(bytes.toString('latin1')) > 0 }, '> ')
  for (const chunk of chunks) from.write(chunk)
  from.end()
  await finished(from)
  return writes
}

describe('lines of output', () => {
  test('get their prefix whatever pieces they come in, and are written whole', async () => {
    assert.deepEqual(await passed('a\nb', 'c', '\n\nd'), ['> a\n', '> bc\n> \n', '> d\n'])
    assert.deepEqual(await passed(Buffer.from([0xc3]), Buffer.from([0xa4, 10])), ['> \xc3\xa4\n'])
    assert.deepEqual(await passed(), [])
  })

  test('are broken where they are too long', async () => {
    const long = 'x'.repeat(maxLineBytes)
    assert.deepEqual(await passed(`${long}\n`), [`> ${long}\n`])
    assert.deepEqual(await passed(`${long}y\n`), [`> ${long}\n> y\n`])
    const endless = await passed(...Array.from({ length: 5 }, () => long), 'end')
    assert.equal(endless.join(''), `> ${long}\n`.repeat(5).concat('> end\n'))
    // What may be part of a line is held back, and no more than a line of it.
    assert.equal(endless.length, 6)
  })
})
