/**
 * What Redis does with an anonymous session in one step each. Every key carries the session's id as its hash tag,
 * so they share a slot of a cluster; all of them expire at the same instant.
 *
 * KEYS: 1 the session (a hash), 2 its messages (a list), 3 client ids (a hash), 4 who is there (a hash),
 * 5 its summary (a string).
 */
const MOVE = `
local function move(at)
  for i = 1, 5 do redis.call('PEXPIREAT', KEYS[i], at) end
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end`;

/** ARGV: seeker's anonymous id, topic or '', retention (ms). */
export const CREATE = `${MOVE}
redis.call('HSET', KEYS[1], 'version', 1, 'status', 'queued', 'seeker', ARGV[1], 'topic', ARGV[2])
move(now() + ARGV[3])`;

/**
 * Stores a message, moves everything's expiry, and publishes it.
 * ARGV: side, anonymous id, client id or '', content as JSON, origin, channel, retention (ms), most messages.
 * @returns {seq, ms, 0 or 1 for a repeat, who of the other side is there …}, or why not
 */
export const APPEND = `${MOVE}
local known = redis.call('HMGET', KEYS[1], 'status', ARGV[1], 'last')
if not known[1] then return 'gone' end
if known[1] == 'ended' then return 'ended' end
if known[2] ~= ARGV[2] then return 'replaced' end
if ARGV[3] ~= '' then
  local seq = redis.call('HGET', KEYS[3], ARGV[2] .. ':' .. ARGV[3])
  if seq then
    local line = redis.call('LINDEX', KEYS[2], seq - 1)
    return { tonumber(seq), tonumber(string.match(line, '^%d+')), 1 }
  end
end
local at = now()
if known[3] and tonumber(known[3]) > at then at = tonumber(known[3]) end
local line = string.format('%.0f %s %s %s', at, ARGV[1], ARGV[2], ARGV[4])
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[8]) then return 'full' end
local seq = redis.call('RPUSH', KEYS[2], line)
if ARGV[3] ~= '' then redis.call('HSET', KEYS[3], ARGV[2] .. ':' .. ARGV[3], seq) end
redis.call('HSET', KEYS[1], 'last', at, ARGV[1] .. '_spoke', at)
move(at + ARGV[7])
redis.call('PUBLISH', ARGV[6], string.format('m %d %s %s', seq, ARGV[5], line))
local answer = { seq, at, 0 }
for _, seat in ipairs(redis.call('HVALS', KEYS[4])) do
  if string.sub(seat, 1, #ARGV[1]) ~= ARGV[1] then answer[#answer + 1] = seat end
end
return answer`;

/**
 * Takes a seat; it lasts as long as the session does.
 * ARGV: side, anonymous id, socket, gateway.
 * @returns {version, messages so far, status}, or why not
 */
export const SIT = `
local known = redis.call('HMGET', KEYS[1], 'status', ARGV[1], 'version')
if not known[1] then return 'gone' end
if known[1] == 'ended' then return 'ended' end
if known[2] ~= ARGV[2] then return 'replaced' end
redis.call('HSET', KEYS[4], ARGV[3], ARGV[1] .. ' ' .. ARGV[4])
redis.call('PEXPIRE', KEYS[4], redis.call('PTTL', KEYS[1]))
return { tonumber(known[3]), redis.call('LLEN', KEYS[2]), known[1] }`;

/**
 * Brings Redis to the state that Postgres has; an older one than it has is not taken over. A helper gets an
 * anonymous id with the session, and that moves everything's expiry: somebody has come.
 * ARGV: version, status, ended by or '', an anonymous id for a new helper, channel, retention (ms).
 * @returns 'gone', or nothing
 */
export const APPLY = `${MOVE}
local version = redis.call('HGET', KEYS[1], 'version')
if not version then return 'gone' end
if tonumber(version) >= tonumber(ARGV[1]) then return nil end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'status', ARGV[2])
if ARGV[2] ~= 'ended' then redis.call('HDEL', KEYS[1], 'helper', 'helper_spoke') end
if ARGV[2] == 'active' then
  redis.call('HSET', KEYS[1], 'helper', ARGV[4])
  move(now() + ARGV[6])
end
if ARGV[2] == 'ended' then redis.call('HSET', KEYS[1], 'ended_by', ARGV[3]) end
redis.call('PUBLISH', ARGV[5], 's')
return nil`;

/**
 * A page of messages, oldest first. ARGV: before (a seq, '' for the end, or 't' and ms), limit.
 * @returns {seq of the first, line …}, or 'gone'
 */
export const PAGE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local to = redis.call('LLEN', KEYS[2])
if string.sub(ARGV[1], 1, 1) == 't' then
  local ms = tonumber(string.sub(ARGV[1], 2))
  local low, high = 0, to
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(string.match(redis.call('LINDEX', KEYS[2], middle), '^%d+')) < ms then low = middle + 1
    else high = middle end
  end
  to = low
elseif ARGV[1] ~= '' then
  to = math.min(to, tonumber(ARGV[1]) - 1)
end
local from = math.max(0, to - ARGV[2])
local page = { from + 1 }
if to > from then
  for _, line in ipairs(redis.call('LRANGE', KEYS[2], from, to - 1)) do page[#page + 1] = line end
end
return page`;

/** Keeps the summary no longer than the session. ARGV: the summary as JSON. */
export const KEEP_SUMMARY = `
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('SET', KEYS[5], ARGV[1], 'PX', left) end
return nil`;
