import type { PlacementView } from './placement.ts'

/** What a walk has given so far, over the replicas of its view. */
export interface Walk {
  begin(view: PlacementView): void
  /** Whether the replica can be given now: available, of a weight above 0, not given on this walk. */
  open(index: number): boolean
  give(index: number): void
}

/** Marks carry the number of their walk, so that beginning one need not clear those of the last. */
export function createWalk(): Walk {
  let view: PlacementView | undefined
  let marks = new Float64Array(0)
  let walk = 0
  return {
    begin(nextView) {
      view = nextView
      if (marks.length < nextView.replicas.length) marks = new Float64Array(nextView.replicas.length)
      walk++
    },
    open(index) {
      return (
        view !== undefined &&
        marks[index] !== walk &&
        view.replicas[index]!.weight > 0 &&
        view.available(index)
      )
    },
    give(index) {
      marks[index] = walk
    },
  }
}
