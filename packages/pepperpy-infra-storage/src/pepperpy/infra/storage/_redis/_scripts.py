r"""What the server does in one step: Lua, and the form in which values and keys lie there.

All keys of one store have one hash tag, so that a cluster keeps them together:

- ``{jobs}:v:<key>``: a string, ``<version> <end in ms or nothing>\n<value>``; it expires by itself.
- ``{jobs}:keys``: all keys, a sorted set whose order is that of their bytes.
- ``{jobs}:ends``: the keys that expire, by their end, so that the set above can be tidied.
- ``{jobs}:version``: the last version that was given.
- ``{jobs}:changes``: the channel on which changes are told.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Final, NamedTuple

# A version is the server's time in microseconds, or one more than the last.  So none is given twice,
# not even if the server lost its memory in between.
_PRELUDE: Final = """
local keys = KEYS[1]
local tag = string.sub(keys, 1, -6)
local ends, counter, channel = tag .. ':ends', tag .. ':version', tag .. ':changes'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last

local function place(key) return tag .. ':v:' .. key end

local function next_version()
  local given = last or tonumber(redis.call('GET', counter) or 0)
  last = math.max(given + 1, time[1] * 1000000 + time[2])
  local version = string.format('%.0f', last)
  redis.call('SET', counter, version)
  return version
end

-- '0' for a key that is absent, '-' for what others wrote there
local function version_of(key)
  local head = redis.call('GETRANGE', place(key), 0, 40)
  if head == '' then return '0' end
  return string.match(head, '^(%d+) %d*\\n') or '-'
end

local function ending(ttl)
  if ttl == '' then return '' end
  local number = tonumber(string.sub(ttl, 2))
  if string.sub(ttl, 1, 1) == '+' then number = now + number end
  return string.format('%.0f', math.max(number, 2))
end

local function tidy()
  local due = redis.call('ZRANGEBYSCORE', ends, '-inf', string.format('%.0f', now), 'LIMIT', 0, 2)
  for _, key in ipairs(due) do
    if redis.call('EXISTS', place(key)) == 0 then redis.call('ZREM', keys, key) end
    redis.call('ZREM', ends, key)
  end
end

-- A command that is refused undoes none before it, so the value is the last to be touched.
local function put(key, data, finish)
  local version = next_version()
  redis.call('PUBLISH', channel, version .. ' ' .. key)
  redis.call('ZADD', keys, 0, key)
  local record = version .. ' ' .. finish .. '\\n' .. data
  if finish == '' then
    redis.call('SET', place(key), record)
  else
    -- Redis keeps a key to the end of the millisecond that it is given
    redis.call('ZADD', ends, finish, key)
    redis.call('SET', place(key), record, 'PXAT', string.format('%.0f', finish - 1))
    tidy()
  end
  return version
end

local function drop(key)
  if redis.call('EXISTS', place(key)) == 1 then redis.call('PUBLISH', channel, '0 ' .. key) end
  redis.call('ZREM', ends, key)
  redis.call('ZREM', keys, key)
  return redis.call('DEL', place(key))
end

-- End and data of a key that is there; the end is '-' for what others wrote there.
local function parts(key)
  local record = redis.call('GET', place(key))
  if not record then return nil end
  local head, finish = string.match(record, '^(%d+ (%d*)\\n)')
  if not head then return '-', record end
  return finish, string.sub(record, #head + 1)
end
"""


class Script(NamedTuple):
    """One step: called by its digest, and sent whole if the server does not know that."""

    digest: str
    text: str


def _script(body: str) -> Script:
    text = _PRELUDE + body
    return Script(sha1(text.encode(), usedforsecurity=False).hexdigest(), text)


SET: Final = _script("""
-- key, value, end, condition: '' for none, '0' for a key that is absent, or a version
local key, condition = ARGV[1], ARGV[4]
if condition ~= '' then
  local found = version_of(key)
  if found ~= condition then return {found} end
end
return put(key, ARGV[2], ending(ARGV[3]))
""")

DELETE: Final = _script("""
-- key, condition
local key, condition = ARGV[1], ARGV[2]
if condition ~= '' then
  local found = version_of(key)
  if found ~= condition then return {found} end
end
return drop(key)
""")

APPLY: Final = _script("""
-- how many expectations; of each: key, version; then of each write: key, 's' or 'd', value, end
local at = 2
for _ = 1, tonumber(ARGV[1]) do
  local found = version_of(ARGV[at])
  if found ~= ARGV[at + 1] then return {{ARGV[at], found}} end
  at = at + 2
end
redis.call('ZCARD', ends)  -- or it could be refused after the first keys that have no end
local done = {}
while at < #ARGV do
  if ARGV[at + 1] == 's' then
    done[#done + 1] = put(ARGV[at], ARGV[at + 2], ending(ARGV[at + 3]))
  else
    done[#done + 1] = drop(ARGV[at])
  end
  at = at + 4
end
return done
""")

INCREMENT: Final = _script("""
-- key, by, end of a new key; numbers beyond what is exact here are left to the caller
local key, by = ARGV[1], ARGV[2]
local finish, data = parts(key)
if not data then
  put(key, by, ending(ARGV[3]))
  return by
end
if finish == '-' or #data > 15 or #by > 15 or not string.match(data, '^-?%d+$') then return false end
local total = string.format('%.0f', tonumber(data) + tonumber(by))
put(key, total, finish)
return total
""")

EXPIRE: Final = _script("""
-- key, end
local finish, data = parts(ARGV[1])
if not data then return false end
if finish == '-' then return {finish} end
return put(ARGV[1], data, ending(ARGV[2]))
""")

PRESENT: Final = _script("""
-- keys; those that expired are tidied away
local found = {}
for at = 1, #ARGV do
  if redis.call('EXISTS', place(ARGV[at])) == 1 then
    found[#found + 1] = ARGV[at]
  else
    redis.call('ZREM', keys, ARGV[at])
    redis.call('ZREM', ends, ARGV[at])
  end
end
return found
""")

CLEAR: Final = _script("""
-- how many at most; tells how many were taken
local some = redis.call('ZRANGE', keys, 0, ARGV[1] - 1)
for _, key in ipairs(some) do drop(key) end
return #some
""")

ALL: Final = (SET, DELETE, APPLY, INCREMENT, EXPIRE, PRESENT, CLEAR)
