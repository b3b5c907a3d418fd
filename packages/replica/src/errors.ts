/**
 * Everything this library throws, each with a stable `code` and the HTTP status that the container answers with when
 * a handler lets it pass. `message` tells what to do and may reach clients: it never holds an address or a stack; what
 * caused it is in `cause`, for the log.
 */

/** The base of all errors of this library. */
export class ReplicaError extends Error {
  override readonly name: string = 'ReplicaError'
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.status = status
  }

  /** The same as `status`, under the name that Fastify looks for. */
  get statusCode(): number {
    return this.status
  }
}

/** An option or an environment variable can't be used: thrown at the start only. */
export class SettingsError extends ReplicaError {
  override readonly name = 'SettingsError'
  constructor(message: string, options?: ErrorOptions) {
    super('LIMPET_REPLICA_SETTINGS', 500, message, options)
  }
}

/** A session request or a session header came, and stateful sessions are switched off. */
export class DisabledError extends ReplicaError {
  override readonly name = 'DisabledError'
  constructor() {
    super('LIMPET_REPLICA_DISABLED', 400, 'Invalid payload. stateful sessions not enabled')
  }
}

/** The request contradicts the session contract. */
export class BadRequestError extends ReplicaError {
  override readonly name = 'BadRequestError'
  constructor(message: string) {
    super('LIMPET_REPLICA_BAD_REQUEST', 400, `Bad request: ${message}`)
  }
}

/** There is no such session: it never was, it was closed, or (code `…_EXPIRED`) it has expired. */
export class SessionNotFoundError extends ReplicaError {
  override readonly name = 'SessionNotFoundError'
  readonly expired: boolean

  constructor(id: string, { expired = false }: { expired?: boolean } = {}) {
    const code = expired ? 'LIMPET_REPLICA_SESSION_EXPIRED' : 'LIMPET_REPLICA_SESSION_NOT_FOUND'
    super(code, 400, `Bad request: session not found: ${id}`)
    this.expired = expired
  }
}

/** Creating or closing a session failed; 424 as the AWS library answers. `code` is that of the cause, if it has one. */
export class SessionRequestError extends ReplicaError {
  override readonly name = 'SessionRequestError'
  constructor(what: 'create' | 'close', cause: unknown) {
    const known = cause instanceof ReplicaError ? cause : undefined
    const message = `Failed to ${what} session: ${known?.message ?? 'internal error'}`
    super(known?.code ?? 'LIMPET_REPLICA_FAILED', 424, message, { cause })
  }
}

/** CLOSE came without the header that names the session. */
export class NoSessionIdError extends ReplicaError {
  override readonly name = 'NoSessionIdError'
  constructor() {
    super('LIMPET_REPLICA_NO_SESSION_ID', 400, 'the request names no session')
  }
}

/**
 * The session lives on another replica now: the stored epoch is higher than the one that wanted to use it. Nothing was
 * read or written.
 */
export class StaleEpochError extends ReplicaError {
  override readonly name = 'StaleEpochError'
  readonly epoch: number
  readonly storedEpoch: number

  constructor(epoch: number, storedEpoch: number) {
    const message = 'This session has moved to another replica, whose state must not be overwritten.'
    super('LIMPET_REPLICA_STALE_EPOCH', 409, message)
    this.epoch = epoch
    this.storedEpoch = storedEpoch
  }
}

/** The replica holds as many sessions as it may: create this one elsewhere. */
export class FullError extends ReplicaError {
  override readonly name = 'FullError'
  constructor(sessions: number) {
    const message = `This replica holds ${sessions} sessions, which is its limit. Create the session on another one.`
    super('LIMPET_REPLICA_FULL', 503, message)
  }
}

/** A value is larger than one value, or one session, may be. */
export class TooLargeError extends ReplicaError {
  override readonly name = 'TooLargeError'
  readonly limitBytes: number

  constructor(what: 'value' | 'session', limitBytes: number) {
    super('LIMPET_REPLICA_TOO_LARGE', 413, `A ${what} may hold at most ${limitBytes} bytes.`)
    this.limitBytes = limitBytes
  }
}

/** All sessions together hold as many bytes as they may, or the store's disk or memory is full. */
export class NoSpaceError extends ReplicaError {
  override readonly name = 'NoSpaceError'
  constructor(options?: ErrorOptions) {
    super(
      'LIMPET_REPLICA_NO_SPACE',
      507,
      'There is no space left for session state on this replica.',
      options,
    )
  }
}

/** A key that no store takes; see `checkKey`. */
export class BadKeyError extends ReplicaError {
  override readonly name = 'BadKeyError'
  constructor(reason: string) {
    super('LIMPET_REPLICA_BAD_KEY', 400, `The key of a session value ${reason}.`)
  }
}

/** A value that can't be written as JSON, or a stored one that is not JSON. */
export class BadValueError extends ReplicaError {
  override readonly name = 'BadValueError'
  constructor(message: string, options?: ErrorOptions) {
    super('LIMPET_REPLICA_BAD_VALUE', 500, message, options)
  }
}

/** The store failed or is out of reach; `cause` says how. */
export class StoreError extends ReplicaError {
  override readonly name = 'StoreError'
  constructor(message: string, options?: ErrorOptions) {
    super('LIMPET_REPLICA_STORE', 503, message, options)
  }
}

/** What can't be a topic of a channel, or a position in one. */
export class TopicError extends ReplicaError {
  override readonly name = 'TopicError'
  constructor(message: string) {
    super('LIMPET_REPLICA_TOPIC', 400, message)
  }
}

/** A message is larger than one may be. */
export class MessageTooLargeError extends ReplicaError {
  override readonly name = 'MessageTooLargeError'
  readonly limitBytes: number

  constructor(limitBytes: number) {
    super('LIMPET_REPLICA_MESSAGE_TOO_LARGE', 413, `A message may hold at most ${limitBytes} bytes as JSON.`)
    this.limitBytes = limitBytes
  }
}

/** The store of a channel is out of reach, does not take a message, or the channel has ended. */
export class ChannelError extends ReplicaError {
  override readonly name = 'ChannelError'
  constructor(message: string, options?: ErrorOptions) {
    super('LIMPET_REPLICA_CHANNEL', 503, message, options)
  }
}

/** The container is stopping and takes no more requests. */
export class StoppingError extends ReplicaError {
  override readonly name = 'StoppingError'
  constructor() {
    super('LIMPET_REPLICA_STOPPING', 503, 'This replica is stopping. Send the request to another one.')
  }
}
