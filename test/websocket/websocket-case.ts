import type { CaseClient, Handshake, Transcript } from './raw-client.ts'

/** Something a client does, once directly and once through the router. */
export interface WebSocketCase {
  readonly title: string
  readonly handshake: Handshake
  act(client: CaseClient): Promise<void>
  /** The server goes without a Close frame, and the router sends the client one, so that it comes back. */
  readonly told?: true
  /** What the direct run must show, so that the case tests what its title says. */
  check(direct: Transcript): void
}
