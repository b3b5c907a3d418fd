import { compare, type Difference, type FuzzInput, show } from './compare.ts'
import { requestBytes, responseBytes } from './generate.ts'
import { isKnown } from './known-differences.ts'
import { minimise } from './minimise.ts'
import { cuts, mutate } from './mutate.ts'
import { createRandom, type Random } from './random.ts'
import { createNodeReader, type NodeReader } from './read-with-node.ts'

/** What a run did. */
export interface DifferentialReport {
  readonly inputs: number
  /** Inputs of which Limpet accepted at least one message. */
  readonly accepted: number
  /** Descriptions of the unlisted differences, with seeds and minimised inputs. */
  readonly failures: readonly string[]
}

function makeInput(random: Random): FuzzInput {
  const kind = random.oneIn(3) ? 'response' : 'requests'
  const bytes = mutate(random, kind === 'requests' ? requestBytes(random) : responseBytes(random))
  const method = random.oneIn(8) ? 'HEAD' : 'GET'
  return { kind, bytes, method, cuts: cuts(random, bytes.length) }
}

/**
 * Compares Limpet with Node on generated and mutated messages until `deadlineMs` (of `performance.now()`) or
 * until `mostFailures` kinds of difference were found. Input number n has the seed `seed + n`.
 */
export async function runDifferential(
  seed: number,
  deadlineMs: number,
  mostFailures = 1,
): Promise<DifferentialReport> {
  const node = createNodeReader()
  const failures = new Map<string, string>()
  let inputs = 0
  let accepted = 0
  try {
    for (; performance.now() < deadlineMs && failures.size < mostFailures; inputs++) {
      const inputSeed = (seed + inputs) >>> 0
      const input = makeInput(createRandom(inputSeed))
      const found = await inspect(node, input)
      if (found.accepted) accepted++
      for (const difference of found.unlisted) {
        const kind = `${input.kind}: ${difference.rule} ${difference.nodeError ?? ''}`
        if (!failures.has(kind)) failures.set(kind, await describe(node, difference, inputSeed))
      }
    }
  } finally {
    node.close()
  }
  return { inputs, accepted, failures: [...failures.values()] }
}

async function inspect(
  node: NodeReader,
  input: FuzzInput,
): Promise<{ accepted: boolean; unlisted: readonly Difference[] }> {
  const result = await compare(node, input)
  return {
    accepted: result.accepted,
    unlisted: result.differences.filter((difference) => !isKnown(difference)),
  }
}

async function describe(node: NodeReader, difference: Difference, seed: number): Promise<string> {
  const { input, rule, nodeError } = difference
  let smallest = difference
  await minimise(input.bytes, async (bytes) => {
    const { unlisted } = await inspect(node, { ...input, bytes })
    const same = unlisted.find((other) => other.rule === rule && other.nodeError === nodeError)
    if (same !== undefined) smallest = same
    return same !== undefined
  })
  const answer = input.kind === 'response' ? ` to ${input.method}` : ''
  return `${input.kind}${answer}: ${rule}: ${smallest.detail}\n  input ${show(smallest.input.bytes)}\n  FUZZ_SEED=${seed}`
}
