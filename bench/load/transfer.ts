import { connect } from 'node:net'

/** Fetches a body of known length on a connection of its own and counts its bytes. Throws on anything else. */
export function download(port: number, path: string, session: string, bytes: number): Promise<void> {
  return new Promise((done, fail) => {
    let left: number | undefined
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer: Buffer.allocUnsafe(256 * 1024),
        callback: (size, buffer) => {
          let body = size
          if (left === undefined) {
            const text = Buffer.from(buffer.buffer, buffer.byteOffset, size).toString('latin1')
            const end = text.indexOf('\r\n\r\n')
            if (end < 0 || !text.startsWith('HTTP/1.1 200') || !text.match(lengthField(bytes))) {
              fail(new Error(`Not the body that was asked for: ${text.slice(0, 200)}`))
              return false
            }
            left = bytes
            body = size - end - 4
          }
          left -= body
          if (left === 0) {
            socket.destroy()
            done()
          }
          return true
        },
      },
    })
    socket.on('error', fail)
    socket.once('close', () => fail(new Error(`A download ended ${left} bytes early.`)))
    socket.write(`GET ${path} HTTP/1.1\r\nhost: bench.example\r\nx-session: ${session}\r\n\r\n`)
  })
}

/** Sends a body of zeros on a connection of its own; resolves with the answer, which must be 200. */
export function upload(port: number, path: string, session: string, bytes: number): Promise<void> {
  return new Promise((done, fail) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const piece = Buffer.alloc(256 * 1024)
    let left = bytes
    const send = () => {
      while (left > 0) {
        const size = Math.min(left, piece.length)
        left -= size
        if (!socket.write(piece.subarray(0, size))) return
      }
    }
    socket.on('drain', send)
    socket.once('data', (data: Buffer) => {
      const text = data.toString('latin1', 0, 100)
      socket.destroy()
      if (left === 0 && text.startsWith('HTTP/1.1 200')) done()
      else fail(new Error(`An upload with ${left} bytes left to send got: ${text}`))
    })
    socket.on('error', fail)
    socket.once('close', () => fail(new Error('An upload got no answer.')))
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: bench.example\r\nx-session: ${session}\r\ncontent-length: ${bytes}\r\n\r\n`,
    )
    send()
  })
}

function lengthField(bytes: number): RegExp {
  return new RegExp(`\r\ncontent-length: *${bytes}\r\n`, 'i')
}
