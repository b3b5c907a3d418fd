/** @typedef {import('../../kit/replica-group.ts').ReplicaView} ReplicaView */
/** @typedef {Pick<ReplicaView, 'name' | 'state'> & { pid: number | undefined, sockets: number | undefined }} Replica */

/**
 * The replicas that the page knows of: all that the demo's controls tell, or, where there are none, those that have
 * answered so far.
 */
export class Fleet {
  /** @type {ReadonlyMap<string, Replica>} */
  replicas = new Map()
  #isTold = false
  #onChange

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange
  }

  /** All there are. @param {readonly ReplicaView[]} views */
  tell(views) {
    this.#isTold = true
    this.replicas = new Map(views.map((view) => [view.name, view]))
    this.#onChange()
  }

  /** One that has answered. @param {string} name @param {number} [pid] */
  see(name, pid) {
    if (this.#isTold || name === '') return
    const known = this.replicas.get(name)
    if (known !== undefined && (pid === undefined || known.pid === pid)) return
    const replica = { name, pid, state: /** @type {const} */ ('ready'), sockets: undefined }
    const all = [...this.replicas, /** @type {const} */ ([name, replica])]
    this.replicas = new Map(all.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })))
    this.#onChange()
  }
}
