import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RecentTexts } from './recent-texts.ts'

describe('a memory of texts', () => {
  test('knows what it was told, and nothing else', () => {
    const texts = new RecentTexts<number>()
    texts.keep('one', 1)
    texts.keep('', 0)
    assert.deepEqual(
      ['one', '', 'two'].map((text) => texts.get(text)),
      [1, 0, undefined],
    )
    texts.keep('one', 11)
    assert.equal(texts.get('one'), 11)
  })

  test('tells apart texts of all bytes', () => {
    const texts = new RecentTexts<string>()
    const all = Array.from({ length: 256 }, (_, byte) => `x${String.fromCharCode(byte)}`)
    for (const text of all) texts.keep(text, text)
    for (const text of all) assert.equal(texts.get(text), text)
  })

  test('holds two generations: what is not asked for goes with the second that follows', () => {
    const texts = new RecentTexts<number>(2)
    for (const [number, text] of ['a', 'b', 'c', 'd', 'e'].entries()) texts.keep(text, number)
    assert.equal(texts.get('a'), undefined)
    assert.equal(texts.get('b'), undefined)
    assert.equal(texts.get('d'), 3)
    assert.equal(texts.get('e'), 4)
  })

  test('keeps for as long as it is asked for what others come and go around', () => {
    const texts = new RecentTexts<number>(4)
    texts.keep('asked for', 1)
    for (let other = 0; other < 1000; other++) {
      texts.keep(`other ${other}`, other)
      assert.equal(texts.get('asked for'), 1)
    }
    const left = Array.from({ length: 1000 }, (_, other) => texts.get(`other ${other}`))
    assert.ok(left.filter((value) => value !== undefined).length < 8)
  })
})
