#!lua flags=allow-oom
-- Replace the snapshot and trim the log, if nobody replaced it meanwhile.
-- Atomic, so that there is no moment in which an entry is in neither; the compare is the fence, no
-- lock is needed. allow-oom: it is what frees memory, so it must run when there is none.
-- `id` must be in the log: a compactor that slept through a reset would bring the old content back.
-- KEYS[1] snap: hash
-- KEYS[2] log: stream
-- KEYS[3] meta: hash
-- KEYS[4] previous: hash, the snapshot before
-- ARGV[1] base: id of the snapshot that the caller merged onto, or 0-0
-- ARGV[2] id: the last entry that the new snapshot holds
-- ARGV[3] data: bytes, one update
-- ARGV[4] sha: sha256 of data
-- ARGV[5] by: worker id
-- ARGV[6] ts: milliseconds
-- ARGV[7] keep: entries older than this id are trimmed; at most one after `id`
-- returns: number of entries trimmed
local snap, log, meta, previous = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local base, id, data, sha, by, ts, keep = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

local function older(a, b)
  local ae, ar = string.match(a, '^(%d+)-(%d+)$')
  local be, br = string.match(b, '^(%d+)-(%d+)$')
  ae, ar, be, br = tonumber(ae), tonumber(ar), tonumber(be), tonumber(br)
  if ae ~= be then return ae < be end
  return ar < br
end

local current = redis.call('HGET', snap, 'id') or '0-0'
if current ~= base then return redis.error_reply('STALE the snapshot is at ' .. current) end
if not older(current, id) then return redis.error_reply('STALE not newer than ' .. current) end
if #redis.call('XRANGE', log, id, id) == 0 then
  return redis.error_reply('STALE the log has no ' .. id)
end
local epoch, revision = string.match(id, '^(%d+)-(%d+)$')
if older(string.format('%s-%d', epoch, revision + 1), keep) then
  return redis.error_reply('ERR would trim to ' .. keep .. ', the snapshot ends at ' .. id)
end
if current ~= '0-0' then
  redis.call('COPY', snap, previous, 'REPLACE')
  redis.call('EXPIRE', previous, 86400)
end
redis.call('HSET', snap, 'id', id, 'ts', ts, 'by', by, 'bytes', #data, 'sha', sha, 'data', data)
local gen = redis.call('HGET', meta, 'gen')
if gen then redis.call('HSET', snap, 'gen', gen) end
local trimmed = redis.call('XTRIM', log, 'MINID', keep)
redis.call('HINCRBY', meta, 'compactions', 1)
return trimmed
