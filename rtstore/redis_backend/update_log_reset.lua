-- Begin a new history for a document that nobody has open, of another type or format.
-- Atomic, so that nobody can open it as the old type meanwhile, and nothing leaves the log that the
-- caller has not archived: it says how far that goes.
-- KEYS[1] log: stream
-- KEYS[2] meta: hash
-- KEYS[3] snap: hash
-- KEYS[4] previous: hash
-- KEYS[5] who: hash
-- KEYS[6] lease: string
-- KEYS[7] base: hash
-- KEYS[8] feed: channel
-- ARGV[1] type: document type
-- ARGV[2] format: contents format
-- ARGV[3] gen: the new generation
-- ARGV[4] worker: worker id
-- ARGV[5] now: milliseconds
-- ARGV[6] archived: id of the log's last entry that the caller knows and has archived, or 0-0
-- ARGV[7] snapshot: id of the snapshot that it has archived, or 0-0
-- returns: 1 when done, 0 when somebody has it open or it holds what is not saved
local log, meta, snap, previous = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local who, lease, base, feed = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local kind, format, gen, worker, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local archived, snapshot = ARGV[6], ARGV[7]

if redis.call('EXISTS', who, lease) > 0 then return 0 end
local tail = '0-0'
if redis.call('EXISTS', log) == 1 then
  local info = redis.call('XINFO', 'STREAM', log)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then tail = info[i + 1] end
  end
end
if tail ~= archived then return redis.error_reply('STALE the log has gone on to ' .. tail) end
local snap_id = redis.call('HGET', snap, 'id') or '0-0'
if snap_id ~= snapshot then return redis.error_reply('STALE the snapshot is at ' .. snap_id) end
local told = redis.call('HMGET', meta, 'saved_id', 'epoch')
local has_content = redis.call('EXISTS', snap) == 1
if not has_content then
  for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', '1000')) do
    if entry[2][2] ~= 'e' then has_content = true end
  end
end
if has_content and told[1] ~= tail then return 0 end
if redis.call('EXISTS', snap) == 1 then
  redis.call('RENAME', snap, previous)
  redis.call('EXPIRE', previous, 86400)
end
local epoch = (tonumber(told[2]) or 0) + 1
local id = redis.call('XADD', log, epoch .. '-0', 'kind', 'e', 'user', '', 'client', gen, 'worker', worker,
  'seq', '0', 'ts', now, 'update', tail)
redis.call('XTRIM', log, 'MINID', id)
redis.call('DEL', base)
redis.call('HDEL', meta, 'saved_id', 'saved_hash', 'error', 'held')
redis.call('HSET', meta, 'epoch', epoch, 'gen', gen, 'type', kind, 'format', format, 'epoch_ts', now,
  'epoch_by', worker, 'epoch_why', 'retype')
redis.call('SPUBLISH', feed, id .. ' e ' .. worker .. '.0\n' .. tail)
return 1
