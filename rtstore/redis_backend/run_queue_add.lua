-- Put one run at the end of a kernel's queue, once.
-- Atomic, so that a run that is queued is also said in the log; a second try changes nothing.
-- KEYS[1] run: hash
-- KEYS[2] queue: sorted set
-- KEYS[3] out: stream
-- KEYS[4] feed: channel
-- KEYS[5] meta: hash of the kernel
-- KEYS[6] failed: hash, batches of which no more runs
-- ARGV[1] id: run id
-- ARGV[2] now: milliseconds
-- ARGV[3] content: JSON for the log
-- ARGV[4] batch: of the run; '' for none
-- ARGV[5] ttl: milliseconds for which a run that is over is kept
-- ARGV[6…] pairs of fields of the run
-- returns: its order in the queue; 0 when it was added before; -1 when the kernel is not known, or dead
local run, queue, out, feed, meta, failed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local id, now, content, batch, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

if redis.call('EXISTS', run) == 1 then return 0 end
local known = redis.call('HMGET', meta, 'kernel_id', 'state', 'ordered')
if not known[1] or known[2] == 'dead' then return -1 end
local order = redis.call('HINCRBY', meta, 'seq', 1)
local generation = redis.call('HGET', meta, 'generation') or '0'
redis.call('HSET', run, 'id', id, 'state', 'requested', 'seq', order, 'generation', generation)
for i = 6, #ARGV, 2 do redis.call('HSET', run, ARGV[i], ARGV[i + 1]) end
local epoch = '0'
if redis.call('EXISTS', out) == 1 then
  local info = redis.call('XINFO', 'STREAM', out)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then epoch = string.match(info[i + 1], '^(%d+)-') end
  end
end
redis.call('XADD', out, epoch .. '-*', 'kind', 'run', 'type', 'requested', 'parent', id, 'msg', '', 'at', '',
  'ts', now, 'content', content)
local why = batch ~= '' and redis.call('HGET', failed, batch)
local requested, ordered = tonumber(redis.call('HGET', run, 'requested') or ''), tonumber(known[3] or '')
if not why and requested and requested > 0 and ordered and requested <= ordered then
  why = 'the kernel was restarted'
end
if why then
  local told = cjson.decode(content)
  told.why = why
  redis.call('HSET', run, 'state', 'aborted', 'why', why, 'ended', now)
  redis.call('PEXPIRE', run, ttl)
  redis.call('XADD', out, epoch .. '-*', 'kind', 'run', 'type', 'aborted', 'parent', id, 'msg', '', 'at', '',
    'ts', now, 'content', cjson.encode(told))
else
  redis.call('ZADD', queue, order, id)
end
redis.call('SPUBLISH', feed, 'note {"type":"out"}')
return order
