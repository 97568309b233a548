"""A secret is planted wherever a program may meet one, and looked for in all that comes out of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

SECRET = "hunter2-f00dcafe-swordfish"

SETTINGS = f"""
[logging]
level = "DEBUG"
log_file = "app.log"
file_format = "json"

[shop]
api_key = "{SECRET}"
database_url = "postgresql://shop:{SECRET}@db.example/shop"
attempts = 3

[shop.upstream]
password = "{SECRET}"
"""

# What a program can do with settings that hold secrets: show them, log them, count them, fail.
START = """
import copy, json, pickle, sys, traceback, warnings
from pathlib import Path

from pepperpy.infra import (
    BaseConfig, ConfigError, TelemetryManager, configure_logging, explain_config, get_config,
    get_logger, get_provider_telemetry, initialize_logging, initialize_telemetry, register_config,
    reload_config, set_config, validate_all_configs, validate_config,
)
from pepperpy.infra.logging import bind, capture_logs, log_context
from pepperpy.infra.telemetry import capture_metrics
from pepperpy.infra.utils import Signal, emit, inspectables, run_closers

warnings.simplefilter("always")


class Upstream(BaseConfig):
    password: str = ""
    url: str = "http://localhost"


class Shop(BaseConfig):
    api_key: str
    database_url: str = ""
    attempts: int = 1
    ratio: float = 0.5
    upstream: Upstream = Upstream()


def show(thing):
    print(thing, repr(thing), f"{thing}", f"{thing!r:>10}", format(thing), [thing], {"it": thing})


def keep(thing):
    '''Show it, and what it is as a pickle.'''
    show(thing)
    print(pickle.dumps(thing))


def tell(error):
    '''Everything that a program or its tools do with an error.'''
    show(error)
    print(error.args, vars(error), error.__cause__, error.__context__, getattr(error, "__notes__", ""))
    traceback.print_exception(error)
    traceback.print_exception(error, file=sys.stdout)
    try:
        print(pickle.dumps(error))
    except TypeError as refused:
        print(refused)
    for frame in traceback.TracebackException.from_exception(error, capture_locals=False).format():
        print(frame)
    log.error("failed", exc_info=error)
    log.exception("failed: %s", error, exc_info=error, error=error)
    telemetry.error("failed", str(error), data={"error": error})


register_config("shop", Shop)
log = get_logger("shop")
telemetry = get_provider_telemetry("shop")
"""


# What a test writes itself, the secret in it, and what the program writes to have it read again.
PLANTED = {"program.py", "pepperpy.toml", "pepperpy.yaml", "pepperpy.json", ".env", "key.json"}


def assert_hidden(program: Any, code: str, **options: Any) -> str:
    """Run it; the answer is everything that it printed and wrote, without the secret."""
    done = program.run(START + code, **options)
    written = [
        path.read_bytes().decode("utf-8", "replace")
        for path in sorted(program.folder.rglob("*"))
        if path.is_file() and path.name not in PLANTED
    ]
    came_out = "".join([done.stdout, done.stderr, *written])
    lowered = came_out.lower()
    for form in forms():
        assert form not in lowered, came_out[max(0, lowered.index(form) - 200) :][:240]
    return came_out


def forms() -> set[str]:
    """Every piece of the secret that is long enough to be missed, and how it looks when encoded."""
    size = 8
    pieces = {SECRET[at : at + size] for at in range(len(SECRET) - size + 1)}
    encoded = {SECRET.encode().hex(), SECRET[::-1]}
    for shift in range(3):  # where it begins in what is encoded
        text = base64.b64encode(b"x" * shift + SECRET.encode()).decode()
        encoded.add(text[4:-4])
    return {form.lower() for form in pieces | encoded}


class TestRightSettings:
    CODE = """
initialize_logging()
initialize_telemetry()
shop = get_config("shop")
assert shop.api_key.startswith("hunter2") and shop.upstream.password == shop.api_key
for thing in (shop, shop.upstream):
    show(thing)
for thing in (explain_config("shop"), validate_config("shop"), validate_all_configs()):
    keep(thing)
log.info("all of it: %s", shop)
log.info("the same", shop=shop, settings=[shop], api_key=shop.api_key, url=shop.database_url)
log.info("a url %s", shop.database_url)
with log_context(password=shop.upstream.password):
    bind(log, token=shop.api_key).info("bound")
