import { byId, element } from './element.js'
import { ways } from './ways.js'

/** What a way has come to so far. */
class Tally {
  sent = 0
  back = 0
  /** @type {Map<string, number>} */
  by = new Map()

  /** @param {string} replica */
  add(replica) {
    this.back++
    this.by.set(replica, (this.by.get(replica) ?? 0) + 1)
  }

  get text() {
    const names = [...this.by].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    const who = names.map(([name, count]) => `${name} ${count}`).join(', ')
    return `${this.back} of ${this.sent} back${who && `: ${who}`}`
  }
}

/** The six buttons, each with what it does and what has come of it. */
export class WayCards {
  /** @type {Map<string, { tally: Tally, line: HTMLElement }>} */
  #cards = new Map()

  /** @param {(way: import('./ways.js').Way) => void} onPress */
  constructor(onPress) {
    for (const [at, way] of ways.entries()) {
      const line = element('span', { class: 'tally' }, 'not sent yet')
      const button = element(
        'button',
        { type: 'button', class: 'way', 'data-way': way.id, 'aria-describedby': `explains-${way.id}` },
        element('span', { class: 'number', 'aria-hidden': 'true' }, String(at + 1)),
        element('span', { class: 'name' }, way.name),
      )
      button.addEventListener('click', () => onPress(way))
      const explains = element('span', { class: 'explains', id: `explains-${way.id}` }, way.explains)
      byId('ways').append(element('li', {}, button, explains, line))
      this.#cards.set(way.id, { tally: new Tally(), line })
    }
  }

  /** @param {string} way */
  sent(way) {
    this.#change(way, (tally) => tally.sent++)
  }

  /** Its text is back, by way of a replica. @param {string} way @param {string} replica */
  back(way, replica) {
    this.#change(way, (tally) => tally.add(replica))
  }

  /** @param {string} way @param {(tally: Tally) => void} change */
  #change(way, change) {
    const card = this.#cards.get(way)
    if (card === undefined) return
    change(card.tally)
    card.line.textContent = card.tally.text
  }
}
