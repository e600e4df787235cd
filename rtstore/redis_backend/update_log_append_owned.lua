-- Append one update on behalf of a lease holder: compared with the lease in the same step.
-- Atomic, so that an owner that was replaced can't write, however late it wakes up.
-- KEYS[1] log: stream
-- KEYS[2] feed: channel
-- KEYS[3] lease: string "<owner> <token>"
-- KEYS[4] meta: hash
-- ARGV[1] epoch: integer
-- ARGV[2] kind: u update, s saved, x external edit, q quarantine
-- ARGV[3] user: username
-- ARGV[4] client: Yjs client id, or ''
-- ARGV[5] worker: worker id
-- ARGV[6] seq: the worker's counter
-- ARGV[7] ts: milliseconds
-- ARGV[8] update: bytes
-- ARGV[9] holding: the lease's value as the caller holds it
-- ARGV[10] tail: the entry id after which this must stand, or '' for anywhere
-- ARGV[11…] pairs of meta fields to set with it; the value '@id' stands for the entry's id
-- returns: entry id, or '' when the log has moved on from `tail` (nothing is written)
local log, feed, lease, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local epoch, kind, user, client = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local worker, seq, ts, update, holding, tail = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]

if redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
if tail ~= '' and redis.call('EXISTS', log) == 1 then
  local info, last = redis.call('XINFO', 'STREAM', log), nil
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
  if last ~= tail then return '' end
end
local id = redis.call('XADD', log, 'NOMKSTREAM', epoch .. '-*', 'kind', kind, 'user', user,
  'client', client, 'worker', worker, 'seq', seq, 'ts', ts, 'update', update)
if not id then return redis.error_reply('NODOC the log is gone') end
for i = 11, #ARGV, 2 do
  local value = ARGV[i + 1]
  if value == '@id' then value = id end
  redis.call('HSET', meta, ARGV[i], value)
end
local head = id .. ' ' .. kind .. ' ' .. worker .. '.' .. seq
if #update > 16384 then
  redis.call('SPUBLISH', feed, head .. ' ref\n')
else
  redis.call('SPUBLISH', feed, head .. '\n' .. update)
end
return id
