import { FieldBlock } from './field-block.ts'

/**
 * Fields that must not act from a trailer section: framing, routing, authentication, request modifiers and
 * content format (RFC 9110 §6.5.1). The known fields of `header-names.ts` are among them.
 */
const FORBIDDEN =
  /^(?:content-.*|proxy-.*|if-.*|x-forwarded-.*|x-real-ip|limpet-.*|accept.*|access-control-.*|age|date|expires|host|location|max-forwards|pragma|range|retry-after|te|vary|warning|www-authenticate)$/

/** Some servers read `If_Match` as `If-Match`. */
function canonical(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/**
 * The trailer lines to forward out of `section` (lines with CRLF and the closing empty line), or undefined
 * where the section is malformed. `hopNames` are the message's fields for this hop alone, lower case.
 */
export function forwardTrailers(section: string, hopNames: readonly string[]): string | undefined {
  if (section === '\r\n') return ''
  const bytes = Buffer.from(section, 'latin1')
  const block = new FieldBlock()
  block.text = section
  if (block.read(bytes, 0, 0, bytes.length, 100) !== bytes.length) return undefined
  let kept = ''
  for (let field = 0; field < block.count; field++) {
    const name = canonical(block.name(field))
    if (block.number[field] !== 0 || FORBIDDEN.test(name) || hopNames.includes(name)) continue
    kept += section.slice(block.lineStart[field], block.lineStart[field + 1])
  }
  return kept
}
