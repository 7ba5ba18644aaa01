"""The limiter in Redis, which all processes share: one script, one round trip, by Redis's clock."""

from collections.abc import Iterable, Sequence
from hashlib import sha1

from redis.exceptions import NoScriptError

from core.limits.rules import Demand, State, Streak
from core.valkey import ask, named

# `core.limits.rules` in Lua. Redis runs one script at a time, so between looking and counting there
# is nobody else.
SCRIPT = """
-- KEYS: the logs, lists of microseconds, oldest first.
-- ARGV: "count" or "look"; then for each log: quota, span, delay (0: a window), longest delay.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function bury(key, span, delay)
  local first = redis.call('LINDEX', key, delay > 0 and -1 or 0)
  if not first or first + span > now then return end
  local low, high = 1, redis.call('LLEN', key)
  while low < high and delay == 0 do
    local middle = math.floor((low + high) / 2)
    if redis.call('LINDEX', key, middle) + span > now then high = middle else low = middle + 1 end
  end
  redis.call('LTRIM', key, high, -1)
end

local function state(key, quota, span, delay, longest)
  local used = redis.call('LLEN', key)
  if delay == 0 then
    if used == 0 then return quota, 0 end
    local leaves = redis.call('LINDEX', key, math.max(used - quota, 0))
    return math.max(quota - used, 0), leaves + span - now
  end
  if used < quota then return quota - used, 0 end
  local due = redis.call('LINDEX', key, -1) + math.min(delay * 2 ^ (used - quota), longest)
  if due > now then return 0, due - now end
  return 1, 0
end

local function each(act)
  for i, key in ipairs(KEYS) do
    local at = 4 * i - 2
    act(key, tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]),
        tonumber(ARGV[at + 3]))
  end
end

local allowed = 1
each(function(key, quota, span, delay, longest)
  bury(key, span, delay)
  if state(key, quota, span, delay, longest) == 0 then allowed = 0 end
end)
if allowed == 1 and ARGV[1] == 'count' then
  each(function(key, quota, span, delay)
    local last = redis.call('LINDEX', key, -1)
    redis.call('RPUSH', key, string.format('%.0f', math.max(now, tonumber(last or 0))))
    if delay > 0 then redis.call('LTRIM', key, -KEPT, -1) end
    redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(span / 1000) + 1))
  end)
end
local answer = {allowed}
each(function(...)
  local remaining, reset = state(...)
  table.insert(answer, remaining)
  table.insert(answer, reset)
end)
return answer
""".replace("KEPT", str(Streak.KEPT))
_DIGEST = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class SharedLimiter:
    """Raises `redis.RedisError` when Redis cannot be asked; the cache's breaker guards it."""

    def decide(self, demands: Sequence[Demand], *, count: bool = True) -> tuple[bool, list[State]]:
        numbers = [number for each in demands for number in each.rule.numbers]
        beginning = named("limit:")
        keys = [beginning + each.key for each in demands]
        allowed, *found = _run(keys, ["count" if count else "look", *numbers])
        states = [State(*pair) for pair in zip(found[::2], found[1::2], strict=True)]
        return bool(allowed), states

    def forget(self, keys: Iterable[str]) -> None:
        ask("DEL", *[named(f"limit:{key}") for key in keys])


def _run(keys: list[str], arguments: list[str | int]) -> list[int]:
    try:
        answer: list[int] = ask("EVALSHA", _DIGEST, len(keys), *keys, *arguments)
    except NoScriptError:
        answer = ask("EVAL", SCRIPT, len(keys), *keys, *arguments)
    return answer
