/** A router on http-proxy-3, run by the benchmark: `node http-proxy-3-server.ts PORT REPLICA_PORT...`. */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { chooseReplica, loadInstalled, readPorts } from './node-server.ts'

interface ProxyServer {
  web(request: IncomingMessage, response: ServerResponse, options: { target: string }): void
  ws(request: IncomingMessage, socket: Duplex, head: Buffer, options: { target: string }): void
  on(event: 'error', listener: (error: Error, request: IncomingMessage, socket: Duplex) => void): void
}

const { createProxyServer } = loadInstalled<{
  createProxyServer(options: { xfwd: boolean; agent: Agent }): ProxyServer
}>('http-proxy-3')

const { port, replicas } = readPorts()
// Without an agent it would open a connection for each request and send "Connection: close".
const proxy = createProxyServer({ xfwd: true, agent: new Agent({ keepAlive: true }) })
proxy.on('error', (_error, _request, socket) => socket.destroy())
const server = createServer((request, response) => {
  proxy.web(request, response, { target: chooseReplica(replicas, request.headers['x-session']) })
})
server.on('upgrade', (request, socket, head) => {
  proxy.ws(request, socket, head, { target: chooseReplica(replicas, request.headers['x-session']) })
})
server.listen({ port, host: '127.0.0.1', backlog: 4096 })
