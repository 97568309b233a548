"""`get_file_extension`, `get_file_mime_type` and `get_file_size`."""

import mimetypes
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import get_file_extension, get_file_mime_type, get_file_size


class TestGetFileExtension:
    @pytest.mark.parametrize(
        ("path", "extension"),
        [
            ("report.pdf", "pdf"),
            ("report.PDF", "PDF"),
            ("a.tar.gz", "gz"),
            (".bashrc", ""),
            ("...", ""),
            (".config.json", "json"),
            ("name.", ""),
            ("README", ""),
            ("folder.d/file", ""),
            ("", ""),
            (Path("x") / "y.txt", "txt"),
        ],
    )
    def test_is_what_follows_the_last_dot_and_dot_files_have_none(self, path, extension):
        assert get_file_extension(path) == extension

    @given(path=st.text())
    def test_follows_splitext_without_the_dot(self, path):
        assert get_file_extension(path) == os.path.splitext(path)[1].removeprefix(".")


class TestGetFileMimeType:
    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("a.json", "application/json"),
            ("a.JSON", "application/json"),
            ("a.md", "text/markdown"),
            ("a.yaml", "application/yaml"),
            ("a.yml", "application/yaml"),
            ("a.toml", "application/toml"),
            ("a.webp", "image/webp"),
            ("a.avif", "image/avif"),
            ("a.woff2", "font/woff2"),
            ("a.mjs", "text/javascript"),
            ("a.wasm", "application/wasm"),
            ("a.parquet", "application/vnd.apache.parquet"),
            ("a.csv", "text/csv"),
            ("a.tar.gz", "application/gzip"),
            ("a.tgz", "application/gzip"),
            ("a.zst", "application/zstd"),
            (Path("deep") / "photo.JPeG", "image/jpeg"),
        ],
    )
    def test_goes_by_name_in_any_case(self, path, kind):
        assert get_file_mime_type(path) == kind

    @pytest.mark.parametrize("path", ["LICENSE", "a.unheard-of", ".json", "", "a.", "dir.json/x"])
    def test_unknown_kinds_are_octet_stream(self, path):
        assert get_file_mime_type(path) == "application/octet-stream"

    def test_the_machines_own_table_is_not_asked(self, monkeypatch):
        monkeypatch.setattr(mimetypes, "guess_type", lambda *_: 1 / 0)
        monkeypatch.setattr(mimetypes, "types_map", {".json": "text/wrong"})

        assert get_file_mime_type("a.json") == "application/json"

    def test_agrees_with_the_standard_librarys_own_table(self):
        # That table, unlike `guess_type`, has nothing of this machine.  Pythons differ in a few.
        table = mimetypes._types_map_default

        agreed = [
            kind for extension, kind in table.items() if get_file_mime_type("a" + extension) == kind
        ]

        assert len(agreed) >= 140

    @given(path=st.text())
    def test_any_text_has_an_answer(self, path):
        kind, slash, subtype = get_file_mime_type(path).partition("/")

        assert kind
        assert slash
        assert subtype


class TestGetFileSize:
    def test_is_the_number_of_bytes(self, tmp_path):
        path = tmp_path / "x"
        path.write_bytes("äö".encode())

        assert get_file_size(path) == 4
        assert get_file_size(str(path)) == 4

    def test_follows_symbolic_links(self, tmp_path):
        (tmp_path / "x").write_bytes(b"12345")
        (tmp_path / "link").symlink_to("x")

        assert get_file_size(tmp_path / "link") == 5

    def test_a_missing_file_is_file_not_found(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nothing-here"):
            get_file_size(tmp_path / "nothing-here")

    def test_a_folder_is_a_clear_error_and_no_size(self, tmp_path):
        with pytest.raises(IsADirectoryError, match="this is a folder, not a file") as caught:
            get_file_size(tmp_path)

        assert caught.value.filename == str(tmp_path)

    def test_a_pipe_is_a_clear_error_and_no_size(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")

        with pytest.raises(OSError, match="pipe, socket or device"):
            get_file_size(tmp_path / "pipe")

    def test_a_socket_is_a_clear_error_and_no_size(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("s")

            with pytest.raises(OSError, match="pipe, socket or device"):
                get_file_size("s")