log.info("dict", extra={"secret": shop.api_key})
telemetry.count("asked", tags={"api_key": shop.api_key, "url": shop.database_url})
telemetry.info("asked", "it asked", data={"password": shop.api_key, "shop": shop}, tags={"token": shop.api_key})
emit(Signal(kind="shop.rang", source="shop", facts={"password": shop.api_key}))
manager = TelemetryManager.get_instance()
show(manager)
show(manager.snapshot())
print([thing.inspect() for thing in inspectables()])
with capture_logs() as logs, capture_metrics() as metrics:
    log.info("captured", shop=shop)
    telemetry.count("captured", tags={"password": shop.api_key})
show(logs)
show(metrics)
try:
    raise ConnectionError(f"cannot open {shop.database_url}")
except ConnectionError:
    log.exception("no database", shop=shop)
run_closers()
"""

    def test_show_no_secret_in_what_is_printed_logged_and_counted(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)

        came_out = assert_hidden(program, self.CODE)

        assert "***" in came_out
        assert "all of it" in came_out

    @pytest.mark.parametrize("source", ["environ", ".env", "set_config"])
    def test_wherever_they_came_from(self, program: Any, source: str) -> None:
        variables = {
            "PEPPERPY_SHOP_API_KEY": SECRET,
            "PEPPERPY_SHOP_DATABASE_URL": f"postgresql://shop:{SECRET}@db.example/shop",
            "PEPPERPY_SHOP_UPSTREAM__PASSWORD": SECRET,
        }
        program.write("pepperpy.toml", SETTINGS.partition("[shop]")[0])
        before = ""
        if source == ".env":
            program.write(".env", "".join(f"{name}={text}\n" for name, text in variables.items()))
        elif source == "set_config":
            before = (
                "key = Path('key.json').read_text()\n"
                "set_config('shop', {'api_key': key, 'upstream': {'password': key}, "
                "'database_url': f'postgresql://shop:{key}@db.example/shop'})\n"
            )
            program.write("key.json", SECRET)

        assert_hidden(program, before + self.CODE, environ=variables if source == "environ" else {})


class TestWrongSettings:
    GET = """
configure_logging(level="DEBUG", log_file="app.log")
failures = 0
for ask in (
    lambda: initialize_logging({"log_file": "app.log", "level": "DEBUG"}),
    initialize_telemetry,
    lambda: get_config("shop"),
    lambda: explain_config("shop"),
    lambda: validate_config("shop"),
    validate_all_configs,
):
    try:
        keep(ask())
    except ConfigError as error:
        failures += 1
        tell(error)
