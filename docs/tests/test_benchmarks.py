"""The page of results says what its data say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(FOLDER))

import plots  # noqa: E402 - a script's neighbour
import record as records  # noqa: E402
import results_page  # noqa: E402
from harness import OURS, Race, Result  # noqa: E402
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


def test_peers_are_those_of_the_requirements(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# why\n\ndogpile.cache>=1.4\npy-key-value-aio[disk,memory]>=0.5\nredis\n")

    assert records.names(file) == ["dogpile.cache", "py-key-value-aio", "redis"]


def test_every_version_of_a_peer_on_the_page_is_of_one_that_is_asked_for(record: Record) -> None:
    peers = records.names(FOLDER / "requirements.txt")
    others = {name for name in record.versions if not name.startswith("pepperpy-infra")}

    assert others <= {*peers}


def test_colours_begin_anew_when_there_are_more_rivals_than_colours() -> None:
    rivals = [f"peer {number}" for number in range(8)]
    race = Race(title="a race of many", contestants={})
    result = Result(race, minima={}, medians={}, package="cache")

    colours = plots._colours(result, [OURS, *rivals])

    assert colours == [plots.GREEN, *plots.OTHERS, *plots.OTHERS[:2]]
