"""A secret is planted everywhere, and then looked for in everything that can be seen."""

from __future__ import annotations

import io
import logging
import pickle
import pprint
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import (
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    PostgresDsn,
    SecretBytes,
    SecretStr,
    computed_field,
    field_validator,
)
from rich.console import Console

from pepperpy.infra.config import (
    BaseConfig,
    ConfigRegistry,
    config_overrides,
    config_template,
    explain_config,
    get_config,
    register_config,
    reload_config,
    set_config,
    subscribe_config,
    use_registry,
    validate_all_configs,
    validate_config,
    watch_config,
)
from pepperpy.infra.utils import Signal, inspectables, subscribe

SECRET = "Xq7-planted-9Zt"
PARTS = ("Xq7", "planted", "9Zt")


@dataclass
class Login:
    user: str = "ann"
    password: str = SECRET


class Pair(NamedTuple):
    token: str
    n: int


class Plain(BaseModel):
    client_secret: str = SECRET
    port: int = 1


class Nested(BaseConfig):
    password: str = SECRET
    port: int = 1


class Holder(BaseConfig):
    """A secret in every kind of field that can hold one."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="allow")

    api_key: str = SECRET
    access_token: bytes = SECRET.encode()
    secret: SecretStr = SecretStr(SECRET)
    secret_bytes: SecretBytes = SecretBytes(SECRET.encode())
    url: str = f"postgres://ann:{SECRET}@db/app"
    dsn: PostgresDsn = PostgresDsn(f"postgres://ann:{SECRET}@db/app")
    any_url: AnyUrl = AnyUrl(f"redis://:{SECRET}@db/0")
    query: str = f"https://x/?api_key={SECRET}"
    nested: Nested = Nested()
    plain: Plain = Plain()
    login: Login = Field(default_factory=Login)
    pair: Pair = Pair(SECRET, 1)
    several: list[Nested] = Field([Nested()])
    by_name: dict[str, Any] = Field({"password": SECRET, "deep": [{"token": SECRET}]})
    urls: tuple[str, ...] = (f"amqp://u:{SECRET}@x",)
    url_set: frozenset[str] = frozenset({f"amqp://u:{SECRET}@x"})
    api_keys: dict[str, str] = Field({"ann": SECRET})
    credentials: Nested = Nested()
    anything: Any = None
    hidden: str = Field(SECRET, repr=False)
    tokens: list[str] = Field([SECRET])
    keys: dict[str, str] = Field({"ann": SECRET})

    @computed_field  # type: ignore[prop-decorator]
    @property
    def greeting(self) -> str:
        return f"{self.nested.password} and {self.secret.get_secret_value()}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def session_token(self) -> str:
        return self.api_key


@pytest.fixture(autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose name does not come from a test's parameters, which hold the secret."""
    monkeypatch.chdir(folder := tmp_path_factory.mktemp("here"))
    return folder


def assert_clean(*texts: object) -> None:
    for text in texts:
        shown = text if isinstance(text, str) else repr(text)
        for part in PARTS:
            assert part not in shown, shown


def renderings(value: object) -> Iterator[str]:
    yield repr(value)
    yield str(value)
    yield f"{value}"
    yield format(value)
    yield "%s %r" % (value, value)  # noqa: UP031
    yield pprint.pformat(value)
    stream = io.StringIO()
    Console(file=stream, width=200).print(value)
    yield stream.getvalue()


