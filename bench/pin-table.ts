/**
 * What the session layer costs: the pin table at 80 % fill of a table for 1,000,000 pins, the session hash, routing
 * claims. Prints the median and the best of several rounds on one thread. Run: `node bench/pin-table.ts`.
 */
import { randomBytes } from 'node:crypto'
import { cpus } from 'node:os'
import { generateKeyringText, parseKeyring } from '../packages/limpet/src/session/keyring.ts'
import { bucketSlots, createPinMemory, pinMemoryBytes } from '../packages/limpet/src/session/pin-memory.ts'
import { PinTable } from '../packages/limpet/src/session/pin-table.ts'
import {
  createClaimReader,
  openClaim,
  replicaTag,
  sealClaim,
} from '../packages/limpet/src/session/routing-claim.ts'
import { createSessionHasher } from '../packages/limpet/src/session/siphash.ts'

const capacity = 1_000_000
const rounds = 9
const ttlMs = 20 * 60_000
const seed = randomBytes(4).readUInt32LE()

/** Nanoseconds per call, over all rounds. */
interface Cost {
  readonly median: number
  readonly best: number
}

/** What a call of `work(from, to)` costs, which does calls `from` to `to - 1`. */
function measure(calls: number, work: (from: number, to: number) => void): Cost {
  const nsPerCall: number[] = []
  for (let round = 0; round < rounds; round++) {
    const began = process.hrtime.bigint()
    work(round * calls, (round + 1) * calls)
    nsPerCall.push(Number(process.hrtime.bigint() - began) / calls)
  }
  nsPerCall.sort((a, b) => a - b)
  return { median: nsPerCall[rounds >> 1]!, best: nsPerCall[0]! }
}

/** MurmurHash3's finalizer: random keys from their number, so that no list of keys competes for the caches. */
function mix(value: number): number {
  let word = value ^ seed
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return word ^ (word >>> 16)
}

const key = new Uint32Array(4)
function keyOf(number: number): void {
  key[0] = mix(number)
  key[1] = mix(number + 0x20000000)
  key[2] = mix(number + 0x40000000)
  key[3] = mix(number + 0x60000000)
}

function print(what: string, { median, best }: Cost): void {
  console.log(
    `${what.padEnd(40)} ${median.toFixed(0).padStart(6)} ns   best ${best.toFixed(0).padStart(5)} ns`,
  )
}

console.log(`${cpus()[0]?.model.trim()}, Node.js ${process.version}, ${rounds} rounds, seed ${seed}\n`)

const nowMs = Date.now()
const memory = createPinMemory({ capacity, nowMs })
const table = new PinTable(memory)
const slots = memory.buckets * bucketSlots

// The rounds of inserts end where the table is full: from 66 % to 80 % of its slots.
const insertCalls = 20_000
const fillTo = capacity - rounds * insertCalls
for (let number = 0; number < fillTo; number++) {
  keyOf(number)
  table.insert(key, number & 0xff, nowMs, ttlMs, 0)
}
const insertNs = measure(insertCalls, (from, to) => {
  for (let number = fillTo + from; number < fillTo + to; number++) {
    keyOf(number)
    table.insert(key, number & 0xff, nowMs, ttlMs, 0)
  }
})

const findCalls = 500_000
let found = 0
/** Finds pins in an order unlike that of the inserts: the step is prime to the capacity, so each comes once. */
function find(first: number, atMs: (call: number) => number): (from: number, to: number) => void {
  let number = 0
  return (from, to) => {
    for (let call = from; call < to; call++) {
      number += 611_953
      if (number >= capacity) number -= capacity
      keyOf(first + number)
      if (table.find(key, atMs(call), ttlMs)) found++
    }
  }
}
const hitNs = measure(
  findCalls,
  find(0, () => nowMs),
)
const hits = found
const missNs = measure(
  findCalls,
  find(capacity, () => nowMs),
)
const misses = rounds * findCalls - (found - hits)
const slideNs = measure(
  findCalls,
  find(0, (call) => nowMs + 1064 * (1 + ((call / capacity) | 0))),
)
const keyNs = measure(findCalls, (from, to) => {
  for (let number = from; number < to; number++) keyOf(number)
})
const { evictedLive } = table.stats()
if (hits !== rounds * findCalls || misses !== rounds * findCalls || evictedLive > 0) {
  throw new Error(`The table lost pins: ${hits} hits, ${misses} misses, ${evictedLive} evicted`)
}

console.log(`pin table, ${table.live} pins, ${((100 * table.live) / slots).toFixed(1)} % full`)
console.log(`memory ${(pinMemoryBytes(memory) / 1e6).toFixed(1)} MB`)
print('find, hit', hitNs)
print('find, hit, expiry written', slideNs)
print('find, miss', missNs)
print('insert', insertNs)
print('making the key, part of each of these', keyNs)

const keyring = parseKeyring(generateKeyringText())
const sessionKeys = Array.from({ length: 1024 }, () => randomBytes(18).toString('base64url'))
const hash = createSessionHasher(keyring.hashKey, 'chat')
console.log('\nsession hash')
print(
  'SipHash-2-4-128 of a 24-byte key',
  measure(200_000, (from, to) => {
    for (let call = from; call < to; call++) hash(sessionKeys[call & 1023]!, key)
  }),
)

const claim = {
  sessionId: randomBytes(8).toString('hex'),
  replicaTag: replicaTag(keyring, 0, 'chat', 'replica-1'),
  issuedAtMs: nowMs,
  expiresAtMs: nowMs + ttlMs,
  epoch: 1,
}
const texts = sessionKeys.map(() =>
  sealClaim(keyring, 'chat', { ...claim, sessionId: randomBytes(8).toString('hex') }),
)
const read = createClaimReader(keyring, 'chat')
let valid = 0
console.log('\nrouting claim')
print(
  'seal',
  measure(20_000, (from, to) => {
    for (let call = from; call < to; call++) sealClaim(keyring, 'chat', claim)
  }),
)
print(
  'open, text not seen before',
  measure(20_000, (from, to) => {
    for (let call = from; call < to; call++) {
      if (openClaim(keyring, 'chat', texts[call & 1023]!, nowMs).status === 'valid') valid++
    }
  }),
)
// As in a request, each text is a new string, whose hash is not known yet.
const heads = Buffer.from(texts.join(''), 'latin1')
const textOf = (call: number): string => heads.toString('latin1', (call & 1023) * 56, (call & 1023) * 56 + 56)
print(
  'open, text verified before',
  measure(200_000, (from, to) => {
    for (let call = from; call < to; call++) if (read(textOf(call), nowMs).status === 'valid') valid++
  }),
)
let letters = 0
print(
  'making the text, part of that',
  measure(200_000, (from, to) => {
    for (let call = from; call < to; call++) letters += textOf(call).length
  }),
)
if (valid !== rounds * 220_000 || letters !== rounds * 200_000 * 56) throw new Error(`${valid} valid claims`)
