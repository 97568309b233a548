"""The public names as a typed program uses them.  Type-checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import assert_type

from pepperpy.infra.utils import (
    Batching,
    Clock,
    FakeClock,
    Inspectable,
    RetryAttempt,
    RetryBudget,
    Signal,
    async_retry,
    deadline,
    dict_to_object,
    emit,
    generate_id,
    generate_timestamp,
    get_file_extension,
    get_file_mime_type,
    get_file_size,
    hash_string,
    inspectables,
    is_valid_email,
    is_valid_url,
    load_json,
    object_to_dict,
    redaction,
    register_closer,
    register_inspectable,
    require_extra,
    retry,
    save_json,
    slugify,
    subscribe,
    truncate_string,
    wrapping,
)

assert_type(generate_id(prefix="user_", length=12), str)
assert_type(generate_timestamp(), str)
assert_type(hash_string("text", algorithm="sha256"), str)
assert_type(slugify("A title", separator="_"), str)
assert_type(truncate_string("text", max_length=3, suffix=""), str)
assert_type(is_valid_email("ann@example.com"), bool)
assert_type(is_valid_url("https://example.com"), bool)
assert_type(get_file_extension("a.txt"), str)
assert_type(get_file_mime_type("a.txt"), str)
assert_type(get_file_size("a.txt"), int)
save_json({"a": [1, None]}, "a.json", indent=None)
_ = load_json("a.json")


@dataclass
class User:
    name: str


assert_type(dict_to_object({"name": "Ann"}, User), User)
assert_type(dict_to_object({"name": "Ann"}), SimpleNamespace)
object_to_dict(User("Ann"))


@retry
def bare(n: int, *, key: str = "") -> str:
    return key * n


@retry(max_attempts=5, delay=1.0, backoff=2.0)
def called(n: int) -> str:
    return str(n)


@async_retry(max_retries=3, delay=timedelta(seconds=1))
async def awaited(n: int) -> bytes:
    return bytes(n)


@retry(exceptions=(OSError, ValueError), budget=RetryBudget())
def generator() -> Iterator[int]:
    yield 1


@retry
async def async_generator() -> AsyncIterator[int]:
    yield 1


class Service:
    @retry
    def method(self, a: int) -> str:
        return str(a)

    @classmethod
    @retry(delay=0)
    def above(cls, a: int) -> str:
        return str(a)

    @retry(delay=0)
    @staticmethod
    def below(a: int) -> str:
        return str(a)


assert_type(bare(1, key="k"), str)
assert_type(called(1), str)
assert_type(retry(called, max_attempts=2)(3), str)
assert_type(Service().method(1), str)
assert_type(Service.above(1), str)
assert_type(Service.below(1), str)
assert_type(next(generator()), int)
called("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
retry(attempts=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def hook(attempt: RetryAttempt) -> float:
    return 2 * attempt.delay


retry(on_retry=hook, clock=FakeClock(), exceptions=lambda error: bool(error.args))

with retry.testing(max_attempts=1) as record:
    assert_type(record.attempts, list[RetryAttempt])


async def use() -> None:
    assert_type(await awaited(1), bytes)
    async with deadline(2.0), deadline(timedelta(seconds=1)):
        assert_type(deadline.remaining(), float | None)
    async for item in async_generator():
        assert_type(item, int)


class Queue:
    def inspect(self) -> Mapping[str, object]:
        return {"kind": "queue"}


register_inspectable(Queue())
assert_type(inspectables(), list[Inspectable])

with require_extra("pepperpy-infra-cache", "redis"):
    import json

_ = json.dumps({})

unsubscribe = subscribe(lambda signal: signal.kind)
emit(Signal(kind="demo.rang", source="bell", facts={"times": 3}))
unsubscribe()
withdraw = register_closer(500, lambda: None)
withdraw()
clock: Clock = FakeClock()

assert_type(redaction.redact_text("password=x"), str)
assert_type(redaction.is_secret_name("api_key"), bool)
assert_type(wrapping.kind_of(called), wrapping.Kind)


async def send(commands: Sequence[str]) -> list[int | BaseException]:
    return [len(command) for command in commands]


async def together() -> None:
    ask = Batching(send, limit=10)
    assert_type(ask, Batching[str, int])
    assert_type(await ask("GET a"), int)
