import type { AccessKeys } from '../config/load-access-keys.ts'
import type { RefusalCode } from '../errors.ts'
import type { AnswerContent } from '../http/answer-content.ts'
import type { RefusalWriter } from '../http/refusal-response.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type { ContentCheck } from '../http/route.ts'
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

/**
 * What a request said of its session: `unknown` is a name that this router did not give or can't read, `foreign`
 * one of another service, `closed` one that was ended before its time.
 */
export type SessionState = 'none' | 'valid' | 'expired' | 'unknown' | 'forged' | 'foreign' | 'closed'

/** How a protocol names its sessions on the wire. A dialect does no I/O; one object serves one service and thread. */
export interface Dialect {
  /** What the last request said of its session, for the access log. */
  readonly state: SessionState
  /** Set where replicas are spoken to in another way than clients speak, or give sessions their ids. */
  readonly translator?: Translator
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

/** Goes between clients and replicas where the two speak differently. */
export interface Translator {
  /** Begins one request's translation, or says why the request can't be one of the protocol's. */
  translate(request: KeyedRequest, nowMs: number): Translation | Refused
  /** How the protocol answers a request that is one of its own and for none of the services; else undefined. */
  refuseStranger(request: KeyedRequest): Refused | undefined
}

/** A request that ends here, with the way to say so. */
export interface Refused {
  readonly refusal: RefusalCode
  readonly write: RefusalWriter
  readonly session: SessionState
  /** What the client is told only when this has passed; undefined: at once. */
  readonly contentCheck: ContentCheck | undefined
}

/** One request, from its client's protocol to what replicas speak, and its answer back. */
export interface Translation {
  readonly session: NamedSession | undefined
  readonly targetForReplica: string
  /** Request fields, lower case, that are not passed on. */
  readonly replacedFields: readonly string[]
  /** Field lines for the replica in their place, each with its CRLF. */
  readonly requestLines: string
  readonly contentCheck: ContentCheck | undefined
  readonly writeRefusal: RefusalWriter
  /** Reads a replica's answer. `replicaTag` is the tag of the replica that gave it. */
  answer(head: ResponseHead, replicaTag: string, nowMs: number): TranslatedAnswer
}

/** What a replica's answer comes to. */
export interface TranslatedAnswer {
  /** A session that began, by the name that the client is told. */
  readonly created: NamedSession | undefined
  /** Whether the request's session has ended. */
  readonly closed: boolean
  /** Fields of the answer, lower case, that are not passed on. */
  readonly droppedFields: readonly string[]
  /** Field lines for the client, each with its CRLF. */
  readonly lines: string
  /** What the client gets in place of the answer's content, where it gets something else. */
  readonly content: AnswerContent | undefined
}

/** What every dialect is made with. */
export interface DialectParts {
  readonly keyring: Keyring
  /** Session functions of modules, by path. */
  readonly modules: ReadonlyMap<string, (head: KeyedRequest) => string | undefined>
  /** Access keys for signatures, by the name of the service that believes them. */
  readonly accessKeys: ReadonlyMap<string, AccessKeys>
}
