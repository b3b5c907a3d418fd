/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

/**
 * Where the lines of the picture run, in its pixels: from the page to the router, down to the row of a replica, along
 * that row and into its box from above; out of it below, to the channel.
 */
export class WirePlan {
  #page
  #router
  #channel
  #boxes
  /** The left edges between which a line can go down past a row of boxes. */
  #aisleX

  /**
   * @param {{ page: Box, router: Box, channel: Box, replicas: ReadonlyMap<string, Box> }} parts
   */
  constructor({ page, router, channel, replicas }) {
    this.#page = page
    this.#router = router
    this.#channel = channel
    this.#boxes = replicas
    this.#aisleX = aisleNear(middle(router).x, [...replicas.values()])
  }

  /** From the page to the router. @returns {Point[]} */
  toRouter() {
    const y = middle(this.#router).y
    return [
      { x: right(this.#page), y },
      { x: this.#router.left, y },
    ]
  }

  /** From the router to a replica; undefined: it has no box. @param {string} name @returns {Point[] | undefined} */
  toReplica(name) {
    const box = this.#boxes.get(name)
    if (box === undefined) return undefined
    const from = { x: middle(this.#router).x, y: bottom(this.#router) }
    const to = { x: middle(box).x, y: box.top }
    const above = this.#above(box)
    return joined([from, ...this.#down(from.x, above), { x: to.x, y: above }, to])
  }

  /** From a replica to the channel. @param {string} name @returns {Point[] | undefined} */
  toChannel(name) {
    const box = this.#boxes.get(name)
    if (box === undefined) return undefined
    const from = { x: middle(box).x, y: bottom(box) }
    const end = this.#channel.top
    const below = Math.min(...this.#rowsBelow(box).map(({ top }) => top), end)
    if (below === end) return [from, { x: from.x, y: end }]
    const y = (from.y + below) / 2
    return joined([from, { x: from.x, y }, { x: this.#aisleX, y }, { x: this.#aisleX, y: end }])
  }

  /** From the page over the router to a replica. @param {string} name @returns {Point[] | undefined} */
  there(name) {
    const rest = this.toReplica(name)
    const centre = middle(this.#router)
    return rest && joined([...this.toRouter(), centre, ...rest])
  }

  /**
   * From a replica along the channel to another. @param {string} from @param {string} to @returns {Point[] | undefined}
   */
  along(from, to) {
    const [down, up] = [this.toChannel(from), this.toChannel(to)?.toReversed()]
    if (down === undefined || up === undefined) return undefined
    const y = middle(this.#channel).y
    return joined([...down, { x: down.at(-1)?.x ?? 0, y }, { x: up[0]?.x ?? 0, y }, ...up])
  }

  /** The height of the line above a box's row. @param {Box} box */
  #above(box) {
    const rows = [...this.#boxes.values()].filter((other) => bottom(other) <= box.top)
    return (Math.max(bottom(this.#router), ...rows.map(bottom)) + box.top) / 2
  }

  /** @param {Box} box */
  #rowsBelow(box) {
    return [...this.#boxes.values()].filter(({ top }) => top >= bottom(box))
  }

  /** Down from the router's middle to a height, by the aisle where boxes are in between. @param {number} x @param {number} y */
  #down(x, y) {
    const first = Math.min(...[...this.#boxes.values()].map(({ top }) => top))
    if (y < first) return [{ x, y }]
    const turn = (bottom(this.#router) + first) / 2
    return [
      { x, y: turn },
      { x: this.#aisleX, y: turn },
      { x: this.#aisleX, y },
    ]
  }
}

/**
 * The middle of the gap between two columns that is nearest to `x`. @param {number} x @param {readonly Box[]} boxes
 */
function aisleNear(x, boxes) {
  const lefts = [...new Set(boxes.map(({ left }) => Math.round(left)))].sort((a, b) => a - b)
  const gaps = lefts.slice(1).map((left, at) => ((lefts[at] ?? 0) + (boxes[0]?.width ?? 0) + left) / 2)
  return gaps.sort((a, b) => Math.abs(a - x) - Math.abs(b - x))[0] ?? x
}

/** Without points that are where the one before them is. @param {Point[]} points */
function joined(points) {
  return points.filter(({ x, y }, at) => {
    const before = points[at - 1]
    return before === undefined || Math.abs(before.x - x) + Math.abs(before.y - y) > 0.5
  })
}

/** @param {Box} box */
const middle = ({ left, top, width, height }) => ({ x: left + width / 2, y: top + height / 2 })
/** @param {Box} box */
const right = ({ left, width }) => left + width
/** @param {Box} box */
const bottom = ({ top, height }) => top + height
