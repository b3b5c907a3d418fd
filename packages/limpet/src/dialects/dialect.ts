import type { AccessKeys } from '../config/load-access-keys.ts'
import type { RefusalCode } from '../errors.ts'
import type { AnswerContent } from '../http/answer-content.ts'
import type { RefusalWriter } from '../http/refusal-response.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type { ContentCheck } from '../http/route.ts'
import type { Keyring } from '../session/keyring.ts'
import type { KeyedRequest } from '../session/session-key.ts'
import type { Opening, SessionRecord, SettingChange } from '../session/session-record.ts'

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
  /**
   * What is remembered of it, where that is not a pin from its first request on: `learned`, a pin only once an
   * answer told of the session; `carried`, nothing, since its name says it all.
   */
  readonly memory?: 'learned' | 'carried'
  /** Whether its name counts only as long as a router knows its pin; where none does, `otherwise` takes its place. */
  readonly stale?: true
  readonly otherwise?: NamedSession | undefined
  /** Whether it ends with its replica, whatever the service wants of lost sessions. */
  readonly ends?: true
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
  /** Set where the answer depends on what the content says. */
  readonly content?: TranslatedContent | undefined
}

/** One request, from its client's protocol to what replicas speak, and its answer back. */
export interface Translation {
  readonly session: NamedSession | undefined
  /** Undefined: the client's. */
  readonly targetForReplica: string | undefined
  /** Request fields, lower case, that are not passed on. */
  readonly replacedFields: readonly string[]
  /** Field lines for the replica in their place, each with its CRLF. */
  readonly requestLines: string
  readonly contentCheck: ContentCheck | undefined
  /** Set where the session and the lines depend on what the content says. */
  readonly content?: TranslatedContent | undefined
  /** Set where the session can go on at a replica that does not know it. */
  readonly revival?: Revival | undefined
  readonly writeRefusal: RefusalWriter
  /** Reads an answer of the replica `home`. */
  answer(head: ResponseHead, home: AnsweringReplica, nowMs: number): TranslatedAnswer
}

/** Where an answer comes from. */
export interface AnsweringReplica {
  /** The tag that clients know it by. */
  readonly replicaTag: string
  /** Pins a session to it of which the answer's content tells. */
  learn(session: NamedSession): void
}

/** The part of a translation that needs the request's content. */
export interface TranslatedContent {
  /** How much of it is looked into, in bytes. */
  readonly mostBytes: number
  /** Reads the content, which may be edited in place; undefined: there is more of it. Called once, before any answer. */
  read(content: Buffer | undefined): void
}

/** What it takes to begin a session anew, in its client's name, at a replica that does not know it. */
export interface Revival {
  /** How the replica that is to get the request names the session; what is sent depends on it. */
  idAtReplica: string
  /** Whether it may be begun anew: else the client is told that it is gone. */
  readonly revives: boolean
  /** How much of an answer's content it takes to see that the replica does not know the session, in bytes; 0: it does. */
  doubts(head: ResponseHead): number
  /** Whether that is what an answer says. It was not executed then. */
  isUnknown(head: ResponseHead, content: Buffer): boolean
  /** Whether the answer is a stream that can go on with that of another replica. */
  readonly reopens: boolean
  /** Whether an answer goes on with such a stream. */
  continues(head: ResponseHead): boolean
  /** What begins the session anew: requests for the replica, one after the other. */
  greeting(record: Opening): Greeting
}

/** How a session is begun at a replica. */
export interface Greeting {
  /** The contents of the requests: the first gives the session its id, the others come in that session. */
  readonly contents: readonly string[]
  /** Makes the head of a request, up to the empty line, of the head of the one that waits. */
  head(waiting: string, idAtReplica: string | undefined, contentLength: number): string
  /** The session's id by the first answer; undefined: that is not one that the session can go on with. */
  idIn(head: ResponseHead, content: Buffer): string | undefined
}

/** What a replica's answer comes to. */
export interface TranslatedAnswer {
  /** A session that began, by the name that the client is told. */
  readonly created: NamedSession | undefined
  /** What is kept of it, so that it can be begun anew. */
  readonly record?: Omit<SessionRecord, 'replica'> | undefined
  /** A setting of the request's session that changed. */
  readonly change?: SettingChange | undefined
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
