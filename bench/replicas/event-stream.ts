import type { Socket } from 'node:net'
import { nowUs } from '../load/clock.ts'
import { chunksPerSecond } from '../load/rates.ts'

const head = [
  'HTTP/1.1 200 OK',
  'content-type: text/event-stream',
  'cache-control: no-cache',
  // nginx buffers answers unless they say this; others ignore it.
  'x-accel-buffering: no',
  'transfer-encoding: chunked',
  '\r\n',
].join('\r\n')

const streams = new Set<Socket>()
let timer: NodeJS.Timeout | undefined

/**
 * Answers with events of 50 bytes that carry the time at which they were sent (`nowUs`), in one HTTP chunk each,
 * `chunksPerSecond` on every stream. The streams take turns, so that chunks don't come in bursts.
 */
export function serveStream(socket: Socket): void {
  socket.write(head, 'latin1')
  streams.add(socket)
  socket.once('close', () => {
    streams.delete(socket)
    if (streams.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  })
  timer ??= startTurns()
}

function startTurns(): NodeJS.Timeout {
  let lastUs = nowUs()
  let due = 0
  let turns = streams.values()
  return setInterval(() => {
    const atUs = nowUs()
    // After a pause of the machine, go on from now instead of sending a burst.
    due += (Math.min(atUs - lastUs, 20_000) / 1e6) * chunksPerSecond * streams.size
    lastUs = atUs
    for (; due >= 1; due--) {
      let turn = turns.next()
      if (turn.done) {
        turns = streams.values()
        turn = turns.next()
      }
      turn.value?.write(event(), 'latin1')
    }
  }, 1)
}

/** `32` is 50 in hexadecimal: 6 bytes of name, 16 of time, 26 of filling and the empty line. */
function event(): string {
  return `32\r\ndata: ${String(nowUs()).padStart(16, '0')}abcdefghijklmnopqrstuvwxyz\n\n\r\n`
}
