import { isIP, isIPv4, isIPv6 } from 'node:net'
import { type ReportFault, scalar, shown } from './field.ts'

/** Where to listen. `host` is a name or a bare IP address; an empty one means every address of the machine. */
export interface ListenAddress {
  readonly host: string
  /** 0 lets the operating system choose. */
  readonly port: number
}

/** Peers whose `X-Forwarded-*` fields are believed: all addresses that share the first `prefixBits` bits. */
export interface AddressRange {
  readonly address: string
  readonly prefixBits: number
  readonly family: 'ipv4' | 'ipv6'
}

const pattern = String.raw`^(?:\[[0-9A-Fa-f:.]+\]|[^:\[\]\s/]*):\d{1,5}$`

/** `HOST:PORT`, `:PORT` or `[IPV6]:PORT`. */
export function listenField() {
  return scalar<string, ListenAddress>({ title: 'HOST:PORT', pattern }, (value, fault) =>
    readListenAddress(value, 'HOST:PORT, :PORT or [IPV6]:PORT', fault),
  )
}

/** As `listenField`, or `off`, which becomes undefined. */
export function listenOrOffField() {
  const doc = { title: 'HOST:PORT or off', pattern: `^off$|${pattern}` }
  return scalar<string, ListenAddress | undefined>(doc, (value, fault) =>
    value === 'off' ? undefined : readListenAddress(value, 'HOST:PORT, :PORT, [IPV6]:PORT or off', fault),
  )
}

/** An IP address or a CIDR block (RFC 4632). */
export function addressRangeField() {
  const doc = { title: 'address or CIDR', pattern: String.raw`^[0-9A-Fa-f:.]+(?:/\d{1,3})?$` }
  return scalar<string, AddressRange>(doc, (value, fault) => {
    if (typeof value !== 'string') return fault(`must be an address or a CIDR, not ${shown(value)}`)
    const [address = '', bits, ...rest] = value.split('/')
    const version = isIP(address)
    if (version === 0 || rest.length > 0 || address.includes('%')) {
      return fault(`must be an address or a CIDR such as 10.0.0.0/8, not ${shown(value)}`)
    }
    const widest = version === 4 ? 32 : 128
    const prefixBits = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : widest + 1
    if (prefixBits > widest) return fault(`has a prefix that is not between 0 and ${widest}: ${shown(value)}`)
    return { address, prefixBits, family: version === 4 ? 'ipv4' : 'ipv6' }
  })
}

function readListenAddress(value: unknown, form: string, fault: ReportFault): ListenAddress {
  const wrong = `must be ${form}, not ${shown(value)}`
  if (typeof value === 'number') return fault(`${wrong}; did you mean ":${value}"?`)
  if (typeof value !== 'string') return fault(wrong)
  const colon = value.lastIndexOf(':')
  const portText = value.slice(colon + 1)
  if (colon === -1 || !/^\d{1,5}$/.test(portText)) return fault(wrong)
  const host = readHost(value.slice(0, colon))
  if (host === undefined) return fault(wrong)
  const port = Number(portText)
  if (port > 65_535) return fault(`has port ${port}, but ports end at 65535`)
  return { host, port }
}

function readHost(text: string): string | undefined {
  if (text === '') return ''
  if (text.startsWith('[')) {
    const inside = text.slice(1, -1)
    return text.endsWith(']') && isIPv6(inside) ? inside : undefined
  }
  return isIPv4(text) || isHostName(text) ? text : undefined
}

/** Whether `text` is a host name: labels of letters, digits, `-` and `_`, and no mistyped IPv4 address. */
export function isHostName(text: string): boolean {
  if (text.length > 253 || /^[\d.]+$/.test(text)) return false
  return text.split('.').every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))
}
