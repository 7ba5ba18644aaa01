"""The limiter in PostgreSQL: what guards a door stays guarded while Redis is away.

Slower by a few milliseconds, which nobody notices beside the hash of a password.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from core.limits.rules import SECOND, Demand, State, judge

# The rows are made or locked in the order of their keys, so two requests cannot wait for each
# other; the clock is read when the lock is had. Tables rather than models: Django REST framework
# loads the throttles, and with them this module, before there are any models.
_TAKE = """
    INSERT INTO core_throttlelog AS log (key, hits, expires_at)
    SELECT key, '{}', now() FROM unnest(%s::text[]) AS wanted (key) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key
    RETURNING log.key, log.hits, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
"""
_LOOK = """
    SELECT wanted.key, coalesce(log.hits, '{}'),
           (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
    FROM unnest(%s::text[]) AS wanted (key) LEFT JOIN core_throttlelog AS log USING (key)
"""
_KEEP = """
    UPDATE core_throttlelog SET hits = %s, expires_at = now() + make_interval(secs => %s)
    WHERE key = %s
"""
_FORGET = "DELETE FROM core_throttlelog WHERE key = ANY(%s)"


class StoredLimiter:
    @transaction.atomic
    def decide(self, demands: Sequence[Demand], *, count: bool = True) -> tuple[bool, list[State]]:
        with connection.cursor() as cursor:
            cursor.execute(_TAKE if count else _LOOK, [[each.key for each in demands]])
            rows = cursor.fetchall()
            now = max(clock for _key, _log, clock in rows)
            logs = {key: log for key, log, _clock in rows}
            allowed, states, kept = judge(demands, logs, now, count=count)
            spans = {each.key: each.rule.span / SECOND for each in demands}
            cursor.executemany(_KEEP, [(log, spans[key], key) for key, log in kept.items()])
        return allowed, states

    def forget(self, keys: Iterable[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, [list(keys)])
