import { createServer } from 'node:net'
import { listenError } from '../admin/listen-error.ts'
import type { ListenAddress } from '../config/schema.ts'

/**
 * Makes sure that nothing else listens at `address`, and resolves to it with the port filled in. Needed since
 * threads listen with SO_REUSEPORT, which would quietly share the port with another router of the same user.
 */
export async function claimPort(address: ListenAddress, flag: string): Promise<ListenAddress> {
  const { host, port } = address
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, exclusive: true, ...(host === '' ? {} : { host }) }, resolve)
    })
  } catch (error) {
    throw listenError(error, address, flag)
  }
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  return { host, port: typeof bound === 'object' && bound !== null ? bound.port : port }
}
