-- Bring one run from one of some states to another, and say so in the kernel's log.
-- Atomic, so that a bridge that was replaced changes nothing, and state and log agree.
-- KEYS[1] run: hash
-- KEYS[2] queue: sorted set
-- KEYS[3] out: stream
-- KEYS[4] feed: channel
-- KEYS[5] lease: string
-- ARGV[1] id: run id
-- ARGV[2] holding: the lease's value as the caller holds it, or '' for whoever may
-- ARGV[3] from: states it may be in, each between commas: ',sent,running,'
-- ARGV[4] to: its new state
-- ARGV[5] now: milliseconds
-- ARGV[6] ttl: milliseconds for which a run that is over is kept; 0 while it is not over
-- ARGV[7] type: of the entry in the log; '' for none
-- ARGV[8] content: JSON for the log
-- ARGV[9…] pairs of fields of the run; the value '@drop' deletes one
-- returns: 1 when done, 0 when it was in another state
local run, queue, out, feed, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, holding, from, to = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now, ttl, type, content = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

if holding ~= '' and redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
local state = redis.call('HGET', run, 'state')
if not state or not string.find(from, ',' .. state .. ',', 1, true) then return 0 end
redis.call('HSET', run, 'state', to)
for i = 9, #ARGV, 2 do
  if ARGV[i + 1] == '@drop' then redis.call('HDEL', run, ARGV[i])
  else redis.call('HSET', run, ARGV[i], ARGV[i + 1]) end
end
if ttl ~= '0' then
  redis.call('ZREM', queue, id)
  redis.call('PEXPIRE', run, ttl)
end
if type ~= '' then
  local epoch = '0'
  if redis.call('EXISTS', out) == 1 then
    local info = redis.call('XINFO', 'STREAM', out)
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' then epoch = string.match(info[i + 1], '^(%d+)-') end
    end
  end
  redis.call('XADD', out, epoch .. '-*', 'kind', 'run', 'type', type, 'parent', id, 'msg', '', 'at', '', 'ts', now,
    'content', content)
  redis.call('SPUBLISH', feed, 'note {"type":"out"}')
end
return 1
