"""The nearest known name, and the sentence that offers it."""

import pytest

from pepperpy.infra.utils import did_you_mean, nearest


class TestNearest:
    @pytest.mark.parametrize("given", ["timeot", "TIMEOUT", "Time-out", "timeouts"])
    def test_a_slip_finds_its_name_in_any_case(self, given):
        assert nearest(given, ["retries", "timeout"]) == "timeout"

    def test_a_name_like_none_of_them_finds_none(self):
        assert nearest("zzz", ["retries", "timeout"]) is None

    def test_a_name_keeps_its_spelling(self):
        assert nearest("pepperpy_db_hots", ["PEPPERPY_DB_HOST"]) == "PEPPERPY_DB_HOST"

    @pytest.mark.parametrize("given", [None, 3, b"x", ["timeout"]])
    def test_what_is_no_text_is_answered_as_well(self, given):
        assert nearest(given, ["name"]) is None

    @pytest.mark.timeout(5)
    def test_a_text_of_a_megabyte_is_answered_at_once(self):
        assert nearest("a" * 1_000_000, ["b" * 1_000_000] * 10) is None


class TestDidYouMean:
    def test_the_nearest_name_is_offered(self):
        assert did_you_mean("jsno", ["json", "text"]) == "did you mean 'json'?"

    def test_without_a_near_one_all_are_listed_in_order(self):
        assert did_you_mean("xml", ["text", "json"]) == "there are: 'json', 'text'"

    def test_where_there_are_none_that_is_said(self):
        assert did_you_mean("xml", []) == "there are none"
