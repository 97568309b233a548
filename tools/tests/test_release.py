"""A release tag is read, and a wheel that is not ready for it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tools import release
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
