import { byId } from './element.js'

const tickMs = 200

/** Says where the page, its session and its socket are, and counts down to the next attempt. */
export class StatusLine {
  #state = byId('connection')
  #button = /** @type {HTMLButtonElement} */ (byId('reconnect'))
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking

  /**
   * @param {{ page: string, client: string }} page
   * @param {() => void} onNow
   */
  constructor({ page, client }, onNow) {
    byId('page-by').textContent = page
    byId('client-id').textContent = client
    this.#button.addEventListener('click', onNow)
  }

  /** @param {import('./connection.js').ConnectionState} state */
  show(state) {
    clearInterval(this.#ticking)
    byId('held-by').textContent = state.is === 'open' ? state.replica : 'no replica'
    this.#state.dataset.is = state.is
    // Kept in its place, so that nothing jumps; it can't be reached while it does nothing.
    this.#button.toggleAttribute('disabled', state.is !== 'waiting')
    if (state.is !== 'waiting') {
      this.#state.textContent = state.is === 'replaced' ? 'closed' : state.is
      return
    }
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((state.untilMs - performance.now()) / 1000))
      this.#state.textContent = `reconnecting in ${seconds} s`
    }
    tick()
    this.#ticking = setInterval(tick, tickMs)
  }
}
