"""The recipes do what they say."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pepperpy.infra import (
    BaseConfig,
    SQLitePool,
    capture_logs,
    get_config,
    register_config,
    register_pool,
)

HERE = Path(__file__).parent


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    said = re.search(r'sqlite3 shop.db "(.+)"', (HERE / "fastapi_service.py").read_text("utf-8"))
    assert said is not None
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute(said[1])
        connection.execute("INSERT INTO item VALUES ('pepper', 2.5)")
    connection.close()
    monkeypatch.chdir(tmp_path)
    import fastapi_service

    with TestClient(fastapi_service.app) as client:
        yield client


class TestFastAPI:
    def test_answers_and_asks_the_database_once(self, client: TestClient) -> None:
        with capture_logs() as logs:
            answers = [client.get("/prices/pepper") for _ in range(3)]

        assert [answer.json() for answer in answers] == [{"item": "pepper", "price": 2.5}] * 3
        asked = [line for line in logs if line.message == "asking the database"]
        assert len(asked) == 1

    def test_the_lines_of_a_request_have_its_id(self, client: TestClient) -> None:
        with capture_logs() as logs:
            answer = client.get("/prices/pepper", headers={"x-request-id": "r-7"})

        assert answer.headers["x-request-id"] == "r-7"
        assert {line.context.get("request_id") for line in logs if "database" in line.message} == {
            "r-7"
        }

    def test_an_unknown_item_is_a_404(self, client: TestClient) -> None:
        assert client.get("/prices/gold").status_code == 404

    def test_metrics_are_served(self, client: TestClient) -> None:
        client.get("/prices/pepper")

        assert "request_duration" in client.get("/metrics/").text


CELERY = """
import sys
sys.path.insert(0, {recipes!r})
import celery_tasks as recipe

recipe.app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={{"data_folder_in": "queue", "data_folder_out": "queue"}},
)
if sys.argv[1:] == ["send"]:
    recipe.send_receipt.delay("ana@example.org")
else:
    recipe.app.worker_main(["worker", "--concurrency=1", "--loglevel=WARNING"])
"""


class TestCelery:
    def test_a_worker_starts_runs_a_task_whose_line_has_its_id_and_stops(
        self, tmp_path: Path
    ) -> None:
        program = tmp_path / "program.py"
        program.write_text(CELERY.format(recipes=str(HERE)), "utf-8")
        (tmp_path / "queue").mkdir()
        run: dict[str, Any] = {"cwd": tmp_path, "text": True, "stderr": subprocess.PIPE}
        subprocess.run([sys.executable, str(program), "send"], check=True, timeout=25, **run)

        with subprocess.Popen([sys.executable, str(program)], **run) as worker:
            assert worker.stderr is not None
            line = next(line for line in worker.stderr if "receipt sent" in line)
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=20)

        written = json.loads(line)
        assert written["address"] == "ana@example.org"
        assert written["task_id"]
        assert worker.returncode == 0


class TestWorker:
    def test_sigterm_ends_the_loop_and_everything_is_closed_in_order(self, tmp_path: Path) -> None:
        worker = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py")],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        assert worker.stderr is not None
        first = json.loads(worker.stderr.readline())

        worker.send_signal(signal.SIGTERM)
        rest = worker.communicate(timeout=20)[1]

        assert first["message"] == "working"
        assert json.loads(rest.splitlines()[-1])["message"] == "stopped"
        assert worker.returncode == 0


class Settings(BaseConfig):
    port: int = 25


numbers = SQLitePool("numbers", ":memory:")
register_pool(numbers)


class TestFixtures:
    @pytest.mark.parametrize("number", [1, 2])
    def test_each_test_can_use_the_pools_of_the_program(self, number: int) -> None:
        with numbers.connection() as connection:
            assert connection.execute("SELECT ?", (number,)).fetchone() == (number,)

    @pytest.mark.parametrize("port", [1, 2])
    def test_each_test_has_settings_of_its_own(
        self, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PEPPERPY_MAIL_PORT", str(port))
        register_config("mail", Settings)

        assert get_config("mail", Settings).port == port
