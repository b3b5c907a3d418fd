/** The ids of the last messages, so that one which comes again is known. */
export class SeenIds {
  /** @type {Set<string>} */
  #ids = new Set()
  #most

  constructor(most = 1000) {
    this.#most = most
  }

  /**
   * Whether this id is new; it is not any more then.
   * @param {string} id
   */
  take(id) {
    if (this.#ids.has(id)) return false
    this.#ids.add(id)
    const [oldest] = this.#ids
    if (this.#ids.size > this.#most && oldest !== undefined) this.#ids.delete(oldest)
    return true
  }
}
