-- Add what is no message of the kernel, e.g. that somebody interrupted it, after all that is there.
-- Atomic, so that it stands in the epoch that is written now.
-- KEYS[1] out: stream
-- KEYS[2] feed: channel
-- ARGV[1] now: milliseconds
-- ARGV[2] kind: act, gap
-- ARGV[3] type: which
-- ARGV[4] parent: run id, or ''
-- ARGV[5] content: JSON
-- returns: entry id
local out, feed = KEYS[1], KEYS[2]
local now, kind, type, parent, content = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local epoch = '0'
if redis.call('EXISTS', out) == 1 then
  local info = redis.call('XINFO', 'STREAM', out)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then epoch = string.match(info[i + 1], '^(%d+)-') end
  end
end
local id = redis.call('XADD', out, epoch .. '-*', 'kind', kind, 'type', type, 'parent', parent, 'msg', '',
  'at', '', 'ts', now, 'content', content)
redis.call('SPUBLISH', feed, 'note {"type":"out"}')
return id
