/**
 * The scripts by which a session in Redis is looked at and changed. Each works on one hash, so that it is atomic, and
 * runs on the cluster node that has it. Each answers `{'missing'}`, `{'stale', epoch}`, or `{'ok', …}`.
 */

/** Goes before each change: refuses a writer whose epoch (ARGV[1]) is lower than the stored one. */
const fence = `
local stored = redis.call('HGET', KEYS[1], 'epoch')
if not stored then return {'missing'} end
if tonumber(stored) > tonumber(ARGV[1]) then return {'stale', stored} end
`

/** ARGV: the end of its life in ms, then the fields and values of the record. */
export const createScript = `
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return {'ok'}
`

/** Gives the whole hash. */
export const lookScript = `
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then return {'missing'} end
return {'ok', fields}
`

/** ARGV: epoch. Raises the stored epoch and gives the whole hash. */
export const openScript = `${fence}
if tonumber(stored) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'epoch', ARGV[1]) end
return {'ok', redis.call('HGETALL', KEYS[1])}
`

/** ARGV: the lowest epoch that will do. Raises the stored one above itself and gives the whole hash. */
export const claimScript = `
local stored = redis.call('HGET', KEYS[1], 'epoch')
if not stored then return {'missing'} end
redis.call('HSET', KEYS[1], 'epoch', string.format('%d', math.max(tonumber(stored) + 1, tonumber(ARGV[1]))))
return {'ok', redis.call('HGETALL', KEYS[1])}
`

/** ARGV: epoch, field, value. Gives the field as it was, and the whole hash. */
export const setScript = `${fence}
local old = redis.call('HGET', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return {'ok', old or '', redis.call('HGETALL', KEYS[1])}
`

/** ARGV: epoch, field. Gives the field as it was. */
export const removeScript = `${fence}
local old = redis.call('HGET', KEYS[1], ARGV[2])
redis.call('HDEL', KEYS[1], ARGV[2])
return {'ok', old or ''}
`

/** ARGV: epoch. Gives the whole hash as it was. */
export const destroyScript = `${fence}
local fields = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return {'ok', '', fields}
`

/** ARGV: epoch. Gives the end of its life in ms. */
export const mayWriteScript = `${fence}
return {'ok', redis.call('HGET', KEYS[1], 'expires')}
`
