import { SessionNotFoundError, StaleEpochError } from '../../errors.ts'
import { beginning } from '../../position.ts'
import type { RedisConnection } from '../../store/redis-connection.ts'
import type { EventLimits, EventLog } from './event-log.ts'

/**
 * KEYS: the session's hash, its stream. ARGV: epoch, stream id, text, and the limits: events, bytes, age in ms. Each
 * entry knows in `t` how many bytes have come in all, so that those which are kept need no counting.
 */
const appendScript = `
local stored = redis.call('HGET', KEYS[1], 'epoch')
if not stored then return {'missing'} end
if tonumber(stored) > tonumber(ARGV[1]) then return {'stale', stored} end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local total = #ARGV[3]
if last then total = total + tonumber(last[2][2]) end
local at = redis.call('XADD', KEYS[2], '*', 't', string.format('%d', total), 's', ARGV[2], 'm', ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%d', math.max(0, now - ARGV[6])))
redis.call('XTRIM', KEYS[2], 'MAXLEN', ARGV[4])
while true do
  local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  if not first or total - tonumber(first[2][2]) + #first[2][6] <= tonumber(ARGV[5]) then break end
  redis.call('XDEL', KEYS[2], first[1])
end
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return {'ok', at}
`

const lastScript = `return redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)`

/** ARGV: the position after which events are wanted, and the stream's id. */
const afterScript = `
local found = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')) do
  if entry[2][4] == ARGV[2] then
    found[#found + 1] = entry[1]
    found[#found + 1] = entry[2][6]
  end
end
return found
`

/** Keeps the events of a session in one Redis stream beside its hash, whose key `sessionKey` gives. */
export function createRedisEventLog(
  connection: RedisConnection,
  sessionKey: (id: string) => string,
  { events, bytes, ageMs }: EventLimits,
): EventLog {
  const keyOf = (id: string): string => `${sessionKey(id)}:events`
  return {
    async append(id, epoch, streamId, text) {
      const args = [epoch, streamId, text, events, bytes, ageMs].map(String)
      const reply = await connection.evaluate(appendScript, [sessionKey(id), keyOf(id)], args)
      const [outcome, value] = (reply as readonly Buffer[]).map(String)
      if (outcome === 'missing') throw new SessionNotFoundError(id)
      if (outcome === 'stale') throw new StaleEpochError(epoch, Number(value))
      return value ?? beginning
    },
    async last(id) {
      const reply = (await connection.evaluate(
        lastScript,
        [keyOf(id)],
        [],
      )) as readonly (readonly unknown[])[]
      return String(reply[0]?.[0] ?? beginning)
    },
    async after(id, streamId, position) {
      const reply = await connection.evaluate(afterScript, [keyOf(id)], [position, streamId])
      const texts = (reply as readonly Buffer[]).map(String)
      return texts.flatMap((text, i) => (i % 2 === 0 ? [{ position: text, text: texts[i + 1] ?? '' }] : []))
    },
    drop: (id) => connection.unlink([keyOf(id)]),
  }
}
