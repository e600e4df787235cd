-- The epoch under which one source of a kernel's messages is written: a new one if it has none.
-- Atomic, so that all who copy one source agree on one epoch, which is above all earlier ids.
-- KEYS[1] out: stream
-- KEYS[2] meta: hash
-- KEYS[3] feed: channel
-- ARGV[1] source: name of the source, e.g. journal:3
-- ARGV[2] now: milliseconds
-- ARGV[3] told: JSON about it, for the first entry of the epoch
-- returns: {epoch, id of the newest entry or '0-0', its field `at` or ''}
local out, meta, feed = KEYS[1], KEYS[2], KEYS[3]
local source, now, told = ARGV[1], ARGV[2], ARGV[3]

local field = 'epoch:' .. source
local newest = redis.call('XREVRANGE', out, '+', '-', 'COUNT', '1')[1]
local epoch = redis.call('HGET', meta, field)
local last = newest and tonumber(string.match(newest[1], '^(%d+)-')) or 0
if epoch and newest and last > tonumber(epoch) then
  return {epoch, newest[1], ''}
end
if not epoch or not newest then
  local known = tonumber(redis.call('HGET', meta, 'epoch') or '0')
  epoch = math.max(known, last) + 1
  redis.call('HSET', meta, 'epoch', epoch, field, epoch)
  if not newest then redis.call('HDEL', meta, 'held') end
  local id = redis.call('XADD', out, epoch .. '-1', 'kind', 'begin', 'type', source, 'parent', '', 'msg', '',
    'at', '', 'ts', now, 'content', told)
  redis.call('SPUBLISH', feed, 'note {"type":"out"}')
  return {tostring(epoch), id, ''}
end
local at = ''
for _, entry in ipairs(redis.call('XREVRANGE', out, '+', epoch .. '-0', 'COUNT', '5000')) do
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'at' and fields[i + 1] ~= '' then at = fields[i + 1] end
  end
  if at ~= '' then break end
end
return {epoch, newest[1], at}
