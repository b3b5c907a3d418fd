import { svgElement } from './element.js'
import { lengthOf, pathThrough, pointAt } from './line.js'

/** @typedef {import('./wire-plan.js').Point} Point */
/** @typedef {'request' | 'socket' | 'channel'} DotKind */

const legMs = 480
const litMs = 900
/** More than this at once could not be told apart. */
const mostDots = 60

/** What moves in the picture: a dot for each request and message. */
export class Dots {
  #layer
  #calm = matchMedia('(prefers-reduced-motion: reduce)')
  #count = 0

  /** @param {SVGElement} layer */
  constructor(layer) {
    this.#layer = layer
  }

  /**
   * Moves a dot along a line and resolves when it is there. Who prefers no motion sees the whole line for a moment.
   * @param {readonly Point[] | undefined} points
   * @param {DotKind} kind
   */
  async move(points, kind) {
    // A hidden page paints nothing, so nothing would ever arrive.
    if (points === undefined || this.#count >= mostDots || document.hidden) return
    this.#count++
    await (this.#calm.matches ? this.#light(points, kind) : this.#run(points, kind))
    this.#count--
  }

  /** @param {readonly Point[]} points @param {DotKind} kind */
  async #light(points, kind) {
    const line = svgElement('path', { class: `lit ${kind}`, d: pathThrough(points) })
    this.#layer.append(line)
    await new Promise((resolve) => setTimeout(resolve, litMs))
    line.remove()
  }

  /** @param {readonly Point[]} points @param {DotKind} kind */
  async #run(points, kind) {
    const dot = svgElement('circle', { class: `dot ${kind}`, r: 6 })
    const length = lengthOf(points)
    this.#layer.append(dot)
    const startMs = performance.now()
    for (let part = 0; part < 1 && !document.hidden; ) {
      part = Math.min(1, (performance.now() - startMs) / legMs)
      const { x, y } = pointAt(points, eased(part) * length)
      dot.setAttribute('transform', `translate(${x} ${y})`)
      await nextFrame()
    }
    dot.remove()
  }
}

/** Slow at both ends. @param {number} part */
function eased(part) {
  return part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2
}

/** The next painting, or a moment later where the page is hidden meanwhile and nothing is painted. */
function nextFrame() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100)
    requestAnimationFrame(() => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
}
