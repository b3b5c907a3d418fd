import { element } from './element.js'

/** @typedef {import('./fleet.js').Replica} Replica */
/**
 * @typedef {object} Shown
 * @property {HTMLElement} box
 * @property {HTMLElement} state
 * @property {HTMLElement} pid
 * @property {HTMLElement} sockets
 * @property {HTMLButtonElement[]} buttons
 */

const missedMs = 1500

/** A box for each replica, with its controls where there are any. */
export class ReplicaBoxes {
  #list
  #controls
  /** @type {Map<string, Shown>} */
  #shown = new Map()

  /**
   * @param {HTMLElement} list
   * @param {{ drain(name: string): void, kill(name: string): void } | undefined} controls
   */
  constructor(list, controls) {
    this.#list = list
    this.#controls = controls
  }

  /**
   * Shows these replicas, and which of them holds this page's socket.
   * @param {ReadonlyMap<string, Replica>} replicas
   * @param {string} holder '' for none
   */
  show(replicas, holder) {
    for (const [name, { box }] of this.#shown) {
      if (replicas.has(name)) continue
      box.remove()
      this.#shown.delete(name)
    }
    for (const [at, replica] of [...replicas.values()].entries()) {
      const shown = this.#shown.get(replica.name) ?? this.#make(replica.name)
      // Moved only where it must be, as an element that moves loses the focus.
      if (this.#list.children[at] !== shown.box)
        this.#list.insertBefore(shown.box, this.#list.children[at] ?? null)
      fill(shown, replica, replica.name === holder)
    }
  }

  /** Where they are on the screen. @returns {Map<string, DOMRect>} */
  get places() {
    return new Map([...this.#shown].map(([name, { box }]) => [name, box.getBoundingClientRect()]))
  }

  /** Shows for a moment that a replica does not hold the socket. @param {string} name */
  miss(name) {
    const box = this.#shown.get(name)?.box
    if (box === undefined) return
    box.dataset.missed = ''
    setTimeout(() => delete box.dataset.missed, missedMs)
  }

  /** @param {string} name */
  #make(name) {
    const state = element('span', { class: 'state' })
    const pid = element('span', { class: 'pid' })
    const sockets = element('span', { class: 'sockets' })
    const box = element('li', { class: 'replica' }, element('strong', {}, name), state, pid, sockets)
    const buttons = this.#controls === undefined ? [] : this.#buttons(name, this.#controls)
    if (buttons.length > 0) box.append(element('span', { class: 'controls' }, ...buttons))
    const shown = { box, state, pid, sockets, buttons }
    this.#shown.set(name, shown)
    return shown
  }

  /** @param {string} name @param {{ drain(name: string): void, kill(name: string): void }} controls */
  #buttons(name, controls) {
    const drain = element('button', { type: 'button', 'aria-label': `Drain ${name}` }, 'Drain')
    const kill = element('button', { type: 'button', 'aria-label': `Kill ${name}` }, 'Kill')
    drain.addEventListener('click', () => controls.drain(name))
    kill.addEventListener('click', () => controls.kill(name))
    return [drain, kill]
  }
}

/** @param {Shown} shown @param {Replica} replica @param {boolean} isHolder */
function fill({ box, state, pid, sockets, buttons: [drain, kill] }, replica, isHolder) {
  box.dataset.name = replica.name
  box.dataset.state = replica.state
  box.toggleAttribute('data-holder', isHolder)
  write(state, replica.state)
  write(pid, replica.pid === undefined ? '' : `pid ${replica.pid}`)
  write(sockets, socketsText(replica.sockets, isHolder))
  drain?.toggleAttribute('disabled', replica.state !== 'ready')
  kill?.toggleAttribute('disabled', replica.state !== 'ready' && replica.state !== 'draining')
}

/** @param {number | undefined} count @param {boolean} isHolder */
function socketsText(count, isHolder) {
  if (isHolder) return count === undefined || count < 2 ? 'your socket' : `yours and ${count - 1}`
  if (count === undefined) return ''
  return count === 1 ? '1 socket' : `${count} sockets`
}

/** Only what changes, so that nothing is announced anew. @param {HTMLElement} line @param {string} text */
function write(line, text) {
  if (line.textContent !== text) line.textContent = text
}
