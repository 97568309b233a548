"""`generate_id`, `generate_timestamp` and `hash_string`."""

import hashlib
import os
import random
import string
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import (
    HashAlgorithmError,
    InvalidArgumentError,
    UtilsError,
    generate_id,
    generate_timestamp,
    hash_string,
)


class TestGenerateId:
    def test_is_the_prefix_and_sixteen_lowercase_hex_digits(self):
        made = generate_id(prefix="user_")

        assert made.startswith("user_")
        assert len(made) == 21
        assert set(made[5:]) <= set("0123456789abcdef")

    @given(length=st.integers(1, 200))
    def test_has_exactly_as_many_digits_as_asked_odd_numbers_too(self, length):
        made = generate_id("", length)

        assert len(made) == length
        assert set(made) <= set(string.hexdigits.lower())

    def test_every_digit_takes_every_value(self):
        made = [generate_id(length=3) for _ in range(2000)]

        assert [len({text[place] for text in made}) for place in range(3)] == [16, 16, 16]

    def test_random_seed_does_not_matter(self):
        random.seed(1)
        first = generate_id()
        random.seed(1)

        assert generate_id() != first

    def test_is_unique_over_threads(self):
        def thousand(_):
            return [generate_id() for _ in range(1000)]

        with ThreadPoolExecutor(8) as pool:
            made = [one for some in pool.map(thousand, range(8)) for one in some]

        assert len(set(made)) == 8000

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_is_different_after_fork(self):
        generate_id()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover
            os.write(writer, generate_id().encode())
            os._exit(0)
        os.waitpid(child, 0)

        assert os.read(reader, 16).decode() != generate_id()
        os.close(reader)
        os.close(writer)

    @pytest.mark.parametrize("length", [0, -1, -16])
    def test_a_length_below_one_is_a_value_error_that_names_it(self, length):
        with pytest.raises(InvalidArgumentError, match=f"at least 1 hex digit; got {length}"):
            generate_id(length=length)

    @pytest.mark.parametrize("length", ["16", 16.0, True, None])
    def test_a_length_that_is_no_int_is_a_type_error_that_names_it(self, length):
        with pytest.raises(InvalidArgumentError, match=f"got {length!r}"):
            generate_id(length=length)


class TestGenerateTimestamp:
    def test_is_iso_8601_in_utc_with_offset_and_microseconds(self):
        before = datetime.now(UTC)
        made = generate_timestamp()

        moment = datetime.fromisoformat(made)
        assert before <= moment <= datetime.now(UTC)
        assert moment.utcoffset() == timedelta(0)
        assert len(made) == len("2026-03-01T09:30:00.000000+00:00")
        assert made.endswith("+00:00")

    def test_a_full_second_still_shows_its_microseconds(self, monkeypatch):
        class Frozen(datetime):
            @classmethod
            def now(cls, tz=None):
                return cls(2026, 3, 1, 9, 30, tzinfo=tz)

        monkeypatch.setattr("datetime.datetime", Frozen)

        assert generate_timestamp() == "2026-03-01T09:30:00.000000+00:00"


class TestHashString:
    def test_is_the_sha256_hex_digest_of_the_utf8_text_by_default(self):
        assert hash_string("ü") == hashlib.sha256("ü".encode()).hexdigest()

    @pytest.mark.parametrize(
        "algorithm",
        sorted(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake")),
    )
    def test_takes_any_hashlib_name(self, algorithm):
        assert hash_string("pepper", algorithm) == hashlib.new(algorithm, b"pepper").hexdigest()

    @pytest.mark.parametrize(("algorithm", "size"), [("shake_128", 32), ("shake_256", 64)])
    def test_algorithms_without_a_length_give_twice_their_strength(self, algorithm, size):
        expected = hashlib.new(algorithm, b"pepper").hexdigest(size)

        assert hash_string("pepper", algorithm=algorithm) == expected

    def test_an_unknown_algorithm_is_a_value_error_that_lists_near_names(self):
        with pytest.raises(
            ValueError, match="no hash algorithm 'sha265' here; did you mean"
        ) as caught:
            hash_string("pepper", "sha265")

        error = caught.value
        assert isinstance(error, HashAlgorithmError)
        assert isinstance(error, UtilsError)
        assert error.algorithm == "sha265"
        assert error.nearest == "sha256"
        assert error.code == "utils-hash-algorithm"
        assert isinstance(error.__cause__, ValueError)

    @pytest.mark.parametrize("algorithm", ["", "qqqqqq", "sha256\0"])
    def test_a_name_that_looks_like_none_lists_those_that_are_always_there(self, algorithm):
        with pytest.raises(ValueError, match="sha256"):
            hash_string("pepper", algorithm)

    def test_a_lone_surrogate_counts_as_its_own_character(self):
        texts = ["\ud800", "\udfff", "\ud83d\ude00", "\U0001f600", "\ufffd", "?", ""]

        assert len({hash_string(text) for text in texts}) == len(texts)

    @pytest.mark.parametrize("value", [b"bytes", None, 5])
    def test_what_is_no_text_is_a_type_error(self, value):
        with pytest.raises(InvalidArgumentError, match=type(value).__name__):
            hash_string(value)

    def test_an_algorithm_that_is_no_name_is_a_type_error(self):
        with pytest.raises(InvalidArgumentError, match="must be a name like 'sha256'"):
            hash_string("x", hashlib.sha256)

    def test_the_doc_says_that_it_is_no_password_hash_and_points_to_security(self):
        assert "password" in hash_string.__doc__
        assert "pepperpy-infra-security" in hash_string.__doc__


class TestInvalidArguments:
    @pytest.mark.parametrize("length", [0, 2.5])
    def test_are_what_people_catch_and_have_a_code_and_the_arguments_name(self, length):
        with pytest.raises(InvalidArgumentError) as caught:
            generate_id(length=length)

        error = caught.value
        assert isinstance(error, UtilsError)
        assert isinstance(error, TypeError)
        assert isinstance(error, ValueError)
        assert (error.code, error.argument) == ("utils-invalid-argument", "length")
