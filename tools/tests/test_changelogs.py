"""The changelog guard lets a good changelog pass and finds each planted fault."""

from __future__ import annotations

from typing import Any

import pytest

from tools import changelogs

GOOD = """# Changelog

Written for those who upgrade.

## [Unreleased]

### Added

- Something that takes
  two lines.

## [1.2.0] - 2026-03-01

### Fixed

- A fault.

## [1.1.0] - 2026-02-28

### Added

- The beginning.
"""


def form(text: str) -> list[str]:
    return changelogs.form_faults(changelogs.parse(text))


class TestForm:
    def test_a_good_one_passes(self) -> None:
        assert form(GOOD) == []

    def test_lines_that_go_on_belong_to_one_entry(self) -> None:
        section = changelogs.parse(GOOD).section("Unreleased")

        assert section is not None
        assert section.entries == ["Added: Something that takes two lines."]

    @pytest.mark.parametrize(
        ("line", "instead", "told"),
        [
            ("# Changelog", "# History", "begin with"),
            ("## [Unreleased]", "## Unreleased", "the first section must be"),
            ("## [Unreleased]", "## [1.3.0] - 2026-04-01", "the first section must be"),
            ("### Fixed", "### Repaired", "no heading of a changelog"),
            ("### Fixed", "#### Fixed", "no heading of a changelog"),
            ("### Fixed\n\n- A fault.", "### Fixed", "has nothing under ### Fixed"),
            ("### Fixed\n\n- A fault.", "", "tells of nothing"),
            ("- A fault.", "- A fault.\n\n### Fixed\n\n- Another.", "a second '### Fixed'"),
            ("- A fault.", "A fault.", "neither a '- ' line"),
            ("### Fixed\n\n", "", "text outside of a heading"),
            ("[1.2.0] - 2026-03-01", "[1.2.0]", "should read like"),
            ("[1.2.0] - 2026-03-01", "[1.2] - 2026-03-01", "should read like"),
            ("[1.2.0] - 2026-03-01", "[1.2.0] - 01.03.2026", "should read like"),
            ("2026-03-01", "2026-02-30", "there is no such day"),
            ("[1.2.0]", "[1.1.0]", "the newest release comes first"),
            ("[1.2.0]", "[1.0.9]", "the newest release comes first"),
            ("2026-03-01", "2026-02-27", "is dated before"),
        ],
    )
    def test_a_planted_fault_is_found(self, line: str, instead: str, told: str) -> None:
        assert line in GOOD

        assert any(told in fault for fault in form(GOOD.replace(line, instead, 1)))

    def test_ten_is_newer_than_nine(self) -> None:
        assert form(GOOD.replace("1.2.0", "1.10.0").replace("1.1.0", "1.9.0")) == []


class TestVersion:
    @pytest.mark.parametrize("version", ["1.2.0", "1.2.1", "2.0.0"])
    def test_the_newest_release_or_one_that_comes_passes(self, version: str) -> None:
        assert changelogs.version_faults(changelogs.parse(GOOD), version) == []

    def test_a_version_older_than_the_newest_release_is_found(self) -> None:
        (fault,) = changelogs.version_faults(changelogs.parse(GOOD), "1.1.0")

        assert "1.2.0 is released here" in fault

    def test_a_new_version_of_which_nothing_is_told_is_found(self) -> None:
        text = GOOD.replace("### Added\n\n- Something that takes\n  two lines.\n", "", 1)

        (fault,) = changelogs.version_faults(changelogs.parse(text), "1.3.0")

        assert "1.3.0 has no section" in fault


