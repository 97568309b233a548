"""Wheels are found, and a change is traced to those that it can break."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools import workspace as ws

UTILS = "pepperpy-infra-utils>=1.0,<2"
NAMES = [
    "pepperpy-infra",
    "pepperpy-infra-cache",
    "pepperpy-infra-serialization",
    "pepperpy-infra-utils",
]


@pytest.fixture
def workspace(repository: Any) -> ws.Workspace:
    repository.wheel("utils")
    repository.wheel("serialization", UTILS)
    repository.wheel("cache", UTILS, extras='redis = ["pepperpy-infra-serialization>=1.0,<2"]')
    repository.wheel(
        "", UTILS, "pepperpy-infra-cache>=1.0,<2", "pepperpy-infra-serialization>=1.0,<2"
    )
    return ws.load(repository.root)


class TestDiscovery:
    def test_every_folder_with_a_pyproject_is_a_wheel(self, workspace: ws.Workspace) -> None:
        assert sorted(workspace.packages) == NAMES

    def test_the_facade_owns_no_portion(self, workspace: ws.Workspace) -> None:
        assert workspace.packages["pepperpy-infra"].portion is None
        assert workspace.packages["pepperpy-infra-cache"].module == "pepperpy.infra.cache"

    def test_a_folder_of_another_name_is_refused(self, repository: Any) -> None:
        repository.wheel("utils").rename(repository.root / "packages" / "utils")

        with pytest.raises(ws.WorkspaceError, match="rename one of the two"):
            ws.load(repository.root)

    def test_an_empty_repository_is_refused(self, repository: Any) -> None:
        with pytest.raises(ws.WorkspaceError, match=r"no packages/"):
            ws.load(repository.root)

    @pytest.mark.parametrize(
        ("text", "name", "extras", "spec"),
        [
            ("msgspec", "msgspec", (), ""),
            ("PyYAML >= 6", "pyyaml", (), ">= 6"),
            ("redis[hiredis, jwt]>=5,<6", "redis", ("hiredis", "jwt"), ">=5,<6"),
            ("backports.zstd>=1; python_version<'3.14'", "backports-zstd", (), ">=1"),
        ],
    )
    def test_a_requirement_is_read(
        self, text: str, name: str, extras: tuple[str, ...], spec: str
    ) -> None:
        assert ws.Requirement.parse(text) == ws.Requirement(name, extras, spec)


class TestClosure:
    def test_is_the_wheel_and_what_installing_it_brings(self, workspace: ws.Workspace) -> None:
        closure = [package.name for package in workspace.closure("pepperpy-infra-cache")]

        assert closure == ["pepperpy-infra-cache", "pepperpy-infra-utils"]

    def test_dependants_count_extras_too(self, workspace: ws.Workspace) -> None:
        assert workspace.dependants(["pepperpy-infra-serialization"]) == NAMES[:3]


class TestPlan:
    @pytest.mark.parametrize(
        ("files", "names"),
        [
            (["packages/pepperpy-infra-cache/src/x.py"], NAMES[:2]),
            (["packages/pepperpy-infra-utils/README.md"], NAMES),
            (["packages/pepperpy-infra/README.md", "docs/index.md"], NAMES[:1]),
            (["docs/index.md", "tests-integration/test_x.py", "README.md"], []),
            (["packages/gone/src/x.py"], []),
            (["packages/conftest.py"], NAMES),
            (["noxfile.py"], NAMES),
            (["tools/wheels.py"], NAMES),
        ],
    )
    def test_a_change_concerns_what_it_can_break(
        self, workspace: ws.Workspace, files: list[str], names: list[str]
    ) -> None:
        assert workspace.owners(files) == names

    def test_names_the_sessions_of_a_change_since_a_revision(
        self, repository: Any, workspace: ws.Workspace
    ) -> None:
        repository.git("init", "-q")
        base = repository.commit()
        repository.write("packages/pepperpy-infra/src/more.py", "")

        plan = ws.plan(workspace, base)

        assert plan["packages"] == ["pepperpy-infra"]
        assert plan["sessions"] == [
            "tests(pepperpy-infra)",
            "tests(together)",
            "tests(docs)",
            "tests(tools)",
        ]

    @pytest.mark.parametrize("base", [None, "", "0" * 40])
    def test_is_everything_where_history_can_not_tell(
        self, workspace: ws.Workspace, base: str | None
    ) -> None:
        assert ws.plan(workspace, base)["packages"] == NAMES

    def test_is_printed_as_json_on_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert ws.main(["packages"]) == 0

        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        assert json.loads(printed) == sorted(ws.load().packages)