assert failures, "nothing was wrong"
run_closers()
"""

    @pytest.mark.parametrize(
        ("file", "text"),
        [
            ("pepperpy.toml", f'[shop]\napi_key = "k"\nattempts = "{SECRET}"\n'),
            ("pepperpy.toml", f'[shop]\napi_key = ["{SECRET}"]\nratio = "{SECRET}"\n'),
            ("pepperpy.toml", f'shop = "{SECRET}"\n'),
            ("pepperpy.toml", f'[shop]\napi_key = "k"\nupstream = "{SECRET}"\n'),
            ("pepperpy.toml", f'[shop]\napi_key = "{SECRET}\n'),
            ("pepperpy.toml", f'[shop]\napi_key = "{SECRET}" "{SECRET}"\n'),
            ("pepperpy.toml", f'[shop]\napi_key = "{SECRET}"\napi_key = "{SECRET}"\n'),
            ("pepperpy.yaml", f"shop:\n  api_key: '{SECRET}\n"),
            ("pepperpy.yaml", f"shop:\n  api_key: k\n  attempts: {SECRET}\n"),
            ("pepperpy.yaml", f"shop:\n  api_key: !!python/name:{SECRET} x\n"),
            ("pepperpy.json", f'{{"shop": {{"api_key": "{SECRET}'),
            ("pepperpy.json", f'{{"shop": {{"api_key": "k", "attempts": "{SECRET}"}}}}'),
        ],
    )
    def test_in_a_file_are_errors_without_the_values(
        self, program: Any, file: str, text: str
    ) -> None:
        program.write(file, text)

        came_out = assert_hidden(program, self.GET, environ={"PEPPERPY_CONFIG": file})

        assert file in came_out

    @pytest.mark.parametrize("name", ["ATTEMPTS", "RATIO", "UPSTREAM"])
    @pytest.mark.parametrize("source", ["environ", ".env"])
    def test_in_a_variable_are_errors_without_the_values(
        self, program: Any, source: str, name: str
    ) -> None:
        variables = {"PEPPERPY_SHOP_API_KEY": "k", f"PEPPERPY_SHOP_{name}": SECRET}
        if source == ".env":
            program.write(".env", "".join(f"{key}={text}\n" for key, text in variables.items()))

        came_out = assert_hidden(
            program, self.GET, environ=variables if source == "environ" else {}
        )

        assert f"PEPPERPY_SHOP_{name}" in came_out

    def test_a_broken_line_of_an_env_file_is_not_shown(self, program: Any) -> None:
        program.write(".env", f"PEPPERPY_SHOP_API_KEY='{SECRET}\n")

        assert ".env" in assert_hidden(program, self.GET)

    @pytest.mark.parametrize("name", ["ATEMPTS", "API_KEY__X", "UPSTREAM__PASWORD"])
    def test_in_a_misspelt_variable_are_warnings_without_the_values(
        self, program: Any, name: str
    ) -> None:
        variables = {"PEPPERPY_SHOP_API_KEY": SECRET, f"PEPPERPY_SHOP_{name}": SECRET}
        code = "initialize_logging()\nget_config('shop')\nrun_closers()\n"

        came_out = assert_hidden(program, code, environ=variables)

        assert f"PEPPERPY_SHOP_{name}" in came_out

    SET = """
initialize_logging({"log_file": "app.log", "level": "DEBUG"})
secret = Path("key.json").read_text()
for wrong in (
    {"api_key": "k", "attempts": secret},
    {"api_key": [secret]},
    {"api_key": "k", "upstream": secret},
    {"api_key": "k", "unknown": secret, "attempts": secret},
):
    try:
        set_config("shop", wrong)
    except ConfigError as error:
        tell(error)
    keep(validate_config("shop", wrong))
    keep(validate_config(Shop, wrong))
    try:
        Shop.from_dict(wrong)
    except ConfigError as error:
        tell(error)
run_closers()
"""

    def test_in_a_call_are_errors_without_the_values(self, program: Any) -> None:
        program.write("key.json", SECRET)

        came_out = assert_hidden(program, self.SET, environ={"PEPPERPY_SHOP_API_KEY": "k"})

        assert "attempts" in came_out

    RELOAD = """
initialize_logging()
initialize_telemetry()
get_config("shop")
file = Path("pepperpy.toml")
secret = Path("key.json").read_text()
for broken in (f'attempts = "{secret}"', f'attempts = "{secret}', f'{secret} {secret}'):
    file.write_text(file.read_text().replace("attempts = 3", broken))
    try:
        reload_config("shop")
    except ConfigError as error:
        tell(error)
    else:
        raise SystemExit("nothing was wrong")
run_closers()
"""

    def test_in_a_reloaded_file_are_errors_without_the_values(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)
        program.write("key.json", SECRET)

        assert "pepperpy.toml" in assert_hidden(program, self.RELOAD)


class TestModels:
    CODE = """
initialize_logging({"log_file": "app.log", "level": "DEBUG"})
secret = Path("key.json").read_text()
wrong = 0
for make in (
    lambda: Shop(api_key="k", attempts=secret),
    lambda: Shop(api_key=[secret]),
    lambda: Shop(attempts=secret),
    lambda: Shop(api_key="k", upstream={"password": [secret]}),
    lambda: Shop(api_key="k", no_such_field=secret),
    lambda: Shop.model_validate({"api_key": "k", "attempts": secret}),
    lambda: Shop.model_validate_json('{"api_key": "k", "attempts": "%s"}' % secret),
    lambda: Shop.from_env({"SHOP_ATTEMPTS": secret}),
    lambda: setattr(Shop(api_key=secret), "attempts", secret),
    lambda: delattr(Shop(api_key=secret), "api_key"),
    lambda: set_config("shop", secret),
):
    try:
        show(make())
    except Exception as error:
        wrong += 1
        tell(error)
