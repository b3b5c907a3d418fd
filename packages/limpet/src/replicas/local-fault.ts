/**
 * Errors of socket(2) and connect(2) that tell of this machine, not of the peer: no descriptor, memory or port.
 * EAGAIN is a Unix socket whose queue is full: its listener is there, and a busy one must not lose its sessions.
 */
const LOCAL_FAULTS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN'])

/** Whether a failed connection says nothing of the replica that it was meant for. */
export function isLocalFault(error: NodeJS.ErrnoException): boolean {
  return LOCAL_FAULTS.has(error.code ?? '')
}
