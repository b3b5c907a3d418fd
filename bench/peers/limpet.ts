import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installed, type Peer } from './peer.ts'

const folder = new URL('../../packages/limpet/', import.meta.url)

/** Limpet with flags alone, as its README shows it; one worker thread. */
export const limpet: Peer = {
  id: 'limpet',
  plan: ({ folder: own, port, replicaPorts }) => {
    const program = installed(
      fileURLToPath(new URL('bin/limpet.js', folder)),
      'this is not a clone of Limpet',
    )
    const { version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as {
      version: string
    }
    return {
      title: `Limpet ${version}`,
      command: [
        ...[process.execPath, program, 'serve', '--workers', '1', '--listen', `127.0.0.1:${port}`],
        ...['--session', 'header:x-session'],
        ...replicaPorts.flatMap((each) => ['--replica', `http://127.0.0.1:${each}`]),
      ],
      // Its keys go to the temporary folder instead of the user's.
      environment: { XDG_STATE_HOME: own },
    }
  },
}
