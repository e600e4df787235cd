-- Append messages under ids that the caller chose; those that are there already are skipped.
-- Atomic, so that two who copy the same messages write each once, and one message's parts together.
-- KEYS[1] out: stream
-- KEYS[2] feed: channel
-- KEYS[3] lease: string
-- KEYS[4] meta: hash
-- KEYS[5…] bodies: where the contents marked '@body' are put, in their order
-- ARGV[1] holding: the lease's value as the caller holds it, or '' when ids alone decide
-- ARGV[2] now: milliseconds
-- ARGV[3] overhead: what is counted for a message besides its content
-- ARGV[4…] eight for each: id, kind, type, parent, msg, at, content, body ('' or what '@body' stands for)
-- returns: how many were appended
local out, feed, lease, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local holding, now, overhead = ARGV[1], ARGV[2], tonumber(ARGV[3])

if holding ~= '' and redis.call('GET', lease) ~= holding then return redis.error_reply('LEASE lost') end
local last_epoch, last_seq = 0, 0
if redis.call('EXISTS', out) == 1 then
  local info = redis.call('XINFO', 'STREAM', out)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      local epoch, seq = string.match(info[i + 1], '^(%d+)-(%d+)$')
      last_epoch, last_seq = tonumber(epoch), tonumber(seq)
    end
  end
end
-- Entries go after a day, and what is beside them with them; of a kernel that nobody trims any more
-- the stream goes after a week, and nothing names these keys then.
local ttl = 8 * 86400000
local added, held, body = 0, 0, 5
for i = 4, #ARGV, 8 do
  local epoch, seq = string.match(ARGV[i], '^(%d+)-(%d+)$')
  epoch, seq = tonumber(epoch), tonumber(seq)
  local is_new = epoch > last_epoch or (epoch == last_epoch and seq > last_seq)
  local has_body = ARGV[i + 6] == '@body'
  if is_new then
    if has_body then redis.call('SET', KEYS[body], ARGV[i + 7], 'PX', ttl) end
    redis.call('XADD', out, ARGV[i], 'kind', ARGV[i + 1], 'type', ARGV[i + 2], 'parent', ARGV[i + 3],
      'msg', ARGV[i + 4], 'at', ARGV[i + 5], 'ts', now, 'content', ARGV[i + 6])
    last_epoch, last_seq = epoch, seq
    added = added + 1
    if ARGV[i + 5] ~= '' then held = held + overhead + #ARGV[i + 6] + #ARGV[i + 7] end
  end
  if has_body then body = body + 1 end
end
if held > 0 then redis.call('HINCRBY', meta, 'held', held) end
if added > 0 then redis.call('SPUBLISH', feed, 'note {"type":"out"}') end
return added