assert wrong >= 8
run_closers()
"""

    def test_made_or_changed_by_hand_show_no_value_in_their_errors(self, program: Any) -> None:
        program.write("key.json", SECRET)

        came_out = assert_hidden(program, self.CODE, environ={"PEPPERPY_SHOP_API_KEY": "k"})

        assert "attempts" in came_out


class TestSubscribers:
    CODE = """
from pepperpy.infra import ConfigRegistry, config_overrides, config_template, subscribe_config

initialize_logging()
initialize_telemetry()
shop = get_config("shop")
show(copy.deepcopy(shop))
show(shop.model_copy())
show(config_template("shop"))
show(ConfigRegistry())


def heard(change):
    show(change)
    log.info("changed: %s", change, change=change)
    telemetry.info("changed", str(change), data={"change": change})


def fails(change):
    raise ConnectionError(f"cannot open {get_config('shop').database_url}")


file = Path("pepperpy.toml")
subscribe_config("shop", heard)
subscribe_config("shop", fails)
file.write_text(file.read_text().replace("attempts = 3", "attempts = 4").replace("swordfish", "swordfish2"))
show(reload_config("shop"))
with config_overrides({"shop": {"api_key": shop.api_key, "attempts": 9}}):
    show(get_config("shop"))
    show(explain_config("shop"))
run_closers()
"""

    def test_are_told_of_changed_secrets_and_tell_none(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)

        came_out = assert_hidden(program, self.CODE)

        assert "attempts" in came_out
        assert '"error":"ConnectionError"' in came_out


class TestHandlers:
    CODE = """
from pepperpy.infra import MemoryTelemetryHandler, MetricType, TelemetryHandler, retry


class Told(TelemetryHandler):
    def handle_metric(self, metric):
        keep(metric)

    def handle_event(self, event):
        keep(event)


class Fails(TelemetryHandler):
    def handle_metric(self, metric):
        raise ConnectionError(f"cannot open {shop.database_url}")

    handle_event = handle_metric


initialize_logging()
initialize_telemetry(log_metrics=True)
shop = get_config("shop")
manager = TelemetryManager.get_instance()
memory = MemoryTelemetryHandler()
for name, handler in {"told": Told(), "fails": Fails(), "memory": memory}.items():
    manager.register_handler(name, handler)
secret = {"api_key": shop.api_key, "url": shop.database_url}
telemetry.count("asked", tags=secret)
telemetry.gauge("open", 3, tags=secret)
telemetry.histogram("size", 3, tags=secret)
with telemetry.time("took", tags=secret):
    pass
for value in (shop.api_key, [shop.api_key], secret, shop):  # none of them is a number
    telemetry.report_metric("odd", value, MetricType.COUNTER)
for value in (secret, shop):
    telemetry.count("odd", tags=value)
    telemetry.count("odd", tags={"value": value, "values": [value]})
telemetry.info("asked", f"asked {shop.database_url}", data={"deep": [{"token": shop.api_key}]}, tags=secret)
emit(Signal(kind="shop.rang", source="shop", facts={"password": shop.api_key, "url": shop.database_url}))


@retry(max_attempts=2, delay=0)
def ask(token):
    raise ConnectionError(f"cannot open {shop.database_url}")


try:
    ask(token=shop.api_key)
except ConnectionError as error:
    log.error("given up", exc_info=error)
manager.flush()
show(memory)
show(vars(memory))
show(ask)
print([thing.inspect() for thing in inspectables()])
run_closers()
"""

    def test_of_every_kind_are_given_and_log_no_secret(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)

        came_out = assert_hidden(program, self.CODE)

        assert "retry.gave_up" in came_out
        assert "cannot open postgresql://shop:***@" in came_out


class TestLines:
    CODE = """
shop = get_config("shop")
for _ in range(20):
    log.info("the same", settings=[shop], api_key=shop.api_key, deep={"a": [{"password": shop.api_key}]})
    log.info(f"a url {shop.database_url}", headers={"Authorization": "Bearer " + shop.api_key})
    log.info("password=%s", shop.api_key)
    log.info("Authorization: Bearer %s", shop.api_key)
    log.info("bad arguments: %s %s", shop.database_url)
    try:
        raise ConnectionError(shop.database_url) from ValueError("token=" + shop.api_key)
    except ConnectionError as error:
        error.add_note(f"asked {shop.database_url}")
        log.exception("no database", shop=shop)
    try:
        raise ExceptionGroup("both", [ValueError("password: " + shop.api_key), KeyError(shop.database_url)])
    except ExceptionGroup:
        log.exception("nothing at all")
