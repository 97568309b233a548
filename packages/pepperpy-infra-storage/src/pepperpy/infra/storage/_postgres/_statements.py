"""What is said to PostgreSQL, for one table.

Keys and values are bytes: text in PostgreSQL has no zero character, and the order of bytes is that of
code points.  A version is the next number of a sequence, taken while the row is locked, so that a
later write of a key always has a greater one.

A write notifies only while somebody watches, which a row in a table of its own says: a
notification makes commits wait for each other in all of the server.

The names that go with a table have a ``$``, which no namespace has, so that none is another table's.
"""

# ruff: noqa: S608 - the names of tables, which cannot be parameters, are checked and quoted
from __future__ import annotations

from typing import Final

MARK: Final = "pepperpy storage 1"
"""The comment on a table of ours, with the number of its form."""

_COLUMNS = (
    "key bytea PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL, expires timestamptz"
)
_ALIVE = "(expires IS NULL OR expires > clock_timestamp())"
_ENDS = "coalesce(clock_timestamp() + make_interval(secs => {seconds}), {moment})"


class Statements:
    """Those for the table of one namespace; its name is quoted here, once."""

    def __init__(self, namespace: str) -> None:
        plain = f"pepperpy_{namespace}"
        table, sequence, watch, ends = (
            _quoted(f"{plain}{end}") for end in ("", "$version", "$watch", "$ends")
        )
        version = f"nextval('{sequence}')"  # a quoted name has no single quote, see `quoted`
        one = _ENDS.format(seconds="$3::float8", moment="$4::timestamptz")
        self.channel: Final = plain
        self.table: Final = table
        self.mark: Final = f"SELECT to_regclass('{table}') IS NOT NULL, obj_description(to_regclass('{table}'), 'pg_class')"
        self.make: Final = (
            f"SELECT pg_advisory_xact_lock(hashtext('{table}'))",
            f"CREATE TABLE IF NOT EXISTS {table} ({_COLUMNS})",
            f"CREATE INDEX IF NOT EXISTS {ends} ON {table} (expires) WHERE expires IS NOT NULL",
            f"CREATE SEQUENCE IF NOT EXISTS {sequence}",
            f"CREATE TABLE IF NOT EXISTS {watch} (one bool PRIMARY KEY, until timestamptz NOT NULL)",
            f"COMMENT ON TABLE {table} IS '{MARK}'",
        )
        notify = (
            f"CASE WHEN EXISTS (SELECT FROM {watch} WHERE until > clock_timestamp())"
            f" THEN pg_notify('{plain}', {{what}} || ' ' || encode(key, 'hex')) END"
        )
        set_, gone = notify.format(what="version"), notify.format(what="'0'")

        self.get: Final = f"SELECT value, version, expires FROM {table} WHERE key = $1 AND {_ALIVE}"
        self.get_many: Final = (
            f"SELECT key, value, version, expires FROM {table} WHERE key = ANY($1) AND {_ALIVE}"
        )
        self.exists_key: Final = f"SELECT 1 FROM {table} WHERE key = $1 AND {_ALIVE}"
        page = (
            f"SELECT key, value, version, expires FROM {table}"
            f" WHERE key {{operator}} $1 AND key < $2 AND {_ALIVE} ORDER BY key LIMIT $3"
        )
        self.page_from: Final = page.format(operator=">=")
        self.page_behind: Final = page.format(operator=">")
        self.keys: Final = (
            f"SELECT key FROM {table} WHERE key >= $1 AND key < $2 AND {_ALIVE} ORDER BY key"
        )

        # In the order of keys, so that writers who meet wait for each other in one direction.
        self.put_many: Final = (
            f"WITH done AS (INSERT INTO {table} AS t (key, value, version, expires)"
            f" SELECT k, v, {version}, {_ENDS.format(seconds='s', moment='m')}"
            " FROM unnest($1::bytea[], $2::bytea[], $3::float8[], $4::timestamptz[]) AS u(k, v, s, m)"
            " ON CONFLICT (key) DO UPDATE"
            f" SET value = EXCLUDED.value, version = {version}, expires = EXCLUDED.expires"
            f" RETURNING key, version) SELECT key, version, {set_} FROM done"
        )
        self.put: Final = (
            f"WITH done AS (INSERT INTO {table} AS t (key, value, version, expires)"
            f" VALUES ($1, $2, {version}, {one}) ON CONFLICT (key) DO UPDATE"
            f" SET value = EXCLUDED.value, version = {version}, expires = EXCLUDED.expires"
            f" RETURNING key, version) SELECT version, {set_} FROM done"
        )
        self.put_absent: Final = (
            f"WITH done AS (INSERT INTO {table} AS t (key, value, version, expires)"
            f" VALUES ($1, $2, {version}, {one}) ON CONFLICT (key) DO UPDATE"
            f" SET value = EXCLUDED.value, version = {version}, expires = EXCLUDED.expires"
            " WHERE t.expires <= clock_timestamp()"
            f" RETURNING key, version) SELECT version, {set_} FROM done"
        )
        self.put_if: Final = (
            f"WITH done AS (UPDATE {table} SET value = $2, version = {version}, expires = {one}"
            f" WHERE key = $1 AND version = $5 AND {_ALIVE}"
            f" RETURNING key, version) SELECT version, {set_} FROM done"
        )
        self.expire: Final = (
            f"WITH done AS (UPDATE {table} SET version = {version},"
            f" expires = {_ENDS.format(seconds='$2::float8', moment='$3::timestamptz')}"
            f" WHERE key = $1 AND {_ALIVE}"
            f" RETURNING key, version) SELECT version, {set_} FROM done"
        )
        # Only digits are digits in this form, whatever bytes a value is made of.
        whole = "encode(t.value, 'escape')"
        alive = _ALIVE.replace("expires", "t.expires")
        self.increment: Final = (
            f"WITH done AS (INSERT INTO {table} AS t (key, value, version, expires)"
            f" VALUES ($1, convert_to($2::text, 'UTF8'), {version}, {one}) ON CONFLICT (key) DO UPDATE"
            f" SET value = CASE WHEN {alive} THEN convert_to(({whole}::numeric + $2::numeric)::text,"
            f" 'UTF8') ELSE EXCLUDED.value END, version = {version},"
            f" expires = CASE WHEN {alive} THEN t.expires ELSE EXCLUDED.expires END"
            f" WHERE NOT {alive} OR (length(t.value) < 100000 AND {whole} ~ '^-?[0-9]+$')"
            f" RETURNING key, value, version) SELECT value, {set_} FROM done"
        )
        delete = (
            f"WITH done AS (DELETE FROM {table} WHERE {{which}} RETURNING key, {_ALIVE} AS alive)"
            f" SELECT key, {gone} FROM done WHERE alive"
        )
        in_order = f"key IN (SELECT key FROM {table} WHERE key = ANY($1) ORDER BY key FOR UPDATE)"
        self.delete: Final = delete.format(which="key = $1")
        self.delete_if: Final = delete.format(which=f"key = $1 AND version = $2 AND {_ALIVE}")
        self.delete_many: Final = delete.format(which=in_order)
        self.clear: Final = delete.format(which="true")
        self.lock: Final = f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"
        self.join: Final = f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE"
        self.versions: Final = (
            f"SELECT key, version FROM {table} WHERE key = ANY($1) AND {_ALIVE}"
            " ORDER BY key FOR UPDATE"
        )
        self.sweep: Final = (
            f"DELETE FROM {table} WHERE key IN (SELECT key FROM {table}"
            " WHERE expires <= clock_timestamp() ORDER BY expires LIMIT 1000 FOR UPDATE SKIP LOCKED)"
        )
        self.renew: Final = (
            f"INSERT INTO {watch} VALUES (true, clock_timestamp() + make_interval(secs => $1))"
            " ON CONFLICT (one) DO UPDATE SET until = greatest(EXCLUDED.until,"
            f" {watch}.until)"
        )
        # Waits for whoever began to write before it could see that somebody watches.
        self.settle: Final = f"LOCK TABLE {table} IN SHARE MODE"
        self.count: Final = (
            f"SELECT reltuples::bigint, pg_total_relation_size(oid) FROM pg_class"
            f" WHERE oid = '{table}'::regclass"
        )


def _quoted(name: str) -> str:
    return f'"{name}"'
