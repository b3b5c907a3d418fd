import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findString } from './find-string.ts'
import { createRandom } from './mcp.fixture.ts'

/** The text of the string that is found, as it is written. */
function find(json: string, ...path: readonly string[]): string | undefined {
  const bytes = Buffer.from(json)
  const place = findString(bytes, path)
  return place && bytes.toString('utf8', place.from, place.to)
}

describe('a string in a JSON text', () => {
  for (const [what, json, found] of [
    ['is found', '{"a":"x"}', 'x'],
    ['may be empty', '{"a":""}', ''],
    ['is found behind others', '{"b":1,"c":[{"a":"no"}],"a":"x"}', 'x'],
    ['is found before what is no JSON', '{"a":"x",nonsense', 'x'],
    ['is found among white space', ' \t\r\n{ \n"a"\t:\r"x" }', 'x'],
    ['is given with its escapes', String.raw`{"a":"\"\\\u0041"}`, String.raw`\"\\\u0041`],
    ['ends at a quote behind an even number of backslashes', String.raw`{"a":"\\","b":"x"}`, String.raw`\\`],
    ['goes on behind an odd number of them', String.raw`{"a":"\\\",","b":"x"}`, String.raw`\\\",`],
    ['is found behind a string that looks like it', String.raw`{"b":"\"a\":\"no\"","a":"x"}`, 'x'],
    ['is found behind brackets in a string', '{"b":"}]{[","c":["]","}"],"a":"x"}', 'x'],
    ['counts where it comes first of several', '{"a":"x","a":"y"}', 'x'],
    ['is not looked for further in', '{"b":{"a":"x"}}', undefined],
    ['is not found in a list', '[{"a":"x"}]', undefined],
    ['is not found by a name of which its own is a part', '{"aa":"x","a ":"y"}', undefined],
    ['is not found by a name that is written with an escape', String.raw`{"\u0061":"x"}`, undefined],
    ['is none where it is a number', '{"a":5}', undefined],
    ['is none where it is a list', '{"a":["x"]}', undefined],
    ['is none where it is an object', '{"a":{"a":"x"}}', undefined],
    ['is none where the first of several is none', '{"a":null,"a":"x"}', undefined],
    ['is none where it does not end', '{"a":"x', undefined],
    ['is none where its last quote is escaped', String.raw`{"a":"x\"`, undefined],
    ['is none without a colon', '{"a" "x"}', undefined],
    ['is none without a comma', '{"b":1 "a":"x"}', undefined],
    ['is none in a text of nothing', '', undefined],
    ['is none in white space', '  ', undefined],
    ['is none in a value that is no object', '"a"', undefined],
    ['is none behind a string without an end', '{"b":"x,"a":"y"}', undefined],
    ['is none behind a bracket without an end', '{"b":[1,"a":"x"', undefined],
  ] as const) {
    test(what, () => assert.equal(find(json, 'a'), found))
  }

  test('is found by a path of names, and by that alone', () => {
    const json = '{"result":{"task":{"taskId":"x"}},"taskId":"no"}'
    assert.equal(find(json, 'result', 'task', 'taskId'), 'x')
    assert.equal(find(json, 'result', 'taskId'), undefined)
    assert.equal(find('{"result":"x"}', 'result', 'task'), undefined)
    assert.equal(find(json), undefined)
  })

  test('is found where it stands, in bytes', () => {
    const bytes = Buffer.from('{"ä€😀":"ö","a":"xyz"}')
    assert.deepEqual(findString(bytes, ['a']), { from: bytes.indexOf('xyz'), to: bytes.indexOf('xyz') + 3 })
  })

  test('is found behind a value of a hundred thousand brackets, as it is no deeper for that', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    assert.equal(find(`{"b":${deep},"a":"x"}`, 'a'), 'x')
    assert.equal(find(`{"b":${deep.slice(1)},"a":"x"}`, 'a'), undefined)
    assert.equal(find(`${'{"a":'.repeat(100_000)}"x"`, 'a', 'a'), undefined)
  })

  test('is looked for in a time that grows with the text, whatever that is', () => {
    for (const [what, json] of [
      ['quotes', `{"b":"${'\\"'.repeat(2_000_000)}","a":"x"}`],
      ['backslashes', `{"b":"${'\\'.repeat(4_000_000)}","a":"x"}`],
      ['members', `{${'"b":"",'.repeat(500_000)}"a":"x"}`],
      ['brackets', `{"b":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)},"a":"x"}`],
      ['white space', `{${' '.repeat(4_000_000)}"a":"x"}`],
    ] as const) {
      const startedMs = performance.now()
      assert.equal(find(json, 'a'), 'x', what)
      assert.ok(performance.now() - startedMs < 2000, what)
    }
  })
})

