/** What a piece of chunked content says. */
export interface Decoded {
  readonly data: string
  readonly sizeLines: readonly string[]
  readonly trailers: readonly string[]
}

/**
 * Decodes the whole of `text` as chunked content, in the plainest way there is, to check the reader against.
 * Throws where something is wrong or left over.
 */
export function decodeChunked(text: string): Decoded {
  const sizeLines: string[] = []
  let data = ''
  let rest = text
  for (;;) {
    const line = /^([0-9A-Fa-f]+)(?:;[^\r\n]*)?\r\n/.exec(rest)
    if (line === null) throw new Error(`no size line: ${JSON.stringify(rest.slice(0, 40))}`)
    sizeLines.push(line[0])
    rest = rest.slice(line[0].length)
    const size = Number.parseInt(line[1]!, 16)
    if (size === 0) break
    data += rest.slice(0, size)
    if (rest.slice(size, size + 2) !== '\r\n') throw new Error('no CRLF behind the data')
    rest = rest.slice(size + 2)
  }
  if (!/^(?:[^\r\n]+\r\n)*\r\n$/.test(rest)) throw new Error(`no trailer section: ${JSON.stringify(rest)}`)
  return { data, sizeLines, trailers: rest.split('\r\n').slice(0, -2) }
}
