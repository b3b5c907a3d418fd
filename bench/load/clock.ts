/** Microseconds of the machine's monotonic clock, which all processes share; a whole number. */
export function nowUs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + Math.floor(nanoseconds / 1000)
}