const random = createRandom(20_260_728)
const names = ['a', 'b', 'result', 'x"y', 'ä', '', 'taskId']
const texts = ['', 'x', 'a', '"', '\\', '\\"', 'result', '}', '{"a":"b"}', 'ä€😀', '\n\t', '\u2028', ',', ':']

function pick<Item>(items: readonly Item[]): Item {
  return items[random(items.length)]!
}

function space(): string {
  return random(4) === 0 ? pick([' ', '\n', '\t', '\r\n', '   ']) : ''
}

/** A random JSON text whose objects never repeat a name. */
function write(depth: number): string {
  const list = (open: string, items: string[], close: string) =>
    `${open}${space()}${items.join(`${space()},${space()}`)}${space()}${close}`
  const kind = depth === 0 ? 4 + random(4) : random(8)
  if (kind <= 2 || depth === 6) {
    const own = names.filter(() => random(2) === 0)
    const members = own.map((name) => `${JSON.stringify(name)}${space()}:${space()}${write(depth - 1)}`)
    return list('{', members, '}')
  }
  if (kind === 3)
    return list(
      '[',
      Array.from({ length: random(4) }, () => write(depth - 1)),
      ']',
    )
  if (kind <= 5) return JSON.stringify(pick(texts) + pick(texts))
  return pick(['0', '-1.5e+3', 'true', 'false', 'null', '12345678901234567890'])
}

/** What is at `path`, by the parser of the platform. */
function valueAt(json: string, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
        ? value[name as keyof typeof value]
        : undefined,
    JSON.parse(json),
  )
}

describe('in any JSON text', () => {
  test("what is found is what the platform's own parser finds", () => {
    let foundCount = 0
    for (let round = 0; round < 20_000; round++) {
      const json = `${space()}${write(6)}${space()}`
      // Names are compared as they are written, so none that are written with escapes.
      const path = Array.from({ length: 1 + random(3) }, () => pick(['a', 'b', 'result', 'taskId', '']))
      const value = valueAt(json, path)
      const found = find(json, ...path)
      const expected = typeof value === 'string' ? value : undefined
      assert.equal(found === undefined ? undefined : JSON.parse(`"${found}"`), expected, `${json} ${path}`)
      if (found !== undefined) foundCount++
    }
    assert.ok(foundCount > 500, `${foundCount}`)
  })

  test('that breaks off, nothing is found that would not be found in the whole', () => {
    for (let round = 0; round < 500; round++) {
      const json = write(6)
      const bytes = Buffer.from(json)
      const whole = find(json, 'a')
      for (let length = 0; length < bytes.length; length += 1 + random(5)) {
        const part = bytes.subarray(0, length)
        const place = findString(part, ['a'])
        if (place === undefined) continue
        assert.equal(bytes.toString('utf8', place.from, place.to), whole, `${json} ${length}`)
      }
    }
  })

  test('that was damaged, the search ends, within the bytes', () => {
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(write(6))
      for (let hits = 1 + random(3); hits > 0; hits--)
        bytes[random(bytes.length)] = pick([...Buffer.from('"\\{}[],: a')])
      const place = findString(bytes, [pick(names)])
      if (place === undefined) continue
      assert.ok(place.from <= place.to && place.to < bytes.length)
      assert.equal(bytes[place.to], 34)
      assert.equal(bytes[place.from - 1], 34)
    }
  })
})
