import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { loadAccessKeys } from './load-access-keys.ts'

describe('access keys', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'limpet-access-keys-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function file(text: string): Promise<string> {
    const path = join(folder, 'credentials')
    await writeFile(path, text)
    return path
  }

  test('are read from a credentials file, of all its profiles', async () => {
    const path = await file(
      '# ours\n[default]\naws_access_key_id = AKIDA\naws_secret_access_key=a/b+c=\nregion = eu-west-1\n\n' +
        '[other]\r\naws_access_key_id=AKIDB\r\naws_secret_access_key = d\r\n',
    )
    assert.deepEqual(
      [...loadAccessKeys(path, {})],
      [
        ['AKIDA', 'a/b+c='],
        ['AKIDB', 'd'],
      ],
    )
  })

  test('are read from the environment where no file is named', () => {
    const keys = loadAccessKeys(undefined, { LIMPET_ACCESS_KEYS: 'AKIDA:x:y, AKIDB:z' })
    assert.deepEqual(
      [...keys],
      [
        ['AKIDA', 'x:y'],
        ['AKIDB', 'z'],
      ],
    )
  })

  for (const [what, text] of [
    ['empty', '[default]\n'],
    ['without an id before a secret', '[default]\naws_secret_access_key = hush\n'],
    ['of another kind', 'hush\n'],
  ] as const) {
    test(`are wanted, not a file ${what}, and no message shows a secret`, async () => {
      const path = await file(text)
      assert.throws(
        () => loadAccessKeys(path, {}),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'LIMPET_ACCESS_KEYS')
          assert.ok(error.message.includes(path))
          assert.doesNotMatch(error.message, /hush/)
          return true
        },
      )
    })
  }

  test('are missed by name where there are none', () => {
    assert.throws(() => loadAccessKeys(undefined, {}), { message: /^LIMPET_ACCESS_KEYS has no access key/ })
    assert.throws(() => loadAccessKeys(join(folder, 'absent'), {}), {
      message: /absent can't be read \(ENOENT\)/,
    })
  })
})
