/**
 * KEYS: the topic's stream; its last position. ARGV: the channel of live entries, the message's id and text, and what is
 * kept: messages, bytes, age in ms; how long the last position is remembered, in ms. Each entry has the position of the
 * one before it (`p`), so that a subscriber sees a hole, and how many bytes have come in all (`t`), so that those which
 * are kept need no counting. Publishing in the same script keeps live entries in the order of the stream.
 */
export const publishScript = `
local previous = redis.call('GET', KEYS[2]) or '0-0'
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local total = #ARGV[3]
if last then total = total + tonumber(last[2][2]) end
local at = redis.call('XADD', KEYS[1], '*', 't', string.format('%d', total), 'p', previous, 'i', ARGV[2], 'd', ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%d', math.max(0, now - ARGV[6])))
redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[4])
while true do
  local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if not first or total - tonumber(first[2][2]) + #first[2][8] <= tonumber(ARGV[5]) then break end
  redis.call('XDEL', KEYS[1], first[1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('SET', KEYS[2], at, 'PX', ARGV[7])
redis.call('PUBLISH', ARGV[1], at .. ' ' .. previous .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return at
`

/** KEYS as above. ARGV: the position behind which entries are wanted, and how many at most. */
export const readScript = `
local found = {redis.call('GET', KEYS[2]) or '0-0'}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])) do
  found[#found + 1] = entry[1]
  found[#found + 1] = entry[2][4]
  found[#found + 1] = entry[2][6]
  found[#found + 1] = entry[2][8]
end
return found
`
