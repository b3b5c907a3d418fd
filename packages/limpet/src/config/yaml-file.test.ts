import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from './load.ts'

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  'b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]',
  'c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]',
  'd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]',
].join('\n')

const cases: [description: string, text: string, message: string][] = [
  ['an empty file', '', '1:1: the file is empty: it needs at least services, with a name and replicas'],
  [
    'a file of comments',
    '# none\n',
    '1:1: the file is empty: it needs at least services, with a name and replicas',
  ],
  ['a list', '- a\n', '1:1: the config must be a mapping, not a list'],
  ['a repeated key', 'workers: 2\nworkers: 3\n', '2:1: this key stands here twice'],
  [
    'an open bracket',
    'services: [1\n',
    '2:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['an open quote', 'via: "edge\n', '2:1: Missing closing "quote'],
  ['a tab as indentation', 'keys:\n\tfile: x\n', '2:1: Tabs are not allowed as indentation'],
  ['two documents', 'a: 1\n---\nb: 2\n', '2:1: a config file holds one document: remove what follows ---'],
  ['an unknown tag', 'services: !mine []\n', '1:11: Unresolved tag: !mine'],
  ['a key that is a list', '? [a]\n: 2\n', '1:3: keys must be strings'],
  ['an alias without an anchor', 'via: *edge\n', '1:6: no anchor &edge stands before this'],
  ['aliases that multiply', bomb, '1:1: the aliases of this file repeat too much'],
  ['too many bytes', `# ${'x'.repeat(1_048_576)}`, '1:1: the file is larger than 1048576 bytes'],
]

describe('a file that is not usable YAML', () => {
  for (const [description, text, message] of cases) {
    it(`is refused: ${description}`, () => {
      assert.throws(() => parseConfig(text, 'limpet.yaml'), { message: `limpet.yaml:${message}` })
    })
  }

  it('is refused: brackets without end', () => {
    assert.throws(() => parseConfig('['.repeat(100_000), 'f'), {
      message: /^f:1:\d+: this is nested too deeply$/,
    })
  })
})
