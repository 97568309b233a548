from __future__ import annotations

import pickle
import traceback
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pepperpy.infra import config as package
from pepperpy.infra.config import (
    BaseConfig,
    ConfigCycleError,
    ConfigError,
    ConfigNameError,
    ConfigRegistry,
    ConfigTypeError,
    ConfigValidationError,
    FieldError,
    FrozenConfigError,
    get_config,
    register_config,
    set_config,
    validate_config,
)


class Database(BaseConfig):
    port: int = 1
    password: str = ""


class Shop(BaseConfig):
    api_key: str
    timeout: int = 30
    mode: Literal["a", "b"] = "a"
    db: Database = Database()


class TestAllErrorsAtOnce:
    def test_with_field_variable_and_origin(
        self, toml: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register_config("shop", Shop)
        toml.write_text('[shop]\ntimeout = "soon"\n')
        (folder / ".env").write_text("PEPPERPY_SHOP_MODE=c\n")
        monkeypatch.setenv("PEPPERPY_SHOP_DB__PORT", "none")

        with pytest.raises(ValueError, match="4 errors") as caught:
            get_config("shop")

        assert isinstance(caught.value, ConfigValidationError)
        assert str(caught.value) == (
            "the configuration of 'shop' is not valid, 4 errors:\n"
            "  api_key: is missing; set PEPPERPY_SHOP_API_KEY\n"
            "  timeout: input should be a valid integer, unable to parse string as an integer "
            "(from pepperpy.toml:2)\n"
            "  mode: input should be 'a' or 'b' (from .env:1 (PEPPERPY_SHOP_MODE))\n"
            "  db.port: input should be a valid integer, unable to parse string as an integer "
            "(from PEPPERPY_SHOP_DB__PORT)"
        )
        assert [(each.path, each.kind, each.variable) for each in caught.value.errors] == [
            ("api_key", "missing", "PEPPERPY_SHOP_API_KEY"),
            ("timeout", "int_parsing", "PEPPERPY_SHOP_TIMEOUT"),
            ("mode", "literal_error", "PEPPERPY_SHOP_MODE"),
            ("db.port", "int_parsing", "PEPPERPY_SHOP_DB__PORT"),
        ]

    def test_json_that_is_none_joins_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        register_config("shop", Shop)
        monkeypatch.setenv("PEPPERPY_SHOP_DB", '{"port": hunter2')

        with pytest.raises(ConfigValidationError) as caught:
            get_config("shop")

        assert [each.path for each in caught.value.errors] == ["db", "api_key"]

    def test_a_missing_secret_is_not_wished_for_in_the_file(self) -> None:
        class Mail(BaseConfig):
            password: str
            pin: SecretStr | None

        register_config("mail", Mail)

        with pytest.raises(ConfigValidationError) as caught:
            get_config("mail")

        assert [each.message for each in caught.value.errors] == [
            "is missing; set PEPPERPY_MAIL_PASSWORD",
            "is missing; set PEPPERPY_MAIL_PIN",
        ]

    def test_a_missing_nested_field_names_its_section(self) -> None:
        class Inner(BaseConfig):
            needed: int

        class Outer(BaseConfig):
            inner: Inner

        register_config("outer", Outer)
        set_to = pytest.raises(ConfigValidationError)
        with set_to as caught:
            set_config("outer", {"inner": {}})

        assert str(caught.value.errors[0]) == (
            "inner.needed: is missing; set PEPPERPY_OUTER_INNER__NEEDED, "
            "or needed in section [outer.inner] of the file"
        )


class TestErrorsHaveNoChain:
    @pytest.mark.parametrize(
        "call",
        [
            lambda: Shop(api_key=["hunter2"]),  # type: ignore[arg-type]
            lambda: Shop.model_validate({"timeout": "hunter2"}),
            lambda: Shop.model_validate_json('{"timeout": "hunter2"}'),
            lambda: Shop.model_validate_json("hunter2"),
            lambda: Shop.model_validate_strings({"timeout": "hunter2"}),
            lambda: Shop.from_dict({"timeout": "hunter2"}),
            lambda: Shop.from_env("X", environ={"X_TIMEOUT": "hunter2"}),
            lambda: Shop.validate("hunter2"),
            lambda: get_config("shop"),
            lambda: set_config("shop", {"timeout": "hunter2"}),
            lambda: validate_config(Shop, {"timeout": "hunter2"}).raise_if_invalid(),
        ],
    )
    def test_and_no_value(self, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        register_config("shop", Shop)
        monkeypatch.setenv("PEPPERPY_SHOP_TIMEOUT", "hunter2")

        with pytest.raises(ConfigValidationError) as caught:
            call()

        error = caught.value
        assert error.__cause__ is None
        assert error.__context__ is None
        shown = "".join(traceback.format_exception(error))
        for text in (str(error), repr(error), repr(error.__dict__), shown.split("Error:", 1)[1]):
            assert "hunter2" not in text
        assert b"hunter2" not in pickle.dumps(error)

    def test_they_survive_pickling_with_their_data(self) -> None:
        with pytest.raises(ConfigValidationError) as caught:
            Shop.from_dict({"timeout": "x"})

        again = pickle.loads(pickle.dumps(caught.value))

        assert (str(again), again.errors) == (str(caught.value), caught.value.errors)

    def test_pydantics_own_way_in_hides_the_input(self) -> None:
        from pydantic import TypeAdapter

        with pytest.raises(ValidationError) as caught:
            TypeAdapter(Shop).validate_python({"timeout": "hunter2"})

        assert "hunter2" not in str(caught.value)

    def test_a_call_with_wrong_arguments_is_still_a_type_error(self) -> None:
        with pytest.raises(TypeError, match="positional"):
            Shop("x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


SECRET = "hunter2-XyZ"


def _fail(message: Any, field_type: Any = str, mode: Any = "after", error: Any = ValueError) -> Any:
    class Model(BaseConfig):
        value: field_type

        @field_validator("value", mode=mode)
        @classmethod
        def check(cls, value: Any) -> Any:
            raise error(message(value))

    return Model


class TestMessagesOfValidators:
    @pytest.mark.parametrize(
        ("message", "shown"),
        [
            (lambda v: "must not be that", "must not be that"),
            (lambda v: f"bad value {v}", "bad value ***"),
            (lambda v: f"bad value {v!r}!", "bad value ***!"),
            (lambda v: f"bad value {v.upper()}", "bad value ***"),
            (lambda v: f"bad part {v[:7]}", "bad part ***"),
            (lambda v: f"bad part {v.split('-')[1]}", "bad part ***"),
            (lambda v: f"bad value {[v]}", "bad value [***]"),
            (lambda v: "", "a validator refused it"),
        ],
    )
    def test_are_told_without_the_value(self, message: Any, shown: str) -> None:
        with pytest.raises(ConfigValidationError) as caught:
            _fail(message)(value=SECRET)

        assert caught.value.errors[0].message == shown

    @pytest.mark.parametrize("error", [ValueError, AssertionError])
    def test_of_each_kind(self, error: Any) -> None:
        with pytest.raises(ConfigValidationError) as caught:
            _fail(lambda v: f"no {v}", error=error)(value=SECRET)

        assert caught.value.errors[0].message == "no ***"

    def test_that_convert_before_they_complain(self) -> None:
        model = _fail(lambda v: f"{v} is too long", timedelta)

        with pytest.raises(ConfigValidationError) as caught:
            model(value="PT25H61S")

        assert caught.value.errors[0].message == "*** is too long"

    @pytest.mark.parametrize(
        ("given", "field_type"),
        [("8081", int), ("8.5e3", float), (8081, int), ("12.50", Decimal), ("0x", str)],
    )
    def test_numbers_are_values_as_well(self, given: Any, field_type: Any) -> None:
        model = _fail(lambda v: f"{v} is taken", field_type)

        with pytest.raises(ConfigValidationError) as caught:
            model(value=given)

        assert caught.value.errors[0].message == "*** is taken"

    def test_a_validator_of_the_model_may_name_no_field_of_it(self) -> None:
        class Model(BaseConfig):
            user: str
            password: SecretStr
            inner: dict[str, list[str]]

            @model_validator(mode="after")
            def check(self) -> Any:
                got = self.password.get_secret_value()
                raise ValueError(f"{self.user} {got} {self.inner['a']} are no pair")

        with pytest.raises(ConfigValidationError) as caught:
            Model(user="annabel", password=SecretStr(SECRET), inner={"a": ["deep-secret"]})

        assert str(caught.value.errors[0]) == "*** *** [***] are no pair"

    def test_may_name_no_field_that_was_judged_before(self) -> None:
        class Two(BaseConfig):
            a: str
            b: str

            @field_validator("b")
            @classmethod
            def _same(cls, value: str, info: ValidationInfo) -> str:
                raise ValueError(f"must be {info.data['a']}")

        with pytest.raises(ConfigValidationError) as caught:
            Two(a="hunter2", b="x")

        assert str(caught.value.errors[0]) == "b: must be ***"

    def test_of_a_kind_of_its_own_may_not_be_named_by_the_value(self) -> None:
        def refuse(value: str) -> str:
            raise PydanticCustomError(f"odd {value}", "is odd")  # type: ignore[arg-type]

        class One(BaseConfig):
            a: Annotated[str, AfterValidator(refuse)]

        with pytest.raises(ConfigValidationError) as caught:
            One(a="hunter2")

        assert caught.value.errors[0].kind == "odd ***"

    def test_an_error_of_pydantics_own_making(self) -> None:
        def refuse(value: str) -> Any:
            raise PydanticCustomError("mine", "no {value}", {"value": value})

        class Model(BaseConfig):
            value: str

            @field_validator("value")
            @classmethod
            def check(cls, value: str) -> Any:
                refuse(value)

        with pytest.raises(ConfigValidationError) as caught:
            Model(value=SECRET)

        assert (caught.value.errors[0].message, caught.value.errors[0].kind) == ("no ***", "mine")

    def test_any_other_exception_tells_its_type_and_place_only(self) -> None:
        model = _fail(lambda v: f"no {v}", error=KeyError)

        for call in (lambda: model(value=SECRET), lambda: model.from_dict({"value": SECRET})):
            with pytest.raises(ConfigValidationError) as caught:
                call()
            assert caught.value.__context__ is None
            message = caught.value.errors[0].message
            assert message.startswith("check (")
            assert message.endswith(" raised KeyError")
            assert "test_errors.py:" in message

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_control_flow_passes_through(self, error: type[BaseException]) -> None:
        with pytest.raises(error):
            _fail(lambda v: "x", error=error)(value="x")

    def test_a_default_factory_that_fails_is_an_error_without_values(self) -> None:
        def boom() -> int:
            raise RuntimeError(SECRET)

        class Model(BaseConfig):
            value: int = Field(default_factory=boom)

        register_config("m", Model)
        with pytest.raises(ConfigError) as caught:
            get_config("m")

        assert SECRET not in str(caught.value)


class TestPydanticsMessagesThatShowTheInput:
    class File(BaseModel):
        kind: Literal["file"]

    class Other(BaseModel):
        kind: Literal["other"]

    @pytest.mark.parametrize(
        ("annotation", "given"),
        [
            (UUID, "hunter2"),
            (HttpUrl, "hunter2"),
            (File | Other, {"kind": "hunter2"}),
            (dict[str, int], "hunter2"),
            (list[int], ["hunter2"]),
            (bytes, 1.5),
            (timedelta, "hunter2"),
        ],
    )
    def test_do_not(self, annotation: Any, given: Any) -> None:
        class Model(BaseConfig):
            value: annotation = Field(
                discriminator="kind" if "kind" in str(given) else None, default=None
            )

        with pytest.raises(ConfigValidationError) as caught:
            Model(value=given)

        assert "hunter2" not in str(caught.value)


class TestFrozen:
    def test_a_snapshot_cannot_be_changed(self) -> None:
        shop = Shop(api_key="x")

        for change in (
            lambda: setattr(shop, "api_key", SECRET),
            lambda: delattr(shop, "api_key"),
        ):
            with pytest.raises(AttributeError) as caught:
                change()
            assert isinstance(caught.value, FrozenConfigError)
            assert caught.value.__context__ is None
            assert SECRET not in f"{caught.value!r}{caught.value.__dict__}"
        assert (caught.value.model, caught.value.field) == ("Shop", "api_key")

    def test_a_changed_copy_can_be_made(self) -> None:
        shop = Shop(api_key="x")

        assert shop.model_copy(update={"timeout": 5}).timeout == 5
        assert hash(shop.model_copy()) == hash(shop)

    def test_one_that_may_be_changed_tells_no_value_either(self) -> None:
        class Open(BaseConfig):
            model_config = ConfigDict(frozen=False, validate_assignment=True)
            n: int = 0

        config = Open()
        config.n = 3
        with pytest.raises(ConfigValidationError) as caught:
            config.n = SECRET  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]

        assert config.n == 3
        assert caught.value.__context__ is None
        assert SECRET not in str(caught.value)


class TestUnknownNames:
    def test_are_an_error_where_the_model_says_so(self, toml: Path) -> None:
        class Strict(BaseConfig):
            model_config = ConfigDict(extra="forbid")
            host: str = ""

        register_config("strict", Strict)
        toml.write_text('[strict]\nhots = "hunter2"\n')

        with pytest.raises(ConfigValidationError) as caught:
            get_config("strict")

        (error,) = caught.value.errors
        assert (error.path, error.origin) == ("hots", "pepperpy.toml:2")

    def test_keys_below_a_secret_are_not_shown(self) -> None:
        class Keys(BaseConfig):
            api_keys: dict[str, int] = Field({})

        with pytest.raises(ConfigValidationError) as caught:
            Keys.from_dict({"api_keys": {"hunter2": "x"}})

        assert caught.value.errors[0].path == "api_keys.***"


class TestRegistering:
    def test_the_same_class_again_changes_nothing(self) -> None:
        register_config("shop", Shop)
        set_config("shop", {"api_key": "x"})
        register_config("shop", Shop)

        assert get_config("shop").api_key == "x"

    def test_another_class_is_an_error_unless_it_replaces(self) -> None:
        register_config("shop", Database)
        get_config("shop")

        with pytest.raises(ConfigNameError, match="registered with the model Database"):
            register_config("shop", Shop)
        register_config("shop", Shop, replace=True)
        with pytest.raises(ConfigValidationError):
            get_config("shop")

    @pytest.mark.parametrize(
        "name",
        ["", "1a", "a b", "a/b", "é!", "a..b", ".a", "-a", "a.", None, 5, "profiles", "profiles.x"],
    )
    def test_a_name_that_makes_no_variable_is_refused(self, name: Any) -> None:
        with pytest.raises(ConfigNameError):
            register_config(name, Shop)

    @pytest.mark.parametrize("model", [dict, 5, Shop(api_key="x"), None])
    def test_what_is_no_model_is_refused(self, model: Any) -> None:
        with pytest.raises(TypeError) as caught:
            register_config("x", model)

        assert isinstance(caught.value, ConfigTypeError)

    def test_a_model_that_needs_itself_is_an_error(self) -> None:
        class Loop(BaseConfig):
            value: int = Field(default_factory=lambda: get_config("loop").value)

        register_config("loop", Loop)

        with pytest.raises(ConfigCycleError, match="needs itself"):
            get_config("loop")

    def test_a_model_may_need_another(self) -> None:
        class Other(BaseConfig):
            port: int = Field(default_factory=lambda: get_config("database").port)

        register_config("database", Database)
        register_config("other", Other)

        assert get_config("other").port == 1


def test_every_error_has_a_code_of_its_own() -> None:
    found = [each for each in vars(package).values() if isinstance(each, type)]
    errors = [each for each in found if issubclass(each, ConfigError)]

    assert len({each.code for each in errors}) == len(errors) == 10
    assert {each.__module__ for each in errors} == {"pepperpy.infra.config"}


def test_plain_texts_can_be_given_as_errors() -> None:
    error = ConfigValidationError("bad", ["one", FieldError(path="a", message="two")])

    assert [str(each) for each in error.errors] == ["one", "a: two"]


class TestGuests:
    def test_a_plain_model_is_built_and_its_errors_are_clean(self) -> None:
        class Plain(BaseModel):
            port: int

        registry = ConfigRegistry(environ={"PEPPERPY_PLAIN_PORT": "hunter2"})
        registry.register("plain", Plain)

        with pytest.raises(ConfigValidationError) as caught:
            registry.get_config("plain")

        assert "hunter2" not in str(caught.value)
        assert caught.value.__context__ is None

    def test_a_class_of_pydantic_settings_keeps_its_own_sources_below_ours(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pydantic_settings import BaseSettings, SettingsConfigDict

        class Guest(BaseSettings):
            model_config = SettingsConfigDict(env_prefix="GUEST_")
            host: str = "default"
            port: int = 0
            needed: int

        monkeypatch.setenv("GUEST_HOST", "theirs")
        monkeypatch.setenv("GUEST_PORT", "1")
        monkeypatch.setenv("PEPPERPY_GUEST_PORT", "2")
        register_config("guest", Guest)

        with pytest.raises(ConfigValidationError, match="PEPPERPY_GUEST_NEEDED"):
            get_config("guest")
        set_config("guest", {"needed": 3})

        assert (get_config("guest").host, get_config("guest").port) == ("theirs", 2)
