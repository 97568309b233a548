"""The lowest versions are found, and a bound that nobody can install is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tools import workspace as ws
from tools.lowest import Lowest, choose

UTILS = "pepperpy-infra-utils"
CACHE = "pepperpy-infra-cache"


@pytest.fixture
def released(repository: Any) -> Any:
    """A repository in which utils 1.0.0 was released, and 1.1.0 has what it had not."""
    repository.git("init", "-q")
    repository.wheel("utils", version="1.0.0", source="OLD = 1\n__all__ = ['OLD']\n")
    repository.commit()
    repository.git("tag", f"{UTILS}/v1.0.0")
    repository.wheel("utils", version="1.1.0", source="NEW = 1\n__all__ = ['NEW']\n")
    return repository


def lowest(repository: Any, name: str = CACHE, needs: tuple[str, ...] = ()) -> Lowest:
    return choose(ws.load(repository.root), name, needs, repository.root / "checkouts")


def versions(found: Lowest) -> list[tuple[str, str]]:
    return [(package.name, package.version) for package in found.packages]


def source(package: ws.Package) -> str:
    return package.source.joinpath("__init__.py").read_text("utf-8")


class TestSiblings:
    def test_one_of_this_version_is_the_one_that_lies_here(self, repository: Any) -> None:
        repository.wheel("utils")
        repository.wheel("cache", f"{UTILS}>=1.2,<2")

        found = lowest(repository)

        assert versions(found) == [(CACHE, "1.2.0"), (UTILS, "1.2.0")]
        assert found.packages[1].folder == repository.root / "packages" / UTILS

    def test_an_older_one_is_taken_from_its_tag(self, released: Any) -> None:
        released.wheel("cache", f"{UTILS}>=1.0,<2")

        found = lowest(released)

        assert versions(found) == [(CACHE, "1.2.0"), (UTILS, "1.0.0")]
        assert "OLD" in source(found.packages[1])

    def test_one_that_was_released_is_not_what_was_written_since(self, released: Any) -> None:
        released.wheel("utils", version="1.0.0", source="NEW = 1\n__all__ = ['NEW']\n")
        released.wheel("cache", f"{UTILS}>=1.0,<2")

        assert "OLD" in source(lowest(released).packages[1])

    def test_one_that_was_never_released_is_refused(self, released: Any) -> None:
        released.wheel("cache", f"{UTILS}>=1.0.5,<2")

        with pytest.raises(ws.WorkspaceError, match=rf"{UTILS} 1\.0\.5.*no tag {UTILS}/v1\.0\.5"):
            lowest(released)

    def test_a_tag_without_the_wheel_is_refused(self, released: Any) -> None:
        released.git("rm", "-rq", "--cached", "packages")
        released.git("commit", "-qm", "nothing")
        released.git("tag", f"{UTILS}/v1.0.1")
        released.wheel("cache", f"{UTILS}>=1.0.1,<2")

        with pytest.raises(ws.WorkspaceError, match=rf"v1\.0\.1 has no packages/{UTILS}"):
            lowest(released)

    def test_the_bound_of_another_sibling_counts_as_well(self, released: Any) -> None:
        released.wheel("serialization", f"{UTILS}>=1.1,<2")
        released.wheel("cache", "pepperpy-infra-serialization>=1.2,<2", f"{UTILS}>=1.0,<2")

        assert dict(versions(lowest(released)))[UTILS] == "1.1.0"

    def test_what_a_released_sibling_needed_counts_and_not_what_it_needs_now(
        self, released: Any
    ) -> None:
        released.wheel("serialization", f"{UTILS}>=1.0,<2", version="1.0.0")
        released.commit()
        released.git("tag", "pepperpy-infra-serialization/v1.0.0")
        released.wheel("serialization", f"{UTILS}>=1.1,<2", version="1.5.0")
        released.wheel("cache", "pepperpy-infra-serialization>=1.0,<2")

        assert dict(versions(lowest(released)))[UTILS] == "1.0.0"


class TestThirdParties:
    def test_each_is_pinned_to_its_lower_bound(self, repository: Any) -> None:
        repository.wheel("cache", "msgspec>=0.19", "PyYAML >= 6.0.1, < 7", "rich~=13.2")

        assert lowest(repository).pins == ["msgspec==0.19.0", "pyyaml==6.0.1", "rich==13.2.0"]

    def test_an_optional_one_is_pinned_where_the_tests_install_it(self, repository: Any) -> None:
        repository.wheel("cache", extras='fast = ["orjson>=3.10"]\nlive = ["redis>=5"]')

        assert lowest(repository, needs=("orjson>=3",)).pins == ["orjson==3.10.0"]

    def test_those_of_siblings_are_not_pinned(self, repository: Any) -> None:
        repository.wheel("utils", "msgspec>=0.19")
        repository.wheel("cache", f"{UTILS}>=1.2,<2")

        assert lowest(repository).pins == []

    def test_a_sibling_that_needs_a_newer_one_decides(self, repository: Any) -> None:
        repository.wheel("utils", "msgspec>=0.20")
        repository.wheel("cache", f"{UTILS}>=1.2,<2", "msgspec>=0.19")

        assert lowest(repository).pins == ["msgspec==0.20.0"]

    @pytest.mark.parametrize("text", ["msgspec", "msgspec<1", "msgspec!=0.19", "msgspec>0.18"])
    def test_one_without_a_lower_bound_is_refused(self, repository: Any, text: str) -> None:
        repository.wheel("cache", text)

        with pytest.raises(ws.WorkspaceError, match=r"no lower bound; write msgspec>=X\.Y"):
            lowest(repository)
