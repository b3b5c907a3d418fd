/**
 * What the page can do to the replicas of the demo, where it has been told that there are controls.
 */
export class Controls {
  #path
  #onFault

  /**
   * @param {string} path where they are; '' for none
   * @param {(message: string) => void} onFault
   */
  constructor(path, onFault) {
    this.#path = path
    this.#onFault = onFault
  }

  get exist() {
    return this.#path !== ''
  }

  /** Hears of all replicas, now and whenever one has changed. @param {import('./fleet.js').Fleet} fleet */
  watch(fleet) {
    if (!this.exist) return
    // It connects again by itself, unless it was refused: to a page on another machine.
    const events = new EventSource(`${this.#path}/events`)
    events.addEventListener('error', () => {
      const isRefused = events.readyState === EventSource.CLOSED
      document.documentElement.classList.toggle('without-controls', isRefused)
    })
    events.addEventListener('replicas', ({ data }) => fleet.tell(JSON.parse(data)))
  }

  add() {
    return this.#post('/replicas')
  }

  /** @param {string} name */
  drain(name) {
    return this.#post(`/replicas/${encodeURIComponent(name)}/drain`)
  }

  /** @param {string} name */
  kill(name) {
    return this.#post(`/replicas/${encodeURIComponent(name)}/kill`)
  }

  /** @param {string} path */
  async #post(path) {
    const headers = { 'content-type': 'application/json' }
    try {
      const response = await fetch(this.#path + path, { method: 'POST', headers, body: '{}' })
      if (!response.ok) this.#onFault((await response.json()).error.message)
    } catch {
      this.#onFault('The controls of the demo are out of reach.')
    }
  }
}
