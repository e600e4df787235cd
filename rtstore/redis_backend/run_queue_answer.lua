-- Answer what a running cell asks its user; the first answer wins.
-- Atomic, so that of two people who answer at once exactly one does.
-- KEYS[1] run: hash
-- KEYS[2] out: stream
-- KEYS[3] feed: channel
-- ARGV[1] id: run id
-- ARGV[2] prompt: which question, as the run's field `prompt_id` names it; '' for the present one
-- ARGV[3] user: username
-- ARGV[4] value: what was answered; kept until the kernel was told
-- ARGV[5] now: milliseconds
-- ARGV[6] content: JSON for the log, without a secret
-- returns: 1 when it is the answer, 0 when nothing (or something else) is asked now
local run, out, feed = KEYS[1], KEYS[2], KEYS[3]
local id, prompt, user, value, now, content = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local asked = redis.call('HGET', run, 'prompt_id')
if not asked or (prompt ~= '' and prompt ~= asked) then return 0 end
redis.call('HDEL', run, 'prompt_id', 'prompt', 'password')
redis.call('HSET', run, 'answer', value, 'answered', asked, 'answered_by', user)
local epoch = '0'
local info = redis.call('XINFO', 'STREAM', out)
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then epoch = string.match(info[i + 1], '^(%d+)-') end
end
redis.call('XADD', out, epoch .. '-*', 'kind', 'run', 'type', 'answered', 'parent', id, 'msg', asked, 'at', '',
  'ts', now, 'content', content)
redis.call('SPUBLISH', feed, 'note {"type":"out"}')
return 1
