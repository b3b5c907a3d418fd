/** @typedef {import('./connection.js').ConnectionState} ConnectionState */

/**
 * What has happened to this page's session, in sentences. Told of each state of the socket, and of what happens to
 * replicas.
 */
export class SessionStory {
  /** Of the socket that was lost. @type {{ replica: string, atMs: number, cause: string } | undefined} */
  #lost
  #home = ''
  /** Replicas that this page has killed. @type {Set<string>} */
  #killed = new Set()
  #now

  constructor(now = () => performance.now()) {
    this.#now = now
  }

  /** @param {string} name */
  kill(name) {
    this.#killed.add(name)
  }

  /**
   * What there is to be told of a new state of the socket; '' for nothing.
   * @param {ConnectionState} state
   */
  tell(state) {
    if (state.is === 'waiting') return this.#tellLoss(state)
    if (state.is === 'replaced') return 'This client has opened another socket, so this one stays closed.'
    if (state.is !== 'open') return ''
    const { replica, decision } = state
    const lost = this.#lost
    this.#lost = undefined
    this.#home = replica
    this.#killed.delete(replica)
    const decided = decision === '' ? '' : ` limpet-decision: ${decision}.`
    if (lost === undefined) return `Your socket is at ${replica}.${decided}`
    const seconds = ((this.#now() - lost.atMs) / 1000).toFixed(1)
    const where = replica === lost.replica ? `again to ${replica}` : `to ${replica}`
    const was = lost.replica === '' ? '' : `Your socket was at ${lost.replica}. `
    return `${was}${lost.cause} You reconnected ${where} in ${seconds} s.${decided}`
  }

  /** @param {{ code: number, reason: string }} closing */
  #tellLoss({ code, reason }) {
    if (this.#lost !== undefined) return ''
    const cause = this.#causeOf(code, reason)
    this.#lost = { replica: this.#home, atMs: this.#now(), cause }
    return this.#home === '' ? cause : `Your socket was at ${this.#home}. ${cause}`
  }

  /** @param {number} code @param {string} reason */
  #causeOf(code, reason) {
    const home = this.#home || 'The replica'
    if (this.#killed.has(this.#home)) return `${home} was killed.`
    if (code === 1012 && reason === 'drained') return `${home} is draining.`
    if (code === 1012 && (reason === 'replica-lost' || reason === 'down')) return `${home} died.`
    if (code === 1012 && reason === 'removed') return `${home} was removed.`
    if (code === 1012 && reason === 'restart') return 'The router restarts.'
    if (code === 1001) return `${home} has stopped.`
    if (this.#home === '') return 'The socket could not be opened.'
    return `The connection was lost (${code}).`
  }
}
