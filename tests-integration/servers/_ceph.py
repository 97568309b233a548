"""Ceph's gateway, the most real S3 that Debian has: a monitor, one store in memory, and the gateway."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

from ._s3 import S3Server
from ._server import free_port

_CONFIG = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon}/0]
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
run dir = {folder}
admin socket = {folder}/$name.$pid.asok
pid file =
log file = {folder}/$name.log
mon data = {folder}/mon
paxos propose interval = 0.05
paxos min wait = 0.01
mon allow pool size one = true
mon cluster log file = {folder}/cluster.log
osd data = {folder}/osd
osd objectstore = memstore
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
memstore device bytes = 1G
ms bind ipv6 = false
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw data = {folder}/rgw

[mon.a]
public addr = v2:127.0.0.1:{mon}
"""

_NO_KEY = ("--auth-client-required", "none", "--ms-mon-client-mode", "crc")


class Ceph(S3Server):
    """A cluster of one machine; it forgets everything when it is killed."""

    name = "Ceph"
    install = "apt-get install --no-install-recommends radosgw ceph-mon ceph-osd"
    access_key = "testertestertester00"
    secret_key = "testersecrettestersecrettestersecret0000"

    @classmethod
    def _search(cls) -> Path | None:
        needed = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin")
        found = [shutil.which(program) for program in needed]
        return Path(found[-2] or "") if all(found) else None

    def _launch(self) -> None:
        self._forget()  # the parts would not agree about what each remembers
        config = self.folder / "ceph.conf"
        fields = {"fsid": uuid4(), "mon": free_port(), "folder": self.folder, "port": self.port}
        config.write_text(_CONFIG.format(**fields), "utf-8")
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        self._run("ceph-mon", "-c", config, "-i", "a", "--mkfs")
        self._spawn("ceph-mon", "-c", config, "-i", "a", "-f")
        self._run("ceph", "-c", config, "osd", "create")
        self._run("ceph-osd", "-c", config, "-i", "0", "--mkfs")
        self._spawn("ceph-osd", "-c", config, "-i", "0", "-f")
        user = ("--uid", "tester", "--display-name", "tester")
        keys = ("--access-key", self.access_key, "--secret-key", self.secret_key)
        self._run("radosgw-admin", "-c", config, "user", "create", *user, *keys)
        # Its own defaults ask for what needs a key.
        self._spawn("radosgw", "-c", config, "-n", "client.rgw", "-f", *_NO_KEY)

    def _forget(self) -> None:
        for path in self.folder.iterdir():
            if path.name != "log":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
