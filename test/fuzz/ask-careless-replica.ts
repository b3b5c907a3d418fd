import { once } from 'node:events'
import { connect } from 'node:net'
import { carelessAnswer } from './careless-replica.ts'
import { show } from './compare.ts'
import { createRandom } from './random.ts'
import { readResponseWithLimpet } from './read-with-limpet.ts'
import type { NodeReader } from './read-with-node.ts'

/** The Host by which the router knows the careless replica's service. */
export const carelessHost = 'careless.example'

/**
 * Asks the router for the careless replica's answer number `seed`. What ends cleanly must be that answer, or a
 * refusal of the router; what was cut must end in a reset. Resolves to what is wrong, or undefined.
 */
export async function askCarelessReplica(
  port: number,
  node: NodeReader,
  seed: number,
): Promise<string | undefined> {
  const method = createRandom(seed ^ 1).oneIn(5) ? 'HEAD' : 'GET'
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const chunks: Buffer[] = []
  let isReset = false
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {
    isReset = true
  })
  socket.write(`${method} /${seed} HTTP/1.1\r\nHost: ${carelessHost}\r\nConnection: close\r\n\r\n`)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    socket.destroy()
  }, 8000)
  if (!socket.destroyed) await once(socket, 'close').catch(() => {})
  clearTimeout(timer)
  if (isLate) return `No end after 8 s: ${method} /${seed} of ${show(carelessAnswer(seed).bytes)}`
  if (isReset) return undefined
  const received = Buffer.concat(chunks)
  const { messages, refused } = await node.readResponse(received, method)
  const what = `${method} /${seed} of ${show(carelessAnswer(seed).bytes)} gives ${show(received)}`
  const last = messages.at(-1)
  if (refused !== undefined || last === undefined || !last.complete)
    return `A clean end of half an answer: ${what}`
  const status = Number(last.start)
  const isRefusal = status === 502 || status === 504
  if (isRefusal && (method === 'HEAD' || last.body.toString().startsWith('LIMPET_'))) return undefined
  const { bytes } = carelessAnswer(seed)
  const own = readResponseWithLimpet(bytes, method, [bytes.length]).messages.at(-1)
  const isSame = own?.complete === true && own.start === last.start && own.body.equals(last.body)
  return isSame ? undefined : `Another answer than the replica's: ${what}`
}
