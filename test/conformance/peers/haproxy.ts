import { spawnSync } from 'node:child_process'
import { freePort, PeerMissing, type StartPeer, startPeer } from './peer.ts'

const program = '/usr/sbin/haproxy'

/** HAProxy as an operator would set it up for sessions: a keyed cookie, and the header where there is one. */
export const startHaproxy: StartPeer = async (replicaPorts) => {
  const { stdout, status } = spawnSync(program, ['-v'], { encoding: 'utf8' })
  if (status !== 0) throw new PeerMissing(`HAProxy is not installed at ${program}.`)
  const port = await freePort()
  return startPeer({
    title: `HAProxy ${/version ([\d.]+)/.exec(stdout)?.[1] ?? ''}`.trim(),
    port,
    settings: {
      headTimeoutMs: 2000,
      bodyTimeoutMs: 2000,
      bodyRateGraceMs: 4000,
      writeStallMs: 2000,
      responseTimeoutMs: 3000,
    },
    config: { name: 'haproxy.cfg', text: () => haproxyConfig(port, replicaPorts) },
    command: (_folder, file) => [program, '-db', '-f', file],
  })
}

function haproxyConfig(port: number, replicaPorts: readonly number[]): string {
  return `global
  nbthread 1
  maxconn 1000

defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 3s
  timeout http-request 2s
  timeout http-keep-alive 75s
  timeout tunnel 1h
  option abortonclose

frontend clients
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request del-header Forwarded
  default_backend replicas

backend replicas
  balance hdr(x-session)
  hash-type consistent
  cookie home insert indirect nocache httponly dynamic attr SameSite=Lax
  dynamic-cookie-key conformance
  http-reuse always
  retry-on conn-failure empty-response
  http-request disable-l7-retry if METH_POST
${replicaPorts.map((each, index) => `  server replica${index} 127.0.0.1:${each}`).join('\n')}
`
}