class TestChanges:
    """A wheel at 1.2.0 that was released, tagged, and then changed."""

    FILE = "packages/pepperpy-infra-utils/CHANGELOG.md"
    SOURCE = "packages/pepperpy-infra-utils/src/pepperpy/infra/utils/_retry.py"
    TOLD = GOOD.replace("two lines.", "two lines.\n- Another thing.")

    @pytest.fixture
    def released(self, repository: Any) -> Any:
        repository.wheel("utils")
        section = "## [Unreleased]\n\n### Added\n\n- Something that takes\n  two lines.\n"
        repository.write(self.FILE, GOOD.replace(section, "## [Unreleased]\n"))
        repository.git("init", "-q", "-b", "main")
        repository.commit("utils: release 1.2.0")
        repository.git("tag", "pepperpy-infra-utils/v1.2.0")
        return repository

    def check(self, repository: Any, base: str | None = None) -> list[str]:
        return changelogs.check(repository.root, base)

    def test_nothing_changed_since_the_release_passes(self, released: Any) -> None:
        assert self.check(released) == []

    @pytest.mark.parametrize("committed", [True, False])
    def test_a_change_since_the_release_without_a_word_is_found(
        self, released: Any, committed: bool
    ) -> None:
        released.write(self.SOURCE, "X = 1\n")
        if committed:
            released.commit()

        (fault,) = self.check(released)

        assert "changed since pepperpy-infra-utils/v1.2.0" in fault

    def test_a_change_with_its_line_passes(self, released: Any) -> None:
        base = released.git("rev-parse", "HEAD")
        released.write(self.SOURCE, "X = 1\n")
        released.write(self.FILE, GOOD)
        released.commit()

        assert self.check(released) == []
        assert self.check(released, base) == []

    def test_a_second_change_that_hides_behind_the_first_ones_line_is_found(
        self, released: Any
    ) -> None:
        released.write(self.SOURCE, "X = 1\n")
        released.write(self.FILE, GOOD)
        base = released.commit()
        released.write(self.SOURCE, "X = 2\n")
        released.commit("utils: change something else")

        (fault,) = self.check(released, base)
        assert f"changed since {base[:12]}" in fault

        released.write(self.FILE, self.TOLD)
        assert self.check(released, base) == []

    def test_a_commit_of_no_interest_says_so_in_a_trailer(self, released: Any) -> None:
        released.write(self.SOURCE, "X = 1\n")
        released.write(self.FILE, GOOD)
        base = released.commit()
        released.write(self.SOURCE, "X = 1  # one\n")
        released.commit("utils: say what X is\n\nChangelog: none")
        assert self.check(released, base) == []

        released.write(self.SOURCE, "X = 2\n")
        released.commit("utils: change something else")
        assert len(self.check(released, base)) == 1

    @pytest.mark.parametrize("portion", ["utils", ""])
    def test_a_public_name_that_goes_without_a_word_is_found(
        self, repository: Any, portion: str
    ) -> None:
        home = f"packages/{repository.wheel(portion).name}"
        init = "__init__.py" if portion else "__init__.pyi"
        source = f"{home}/src/pepperpy/infra/{portion}/{init}".replace("//", "/")
        repository.write(source, "old = new = 1\n__all__ = ['new', 'old']\n")
        repository.git("init", "-q")
        repository.commit()
        repository.git("tag", f"{home.removeprefix('packages/')}/v1.2.0")
        repository.write(source, "new = 1\n__all__ = ['new']\n")
        section = "# Changelog\n\n## [Unreleased]\n\n### {}\n\n- {}\n"

        for kind, line, count in [
            ("Changed", "`old` is `new` now.", 1),
            ("Removed", "`older`.", 1),
            ("Removed", "`old`; write `new`.", 0),
        ]:
            repository.write(f"{home}/CHANGELOG.md", section.format(kind, line))
            faults = self.check(repository)
            assert len(faults) == count
            assert all("old was public in" in fault for fault in faults)

    def test_a_change_outside_of_the_source_needs_no_line(self, released: Any) -> None:
        base = released.git("rev-parse", "HEAD")
        released.write("packages/pepperpy-infra-utils/tests/test_more.py", "")
        released.commit()

        assert self.check(released, base) == []

    def test_the_release_itself_counts_as_told(self, released: Any) -> None:
        released.write(self.SOURCE, "X = 1\n")
        released.write(self.FILE, GOOD)
        base = released.commit()
        released.write(self.SOURCE, "X = 2\n")
        released.write(
            self.FILE,
            self.TOLD.replace("[Unreleased]\n", "[Unreleased]\n\n## [1.3.0] - 2026-04-01\n"),
        )
        project = released.root / "packages/pepperpy-infra-utils/pyproject.toml"
        project.write_text(project.read_text("utf-8").replace("1.2.0", "1.3.0"), "utf-8")
        released.commit("utils: release 1.3.0")

        assert self.check(released, base) == []

    def test_a_base_that_a_shallow_clone_lacks_is_no_fault(self, released: Any) -> None:
        assert self.check(released, "0" * 40) == []
        assert self.check(released, "origin/main") == []

    def test_without_any_history_the_form_alone_is_checked(self, repository: Any) -> None:
        repository.wheel("utils")

        assert self.check(repository) == []

    def test_the_first_commit_passes(self, repository: Any) -> None:
        repository.wheel("utils")
        repository.git("init", "-q")
        repository.commit()

        assert self.check(repository) == []

    def test_a_missing_changelog_is_found(self, released: Any) -> None:
        released.root.joinpath(self.FILE).unlink()

        assert self.check(released)


class TestBase:
    def test_is_where_the_branch_left_the_remotes_main(self, repository: Any) -> None:
        repository.wheel("utils")
        repository.git("init", "-q", "-b", "main")
        first = repository.commit()
        repository.git("update-ref", "refs/remotes/origin/main", first)
        repository.write("more", "")
        repository.commit()

        assert changelogs.default_base(repository.root) == first

    def test_is_unknown_without_a_remote(self, repository: Any) -> None:
        repository.git("init", "-q")

        assert changelogs.default_base(repository.root) is None
