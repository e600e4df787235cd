-- Put one run at the end of a kernel's queue, once.
-- Atomic, so that a run that is queued is also said in the log; a second try changes nothing.
-- KEYS[1] run: hash
-- KEYS[2] queue: sorted set
-- KEYS[3] out: stream
-- KEYS[4] feed: channel
-- KEYS[5] meta: hash of the kernel
-- ARGV[1] id: run id
-- ARGV[2] now: milliseconds
-- ARGV[3] content: JSON for the log
-- ARGV[4…] pairs of fields of the run
-- returns: its order in the queue; 0 when it was added before; -1 when the kernel is not known, or dead
local run, queue, out, feed, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, now, content = ARGV[1], ARGV[2], ARGV[3]

if redis.call('EXISTS', run) == 1 then return 0 end
local known = redis.call('HMGET', meta, 'kernel_id', 'state')
if not known[1] or known[2] == 'dead' then return -1 end
local order = redis.call('HINCRBY', meta, 'seq', 1)
local generation = redis.call('HGET', meta, 'generation') or '0'
redis.call('HSET', run, 'id', id, 'state', 'requested', 'seq', order, 'generation', generation)
for i = 4, #ARGV, 2 do redis.call('HSET', run, ARGV[i], ARGV[i + 1]) end
redis.call('ZADD', queue, order, id)
local epoch = '0'
if redis.call('EXISTS', out) == 1 then
  local info = redis.call('XINFO', 'STREAM', out)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then epoch = string.match(info[i + 1], '^(%d+)-') end
  end
end
redis.call('XADD', out, epoch .. '-*', 'kind', 'run', 'type', 'requested', 'parent', id, 'msg', '', 'at', '',
  'ts', now, 'content', content)
redis.call('SPUBLISH', feed, 'note {"type":"out"}')
return order
