/** Runs the work of one name in the order in which it came; different names do not wait for each other. */
export class Fifo {
  readonly #last = new Map<string, Promise<unknown>>()

  run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(name) ?? Promise.resolve()).then(work)
    const done = mine.then(
      () => {},
      () => {},
    )
    this.#last.set(name, done)
    // The map must not grow with names that nobody waits for.
    done.then(() => this.#last.get(name) === done && this.#last.delete(name))
    return mine
  }
}
