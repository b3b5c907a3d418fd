import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** Texts that would give away where replicas on these ports of 127.0.0.1 are: addresses and hashes of them. */
export function giveaways(ports: readonly number[]): readonly string[] {
  const names = ports.flatMap((port) => [
    `127.0.0.1:${port}`,
    `http://127.0.0.1:${port}`,
    `http://127.0.0.1:${port}/`,
    `localhost:${port}`,
    `${port}`,
  ])
  const digests = [...names, '127.0.0.1', 'localhost'].flatMap((name) =>
    ['md5', 'sha1', 'sha256', 'sha512'].flatMap((algorithm) =>
      (['hex', 'base64', 'base64url'] as const).map((encoding) =>
        createHash(algorithm).update(name).digest(encoding).slice(0, 16),
      ),
    ),
  )
  const checksums = names.flatMap((name) => [crc32(name).toString(16), String(crc32(name))])
  // The decimal form that some load balancers use: the address as a little-endian number.
  return [
    '127.0.0.1',
    '16777343',
    '2130706433',
    '7f000001',
    ...names.filter((name) => /\D/.test(name)),
    ...digests,
    ...checksums,
  ]
}
