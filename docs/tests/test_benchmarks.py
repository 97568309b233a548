"""The page of results says what its data say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(FOLDER))

import results_page  # noqa: E402 - a script's neighbour
from record import Record  # noqa: E402


@pytest.fixture(scope="module")
def record() -> Record:
    return Record.load(FOLDER / "results.json")


def test_the_page_is_what_the_data_make(record: Record) -> None:
    assert (FOLDER / "RESULTS.md").read_text("utf-8") == results_page.markdown(record)


def test_it_names_machine_date_and_versions(record: Record) -> None:
    page = results_page.markdown(record)

    for fact in (record.date, record.python, record.processor, *record.versions.values()):
        assert fact in page


def test_every_lost_race_and_every_missed_goal_stands_in_its_table(record: Record) -> None:
    losses, misses = results_page.markdown(record).split("\n## ")[1:3]

    for result in record.results:
        assert (f"| {result.race.name} |" in losses) == result.lost, result.race.name
        missed = any(not verdict.reached for verdict in result.verdicts)
        assert (f"| {result.race.name} |" in misses) == missed, result.race.name


def test_every_note_belongs_to_a_race(record: Record) -> None:
    names = [result.race.name for result in record.results]
    idle = [
        start for start in results_page.NOTES if not any(name.startswith(start) for name in names)
    ]

    assert idle == []


def test_every_package_has_its_plot(record: Record) -> None:
    plots = {path.name for path in FOLDER.glob("results*.svg")}

    assert plots == {"results.svg", *(f"results-{package}.svg" for package in record.packages)}
