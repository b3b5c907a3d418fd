import { join } from 'node:path'
import { eachReplica, installed, installFolder, type Peer, type PeerSettings, versionOf } from './peer.ts'

/**
 * Traefik sticks by a cookie of its own or by the client's address; it has no affinity by a request header. So that
 * it can take part with the same requests as the others, each replica is a service of its own here, and a router
 * rule on the header's last character chooses it. The session keys of all workloads end in a digit.
 */
export const traefik: Peer = {
  id: 'traefik',
  plan: (settings) => {
    const program = installed(join(installFolder, 'venv/bin/traefik'))
    return {
      title: `Traefik ${versionOf([program, 'version'], /Version:\s+([\d.]+)/)}`,
      command: [program, '--configFile=traefik.yaml'],
      // Go uses as many threads as there are cores in its affinity mask; this says it once more.
      environment: { GOMAXPROCS: '1' },
      files: { 'traefik.yaml': installYaml(settings), 'routes.yaml': routesYaml(settings) },
    }
  },
}

/** After Traefik's pages "FastProxy", "EntryPoints" and "HTTP services". Access log and metrics are off by default. */
function installYaml({ port }: PeerSettings): string {
  return `
global: { checkNewVersion: false, sendAnonymousUsage: false }
log: { level: ERROR }
# The faster of its two implementations towards replicas.
experimental: { fastProxy: {} }
entryPoints:
  web:
    address: 127.0.0.1:${port}
    transport:
      respondingTimeouts: { readTimeout: 0s, writeTimeout: 0s, idleTimeout: 1h }
      lifeCycle: { graceTimeOut: 0s }
providers:
  file: { filename: routes.yaml, watch: false }
`
}

function routesYaml({ replicaPorts }: PeerSettings): string {
  const digits = (index: number) =>
    [...'0123456789'].filter((digit) => Number(digit) % replicaPorts.length === index)
  return `
http:
  routers:
${eachReplica(
  replicaPorts,
  (_, index) =>
    `    r${index}: { rule: "HeaderRegexp(\`X-Session\`, \`[${digits(index).join('')}]$\`)", entryPoints: [web], service: r${index} }`,
)}
  services:
${eachReplica(
  replicaPorts,
  (each, index) =>
    `    r${index}: { loadBalancer: { serversTransport: replicas, servers: [{ url: "http://127.0.0.1:${each}" }] } }`,
)}
  serversTransports:
    # By default 200 idle connections a replica.
    replicas: { maxIdleConnsPerHost: 256, forwardingTimeouts: { responseHeaderTimeout: 0s, idleConnTimeout: 1h } }
`
}
