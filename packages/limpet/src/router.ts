import type { Config } from './config/schema.ts'
import type { Refused } from './dialects/dialect.ts'
import { type RefusalCode, refusalCodes } from './errors.ts'
import { hostName } from './http/host.ts'
import { refusalResponse } from './http/refusal-response.ts'
import type { RequestHead } from './http/request-head.ts'
import type { Peer, Route, Routing } from './http/route.ts'
import { ServiceMatch } from './replicas/service-match.ts'
import { RefusedRoute } from './routing/refused-route.ts'
import { RequestRoute } from './routing/request-route.ts'
import { createRoutedService, type RoutedService } from './routing/routed-service.ts'
import type { RouterParts } from './routing/router-parts.ts'
import { clientAddress } from './session/client-address.ts'

function plainly(refusal: RefusalCode): Refused {
  return { refusal, write: refusalResponse, session: 'none', contentCheck: undefined }
}

/** The ids of the replicas of each service, place by place as in the config. */
export type ReplicaIds = readonly (readonly number[])[]

/**
 * One thread's router. A request's way through it, in the order of `docs/request-life.md`:
 * match the service, name the session, find or place its pin (`route`); then the data path connects and relays,
 * and comes back with `next`, `responded` and `finished` on the route it was given.
 */
export class Router implements Routing {
  readonly #parts: RouterParts
  #services: readonly RoutedService[] = []
  #match = new ServiceMatch<RoutedService>([], hostName)

  constructor(parts: RouterParts) {
    this.#parts = parts
  }

  /** Routes by this config from the next request on. Requests under way end by the one they began with. */
  configure(config: Config, serviceIndexes: readonly number[], ids: ReplicaIds): void {
    const before = new Map(this.#services.map((service) => [service.config.name, service]))
    const services = config.services.map((service, place) =>
      createRoutedService(
        config,
        service,
        serviceIndexes[place]!,
        ids[place]!,
        this.#parts,
        before.get(service.name),
      ),
    )
    const kept = new Set(services.flatMap(({ pools }) => pools))
    for (const pool of this.#services.flatMap(({ pools }) => pools)) if (!kept.has(pool)) pool.close()
    this.#services = services
    this.#parts.tunnels.configure(services)
    this.#match = new ServiceMatch(
      services.map((service) => ({ service, match: service.config.match })),
      hostName,
    )
  }

  route(head: RequestHead, peer: Peer): Route {
    const service = this.#match.find(head.host, head.target)
    if (service === undefined) return new RefusedRoute(this.#refuseStranger(head), this.#parts, undefined)
    const nowMs = this.#parts.context.turn.wallMs
    this.#parts.board.nowMs = nowMs
    if (service.readsAddress)
      head.peerAddress = clientAddress(peer.address, head.header('x-forwarded-for'), this.#parts.isTrusted)
    const { dialect } = service
    const overTls = this.#isOverTls(head, peer)
    const isWebSocket = head.upgrade !== '' && head.upgrade.toLowerCase() === 'websocket'
    try {
      if (dialect.translator !== undefined) {
        const translation = dialect.translator.translate(head, nowMs)
        if ('refusal' in translation) return new RefusedRoute(translation, this.#parts, service)
        const { session } = translation
        return new RequestRoute(this.#parts, service, session, nowMs, overTls, isWebSocket, translation)
      }
      return new RequestRoute(this.#parts, service, dialect.name(head, nowMs), nowMs, overTls, isWebSocket)
    } catch (error) {
      this.#parts.counters.sourceFailed(service.index)
      this.#parts.onSourceError(service.config.name, error)
      return new RefusedRoute(plainly('LIMPET_SESSION_SOURCE_FAILED'), this.#parts, service)
    }
  }

  /** A request that no service takes is answered in the way of the protocol that it speaks, if it speaks one. */
  #refuseStranger(head: RequestHead): Refused {
    for (const { dialect } of this.#services) {
      const refused = dialect.translator?.refuseStranger(head)
      if (refused !== undefined) return refused
    }
    return plainly('LIMPET_NO_SERVICE')
  }

  refused(code: RefusalCode): void {
    this.#parts.counters.refused(refusalCodes.indexOf(code))
  }

  /** Closes idle connections to replicas, and those under way when they are done. */
  close(): void {
    for (const { pools } of this.#services) for (const pool of pools) pool.close()
  }

  /** Whether the client came over TLS, here or at a proxy that is trusted to say so. */
  #isOverTls(head: RequestHead, peer: Peer): boolean {
    if (peer.proto === 'https') return true
    // Trust first: it is usually no, and then the head need not be searched.
    return this.#parts.isTrusted(peer.address) && head.header('x-forwarded-proto') === 'https'
  }
}
