let second = -1
let text = ''

/** The time as Date gives it (RFC 9110 §5.6.7), made once a second. */
export function httpDate(nowMs: number): string {
  const current = Math.floor(nowMs / 1000)
  if (current !== second) {
    second = current
    text = new Date(nowMs).toUTCString()
  }
  return text
}
