import { caddy } from './caddy.ts'
import { envoy } from './envoy.ts'
import { haproxy, haproxyNew } from './haproxy.ts'
import { limpet } from './limpet.ts'
import { nginx, nginxNew } from './nginx.ts'
import { fastifyProxy, httpProxy3 } from './node-peers.ts'
import type { Peer } from './peer.ts'
import { traefik } from './traefik.ts'

/** Everything that can be measured, in the order of the tables; Limpet first. */
export const allPeers: readonly Peer[] = [
  limpet,
  nginx,
  nginxNew,
  haproxy,
  haproxyNew,
  envoy,
  traefik,
  caddy,
  httpProxy3,
  fastifyProxy,
]
