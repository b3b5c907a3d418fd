import { createHash } from 'node:crypto'

/**
 * Offers records in one step, by the rule of `precedence.ts`. Keys: those of the records, of one hash slot where
 * the server is a cluster. Arguments: the channel, who writes, its time, then for each key the ms that the
 * record still lives (0: it is over) and its text as in `record-text.ts`. Answers for each key with the text of the record
 * that stands in its place, or an empty one where the offered record stands or was withdrawn.
 *
 * What is no record, of whatever type, counts as absent.
 */
const offerScript = `
local pattern = '^(%d+):(%d+):(%d+):(.*)$'
local answers = {}
for index, key in ipairs(KEYS) do
  local lives = tonumber(ARGV[2 + 2 * index])
  local text = ARGV[3 + 2 * index]
  local epoch, expires, deadline, home = string.match(text, pattern)
  local standing = redis.pcall('GET', key)
  local epoch2, expires2, deadline2, home2
  if type(standing) == 'string' then epoch2, expires2, deadline2, home2 = string.match(standing, pattern) end
  local outcome = 'takes'
  local isRecord = home2 and (home2 == '' or string.match(home2, '^%[".+",".+"%]$'))
  if isRecord and tonumber(expires2) > tonumber(ARGV[3]) then
    epoch, epoch2 = tonumber(epoch), tonumber(epoch2)
    if epoch < epoch2 then outcome = 'yields'
    elseif epoch == epoch2 then
      if home == home2 then outcome = 'extends' elseif home ~= '' then outcome = 'yields' end
    end
  end
  if outcome == 'yields' then answers[index] = standing
  else
    answers[index] = ''
    if lives <= 0 then redis.call('DEL', key)
    elseif outcome == 'takes' then
      redis.call('SET', key, text, 'PX', lives)
      if home == '' or tonumber(epoch) > 0 then redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. key .. ' ' .. text) end
    elseif tonumber(expires) > tonumber(expires2) then
      redis.call('SET', key, epoch2 .. ':' .. expires .. ':' .. deadline2 .. ':' .. home2, 'PX', lives)
    end
  end
end
return answers
`

/**
 * Offers notes, by the rule of `StoredNote`. Keys: those of the notes, of one hash slot where the server is a cluster.
 * Arguments, for each key: the ms that the note still lives (0: it is over), its version, its owner and its text. A
 * value is `VERSION:OWNER:TEXT`. Answers for each key with the value that stands in its place, or an empty one.
 */
const noteScript = `
local answers = {}
for index, key in ipairs(KEYS) do
  local lives, version = tonumber(ARGV[4 * index - 3]), tonumber(ARGV[4 * index - 2])
  local owner, text = ARGV[4 * index - 1], ARGV[4 * index]
  local standing = redis.pcall('GET', key)
  local version2, owner2
  if type(standing) == 'string' then version2, owner2 = string.match(standing, '^(%d+):(%x*):') end
  version2 = tonumber(version2)
  answers[index] = ''
  if lives <= 0 then redis.call('DEL', key)
  elseif not version2 or version2 < version or (version2 == version and owner2 == owner) then
    redis.call('SET', key, version .. ':' .. owner .. ':' .. text, 'PX', lives)
  else answers[index] = standing end
end
return answers
`

/** A script and its name on the server, by which it is called once the server has it. */
export interface RedisScript {
  readonly source: string
  readonly sha1: string
}

function scriptOf(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}

export const offerPins = scriptOf(offerScript)
export const offerNotes = scriptOf(noteScript)
