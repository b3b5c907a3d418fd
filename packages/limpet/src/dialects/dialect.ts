import type { Keyring } from '../session/keyring.ts'
import type { KeyedRequest } from '../session/session-key.ts'

/** A pin that the client itself carries, checked: its replica's tag, made with the key `keyId`. */
export interface CarriedPin {
  readonly keyId: number
  readonly replicaTag: string
  readonly epoch: number
}

/** A session as a request names it. */
export interface NamedSession {
  /** Names the session within its service; hashed, never kept or shown. */
  readonly key: string
  readonly carried: CarriedPin | undefined
  /** Whether the session begins with this request, so that no router can know it. */
  readonly isNew: boolean
  /** How long its pin lives without a request, in milliseconds. */
  readonly ttlMs: number
  /** How long it lives at most from its first request; 0: no limit. */
  readonly maxAgeMs: number
}

/** What a request said of its session; `unknown` is a name that this router did not give or can't read. */
export type SessionState = 'none' | 'valid' | 'expired' | 'unknown'

/** How a protocol names its sessions on the wire. A dialect does no I/O; one object serves one service and thread. */
export interface Dialect {
  /** What the last `name` found, for the access log. */
  readonly state: SessionState
  /** Names a request's session; undefined when it has none. Throws only what a user's session function throws. */
  name(request: KeyedRequest, nowMs: number): NamedSession | undefined
  /**
   * The field lines that tell the client how to name its session from now on, each with its CRLF; empty when
   * nothing changes for it. `home` is the replica that answered.
   */
  tell(
    session: NamedSession,
    home: { replicaTag: string; epoch: number },
    nowMs: number,
    overTls: boolean,
  ): string
  /** The field lines that tell the client that its session is over for good; empty where it can't be told. */
  end(session: NamedSession, overTls: boolean): string
}

/** What every dialect is made with. */
export interface DialectParts {
  readonly keyring: Keyring
  /** Session functions of modules, by path. */
  readonly modules: ReadonlyMap<string, (head: KeyedRequest) => string | undefined>
}
