"""Servers that speak the protocol of S3."""

from __future__ import annotations

import http.client
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from ._server import Server


class S3Server(Server):
    """One that speaks it; `bucket` is an empty one, another after each `clean`."""

    variable = "PEPPERPY_TEST_S3_URL"
    usual_port = 9000
    access_key = "tester"
    secret_key = "tester-secret"
    region = "us-east-1"
    bucket: str

    def url_at(self, host: str, port: int) -> str:
        return f"http://{host}:{port}"

    def client(self) -> Any:
        """A client of boto3."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
        )

    def clean(self) -> None:
        self.bucket = f"test-{uuid4().hex[:12]}"
        client = self.client()
        client.create_bucket(Bucket=self.bucket)
        client.close()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        finally:
            connection.close()


# With threads, two writers may both find that the condition of their write holds: moto looks in one step
# and writes in another.  To find out which service a request is for, and to log it, takes it a third of
# its time.
_ONE_BY_ONE = """
import sys
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

class Silent(WSGIRequestHandler):
    def log_request(self, *_):
        pass

host, port = sys.argv[1:]
app = create_backend_app("s3")
run_simple(host, int(port), app, threaded=False, request_handler=Silent)
"""


class Moto(S3Server):
    """moto's server: a mock that keeps objects in memory and does compare-and-set right."""

    name = "moto"
    install = 'pip install "moto[s3,server]"'

    @classmethod
    def _search(cls) -> Path | None:
        spec = find_spec("moto")
        return Path(spec.origin) if spec and spec.origin else None

    def _launch(self) -> None:
        self._spawn(sys.executable, "-c", _ONE_BY_ONE, self.host, self.port)

    def _forget(self) -> None:
        """It has nothing on disk."""
