import { createIdReader, type OpenedId, openId, scopeTag, sealId } from '../../session/id-suffix.ts'
import type { Keyring } from '../../session/keyring.ts'
import { RecentTexts } from '../../session/recent-texts.ts'
import type { CarriedPin, SessionState } from '../dialect.ts'

/** The longest id of a replica that is sealed, in characters. The protocol has no bound of its own. */
const MOST_ID_LENGTH = 1024
/** The same of a state, which may hold all that a server knows of a request. */
const MOST_STATE_LENGTH = 65_536
/** An id is good as long as its replica says so: the last second that a suffix can tell. */
const NEVER_MS = 0xffffffff * 1000

/** Whether a replica's id for a session is one that the protocol allows, and not too long. */
export function isReplicaId(id: string): boolean {
  return id.length <= MOST_ID_LENGTH && SEALED.session.test(id)
}

/** What an id is for. */
export type IdKind = 'session' | 'stream' | 'state'

/** What is sealed of each kind: ids go into fields and URLs, states into JSON as they are. */
const SEALED: Readonly<Record<IdKind, RegExp>> = {
  session: /^[\x21-\x7e]+$/,
  stream: /^[\x21-\x7e]+$/,
  state: /^[\x20-\x7e]+$/,
}

/** What is wrong with an id. */
export type IdFault = Extract<SessionState, 'unknown' | 'forged' | 'foreign'>

/** A client's id for a session, opened. */
export interface OpenedSession {
  readonly idAtReplica: string
  readonly carried: CarriedPin
}

/**
 * Gives clients ids that carry where their session lives and whom it belongs to, and takes them apart again. A
 * kind keeps apart ids of different purposes.
 */
export class SessionIds {
  readonly #keyring: Keyring
  readonly #service: string
  readonly #kind: IdKind
  readonly #mostLength: number
  readonly #open: (text: string) => OpenedId
  readonly #scopes = new RecentTexts<string>()

  constructor(keyring: Keyring, service: string, kind: IdKind) {
    this.#keyring = keyring
    this.#service = service
    this.#kind = kind
    this.#mostLength = kind === 'state' ? MOST_STATE_LENGTH : MOST_ID_LENGTH
    // A state is long, and comes back once.
    this.#open = kind === 'state' ? (text) => openId(keyring, text) : createIdReader(keyring)
  }

  /** The id that the client gets; undefined where the replica's is none. */
  seal(idAtReplica: string, replicaTag: string, principal: string | undefined): string | undefined {
    if (idAtReplica.length > this.#mostLength || !SEALED[this.#kind].test(idAtReplica)) return undefined
    const scope = this.#scopeOf(this.#keyring.keys[0].id, principal)
    return sealId(this.#keyring, idAtReplica, { scope, replicaTag, expiresAtMs: NEVER_MS })
  }

  /** Opens an id, or says what is wrong with it. One of another principal is `foreign`. */
  open(id: string, principal: string | undefined): OpenedSession | IdFault {
    if (id.length > this.#mostLength + 128) return 'unknown'
    const opened = this.#open(id)
    if (opened.status !== 'valid') return opened.status === 'forged' ? 'forged' : 'unknown'
    const { claim, keyId } = opened
    const isTheirs = principal !== undefined && claim.scope === this.#scopeOf(keyId, principal)
    if (!isTheirs && claim.scope !== this.#scopeOf(keyId, undefined)) return 'foreign'
    return { idAtReplica: opened.id, carried: { keyId, replicaTag: claim.replicaTag, epoch: 0 } }
  }

  #scopeOf(keyId: number, principal: string | undefined): string {
    const name = JSON.stringify(['mcp', this.#kind, principal ?? null])
    // Only anyone's is remembered: what a principal is called may come from a credential.
    if (principal !== undefined) return scopeTag(this.#keyring, keyId, this.#service, name)
    const known = this.#scopes.get(`${keyId}`)
    if (known !== undefined) return known
    const scope = scopeTag(this.#keyring, keyId, this.#service, name)
    this.#scopes.keep(`${keyId}`, scope)
    return scope
  }
}
