import type { Random } from './random.ts'

const methods = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'FOO']
const targets = [
  '/',
  '/a?b=c',
  '/a/b/../c',
  '//x/y',
  '*',
  'http://h/p',
  'http://h',
  'HTTP://h:80?q',
  '/{"a"}|^',
  '/%0d%0a',
]
const hosts = ['a', 'a.example:8080', '[::1]:80', 'A', 'a:', '127.0.0.1', 'a_b', "a!$&'()*+;=~"]
const codings = [
  'chunked',
  'CHUNKED',
  'Chunked',
  ' chunked\t',
  'gzip, chunked',
  'chunked, chunked',
  ',chunked',
  'chunked,',
  'xchunked',
  '"chunked"',
  '\x0bchunked',
  '\xa0chunked',
  'chunked;q=1',
  'identity',
  'chunked\0',
]
const lengths = [
  '0',
  '1',
  '5',
  '10',
  '010',
  '+5',
  '-5',
  '5 ',
  '5,5',
  '5, 5',
  '0x5',
  '5_0',
  '5.0',
  '',
  '99999999999999999999999',
  '\x0b5',
  '5\xa0',
]
const others = [
  'Accept: */*',
  'X-S: one',
  'X-Empty:',
  'X-Tabs:\t a \t b\t ',
  'X-Obs: caf\xe9',
  'Cookie: a=b; c=d',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: X-Secret, close',
  'Connection: Host, Content-Length, Transfer-Encoding, Cookie',
  'Connection: upgrade',
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  'X-Secret: 1',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'TE: trailers, gzip',
  'Trailer: X-T',
  'Expect: 100-continue',
  'Via: 1.1 elsewhere',
  'Max-Forwards: 5',
  'X-Forwarded-For: 1.2.3.4',
  'Forwarded: for=1.2.3.4;host="e"',
  'Transfer_Encoding: chunked',
  'Content_Length: 5',
  'Transfer-Encoding : chunked',
  'Content-Length: 5',
  'Host: b',
  'Transfer-Encoding: chunked',
]
const names = ['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'TE', 'Via']

/** A field name that is nearly another's. */
function lookAlike(random: Random): string {
  const name = random.pick(names)
  switch (random.below(7)) {
    case 0:
      return name.replaceAll('-', '_')
    case 1:
      return `${name}\0`
    case 2:
      return `${name} `
    case 3:
      return `\x0b${name}`
    case 4:
      return name.toUpperCase()
    case 5:
      return `X${name}`
    default:
      return name.replace('e', '\xe9')
  }
}

function fieldLines(random: Random): string {
  let lines = ''
  for (let count = random.below(5); count > 0; count--) {
    lines += random.oneIn(8)
      ? `${lookAlike(random)}: ${random.pick(['5', 'chunked', 'a'])}\r\n`
      : `${random.pick(others)}\r\n`
  }
  if (random.oneIn(40)) lines += `X-Long: ${'v'.repeat(random.below(9000))}\r\n`
  return lines
}

function data(random: Random, length: number): string {
  let text = ''
  while (text.length < length)
    text += random.pick(['a', '0\r\n\r\n', 'GET / HTTP/1.1\r\n', '\xff', '5\r\n', '\n'])
  return text.slice(0, length)
}

function sizeLine(random: Random, size: number): string {
  const hex = size.toString(16)
  if (!random.oneIn(4)) return hex
  const plain = [
    hex.toUpperCase(),
    `0${hex}`,
    `000${hex}`,
    `${hex};a=b`,
    `${hex};a="x y"`,
    `${hex};`,
    `${hex};;`,
    `${hex};${'e'.repeat(random.below(3000))}`,
  ]
  const wrong = [
    `0x${hex}`,
    `+${hex}`,
    ` ${hex}`,
    `${hex} `,
    '',
    `${hex}g`,
    `${'0'.repeat(20)}${hex}`,
    `${hex}\r`,
    `${hex} ;a`,
    `${hex};a\0b`,
    `ffffffffffffffff${hex}`,
  ]
  return random.pick(random.oneIn(3) ? wrong : plain)
}

const trailerLines = [
  'X-T: 1',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Host: evil',
  'Authorization: x',
  'Content_Type: x',
  'ETag: "a"',
  'X-T : 1',
  'broken',
  ' folded',
  'X-Obs: \xe9',
  'Connection: close',
  'X-NUL: \0',
]

/** Chunked content, most of it right. */
export function chunkedContent(random: Random): string {
  let text = ''
  for (let count = random.below(4); count > 0; count--) {
    const length = random.oneIn(10) ? random.below(5000) + 1 : random.below(20) + 1
    text += `${sizeLine(random, length)}\r\n${data(random, length)}\r\n`
  }
  text += `${random.oneIn(10) ? random.pick(['00', '0;x', '000', '0 ', '']) : '0'}\r\n`
  for (let count = random.oneIn(3) ? random.below(3) + 1 : 0; count > 0; count--)
    text += `${random.pick(trailerLines)}\r\n`
  return `${text}\r\n`
}

function framed(random: Random): { lines: string; content: string } {
  switch (random.below(6)) {
    case 0:
    case 1:
      return { lines: 'Transfer-Encoding: chunked\r\n', content: chunkedContent(random) }
    case 2: {
      const length = random.below(30)
      return { lines: `Content-Length: ${length}\r\n`, content: data(random, length) }
    }
    case 3: {
      const lines = `Transfer-Encoding: ${random.pick(codings)}\r\n`
      return { lines, content: chunkedContent(random) }
    }
    case 4: {
      let lines = `Content-Length: ${random.pick(lengths)}\r\n`
      if (random.oneIn(4)) lines += lines
      return { lines, content: data(random, random.below(12)) }
    }
    default:
      return { lines: '', content: '' }
  }
}

/** Puts the framing lines before, behind or between the others. */
function arrange(random: Random, first: string, second: string): string {
  return random.oneIn(2) ? first + second : second + first
}

function requestText(random: Random): string {
  const version = random.oneIn(12)
    ? random.pick(['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 '])
    : 'HTTP/1.1'
  const target = random.oneIn(3) ? random.pick(targets) : random.oneIn(60) ? `/${'t'.repeat(9000)}` : '/p'
  const { lines, content } = framed(random)
  const host = random.oneIn(30) ? '' : `Host: ${random.pick(hosts)}\r\n`
  const fields = arrange(random, host, arrange(random, lines, fieldLines(random)))
  return `${random.pick(methods)} ${target} ${version}\r\n${fields}\r\n${content}`
}

/** Bytes that a client could send: one to three requests in a row. */
export function requestBytes(random: Random): Buffer {
  let text = ''
  for (let count = random.below(3) + 1; count > 0; count--)
    text += (random.oneIn(10) ? '\r\n' : '') + requestText(random)
  return Buffer.from(text, 'latin1')
}

const statuses = [
  '200',
  '200',
  '200',
  '404',
  '500',
  '204',
  '304',
  '100',
  '101',
  '103',
  '999',
  '099',
  '20',
  '2000',
]
const responseFields = [
  'Set-Cookie: a=b',
  'Set-Cookie: c=d; Path=/',
  'Content-Type: text/plain',
  'Cache-Control: private',
  'Date: now',
  'ETag: "x"',
  'Content-Length: 5',
  'Content-Length: 5',
  'Keep-Alive: timeout=5',
  'Connection: X-Int',
  'X-Int: 1',
  'Content_Length: 9',
  'Trailer: X-T',
  'Upgrade: websocket',
  'Connection: upgrade',
  'Connection: close',
]

function responseText(random: Random, status: string): string {
  const version = random.oneIn(12)
    ? random.pick(['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'ICY', 'HTTP/1.1 '])
    : 'HTTP/1.1'
  const reason = random.pick([' OK', ' OK', ' ', '', ' Caf\xe9', '  two', '\tOK', ' a\0b'])
  const { lines, content } = framed(random)
  let more = ''
  for (let count = random.below(4); count > 0; count--)
    more += `${random.pick(random.oneIn(5) ? others : responseFields)}\r\n`
  return `${version} ${status}${reason}\r\n${arrange(random, lines, more)}\r\n${content}`
}

/** Bytes that a replica could answer with: interim responses, a final one, sometimes more. */
export function responseBytes(random: Random): Buffer {
  let text = ''
  while (random.oneIn(8))
    text += `HTTP/1.1 ${random.pick(['100', '103', '102'])} I\r\n${random.oneIn(3) ? 'Link: </a>\r\n' : ''}\r\n`
  text += responseText(random, random.pick(statuses))
  if (random.oneIn(10)) text += responseText(random, '200')
  return Buffer.from(text, 'latin1')
}
