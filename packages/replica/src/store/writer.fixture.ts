/** For tests, as a process of its own: writes one long value into a session at PATH until it is ended. */
import { createFileStore } from './file-store.ts'

const [path = '', id = ''] = process.argv.slice(2)
const store = await createFileStore({ path })

async function* endless(): AsyncGenerator<Uint8Array> {
  for (let pieces = 1; ; pieces++) {
    yield Buffer.alloc(64 * 1024, 'x')
    if (pieces === 50) process.stdout.write('writing\n')
    // The disk is not to be filled.
    if (pieces === 50) await new Promise((resolve) => setTimeout(resolve, 600_000))
  }
}

await store.write(id, 0, { key: 'a', kind: 'bytes', content: endless() })
