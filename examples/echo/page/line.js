/** @typedef {import('./wire-plan.js').Point} Point */

/**
 * The path of a line through points, for an SVG path's `d`, its corners rounded.
 * @param {readonly Point[]} points
 */
export function pathThrough(points, radius = 6) {
  return points
    .map((point, at) => {
      const [before, after] = [points[at - 1], points[at + 1]]
      if (before === undefined) return `M${point.x} ${point.y}`
      if (after === undefined) return `L${point.x} ${point.y}`
      const into = towards(point, before, radius)
      const out = towards(point, after, radius)
      return `L${into.x} ${into.y}Q${point.x} ${point.y} ${out.x} ${out.y}`
    })
    .join('')
}

/**
 * How long the line is. @param {readonly Point[]} points
 */
export function lengthOf(points) {
  return points.slice(1).reduce((sum, point, at) => sum + distance(point, points[at] ?? point), 0)
}

/**
 * The point of a line that is `length` from its beginning.
 * @param {readonly Point[]} points
 * @param {number} length
 * @returns {Point}
 */
export function pointAt(points, length) {
  let left = length
  let from = points[0] ?? { x: 0, y: 0 }
  for (const to of points.slice(1)) {
    const step = distance(from, to)
    if (left <= step && step > 0)
      return { x: from.x + ((to.x - from.x) * left) / step, y: from.y + ((to.y - from.y) * left) / step }
    left -= step
    from = to
  }
  return from
}

/**
 * `most` away from a point, or half the way to the other. @param {Point} from @param {Point} to @param {number} most
 */
function towards(from, to, most) {
  return pointAt([from, to], Math.min(most, distance(from, to) / 2))
}

/** @param {Point} a @param {Point} b */
function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y)
}