@pytest.fixture
def seen(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[list[str]]:
    """Everything that becomes visible on the way; checked at the end."""
    texts: list[str] = []

    def hear(signal: Signal) -> None:
        texts.append(repr(signal))

    caplog.set_level(logging.DEBUG)
    unsubscribe = subscribe(hear)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
    unsubscribe()
    texts += [f"{each.message} {each.line}" for each in caught]
    out, err = capfd.readouterr()
    assert_clean(caplog.text, out, err, *texts)
    assert_clean(*(dict(each.inspect()) for each in inspectables()))


def refused(call: Callable[[], object]) -> None:
    """*call* must fail, and nothing that can be seen of its error may show the secret."""
    with pytest.raises(Exception, match=r"\w") as caught:
        call()
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert not getattr(error, "__notes__", [])
    assert_clean(str(error), repr(error), error.args, error.__dict__)
    assert_clean(pickle.dumps(error).decode("latin-1"))
    # Lines of source would show the test's own constants, which are no output of ours.
    assert_clean(*traceback.format_exception_only(error))


class TestWhatIsShownOfASnapshot:
    def test_no_secret_is_in_a_rendering(self, seen: list[str]) -> None:
        holder = Holder.model_validate({"extra_password": SECRET})

        for text in renderings(holder):
            assert_clean(text)
        for text in renderings([holder, {"config": holder}]):
            assert_clean(text)

    def test_the_program_has_the_secret_as_it_is(self) -> None:
        holder = Holder()

        assert type(holder.api_key) is str
        assert holder.api_key == holder.nested.password == SECRET
        assert holder.model_dump()["api_key"] == holder.to_dict()["api_key"] == SECRET

    def test_a_dict_for_people_has_no_secret(self) -> None:
        shown = Holder().to_dict(mask_secrets=True)

        assert_clean(shown)
        assert shown["nested"] == {"password": "***", "port": 1}
        assert shown["plain"]["port"] == 1

    def test_what_is_no_secret_stays_readable(self) -> None:
        class Open(BaseConfig):
            host: str = "db"
            password: str = ""
            token: str | None = None
            primary_key: str = "id"
            url: str = "http://db:80/x"

        assert repr(Open()) == (
            "Open(host='db', password='', token=None, primary_key='id', url='http://db:80/x')"
        )

    def test_a_computed_text_is_masked_in_part_where_its_form_allows(self) -> None:
        class Db(BaseConfig):
            password: str = SECRET

            @computed_field  # type: ignore[prop-decorator]
            @property
            def url(self) -> str:
                return f"postgres://ann:{self.password}@db"

            @computed_field  # type: ignore[prop-decorator]
            @property
            def words(self) -> str:
                return f"say {self.password}"

        assert repr(Db()) == "Db(password='***', url='postgres://ann:***@db', words='***')"

    def test_an_object_with_a_broken_repr_harms_nobody(self) -> None:
        class Broken:
            def __repr__(self) -> str:
                raise RuntimeError(SECRET)

        text = repr(Holder(anything=Broken()))

        assert "whose repr raised RuntimeError" in text
        assert_clean(text)

    def test_no_depth_is_too_great(self) -> None:
        deep: Any = SECRET
        for _ in range(3000):
            deep = [deep]

        assert "nested too deep" in repr(Holder(anything=deep))


class TestExplanations:
    def test_no_secret_is_in_one(
        self, seen: list[str], toml: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register_config("holder", Holder)
        toml.write_text(
            f'[holder]\napi_key = "{SECRET}"\n[holder.by_name]\npassword = "{SECRET}"\n'
        )
        (folder / ".env").write_text(f"PEPPERPY_HOLDER_NESTED__PASSWORD={SECRET}\n")
        monkeypatch.setenv("PEPPERPY_HOLDER_URL", f"postgres://ann:{SECRET}@db/app")
        monkeypatch.setenv("PEPPERPY_HOLDER_API_KEYS__BOB", SECRET)
        set_config("holder", {"credentials": {"password": SECRET}})

        explanation = explain_config("holder")

        assert_clean(str(explanation), repr(explanation), *explanation)
        assert explanation["url"].value == "'postgres://ann:***@db/app'"
        assert explanation["nested.password"].origin == ".env:1 (PEPPERPY_HOLDER_NESTED__PASSWORD)"
        assert explanation["login.user"].value == "'ann'"

    def test_nor_in_a_template(self) -> None:
        register_config("holder", Holder)
        template = config_template("holder")

        assert_clean(template.dotenv(), template.markdown(), str(template.json_schema()))
        assert "# PEPPERPY_HOLDER_API_KEY=***" in template.dotenv()


class Wrong(BaseConfig):
    """Nothing fits: every secret stands in a field that refuses it."""

    number: int = 0
    inner: Nested = Nested()
    items: list[int] = Field([])
    table: dict[str, int] = Field({})
    text: str = ""
    url: AnyUrl | None = None

    @field_validator("text")
    @classmethod
    def check(cls, value: str) -> str:
        if value:
            raise ValueError(f"{value!r} is wrong, as is {value.upper()} and {value[:-4]}")
        return value


PATHS = {
    "NUMBER": SECRET,
    "INNER__PORT": SECRET,
    "INNER": f'{{"port": "{SECRET}"}}',
    "ITEMS": f"1,{SECRET}",
    "ITEMS_": SECRET,
    "TABLE__A": SECRET,
    "TABLE": f"{{{SECRET}",
    "TEXT": SECRET,
    "URL": f"{SECRET}",
    "NUMBR": SECRET,
}


class TestErrorPaths:
    @pytest.mark.parametrize("name", [name for name in PATHS if name not in ("ITEMS_", "NUMBR")])
    def test_a_variable(self, name: str, seen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        register_config("wrong", Wrong)
        monkeypatch.setenv(f"PEPPERPY_WRONG_{name}", PATHS[name])

        refused(lambda: get_config("wrong"))
        refused(lambda: set_config("wrong", {"number": 1, "text": SECRET}))
        for report in (validate_config("wrong"), validate_all_configs()):
            assert not report
            assert_clean(str(report), report)
            refused(report.raise_if_invalid)

    @pytest.mark.parametrize("name", ["ITEMS_", "NUMBR"])
    def test_a_misspelt_variable(
        self, name: str, seen: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register_config("wrong", Wrong)
        monkeypatch.setenv(f"PEPPERPY_WRONG_{name}", SECRET)

        get_config("wrong")

    @pytest.mark.parametrize("name", [name for name in PATHS if name not in ("ITEMS_", "NUMBR")])
    def test_a_line_of_dotenv(self, name: str, seen: list[str], folder: Path) -> None:
        register_config("wrong", Wrong)
        (folder / ".env").write_text(f"PEPPERPY_WRONG_{name}='{PATHS[name]}'\n")

        refused(lambda: get_config("wrong"))

    @pytest.mark.parametrize(
        "text",
        [f"A='{SECRET}", f"{SECRET}", f'A="x" {SECRET}', f"'{SECRET}'=1", f"A {SECRET}=1"],
    )
    def test_a_broken_dotenv(self, text: str, seen: list[str], folder: Path) -> None:
        register_config("wrong", Wrong)
        (folder / ".env").write_text(text)

        refused(lambda: get_config("wrong"))

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("x.toml", f'[wrong]\nnumber = "{SECRET}"\n'),
            ("x.toml", f"[wrong]\nnumber = {SECRET}\n"),
            ("x.toml", f'[wrong]\nnumber = "{SECRET}\n'),
            ("x.toml", f'wrong = "{SECRET}"\n'),
            ("x.toml", f'[wrong]\nitems = ["{SECRET}"]\n'),
            ("x.toml", f'[wrong]\ntext = "{SECRET}"\n'),
            ("x.toml", f'[wrong.inner]\nport = "{SECRET}"\n'),
            ("x.toml", f'"{SECRET}" = 1\n"{SECRET}" = 1\n'),
            ("x.toml", f"a = {{ '{SECRET}' = 1, '{SECRET}' = 2 }}\n"),
            ("x.yaml", f"wrong:\n  number: {SECRET}\n"),
            ("x.yaml", f"wrong: {SECRET}\n"),
            ("x.yaml", f"wrong: !{SECRET} x\n"),
            ("x.yaml", f"wrong: *{SECRET}\n"),
            ("x.yaml", f'wrong: "{SECRET}\n'),
            ("x.yaml", f"wrong: {{a: {SECRET}\n"),
            ("x.yaml", f"- {SECRET}\n"),
            ("x.yaml", f"%{SECRET}\n---\na: 1\n"),
            ("x.json", f'{{"wrong": {{"number": "{SECRET}"}}}}'),
            ("x.json", f'{{"wrong": {SECRET}}}'),
            ("x.json", f'"{SECRET}"'),
            ("x.json", f'{{"wrong": "{SECRET}"}}'),
        ],
    )
    def test_a_file(self, name: str, text: str, seen: list[str], folder: Path) -> None:
        (folder / name).write_text(text)
        with use_registry(ConfigRegistry(file=name)):
            register_config("wrong", Wrong)

            refused(lambda: get_config("wrong"))
            refused(lambda: set_config("wrong", {"inner": {"port": SECRET}}))
            refused(lambda: reload_config("wrong"))
            assert_clean(str(validate_all_configs()))

    @pytest.mark.parametrize(
        "given",
        [
            {"number": SECRET},
            {"number": SECRET.encode()},
            {"number": [SECRET]},
            {"number": {"a": SECRET}},
            {"number": SecretStr(SECRET)},
            {"inner": SECRET},
            {"inner": {"port": SECRET, "password": SECRET}},
            {"items": [1, SECRET]},
            {"table": {"a": SECRET}},
            {"text": SECRET},
            {"url": f"http://u:{SECRET}@["},
            {"inner": Plain(client_secret=SECRET)},
        ],
    )
    def test_set_config_and_the_constructors(self, given: Any, seen: list[str]) -> None:
        register_config("wrong", Wrong)

        refused(lambda: set_config("wrong", given))
        refused(lambda: config_overrides({"wrong": given}).__enter__())
        refused(lambda: Wrong(**given))
        refused(lambda: Wrong.from_dict(given))
        refused(lambda: Wrong.model_validate(given))
        refused(lambda: Wrong.validate(given))
        refused(validate_config(Wrong, given).raise_if_invalid)

    def test_arguments_of_the_wrong_type(self, seen: list[str]) -> None:
        register_config("wrong", Wrong)

        for call in (
            lambda: set_config("wrong", SECRET),  # type: ignore[arg-type]
            lambda: set_config("wrong", Plain()),
            lambda: set_config("wrong", [SECRET]),  # type: ignore[arg-type]
            lambda: Wrong.from_dict(SECRET),  # type: ignore[arg-type]
            lambda: Wrong.from_env(SECRET.encode()),  # type: ignore[arg-type]
            lambda: validate_config(Wrong, SECRET),  # type: ignore[arg-type]
            lambda: register_config("x", Plain()),  # type: ignore[arg-type]
        ):
            refused(call)

    def test_unknown_names_with_a_secret_below(self, seen: list[str], toml: Path) -> None:
        register_config("wrong", Wrong)
        toml.write_text(f'[wrong]\npassword = "{SECRET}"\n[wrong.unknown]\na = "{SECRET}"\n')

        get_config("wrong")
        set_config("wrong", {"tokn": SECRET})


class TestReloading:
    def test_changes_failures_and_subscribers(self, seen: list[str], toml: Path) -> None:
        register_config("holder", Holder)
        toml.write_text('[holder]\napi_key = "other"\n')
        changes: list[Any] = []

        def fails(change: Any) -> None:
            raise RuntimeError(f"{SECRET} {change.new.api_key}")

        subscribe_config(None, changes.append)
        subscribe_config(None, fails)
        get_config("holder")
        with watch_config(3600, engine="poll") as watcher:
            toml.write_text(f'[holder]\napi_key = "{SECRET}"\n')
            watcher.check()
            toml.write_text(f'[holder]\napi_key = "{SECRET}\n')
            watcher.check()
            toml.write_text(f'[holder.nested]\nport = "{SECRET}"\n')
            watcher.check()

        assert_clean(changes, str(changes), str(watcher.error), repr(watcher.error))
        assert changes[0].paths == ("api_key",)
        assert changes[0].new.api_key == SECRET
        assert any("subscriber_failed" in text for text in seen)
        assert any("reload_failed" in text for text in seen)

    def test_a_failing_subscriber_is_logged_if_nobody_hears_signals(
        self, caplog: pytest.LogCaptureFixture, toml: Path
    ) -> None:
        register_config("holder", Holder)
        get_config("holder")

        def fails(change: Any) -> None:
            raise RuntimeError(change.new.api_key)

        subscribe_config("holder", fails)
        toml.write_text(f'[holder]\napi_key = "{SECRET}-2"\n')
        reload_config()

        assert "a subscriber of the configuration of 'holder' failed" in caplog.text
        assert "RuntimeError at" in caplog.text
        assert_clean(caplog.text)


def test_objects_of_the_package_show_no_values(seen: list[str], toml: Path) -> None:
    toml.write_text(f'[holder]\napi_key = "{SECRET}"\n')
    registry = ConfigRegistry()
    registry.register("holder", Holder)
    registry.set_config("holder", {"access_token": SECRET})
    registry.get_config("holder")

    assert_clean(registry, registry.inspect(), *vars(registry._store).values())
