-- Begin a new history for a document that nobody has open, of another type or format.
-- Atomic, so that nobody can open it as the old type meanwhile. The old snapshot is kept for a day.
-- KEYS[1] log: stream
-- KEYS[2] meta: hash
-- KEYS[3] snap: hash
-- KEYS[4] previous: hash
-- KEYS[5] who: hash
-- KEYS[6] lease: string
-- KEYS[7] base: hash
-- ARGV[1] type: document type
-- ARGV[2] format: contents format
-- ARGV[3] gen: the new generation
-- ARGV[4] worker: worker id
-- ARGV[5] now: milliseconds
-- returns: 1 when done, 0 when somebody has it open or it holds what is not saved
local log, meta, snap, previous, who, lease, base = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local kind, format, gen, worker, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

if redis.call('EXISTS', who, lease) > 0 then return 0 end
local tail = '0-0'
if redis.call('EXISTS', log) == 1 then
  local info = redis.call('XINFO', 'STREAM', log)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then tail = info[i + 1] end
  end
end
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
redis.call('XADD', log, epoch .. '-0', 'kind', 'e', 'user', '', 'client', '', 'worker', worker, 'seq', '0', 'ts', now,
  'update', tail)
redis.call('XTRIM', log, 'MINID', epoch .. '-0')
redis.call('DEL', base)
redis.call('HDEL', meta, 'saved_id', 'saved_hash', 'error', 'held')
redis.call('HSET', meta, 'epoch', epoch, 'gen', gen, 'type', kind, 'format', format, 'epoch_by', worker, 'epoch_why', 'retype')
return 1
