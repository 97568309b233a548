"""A release tag is read, and a wheel that is not ready for it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tools import compatibility, release
from tools import workspace as ws

READY = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-03-01\n\n### Added\n\n- All of it.\n"


class TestTag:
    @pytest.mark.parametrize(
        ("text", "name", "version"),
        [
            ("pepperpy-infra-cache/v1.2.0", "pepperpy-infra-cache", "1.2.0"),
            ("refs/tags/pepperpy-infra-cache/v1.2.0", "pepperpy-infra-cache", "1.2.0"),
            ("pepperpy-infra/v0.10.3", "pepperpy-infra", "0.10.3"),
        ],
    )
    def test_is_read(self, text: str, name: str, version: str) -> None:
        assert release.Tag.parse(text) == release.Tag(name, version)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "v1.2.0",
            "pepperpy-infra-cache",
            "pepperpy-infra-cache/1.2.0",
            "pepperpy-infra-cache/v1.2",
            "pepperpy-infra-cache/v1.2.0rc1",
            "pepperpy-infra-cache/v1.2.0\n",
            "refs/heads/pepperpy-infra-cache/v1.2.0",
            "a/b/v1.2.0",
            "$(id)/v1.2.0",
        ],
    )
    def test_that_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ws.WorkspaceError, match="is no release tag"):
            release.Tag.parse(text)


class TestReadiness:
    FILE = "packages/pepperpy-infra-cache/CHANGELOG.md"

    @pytest.fixture
    def ready(self, repository: Any) -> Any:
        repository.wheel("cache")
        repository.write(self.FILE, READY)
        return repository

    def faults(self, repository: Any, tag: str = "pepperpy-infra-cache/v1.2.0") -> list[str]:
        return release.faults(release.Tag.parse(tag), ws.load(repository.root))

    def test_a_wheel_with_version_and_section_is_ready(self, ready: Any) -> None:
        assert self.faults(ready) == []

    def test_another_version_is_refused(self, ready: Any) -> None:
        faults = self.faults(ready, "pepperpy-infra-cache/v1.3.0")

        assert "pyproject.toml says 1.2.0, the tag 1.3.0" in faults[0]
        assert "no section for 1.3.0" in faults[1]

    def test_an_unknown_wheel_is_refused(self, ready: Any) -> None:
        assert (
            "there is no wheel 'pepperpy-infra-cash'"
            in self.faults(ready, "pepperpy-infra-cash/v1.2.0")[0]
        )

    def test_lines_that_are_left_over_are_refused(self, ready: Any) -> None:
        ready.write(
            self.FILE, READY.replace("[Unreleased]\n", "[Unreleased]\n\n### Fixed\n\n- More.\n")
        )

        assert self.faults(ready) == ["pepperpy-infra-cache: lines are left under ## [Unreleased]"]

    def test_a_malformed_changelog_is_refused(self, ready: Any) -> None:
        ready.write(self.FILE, READY.replace("### Added", "### New"))

        assert self.faults(ready)

    @pytest.fixture
    def released(self, repository: Any) -> Any:
        """A wheel whose 1.2.0 had two names."""
        names = "old = new = 1\n__all__ = ['new', 'old']\n"
        repository.wheel("cache", source=names)
        repository.git("init", "-q")
        repository.commit()
        repository.git("tag", "pepperpy-infra-cache/v1.2.0")
        return repository

    def release(self, repository: Any, version: str, source: str) -> list[str]:
        repository.wheel("cache", version=version, source=source)
        section = f"## [{version}] - 2026-04-01\n\n### Removed\n\n- `old`.\n\n## [1.2.0]"
        repository.write(self.FILE, READY.replace("## [1.2.0]", section))
        return self.faults(repository, f"pepperpy-infra-cache/v{version}")

    @pytest.mark.parametrize("version", ["1.2.1", "1.3.0"])
    def test_a_release_that_takes_a_public_name_from_those_who_count_on_it_is_refused(
        self, released: Any, version: str
    ) -> None:
        (fault,) = self.release(released, version, "new = 1\n__all__ = ['new']\n")

        assert f"old of 1.2.0 is gone, and {version} is a version for those who" in fault

    def test_the_next_release_that_may_break_may_take_a_name(self, released: Any) -> None:
        assert self.release(released, "2.0.0", "new = 1\n__all__ = ['new']\n") == []

    def test_a_release_that_adds_a_name_is_ready(self, released: Any) -> None:
        more = "old = new = more = 1\n__all__ = ['more', 'new', 'old']\n"

        assert self.release(released, "1.3.0", more) == []

    @pytest.mark.parametrize(
        ("before", "after", "may"),
        [
            ("0.1.0", "0.1.1", False),
            ("0.1.9", "0.2.0", True),
            ("0.9.0", "0.10.0", True),
            ("0.9.0", "1.0.0", True),
            ("1.0.0", "1.10.0", False),
            ("9.1.0", "10.0.0", True),
        ],
    )
    def test_before_one_the_second_number_may_break_and_then_the_first(
        self, before: str, after: str, may: bool
    ) -> None:
        assert compatibility.may_break(before, after) is may

    def test_the_workflow_gets_a_fault_and_no_output_for_a_bad_tag(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert release.main(["v1.2.0"]) == 1

        assert "wheel=" not in capsys.readouterr().out

    def test_the_workflow_gets_the_name_and_the_version(
        self, ready: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        here = ws.load(ready.root)
        monkeypatch.setattr(ws, "load", lambda: here)

        assert release.main(["refs/tags/pepperpy-infra-cache/v1.2.0"]) == 0

        assert capsys.readouterr().out == "wheel=pepperpy-infra-cache\nversion=1.2.0\n"
