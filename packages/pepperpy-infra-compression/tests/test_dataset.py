"""Datasets: any number of rows in bounded memory, read one by one, saved in one step."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.compression import (
    CompressionAlgorithm,
    CompressionError,
    CompressionLevel,
    CompressionOptionError,
    DataCompressor,
    DatasetOptimizer,
    FrameMismatchError,
    OptimizedDataset,
    OutputLimitError,
    SerializationFormat,
    SignatureError,
    TruncatedDatasetError,
    _limits,
    compress_json,
    decompress_data,
    optimize_dataset,
)
from pepperpy.infra.compression._columns import encode_columns
from pepperpy.infra.compression._dataset import _layout, _writer
from pepperpy.infra.compression._frame import seal
from pepperpy.infra.compression._metadata import FrameKind

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a promise that needs POSIX")

NONE = CompressionAlgorithm.NONE


def records(count):
    return [{"id": n, "value": f"value_{n}"} for n in range(count)]


def mixed(count):
    """Rows of many shapes and types."""
    kinds = [
        lambda n: {"id": n, "x": n / 3},
        lambda n: {"x": None, "id": n},
        lambda n: [n, "a", {"b": n}],
        lambda n: f"text {n}",
        lambda n: None,
        lambda n: 10**30 + n,
    ]
    return [kinds[n * n % len(kinds)](n) for n in range(count)]


@pytest.fixture
def small_memory(monkeypatch):
    """Datasets move to a file as soon as they hold anything."""
    monkeypatch.setattr(_writer, "_IN_MEMORY", 10)


def dataset_that_claims(rows, size):
    """A dataset of one chunk whose checksums fit, and whose index claims so much."""
    whole = bytes(optimize_dataset(records(1)))
    offset = _layout.index_offset(whole[-_layout.FOOTER.size :], len(whole))
    (entry,) = _layout.unpack_index(whole[offset:], offset)
    claimed = entry._replace(rows=rows, size=size)
    return whole[:offset] + _layout.pack_index(offset, [claimed])


class TestSequence:
    @given(st.integers(1, 12), st.integers(0, 30), st.data())
    def test_it_is_the_list_of_its_rows(self, chunk_size, count, data):
        rows = records(count)
        dataset = optimize_dataset(rows, chunk_size=chunk_size)

        assert len(dataset) == count
        assert [*dataset] == rows
        assert [*reversed(dataset)] == rows[::-1]
        assert dataset.decompress() == rows
        part = data.draw(st.slices(count))
        assert dataset[part] == rows[part]
        for index in range(-count, count):
            assert dataset[index] == rows[index]
        for index in (count, -count - 1):
            with pytest.raises(IndexError):
                dataset[index]

    def test_the_missions_calls_work(self):
        dataset = [{"id": i, "value": f"value_{i}"} for i in range(10000)]

        optimized = optimize_dataset(dataset, chunk_size=1000)

        assert list(optimized) == dataset
        assert len(optimized.chunks) == 10
        assert optimized.compressed_size == len(bytes(optimized)) < 3000

    @pytest.mark.parametrize("algorithm", CompressionAlgorithm)
    @pytest.mark.parametrize("level", CompressionLevel)
    def test_every_algorithm_and_level_keeps_rows(self, algorithm, level):
        dataset = optimize_dataset(mixed(50), 7, algorithm=algorithm, level=level)

        assert (dataset.algorithm, dataset.level, dataset.chunk_size) == (algorithm, level, 7)
        again = OptimizedDataset.from_bytes(bytes(dataset))
        assert (again.algorithm, again.level, again.chunk_size) == (algorithm, level, 7)
        assert [*again] == [*dataset] == mixed(50)

    def test_types_order_and_nan_come_back(self):
        rows = [
            {"a": float("nan"), "b": True, "c": 1},
            {"c": 1.0, "a": -0.0, "b": float("inf")},
            {"a": [], "b": {}, "c": b"\0"},
        ] * 5

        assert repr([*optimize_dataset(rows, chunk_size=4)]) == repr(rows)

    def test_keys_that_the_first_row_lacks_are_not_lost(self):
        rows = [{"a": 1, "b": 2}, {"a": 3, "b": 4, "c": 5}, {"c": None}, {"b": {"x": 1}}] * 9
        rows += [{"b": {"x": 1, "y": 2}}, {"b": {}}, {"b": {"y": None}}] * 9

        for chunk_size in (1, 2, 1000):
            dataset = optimize_dataset(rows, chunk_size=chunk_size)
            assert repr([*dataset]) == repr(rows)

    def test_rows_of_any_type_and_shape_come_back(self):
        assert [*optimize_dataset(mixed(200), chunk_size=37)] == mixed(200)
        assert [*optimize_dataset(range(100), chunk_size=9)] == [*range(100)]
        assert [*optimize_dataset([{}] * 20)] == [{}] * 20

    def test_chunks_are_read_in_any_order(self):
        dataset = optimize_dataset(records(25), chunk_size=10)

        assert [len(chunk) for chunk in dataset.chunks] == [10, 10, 5]
        assert dataset.chunks[2] == dataset.chunks[-1] == records(25)[20:]
        assert dataset.chunks[:2] == [records(25)[:10], records(25)[10:20]]
        with pytest.raises(IndexError):
            dataset.chunks[3]

    def test_no_rows_are_a_dataset_too(self, tmp_path):
        dataset = optimize_dataset([])
        dataset.save(tmp_path / "empty")

        assert len(dataset) == 0
        assert [*dataset] == dataset.decompress() == dataset[:] == []
        with OptimizedDataset.open(tmp_path / "empty") as again:
            assert [*again.chunks] == []
        with pytest.raises(IndexError):
            dataset[0]

    def test_changing_a_row_changes_nothing_in_the_dataset(self):
        dataset = optimize_dataset([{"tags": ["a"]} for _ in range(20)])

        dataset[3]["tags"].append("b")
        dataset[2:4][0]["tags"].append("b")
        dataset.chunks[0][3]["tags"].append("b")

        assert dataset[3] == dataset[2] == {"tags": ["a"]}

    def test_it_is_copied_and_pickled_as_what_it_is(self, small_memory):
        dataset = optimize_dataset(records(30), chunk_size=10)

        assert [*pickle.loads(pickle.dumps(dataset))] == records(30)
        assert copy.copy(dataset) is copy.deepcopy(dataset) is dataset

    def test_it_says_what_it_is(self):
        dataset = optimize_dataset(records(2000))

        assert repr(dataset) == (
            f"<OptimizedDataset gzip: 2000 rows in 2 chunks, {len(bytes(dataset))} bytes>"
        )
        assert dataset.original_size > dataset.compressed_size
        assert dataset.ratio == dataset.original_size / dataset.compressed_size
        assert dataset.serialization is SerializationFormat.JSON

    def test_the_same_rows_give_the_same_bytes(self):
        assert bytes(optimize_dataset(records(99))) == bytes(optimize_dataset(iter(records(99))))

    def test_threads_may_share_it(self, small_memory):
        dataset = optimize_dataset(records(2000), chunk_size=50)

        def read(start):
            return [dataset[index] for index in range(start, 2000, 97)]

        with ThreadPoolExecutor(8) as pool:
            found = [*pool.map(read, range(97))]

        assert found == [records(2000)[start::97] for start in range(97)]

    def test_decompress_data_reads_it_as_rows(self):
        data = bytes(optimize_dataset(records(30)))

        assert decompress_data(data) == records(30)
        assert decompress_data(data, "gzip", "json") == records(30)
        with pytest.raises(FrameMismatchError):
            decompress_data(data, CompressionAlgorithm.ZLIB)
        with pytest.raises(FrameMismatchError):
            decompress_data(data, serialization=SerializationFormat.PICKLE)
        with pytest.raises(SignatureError):
            decompress_data(data, key="secret")


class TestStreaming:
    def test_a_generator_is_read_one_chunk_at_a_time(self):
        taken = []

        def rows():
            for n in range(10):
                taken.append(n)
                yield n

        seen = []
        optimize_dataset(rows(), 3, processor=lambda chunk: [seen.append(len(taken)), *chunk][1:])

        assert seen == [3, 6, 9, 10]

    @pytest.mark.skipif(sys.platform != "linux", reason="a process asks Linux for its own size")
    @pytest.mark.timeout(300)
    def test_a_million_rows_of_noise_stay_out_of_memory(self, tmp_path):
        # Each row is some 20 bytes of noise, so that what is compressed is larger than the limit.
        code = """
            import random
            from pepperpy.infra.compression import optimize_dataset, OptimizedDataset
            noise = random.Random(1).getrandbits
            optimize_dataset([{"id": 1, "noise": noise(64)}] * 3000)
            def most_memory():
                # What getrusage() says begins with the process that started this one.
                return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
            before = most_memory()
            rows = ({"id": n, "noise": noise(64), "more": noise(64)} for n in range(1_000_000))
            dataset = optimize_dataset(rows, chunk_size=5000, level=1)
            assert dataset.compressed_size > 16_000_000, dataset
            assert sum(1 for row in dataset) == 1_000_000
            dataset.save("saved")
            grown = most_memory() - before
            assert grown < 40 * 1024, grown
            """
        run(code, cwd=tmp_path, check=True)

    def test_what_does_not_fit_moves_to_a_file_and_reads_alike(self, small_memory, tmp_path):
        dataset = optimize_dataset(records(1000), chunk_size=100)
        dataset.save(tmp_path / "saved")

        assert [*dataset] == records(1000)
        assert dataset[77] == records(1000)[77]
        assert (tmp_path / "saved").read_bytes() == bytes(dataset)

    def test_a_file_that_nobody_closed_is_closed_in_silence(self, small_memory, tmp_path):
        optimize_dataset(records(1000)).save(tmp_path / "saved")
        OptimizedDataset.open(tmp_path / "saved")
        gc.collect()  # a ResourceWarning would be an error here

    def test_an_error_of_the_rows_passes_through(self, small_memory):
        def rows():
            yield from records(1500)
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            optimize_dataset(rows())

    def test_an_interrupt_passes_through(self, small_memory):
        def rows():
            yield from records(1500)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            optimize_dataset(rows())


class TestFiles:
    def test_what_is_saved_is_opened_again(self, tmp_path):
        dataset = optimize_dataset(mixed(100), chunk_size=9)
        dataset.save(tmp_path / "new folder" / "rows")

        with OptimizedDataset.open(tmp_path / "new folder" / "rows") as again:
            assert [*again] == mixed(100)
            assert again[50] == mixed(100)[50]
            assert repr(again) == repr(dataset)
        assert [*DatasetOptimizer.open(str(tmp_path / "new folder" / "rows"))] == mixed(100)

    def test_opening_reads_the_index_and_no_chunk(self, tmp_path):
        path = tmp_path / "rows"
        optimize_dataset(records(100), chunk_size=10, algorithm=NONE).save(path)
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)

        with OptimizedDataset.open(path) as dataset:
            assert dataset[50] == records(100)[50]
            with pytest.raises(CompressionError, match="chunk 0"):
                dataset[:1]
            with pytest.raises(CompressionError, match="chunk 0"):
                list(dataset)

    def test_a_closed_dataset_says_so(self, tmp_path):
        optimize_dataset(records(10)).save(tmp_path / "rows")
        dataset = OptimizedDataset.open(tmp_path / "rows")

        dataset.close()
        dataset.close()

        with pytest.raises(CompressionError, match="closed"):
            dataset.decompress()

    def test_saving_over_the_file_that_is_read_works(self, tmp_path):
        path = tmp_path / "rows"
        optimize_dataset(records(10)).save(path)
        with OptimizedDataset.open(path) as dataset:
            optimize_dataset(row for row in dataset if row["id"] % 2).save(path)

            assert [*dataset] == records(10)
        with OptimizedDataset.open(path) as again:
            assert [*again] == records(10)[1::2]

    @POSIX
    @pytest.mark.parametrize("step", ["os.write", "os.fsync", "os.replace", "os.link"])
    def test_a_crash_while_saving_leaves_the_old_file(self, tmp_path, step):
        path = tmp_path / "rows"
        optimize_dataset(records(10)).save(path)
        old = path.read_bytes()
        code = f"""
            import os, signal
            from pepperpy.infra.compression import optimize_dataset
            dataset = optimize_dataset(range(5000))
            def die(*args, **options):
                os.kill(os.getpid(), signal.SIGKILL)
            {step} = die
            dataset.save("rows")
            """

        done = run(code, cwd=tmp_path)

        assert done.returncode == -signal.SIGKILL
        assert path.read_bytes() == old

    def test_an_error_while_saving_leaves_the_old_file_and_no_litter(self, tmp_path, monkeypatch):
        path = tmp_path / "rows"
        optimize_dataset(records(10)).save(path)
        old = path.read_bytes()
        dataset = optimize_dataset(range(5000))

        def full(*args):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(OSError, match="No space"):
                dataset.save(path)

        assert path.read_bytes() == old
        assert os.listdir(tmp_path) == ["rows"]

    def test_a_missing_file_is_no_damage(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            OptimizedDataset.open(tmp_path / "none")

    def test_a_file_that_is_cut_while_it_is_read_is_an_error(self, tmp_path):
        path = tmp_path / "rows"
        optimize_dataset(records(1000), chunk_size=10).save(path)
        with OptimizedDataset.open(path) as dataset:
            os.truncate(path, 500)

            with pytest.raises(CompressionError):
                list(dataset)

    @POSIX
    def test_a_forked_child_reads_beside_its_parent(self, tmp_path):
        code = """
            import os, sys
            from pepperpy.infra.compression import OptimizedDataset, optimize_dataset
            rows = [{"id": n} for n in range(3000)]
            optimize_dataset(rows, chunk_size=10).save("rows")
            dataset = OptimizedDataset.open("rows")
            children = [os.fork() for _ in range(2)]
            good = [*dataset] == rows and all(dataset[n] == rows[n] for n in range(0, 3000, 7))
            if 0 in children:
                os._exit(not good)
            statuses = [os.waitpid(child, 0)[1] for child in children]
            sys.exit(any(statuses) or not good)
            """

        run(code, cwd=tmp_path, check=True)


class TestRecovery:
    def test_a_file_that_was_cut_off_says_what_can_be_saved(self, tmp_path):
        path = tmp_path / "rows"
        optimize_dataset(records(95), chunk_size=10).save(path)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

        with pytest.raises(TruncatedDatasetError) as caught:
            OptimizedDataset.open(path)
        with OptimizedDataset.recover(path) as saved:
            assert caught.value.chunks == len(saved.chunks) > 2
            assert caught.value.rows == len(saved) == 10 * len(saved.chunks)
            assert [*saved] == records(95)[: len(saved)]
            saved.save(path)
        assert f"{caught.value.rows} rows in {caught.value.chunks} whole chunks" in str(
            caught.value
        )
        with DatasetOptimizer.open(path) as good:
            assert [*good] == records(95)[: caught.value.rows]

    @pytest.mark.parametrize("length", [0, 23, 24, 31])
    def test_a_file_too_short_for_an_end_is_an_error(self, length, tmp_path):
        path = tmp_path / "rows"
        path.write_bytes(bytes(optimize_dataset(records(4)))[:length])

        with pytest.raises(CompressionError):
            OptimizedDataset.open(path)

    def test_every_truncation_is_an_error_and_all_whole_chunks_are_saved(self, tmp_path):
        dataset = optimize_dataset(records(40), chunk_size=10)
        content = bytes(dataset)
        ends = [entry.end for entry in dataset._entries]
        path = tmp_path / "rows"
        for length in range(len(content)):
            with pytest.raises(CompressionError):
                OptimizedDataset.from_bytes(content[:length])
            path.write_bytes(content[:length])
            with pytest.raises(CompressionError):
                OptimizedDataset.open(path)
            if length >= 24:
                with OptimizedDataset.recover(path) as saved:
                    whole = sum(end <= length for end in ends)
                    assert [*saved] == records(40)[: 10 * whole]

    def test_what_is_damaged_in_the_middle_is_left_out(self, tmp_path):
        dataset = optimize_dataset(records(40), chunk_size=10)
        content = bytearray(bytes(dataset))
        content[dataset._entries[1].end - 3] ^= 0xFF
        content[-10] ^= 0xFF
        path = tmp_path / "rows"
        path.write_bytes(content)

        with pytest.raises(CompressionError, match="recover"):
            OptimizedDataset.open(path)
        with OptimizedDataset.recover(path) as saved:
            assert [*saved] == records(40)[:10] + records(40)[20:]

    @pytest.mark.timeout(20)
    def test_what_only_looks_like_chunks_does_not_take_for_ever(self, tmp_path):
        from pepperpy.infra.compression._dataset._layout import CHUNK_HEAD

        path = tmp_path / "rows"
        header = bytes(optimize_dataset([]))[:24]
        size = 1 << 22
        path.write_bytes(header + CHUNK_HEAD.pack(b"PPZC", 1, size // 2, 0) * (size // 24))

        with OptimizedDataset.recover(path) as saved:
            assert len(saved) == 0

    def test_rows_that_hold_the_mark_of_a_chunk_confuse_nobody(self, tmp_path):
        rows = ["PPZCPPZIPPZE" * 3, "PPZD"] * 10
        content = bytes(optimize_dataset(rows, chunk_size=5, algorithm=NONE))
        path = tmp_path / "rows"
        path.write_bytes(content[:-1])

        with OptimizedDataset.recover(path) as saved:
            assert [*saved] == rows


class TestAppending:
    def test_rows_are_added_without_writing_the_old_ones_anew(self, tmp_path):
        path = tmp_path / "log"
        optimizer = DatasetOptimizer(chunk_size=10)
        optimizer.append(path, records(25))
        inode, before = os.stat(path).st_ino, path.read_bytes()
        optimizer.append(path, (row for row in records(7)))
        optimizer.append(path, [])

        assert os.stat(path).st_ino == inode
        assert path.read_bytes().startswith(before)
        with optimizer.open(path) as dataset:
            assert [*dataset] == records(25) + records(7)
            assert dataset[-1] == records(7)[-1]
            copied = OptimizedDataset.from_bytes(bytes(dataset))
        assert [*copied] == records(25) + records(7)

    def test_added_rows_are_on_disk_when_adding_ends(self, tmp_path, monkeypatch):
        path = tmp_path / "rows"
        optimizer = DatasetOptimizer(chunk_size=5)
        optimizer.append(path, records(5))
        synced, fsync = [], os.fsync

        def note(descriptor):
            synced.append(os.fstat(descriptor).st_size)
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", note)
        optimizer.append(path, records(20))

        assert synced == [path.stat().st_size]

    def test_an_error_of_the_rows_leaves_the_file_as_it_was(self, tmp_path):
        path = tmp_path / "log"
        optimizer = DatasetOptimizer(chunk_size=10)
        optimizer.append(path, records(25))
        before = path.read_bytes()

        def rows():
            yield from records(25)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            optimizer.append(path, rows())
        assert path.read_bytes() == before

    def test_a_crash_loses_no_row_of_before(self, tmp_path):
        path = tmp_path / "log"
        optimizer = DatasetOptimizer(chunk_size=10)
        optimizer.append(path, records(25))
        before = path.read_bytes()
        optimizer.append(path, records(40)[25:])
        after = path.read_bytes()

        for length in range(len(before) + 1, len(after)):
            path.write_bytes(after[:length])
            with pytest.raises(CompressionError):
                optimizer.open(path)
            with optimizer.recover(path) as saved:
                assert len(saved) >= 25
                assert [*saved] == records(40)[: len(saved)]

    def test_other_settings_are_refused(self, tmp_path):
        path = tmp_path / "log"
        DatasetOptimizer(chunk_size=10).append(path, records(5))

        with pytest.raises(CompressionOptionError):
            DatasetOptimizer(chunk_size=11).append(path, records(5))
        with DatasetOptimizer.open(path) as dataset:
            assert [*dataset] == records(5)


def dataset_of(*chunks, lie=list, kind=FrameKind.COLUMNS, claimed=None):
    """Bytes of a dataset, whose index is as the lie has it and whose checksums are all right."""
    settings = _layout.Settings(NONE, SerializationFormat.JSON, CompressionLevel.DEFAULT, 10)
    parts, entries = [_layout.pack_header(settings)], []
    for rows in chunks:
        payload, count = encode_columns(rows), claimed or len(rows)
        frame = seal(
            payload,
            kind=kind,
            format=settings.serialization,
            algorithm=NONE,
            level=settings.level,
        )
        entries.append(_layout.Entry(sum(map(len, parts)), len(frame), count, len(payload)))
        parts.append(_layout.pack_chunk(count, frame))
    return b"".join([*parts, _layout.pack_index(sum(map(len, parts)), lie(entries))])


class TestBadBytes:
    def test_what_is_made_by_hand_is_read(self):
        content = dataset_of(records(3), records(2))

        assert [*OptimizedDataset.from_bytes(content)] == records(3) + records(2)

    @pytest.mark.parametrize("algorithm", [CompressionAlgorithm.GZIP, NONE])
    def test_every_flipped_byte_is_an_error_or_harmless(self, algorithm):
        content = bytes(optimize_dataset(records(12), chunk_size=5, algorithm=algorithm))
        for place in range(len(content)):
            for mask in (0x01, 0x80, 0xFF):
                changed = bytearray(content)
                changed[place] ^= mask
                try:
                    found = [*OptimizedDataset.from_bytes(bytes(changed))]
                except CompressionError:
                    continue
                assert found == records(12)

    def test_a_damaged_index_is_told_though_its_sums_are_right(self):
        content = bytes(optimize_dataset(records(12), chunk_size=4))
        index = content.rindex(_layout.INDEX_MAGIC)
        sizes = [index + 12 + 32 * number + 24 for number in range(2)]
        changed = bytearray(content)
        changed[sizes[0]] += 1
        changed[sizes[1]] -= 1

        with pytest.raises(CompressionError, match="index"):
            OptimizedDataset.from_bytes(bytes(changed))

    @pytest.mark.parametrize(
        "lie",
        [
            lambda entries: entries[::-1],
            lambda entries: [entries[0], entries[0]],
            lambda entries: [entries[0], entries[1]._replace(length=entries[1].length + 1)],
            lambda entries: [entries[0]._replace(offset=0), entries[1]],
            lambda entries: [entries[0]._replace(size=1 << 50), entries[1]],
        ],
        ids=["order", "twice", "beyond the chunks", "before the chunks", "size"],
    )
    def test_an_index_that_lies_is_an_error_when_it_is_opened(self, lie):
        with pytest.raises(CompressionError, match="index"):
            OptimizedDataset.from_bytes(dataset_of(records(3), records(2), lie=lie))

    @pytest.mark.parametrize(("place", "by"), [(8, 1), (16, 1)], ids=["rows", "bytes"])
    def test_sums_that_lie_are_an_error_when_it_is_opened(self, place, by):
        content = dataset_of(records(3), records(2))
        index = content.rindex(_layout.INDEX_MAGIC)
        footer = len(content) - _layout.FOOTER.size
        changed = bytearray(content)
        changed[footer + place] += by
        changed[-8:-4] = crc32(changed[index:-8]).to_bytes(4, "little")

        with pytest.raises(CompressionError, match="index"):
            OptimizedDataset.from_bytes(bytes(changed))

    @pytest.mark.parametrize(
        "lie",
        [
            lambda entries: [entries[0]._replace(rows=4), entries[1]._replace(rows=1)],
            lambda entries: [
                entries[0]._replace(size=entries[0].size - 1),
                entries[1]._replace(size=entries[1].size + 1),
            ],
        ],
        ids=["rows", "size"],
    )
    def test_a_chunk_that_is_not_as_the_index_says_is_an_error(self, lie):
        dataset = OptimizedDataset.from_bytes(dataset_of(records(3), records(2), lie=lie))

        for read in (dataset.decompress, lambda: dataset.chunks[0], lambda: dataset[0]):
            with pytest.raises(CompressionError, match="chunk 0"):
                read()

    @pytest.mark.parametrize("kind", [FrameKind.DATA, FrameKind.NUMPY])
    def test_a_chunk_of_another_kind_is_an_error(self, kind):
        dataset = OptimizedDataset.from_bytes(dataset_of(records(3), kind=kind))

        with pytest.raises(CompressionError, match="chunk 0"):
            dataset.decompress()

    def test_a_chunk_with_other_rows_than_it_says_is_an_error(self):
        dataset = OptimizedDataset.from_bytes(dataset_of(records(3), claimed=4))

        with pytest.raises(CompressionError, match="chunk 0"):
            dataset.decompress()

    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_dataset_or_the_error(self, data):
        header = bytes(optimize_dataset([]))[:24]
        for content in (data, header + data):
            with pytest.raises(CompressionError):
                OptimizedDataset.from_bytes(content)

    def test_a_frame_is_no_dataset(self):
        for data in (compress_json(records(10)), b"", b"PPZD"):
            with pytest.raises(CompressionError):
                OptimizedDataset.from_bytes(data)

    def test_trailing_rubbish_is_an_error(self):
        with pytest.raises(CompressionError):
            OptimizedDataset.from_bytes(bytes(optimize_dataset(records(10))) + b"\0")

    def test_a_limit_counts_all_chunks_together(self):
        dataset = optimize_dataset(records(100), chunk_size=10)
        size = dataset.original_size

        assert dataset.decompress(max_output_size=size) == records(100)
        assert dataset.decompress(max_output_size=None) == records(100)
        with pytest.raises(OutputLimitError) as caught:
            dataset.decompress(max_output_size=size - 1)
        assert caught.value.limit == size - 1
        with pytest.raises(OutputLimitError):
            DatasetOptimizer().decompress_dataset(bytes(dataset), max_output_size=10)
        with pytest.raises(OutputLimitError):
            decompress_data(bytes(dataset), max_output_size=10)

    def test_a_chunk_beyond_the_limit_says_how_it_is_read(self, monkeypatch):
        monkeypatch.setattr(_limits, "_LEAST", 0)
        rows = [{"flag": n % 7 == 0} for n in range(100_000)]
        dataset = optimize_dataset(rows, chunk_size=len(rows))

        for read in (lambda: dataset[0], lambda: dataset.chunks[0], lambda: next(iter(dataset))):
            with pytest.raises(
                OutputLimitError, match=r"chunk 0.*decompress\(max_output_size="
            ) as caught:
                read()
            assert caught.value.limit < dataset.original_size
        assert dataset.decompress(max_output_size=None) == rows


class TestOptimizer:
    def test_it_does_what_the_older_release_did(self):
        compressor = DataCompressor(CompressionAlgorithm.ZLIB, level=CompressionLevel.BEST)
        optimizer = DatasetOptimizer(compressor, chunk_size=10)
        rows = records(25)

        compressed = optimizer.compress_dataset(rows)

        assert compressed.algorithm is CompressionAlgorithm.ZLIB
        assert compressed.level is CompressionLevel.BEST
        assert optimizer.decompress_dataset(compressed) == rows
        assert optimizer.decompress_dataset(bytes(compressed)) == rows
        assert optimizer.chunk_dataset(rows) == [rows[:10], rows[10:20], rows[20:]]
        assert optimizer.filter_dataset(compressed, lambda row: row["id"] > 22) == rows[23:]
        assert optimizer.map_dataset(rows, lambda row: row["id"]) == [*range(25)]

    @pytest.mark.parametrize("compress_result", [True, False])
    def test_a_processor_makes_other_rows_of_each_chunk(self, compress_result):
        sizes = []

        def even(chunk):
            sizes.append(len(chunk))
            return [row for row in chunk if row["id"] % 2 == 0]

        made = DatasetOptimizer(chunk_size=10).process_large_dataset(
            iter(records(25)), even, compress_result
        )

        assert isinstance(made, OptimizedDataset if compress_result else list)
        assert [*made] == records(25)[::2]
        assert sizes == [10, 10, 5]

    def test_optimize_dataset_takes_a_processor_and_can_leave_the_rows_as_they_are(self):
        doubled = optimize_dataset([1, 2, 3], 2, lambda chunk: [2 * n for n in chunk])
        plain = optimize_dataset([1, 2, 3], 2, lambda chunk: [2 * n for n in chunk], compress=False)

        assert [*doubled] == plain == [2, 4, 6]
        assert optimize_dataset(iter([1, 2]), compress=False) == [1, 2]

    @pytest.mark.parametrize("chunk_size", [0, -1, 1.5, "10", True, None, 1 << 64])
    def test_a_chunk_has_a_whole_number_of_rows(self, chunk_size):
        for make in (optimize_dataset, DatasetOptimizer().compress_dataset):
            with pytest.raises((CompressionOptionError, TypeError)):
                make([1], chunk_size=chunk_size)
        with pytest.raises(CompressionOptionError) as caught:
            DatasetOptimizer(chunk_size=chunk_size)
        assert caught.value.option == "chunk_size"

    @pytest.mark.parametrize("dataset", ["text", b"bytes", {"a": 1}, 3, None])
    def test_what_holds_no_rows_is_refused(self, dataset):
        with pytest.raises(CompressionOptionError):
            optimize_dataset(dataset)

    @pytest.mark.parametrize(
        "options",
        [{"algorithm": "brotli"}, {"level": 42}, {"serialization": SerializationFormat.PICKLE}],
    )
    def test_options_are_checked(self, options):
        with pytest.raises(CompressionOptionError):
            optimize_dataset([1], **options)

    def test_a_compressor_that_signs_is_refused_since_datasets_are_not_signed(self):
        with pytest.raises(CompressionOptionError):
            DatasetOptimizer(DataCompressor(key="secret"))

    @pytest.mark.parametrize("made", [None, 3])
    def test_a_processor_that_returns_no_rows_is_told_so(self, made):
        with pytest.raises(CompressionOptionError, match="processor"):
            optimize_dataset([1, 2], processor=lambda chunk: made)

    def test_a_row_that_cannot_be_kept_is_refused(self):
        with pytest.raises(CompressionError, match="object"):
            optimize_dataset([{"a": object()}])


class TestSize:
    def test_the_missions_rows_keep_to_the_targets(self):
        rows = records(200_000)

        whole = optimize_dataset(rows, 200_000, algorithm=CompressionAlgorithm.ZSTD)
        chunked = optimize_dataset(rows, 1000, algorithm=CompressionAlgorithm.ZSTD)

        assert whole.compressed_size <= 90_000
        assert chunked.compressed_size <= 130_000


def run(code, *, cwd, check=False):
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=check, cwd=cwd)


class TestHostileIndex:
    @pytest.mark.parametrize(
        ("rows", "size"), [(1 << 40, 50), (1 << 40, 1 << 41), (1 << 63, 1 << 63)]
    )
    def test_more_rows_than_the_bytes_can_hold_are_the_error(self, rows, size):
        with pytest.raises(CompressionError):
            OptimizedDataset.from_bytes(dataset_that_claims(rows, size))


class TestParameters:
    def test_a_level_is_an_assertion_for_a_dataset_too(self):
        data = bytes(optimize_dataset(records(10), level=CompressionLevel.FAST))

        assert decompress_data(data, level=CompressionLevel.FAST) == records(10)
        with pytest.raises(FrameMismatchError) as caught:
            decompress_data(data, level=CompressionLevel.BEST)
        assert caught.value.option == "level"

    @pytest.mark.parametrize("compressor", [5, "gzip", CompressionAlgorithm.GZIP])
    def test_what_is_no_compressor_is_named(self, compressor):
        with pytest.raises(CompressionOptionError) as caught:
            DatasetOptimizer(compressor)
        assert caught.value.option == "compressor"

    def test_what_is_no_processor_is_named_before_a_row_is_read(self):
        def rows():
            pytest.fail("a row was read")
            yield

        for call in (
            lambda: optimize_dataset(rows(), processor=5),
            lambda: DatasetOptimizer().process_large_dataset(rows(), 5),
        ):
            with pytest.raises(CompressionOptionError) as caught:
                call()
            assert caught.value.option == "processor"

    def test_a_path_may_be_bytes(self, tmp_path):
        path = os.fsencode(tmp_path / "rows")
        DatasetOptimizer().append(path, records(3))
        OptimizedDataset.open(path).save(path)

        assert [*OptimizedDataset.open(path)] == records(3)
        assert [*OptimizedDataset.recover(path)] == records(3)


@POSIX
@pytest.mark.parametrize("room", [10, 3000, 20_000])
def test_a_disk_that_is_full_leaves_the_file_as_it_was(tmp_path, room):
    script = textwrap.dedent(
        """
        import random, resource, sys
        from pepperpy.infra.compression import DatasetOptimizer
        path, room = sys.argv[1], int(sys.argv[2])
        noise = random.Random(1)
        rows = [{"a": noise.random(), "b": str(noise.random())} for _ in range(3000)]
        optimizer = DatasetOptimizer(chunk_size=100)
        optimizer.append(path, rows[:500])
        before = open(path, "rb").read()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room,) * 2)
        try:
            optimizer.append(path, rows)
        except OSError:
            print(open(path, "rb").read() == before)
        """
    )
    path = tmp_path / "rows"

    done = subprocess.run(
        [sys.executable, "-c", script, path, str(room)], capture_output=True, text=True, check=True
    )

    assert done.stdout == "True\n"


def test_a_file_that_is_closed_while_it_is_read_says_so(tmp_path, monkeypatch):
    path = tmp_path / "rows"
    optimize_dataset(records(10)).save(path)
    dataset = OptimizedDataset.open(path)
    pread = os.pread

    def close_first(*args):
        dataset.close()
        return pread(*args)

    monkeypatch.setattr(os, "pread", close_first)

    with pytest.raises(CompressionError, match="closed"):
        dataset[0]
