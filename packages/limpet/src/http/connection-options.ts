/** What a message's Connection field lines ask for (RFC 9110 §7.6.1). */
export interface ConnectionOptions {
  close: boolean
  keepAlive: boolean
  upgrade: boolean
  /** Other options: names of fields that are for this hop alone, lower case. */
  readonly named: string[]
}

/**
 * Fields that a Connection option can't take away: they are end-to-end by definition, and removing them would
 * change what the message means or undo what a proxy adds.
 */
const PROTECTED = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'forwarded',
  'host',
  'limpet-decision',
  'limpet-epoch',
  'location',
  'set-cookie',
  'transfer-encoding',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
])

/** Adds the options of one Connection field value to `options`. */
export function addConnectionOptions(options: ConnectionOptions, value: string): void {
  if (value === 'keep-alive') {
    options.keepAlive = true
    return
  }
  for (const part of value.toLowerCase().split(',')) {
    const option = part.trim()
    if (option === 'close') options.close = true
    else if (option === 'keep-alive') options.keepAlive = true
    else if (option === 'upgrade') options.upgrade = true
    else if (option !== '' && !PROTECTED.has(option)) options.named.push(option)
  }
}
