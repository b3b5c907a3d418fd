import type { MatchConfig } from '../config/schema.ts'

interface Rule<Service> {
  readonly path: string
  readonly service: Service
}

/**
 * Which service a request is for: an exact host wins over a suffix (`*.example.com`), the longer suffix over
 * the shorter, any of them over no host; among those the longest path prefix that ends at a segment.
 */
export class ServiceMatch<Service> {
  readonly #byHost = new Map<string, Rule<Service>[]>()
  readonly #suffixes: { suffix: string; rules: Rule<Service>[] }[] = []
  readonly #anyHost: Rule<Service>[] = []
  /** The one service that takes everything, where that is all there is: the usual small set-up. */
  readonly #only: Service | undefined

  readonly #nameOf: (host: string) => string

  /** `nameOf`: the name in a Host value, lower case, without the port. */
  constructor(
    entries: readonly { readonly service: Service; readonly match: readonly MatchConfig[] }[],
    nameOf: (host: string) => string,
  ) {
    this.#nameOf = nameOf
    for (const { service, match } of entries) {
      for (const { host, path } of match) this.#rulesFor(host).push({ path: path ?? '/', service })
    }
    const longestFirst = (a: Rule<Service>, b: Rule<Service>) => b.path.length - a.path.length
    for (const rules of this.#byHost.values()) rules.sort(longestFirst)
    for (const { rules } of this.#suffixes) rules.sort(longestFirst)
    this.#anyHost.sort(longestFirst)
    this.#suffixes.sort((a, b) => b.suffix.length - a.suffix.length)
    const plain = this.#byHost.size === 0 && this.#suffixes.length === 0 && this.#anyHost.length === 1
    if (plain && this.#anyHost[0]!.path === '/') this.#only = this.#anyHost[0]!.service
  }

  #rulesFor(host: string | undefined): Rule<Service>[] {
    if (host === undefined) return this.#anyHost
    if (host.startsWith('*.')) {
      const suffix = host.slice(1).toLowerCase()
      const known = this.#suffixes.find((entry) => entry.suffix === suffix)
      if (known !== undefined) return known.rules
      const rules: Rule<Service>[] = []
      this.#suffixes.push({ suffix, rules })
      return rules
    }
    const key = host.toLowerCase()
    const rules = this.#byHost.get(key) ?? []
    this.#byHost.set(key, rules)
    return rules
  }

  /** The service for a valid Host value and a request target, or undefined. */
  find(host: string, target: string): Service | undefined {
    if (this.#only !== undefined) return this.#only
    const name = this.#nameOf(host)
    const exact = longest(this.#byHost.get(name), target)
    if (exact !== undefined) return exact
    for (const { suffix, rules } of this.#suffixes) {
      const found = name.endsWith(suffix) && name.length > suffix.length ? longest(rules, target) : undefined
      if (found !== undefined) return found
    }
    return longest(this.#anyHost, target)
  }
}

function longest<Service>(rules: readonly Rule<Service>[] | undefined, target: string): Service | undefined {
  return rules?.find(({ path }) => isUnder(target, path))?.service
}

/** Whether `target` is `path` or below it: `/v1` holds `/v1`, `/v1/x` and `/v1?x`, not `/v10`. */
function isUnder(target: string, path: string): boolean {
  if (path === '/') return true
  if (!target.startsWith(path)) return false
  if (path.endsWith('/')) return true
  const next = target.charCodeAt(path.length)
  return Number.isNaN(next) || next === 47 || next === 63
}
