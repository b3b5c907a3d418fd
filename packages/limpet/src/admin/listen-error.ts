import type { ListenAddress } from '../config/schema.ts'
import { StartError } from '../errors.ts'

/** What to tell the operator when `address`, set by `flag`, can't be listened at. */
export function listenError(error: unknown, { host, port }: ListenAddress, flag: string): StartError {
  const { code = 'error', message } = error as NodeJS.ErrnoException
  const place = `${host === '' ? '*' : host}:${port}`
  const options = { cause: error }
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(
        'LIMPET_LISTEN_IN_USE',
        `Something else listens at ${place}. Stop it, or choose another address with ${flag} HOST:PORT.`,
        options,
      )
    case 'EACCES':
      return new StartError(
        'LIMPET_LISTEN_DENIED',
        `This user may not listen at ${place}. Choose a port above 1023 with ${flag} HOST:PORT.`,
        options,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(
        'LIMPET_LISTEN_ADDRESS',
        `${place} is no address of this machine. Choose one with ${flag} HOST:PORT.`,
        options,
      )
    default:
      return new StartError('LIMPET_LISTEN_FAILED', `Can't listen at ${place}: ${message}`, options)
  }
}
