import { createHmac } from 'node:crypto'

/** As many as keys and regions that one router usually serves; a day brings each of them anew. */
const MAX_KEPT = 64

/**
 * Signing keys: four HMACs of a secret, good for one day, region and service (IAM User Guide, "Create a signed AWS
 * API request", step 3). Those that verified a signature are kept, the latest 64 of them, so that nobody without a
 * secret can push one out.
 */
export class SigningKeys {
  readonly #kept = new Map<string, Buffer>()

  /** The key of `accessKeyId`, whose secret is `secret`, in `scope`: date, region, service, `aws4_request`. */
  keyFor(accessKeyId: string, secret: string, scope: readonly string[]): Buffer {
    const kept = this.#kept.get(nameOf(accessKeyId, scope))
    if (kept !== undefined) return kept
    let key = Buffer.from(`AWS4${secret}`)
    for (const part of scope) key = createHmac('sha256', key).update(part).digest()
    return key
  }

  /** Keeps a key that verified a signature. */
  keep(accessKeyId: string, scope: readonly string[], key: Buffer): void {
    const name = nameOf(accessKeyId, scope)
    if (this.#kept.has(name)) return
    const [oldest] = this.#kept.keys()
    if (this.#kept.size === MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(name, key)
  }
}

function nameOf(accessKeyId: string, scope: readonly string[]): string {
  return `${accessKeyId}/${scope.join('/')}`
}
