import { Dots } from './dots.js'
import { byId, svgElement } from './element.js'
import { pathThrough } from './line.js'
import { WirePlan } from './wire-plan.js'

/** The wires of the picture, and what goes along them. */
export class Picture {
  #stage = byId('stage')
  #wires = svgElement('g')
  #dots
  #boxes
  #holder = ''
  /** @type {WirePlan | undefined} */
  #plan

  /** @param {import('./replica-boxes.js').ReplicaBoxes} boxes */
  constructor(boxes) {
    this.#boxes = boxes
    const layer = svgElement('g')
    byId('wires').append(this.#wires, layer)
    this.#dots = new Dots(layer)
    new ResizeObserver(() => this.draw()).observe(this.#stage)
    void document.fonts?.ready.then(() => this.draw())
  }

  /** The replica that holds this page's socket; '' for none. @param {string} name */
  hold(name) {
    this.#holder = name
    this.draw()
  }

  /** Draws all wires anew, where the boxes are now. */
  draw() {
    const { left, top } = this.#stage.getBoundingClientRect()
    const placed = (/** @type {DOMRect} */ box) => ({
      left: box.left - left,
      top: box.top - top,
      width: box.width,
      height: box.height,
    })
    const boxOf = (/** @type {string} */ id) => placed(byId(id).getBoundingClientRect())
    const replicas = new Map([...this.#boxes.places].map(([name, box]) => [name, placed(box)]))
    const plan = new WirePlan({
      page: boxOf('node-page'),
      router: boxOf('node-router'),
      channel: boxOf('node-channel'),
      replicas,
    })
    this.#plan = plan
    this.#wires.replaceChildren(
      wire('wire', plan.toRouter()),
      ...[...replicas.keys()].flatMap((name) => [
        wire('wire', plan.toReplica(name)),
        wire('wire to-channel', plan.toChannel(name)),
      ]),
      wire('held', plan.there(this.#holder)),
    )
  }

  /** A request on its way to a replica. @param {string} replica */
  request(replica) {
    return this.#dots.move(this.#plan?.there(replica), 'request')
  }

  /** Its answer on the way back. @param {string} replica */
  answer(replica) {
    return this.#dots.move(this.#plan?.there(replica)?.toReversed(), 'request')
  }

  /** A message over the socket. @param {string} replica @param {'up' | 'down'} way up: to the replica */
  async socket(replica, way) {
    const line = this.#plan?.there(replica)
    await this.#dots.move(way === 'up' ? line : line?.toReversed(), 'socket')
  }

  /** A message along the channel. @param {string} from @param {string} to */
  channel(from, to) {
    return this.#dots.move(this.#plan?.along(from, to), 'channel')
  }
}

/** @param {string} name @param {import('./wire-plan.js').Point[] | undefined} points */
function wire(name, points) {
  return svgElement('path', { class: name, d: pathThrough(points ?? []) })
}
