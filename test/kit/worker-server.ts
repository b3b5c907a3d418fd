/** A program as `limpet workers` runs them: listens where its environment says, and tells of itself. */
import { createServer } from 'node:http'

const { LIMPET_SOCKET, PORT, LIMPET_WORKER, LIMPET_KEYS, HOST, LIMPET_CHANNEL, LIMPET_CHANNEL_TOKEN } =
  process.env
const args = process.argv.slice(2)
const startedMs = Date.now()

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://worker.invalid')
  if (pathname === '/ready') {
    response.writeHead(Date.now() - startedMs < 400 ? 503 : 200).end()
    return
  }
  const channel = { url: LIMPET_CHANNEL, token: LIMPET_CHANNEL_TOKEN }
  const place = LIMPET_SOCKET ?? PORT
  const { pid } = process
  const text = JSON.stringify({
    pid,
    worker: LIMPET_WORKER,
    place,
    host: HOST,
    keys: LIMPET_KEYS,
    args,
    channel,
  })
  setTimeout(() => response.end(text), Number(searchParams.get('ms') ?? 0))
})
server.listen(LIMPET_SOCKET ?? Number(PORT), () => process.stdout.write(`listening as ${LIMPET_WORKER}\n`))
process.on('SIGTERM', () => {
  process.stderr.write('told to end\n')
  server.close(() => process.exit())
  server.closeIdleConnections()
})
