/**
 * The smallest input found that still fails: slices are taken out, large ones first, while `fails` holds of the
 * rest. At most `tries` calls.
 */
export async function minimise(
  bytes: Buffer,
  fails: (candidate: Buffer) => Promise<boolean>,
  tries = 3000,
): Promise<Buffer> {
  let best = bytes
  let left = tries
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && left > 0; left--) {
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
      if (await fails(candidate)) best = candidate
      else at += size
    }
  }
  return best
}
