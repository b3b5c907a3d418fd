import { byId, element } from './element.js'

/**
 * @typedef {object} Response One line of the list.
 * @property {'http' | 'socket' | 'note'} kind
 * @property {string} text
 * @property {string} [meta]
 * @property {Readonly<Record<string, string>>} [data]
 */

/** More than these would only cost memory: the oldest go. */
const mostLines = 300
const kinds = { http: 'HTTP', socket: 'WebSocket', note: 'Session' }

/** The list of what has come back, newest first, and what is shown of it. */
export class Responses {
  #list = byId('responses')
  #counts = { http: 0, socket: 0, note: 0 }

  constructor() {
    for (const kind of /** @type {const} */ (['http', 'socket'])) {
      const filter = /** @type {HTMLInputElement} */ (byId(`filter-${kind}`))
      // A reloaded page may have kept what was chosen.
      const apply = () => this.#list.classList.toggle(`without-${kind}`, !filter.checked)
      filter.addEventListener('change', apply)
      apply()
    }
    byId('clear').addEventListener('click', () => this.#clear())
    this.#clear()
  }

  /** @param {Response} response */
  add({ kind, text, meta = '', data = {} }) {
    const line = element(
      'li',
      { class: `response ${kind}` },
      element('span', { class: 'kind' }, kinds[kind]),
      element('span', { class: 'text' }, text),
      element('span', { class: 'meta' }, meta),
    )
    Object.assign(line.dataset, data)
    this.#list.prepend(line)
    while (this.#list.children.length > mostLines) this.#list.lastElementChild?.remove()
    this.#counts[kind]++
    this.#showCounts()
  }

  #clear() {
    this.#list.replaceChildren()
    this.#counts = { http: 0, socket: 0, note: 0 }
    this.#showCounts()
  }

  #showCounts() {
    byId('count-http').textContent = String(this.#counts.http)
    byId('count-socket').textContent = String(this.#counts.socket)
  }
}
