from __future__ import annotations

import asyncio
import concurrent.futures
import pickle

import pytest

from pepperpy.infra import utils
from pepperpy.infra.utils import (
    InfraError,
    MissingExtraError,
    UtilsError,
    passes_through,
    require_extra,
)


class TTLError(UtilsError, ValueError):
    code = "test-ttl"


class LostKeyError(UtilsError, KeyError):
    code = "test-key"


def every_error(root=InfraError):
    for error in root.__subclasses__():
        yield error
        yield from every_error(error)


class TestInfraError:
    def test_data_becomes_attributes_beside_the_message(self):
        error = TTLError("ttl must be positive; got -1", ttl=-1)

        assert (str(error), error.ttl, error.code) == (
            "ttl must be positive; got -1",
            -1,
            "test-ttl",
        )

    def test_builtin_that_is_mixed_in_catches_it(self):
        with pytest.raises(ValueError, match="no"):
            raise TTLError("no")

    def test_key_errors_show_their_message_without_quotes(self):
        assert str(LostKeyError("no key 'a'")) == "no key 'a'"

    def test_a_subclass_that_gives_no_message_has_an_empty_text(self):
        class QuietError(InfraError):
            def __init__(self):
                pass

        assert str(QuietError()) == ""

    def test_errors_pickle_with_their_data(self):
        error = pickle.loads(pickle.dumps(TTLError("bad", ttl=-1)))

        assert (type(error), str(error), error.ttl) == (TTLError, "bad", -1)

    def test_an_attribute_that_was_not_given_is_an_attribute_error(self):
        with pytest.raises(AttributeError):
            _ = TTLError("bad").ttl

    def test_errors_name_the_package_that_users_import_from(self):
        assert MissingExtraError.__module__ == InfraError.__module__ == "pepperpy.infra.utils"
        assert TTLError.__module__ == __name__

    def test_every_public_error_has_a_code_of_its_own(self):
        ours = [e for e in every_error() if e.__module__ == "pepperpy.infra.utils"]
        codes = [error.code for error in ours]

        assert ours
        assert len(set(codes)) == len(codes)
        assert all("code" in vars(error) for error in ours)

    def test_every_error_of_the_package_is_public(self):
        ours = {e.__name__ for e in every_error() if e.__module__ == "pepperpy.infra.utils"}

        assert ours <= set(utils.__all__)


class TestRequireExtra:
    def test_missing_module_becomes_an_error_that_names_the_install_line(self):
        with (
            pytest.raises(MissingExtraError) as caught,
            require_extra("pepperpy-infra-cache", "redis"),
        ):
            import no_such_driver  # noqa: F401

        error = caught.value
        assert 'pip install "pepperpy-infra-cache[redis]"' in str(error)
        assert "no_such_driver" in str(error)
        assert (error.wheel, error.extra) == ("pepperpy-infra-cache", "redis")
        assert isinstance(error, ImportError)
        assert isinstance(error.__cause__, ModuleNotFoundError)

    def test_other_errors_and_success_pass(self):
        with require_extra("x", "y"):
            import json  # noqa: F401
        with pytest.raises(ZeroDivisionError), require_extra("x", "y"):
            1 / 0  # noqa: B018

    def test_the_innermost_missing_extra_is_the_one_reported(self):
        with (
            pytest.raises(MissingExtraError, match=r"inner\[b\]"),
            require_extra("outer", "a"),
            require_extra("inner", "b"),
        ):
            raise ImportError("no driver")


class TestPassesThrough:
    @pytest.mark.parametrize(
        "error",
        [
            KeyboardInterrupt(),
            SystemExit(),
            GeneratorExit(),
            asyncio.CancelledError(),
            concurrent.futures.CancelledError(),
            BaseExceptionGroup("", [KeyboardInterrupt()]),
        ],
    )
    def test_control_flow_passes(self, error):
        assert passes_through(error)

    @pytest.mark.parametrize(
        "error", [ValueError(), TimeoutError(), ExceptionGroup("", [OSError()])]
    )
    def test_failures_do_not(self, error):
        assert not passes_through(error)

    def test_an_error_is_judged_by_its_type_and_asked_nothing(self) -> None:
        class Odd(Exception):
            def __getattribute__(self, name):
                raise LookupError(name)

        assert not passes_through(Odd())
