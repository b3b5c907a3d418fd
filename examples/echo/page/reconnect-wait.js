/** The service restarts (RFC 6455's registry): the router moves this socket, and another replica is ready. */
const serviceRestart = 1012
const firstMs = 1000
const lastMs = 30_000
/** A socket that was open for so long has not failed. */
const settledMs = 5000

/**
 * How long to wait before the socket is opened again: 1 s, doubled with each failure up to 30 s, a quarter more or
 * less, so that clients which were lost together don't come back together. After 1012 up to 1 s.
 */
export class ReconnectWait {
  #failures = 0
  #random

  constructor(random = Math.random) {
    this.#random = random
  }

  /**
   * @param {number} code how the socket was closed; 1006 where it never opened
   * @param {number} openMs how long it was open
   */
  nextMs(code, openMs) {
    if (openMs >= settledMs) this.#failures = 0
    const failures = this.#failures++
    // Sent away twice within a moment is a failure like others.
    if (code === serviceRestart && failures < 2) return Math.round(1000 * this.#random())
    const waitMs = Math.min(lastMs, firstMs * 2 ** Math.min(failures, 10))
    return Math.round(Math.min(lastMs, waitMs * (0.75 + this.#random() / 2)))
  }
}