print([thing.inspect() for thing in inspectables()])
run_closers()
"""

    @pytest.mark.parametrize("queue", [True, False])
    @pytest.mark.parametrize("form", ["json", "text", "pretty"])
    def test_of_every_form_hide_it_in_every_place(
        self, program: Any, form: str, queue: bool
    ) -> None:
        program.write("pepperpy.toml", SETTINGS)
        file_format = "json" if form == "json" else "text"
        options = f"format={form!r}, file_format={file_format!r}, queue={queue}, rotation=3000"

        came_out = assert_hidden(program, f"initialize_logging({options})\n{self.CODE}")

        assert came_out.count("nothing at all") == 2 * 20  # on the console, and in some file
        assert len([*program.folder.glob("app*.log")]) > 3


class TestApiKeys:
    CODE = """
from pepperpy.infra import AuthType, Credential, Lockout, PermissionLevel, SecurityManager
from pepperpy.infra.security import AuthenticationError

initialize_logging({"log_file": "app.log", "level": "DEBUG"})
initialize_telemetry()
manager = SecurityManager(peppers={"p": secret.encode()}, lockout=Lockout(max_failures=2), audit_grants=True)
identity = manager.create_identity("ann", {"a": PermissionLevel.READ})
credential = manager.create_api_key(identity.id)
rotated = manager.rotate_api_key(credential.id)
Path("key.json").write_text(json.dumps([credential.key, rotated.key]))
for key in (credential.key, rotated.key):
    session = manager.authenticate(key)
    manager.authorize(session, "a", PermissionLevel.READ)
    manager.authorize(session, "b", PermissionLevel.READ)
    for wrong in (key[:-1], key + " ", key.swapcase(), Credential(key=key[:-2] + "00")) * 2:
        try:
            manager.authenticate(wrong)
        except AuthenticationError as error:
            tell(error)
    try:
        manager.revoke_credential(key)
    except LookupError as error:
        tell(error)
manager.revoke_credential(rotated.id)
for thing in (credential, rotated, identity, session, *identity.credentials):
    keep(thing)
    show(copy.copy(thing))
    log.info("a thing: %s", thing, thing=thing, things=[thing], credential=thing)
    telemetry.info("thing", str(thing), data={"thing": thing}, tags={"thing": thing})
basic = Credential(auth_type=AuthType.BASIC, key="ann", secret=secret)
keep(basic)
log.info("basic", basic=basic)
show(manager)
show(manager.inspect())
show(TelemetryManager.get_instance().snapshot())
print([thing.inspect() for thing in inspectables()])
run_closers()
"""

    def test_passwords_and_peppers_come_out_nowhere(self, program: Any) -> None:
        program.write("pepperpy.toml", SETTINGS)

        came_out = assert_hidden(program, f'secret = get_config("shop").api_key\n{self.CODE}')

        keys = json.loads((program.folder / "key.json").read_text("utf-8"))
        assert len(keys) == 2
        for key in keys:
            body = key.rpartition("_")[2]
            for at in range(len(body) - 11):
                for piece in (body[at : at + 12], body[at : at + 12].swapcase()):
                    assert piece not in came_out
        for kind in ("key_created", "authentication_failed", "locked_out", "denied", "granted"):
            assert f"security.{kind}" in came_out


class TestTheSearch:
    @pytest.mark.parametrize(
        "leak",
        [
            "print(key)",
            "print(key[5:15].upper(), file=sys.stderr)",
            "print(pickle.dumps([key]))",
            "print(__import__('base64').b64encode(b'user:' + key.encode()))",
            "Path('leak.log').write_text(key)",
            "Path('deep/er').mkdir(parents=True); Path('deep/er/leak.toml').write_text(key)",
        ],
    )
    def test_finds_a_secret_that_is_let_out(self, program: Any, leak: str) -> None:
        program.write("pepperpy.toml", SETTINGS)

        with pytest.raises(AssertionError, match="not in"):
            assert_hidden(program, f"key = get_config('shop').api_key\n{leak}")
