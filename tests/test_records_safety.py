"""Nothing acknowledged is lost, nothing torn is seen, nothing altered goes unnoticed."""

from __future__ import annotations

import errno
import io
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path

import h5py
import pytest

from qpcr.document import document
from qpcr.errors import InputError, QpcrWarning
from qpcr.records import Change, Kind, Store
from qpcr.records import _files as files
from qpcr.records._layout import commit_name
from qpcr.records._mounts import network
from qpcr.records.guard import guarded
from qpcr.records.index import INDEX
from qpcr.records.ledger import read_entries
from qpcr.records.seal import SIZE, check_seal, sealed
from qpcr.records.verify import verify
from tests.store_kit import CALLS, flip, python, record

posix = pytest.mark.skipif(os.name != "posix", reason="signals and modes of POSIX")

KILLS = """
import sys
from pathlib import Path
from qpcr.records import Store
from tests.store_kit import killed, record
one = record(2, "new patient")
def act(folder):
    return Store.open(folder).commit(one, user="anna").run_id
print(killed(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], act))
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A store with a run, a patient with a history, and a saved index."""
    folder = tmp_path_factory.mktemp("original") / "store"
    store = Store.init(folder)
    store.commit(record(1, "p"), user="anna")
    store.commit(None, [Change("p", Kind.CLINICAL, "wbc", 5.5)], user="anna")
    store.rebuild_index()
    return folder


@pytest.fixture
def folder(original, tmp_path):
    return Path(shutil.copytree(original, tmp_path / "store"))


def check_after_kill(folder, acknowledged):
    """What must be true of the store whose writer was killed."""
    assert verify(folder).problems == (), "clean even before anybody opens it"
    store = Store.open(folder)
    assert document(store.record(store.runs()[-1].run_id)) == document(record(1, "p"))
    runs = {run.run_id for run in store.runs()}
    assert acknowledged <= runs
    for run in runs:
        store.record(run)
    whole = len(runs) == 2
    assert {one.patient for one in store.patients()} == ({"p", "new patient"} if whole else {"p"})
    assert len(store.history(patient="new patient")) == (2 if whole else 0)
    done = store.commit(record(2, "new patient"), user="anna")
    assert done.already_there == whole
    report = verify(folder)
    assert report.problems == report.notes == ()


@posix
@pytest.mark.parametrize("when", ["before", "half"])
def test_a_writer_killed_at_any_step_loses_and_tears_nothing(original, tmp_path, when):
    done = python(KILLS, original, tmp_path, when)
    assert not done.stderr
    points = int(done.stdout)
    assert points > 15
    for point in range(1, points + 1):
        said = tmp_path / f"{point}.said"
        assert said.exists() == (point == points)
        check_after_kill(tmp_path / str(point), {said.read_text()} if said.exists() else set())


MANY = """
import sys
from pathlib import Path
from qpcr.records import Change, Kind, Store
from qpcr.records import _files
from tests.store_kit import killed
_files.BATCH = 2
changes = [Change(f"q{n}", Kind.CLINICAL, "wbc", 5.5) for n in range(3)]
def act(folder):
    return str(Store.open(folder).commit(changes=changes, user="anna").sequence)
print(killed(Path(sys.argv[1]), Path(sys.argv[2]), "before", act))
"""


@posix
def test_a_commit_of_many_patients_killed_at_any_step_is_whole_or_not_there(original, tmp_path):
    done = python(MANY, original, tmp_path)
    assert not done.stderr
    points = int(done.stdout)
    assert points > 20
    whole = 0
    for point in range(1, points + 1):
        folder = tmp_path / str(point)
        assert verify(folder).problems == (), "clean even before anybody opens it"
        store = Store.open(folder)
        there = {one.patient for one in store.patients()} - {"p"}
        assert len(there) in (0, 3)
        whole += len(there) == 3
        changes = [Change(f"q{n}", Kind.CLINICAL, "wbc", 5.5) for n in range(3)]
        assert store.commit(changes=changes, user="anna").already_there == bool(there)
        report = verify(folder)
        assert report.problems == report.notes == ()
    assert 0 < whole < points


INIT = """
import sys
from pathlib import Path
from qpcr.records import Store
from tests.store_kit import killed
def act(folder):
    return Store.init(folder / "new" / "store").id
print(killed(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], act))
"""


@posix
@pytest.mark.parametrize("when", ["before", "half"])
def test_a_killed_init_leaves_no_store_or_a_whole_one(tmp_path, when):
    empty, target = tmp_path / "empty", tmp_path / "killed"
    empty.mkdir()
    done = python(INIT, empty, target, when)
    assert not done.stderr
    points = int(done.stdout)
    assert points > 15
    made = 0
    for point in range(1, points + 1):
        folder = target / str(point) / "new" / "store"
        if (folder / "store.json").exists():
            made += 1
            with pytest.raises(InputError, match="there is a store in it already"):
                Store.init(folder)
        else:
            with pytest.raises(InputError, match="no store of records"):
                Store.open(folder)
            Store.init(folder)
        store = Store.open(folder)
        store.commit(record(1, "p"), user="anna")
        report = verify(folder)
        assert report.problems == report.notes == ()
        assert Store.open(folder).id == store.id
    assert 0 < made < points


def test_init_takes_no_folder_with_anything_in_it(tmp_path):
    for name in ("tmp/mine.txt", "commits/00000/00000001.h5", "ledger/x", "patients/x", "note"):
        folder = tmp_path / name.replace("/", "-")
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text("precious")
        with pytest.raises(InputError, match="not empty"):
            Store.init(folder)
        assert [one for one in folder.rglob("*") if one.is_file()] == [path]
    (folder / "note").unlink()
    Store.init(folder)  # a folder that is there, such as a mounted disk, may be empty


def test_a_store_that_has_lost_its_description_is_never_made_anew(folder):
    (folder / "store.json").unlink()
    with pytest.raises(InputError, match="not empty"):
        Store.init(folder)
    with pytest.raises(InputError, match="no store") as caught:
        Store.open(folder)
    assert "lost its store.json" in str(caught.value)
    assert "restore" in str(caught.value)


def test_of_two_who_make_the_same_store_one_does(tmp_path):
    code = "import sys; from pathlib import Path; from qpcr.records import Store\n"
    code += "print(Store.init(Path(sys.argv[1])).id)"
    command = [sys.executable, "-c", code, str(tmp_path / "store")]
    both = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True) for _ in range(2)]
    said = [one.communicate(timeout=60) for one in both]
    made = [out.strip() for out, _ in said if out.strip()]
    assert made == [Store.open(tmp_path / "store").id]
    assert "there is a store in it already" in "".join(err for _, err in said)
    assert not verify(tmp_path / "store").problems


def every_bit(folder):
    return [
        (path, size * 8)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (size := path.stat().st_size)
    ]


def test_every_flipped_bit_is_found_and_gives_no_wrong_number(folder):
    rng = random.Random(5)
    wanted = document(Store.open(folder).record(Store.open(folder).runs()[0].run_id))
    history = Store.open(folder).history()
    for _ in range(100):
        path, bits = rng.choice(every_bit(folder))
        kept = path.read_bytes()
        flip(path, rng.randrange(bits))
        flipped = path.read_bytes()
        assert verify(folder).problems, path
        try:
            store = Store.open(folder)
            found = document(store.record(store.runs()[0].run_id))
            assert found == wanted
            assert store.history() == history
        except InputError:
            pass
        if path.name != "index.sealed":  # that one is replaced by whoever opens the store
            assert path.read_bytes() == flipped, "damage is not mended unasked"
        path.write_bytes(kept)
        assert not verify(folder).problems


MUTATIONS = ("bytes", "cut", "added", "zeros", "swapped", "resealed", "empty")


def mutated(data, how, rng):
    spot = rng.randrange(len(data))
    if how == "bytes":
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 50)):
            changed[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(changed)
    if how == "resealed":
        body = bytearray(data[SIZE:] or b"x")
        for _ in range(rng.randrange(1, 20)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        return sealed(bytes(body))
    parts = {
        "cut": data[:spot],
        "added": data[:spot] + rng.randbytes(30) + data[spot:],
        "zeros": data[:spot] + bytes(len(data) - spot),
        "swapped": data[spot:] + data[:spot],
        "empty": b"",
    }
    return parts[how]


def asked(folder):
    """What the index says; ``None`` where it cannot be asked."""
    try:
        store = Store.open(folder)
        return store.runs(), store.patients(), store.history()
    except InputError:
        return None


def test_mutated_files_are_errors_in_words(folder):
    rng = random.Random(6)
    done, told = 0, asked(folder)
    while done < 50:
        path, _ = rng.choice(every_bit(folder))
        kept = path.read_bytes()
        how = rng.choice(MUTATIONS)
        changed = mutated(kept, how, rng)
        if changed == kept:
            continue
        done += 1
        path.write_bytes(changed)
        # an index with a seal of its own may say the same, or nothing that is believed
        if not verify(folder).problems:
            assert (path.name, how, asked(folder)) == (INDEX, "resealed", told)
        try:
            store = Store.open(folder)
            for run in store.runs():
                store.record(run.run_id)
        except InputError:
            pass
        path.write_bytes(kept)


def test_entries_removed_replaced_put_elsewhere_are_found(folder):
    store = Store.open(folder)
    noted = store.head()
    for number in (3, 4):
        store.commit(record(number), user="anna")
    ledger = folder / "ledger"
    lines = ledger.read_bytes().splitlines(keepends=True)
    assert not verify(folder, noted).problems
    for changed in (lines[:-1], lines[:2], lines[:2] + lines[3:], [*lines[:3], lines[4], lines[3]],
                    lines[1:], [], [*lines, lines[-1]], [*lines, b"x"]):  # fmt: skip
        ledger.write_bytes(b"".join(changed))
        assert verify(folder).problems
        with pytest.raises(InputError):
            Store.open(folder).commit(record(9), user="anna")
        if b"".join(changed) != b"".join([*lines, b"x"]):  # like a line that is being written
            with pytest.raises(InputError, match="ledger"):
                Store.open(folder).runs()
    ledger.write_bytes(b"".join(lines))
    one, other = (folder / commit_name(number) for number in (3, 4))
    kept = one.read_bytes(), other.read_bytes()
    one.write_bytes(kept[1])
    other.write_bytes(kept[0])
    assert len(verify(folder).problems) >= 2
    one.write_bytes(kept[0])
    other.unlink()
    assert verify(folder).problems
    other.write_bytes(kept[1])
    (folder / "commits/00000/00000009.h5").write_bytes(kept[0])
    assert verify(folder).problems
    (folder / "commits/00000/00000009.h5").unlink()
    assert not verify(folder).problems


def test_a_store_put_back_as_a_whole_is_found_by_the_noted_head(folder, tmp_path):
    old = Path(shutil.copytree(folder, tmp_path / "old"))
    store = Store.open(folder)
    store.commit(record(3), user="anna")
    noted = store.head()
    assert not verify(old).problems
    assert "it had 3" in verify(old, noted).problems[0].problem
    other = Store.open(old)
    other.commit(record(4), user="anna")
    assert "not the one" in verify(old, noted).problems[0].problem


def test_patients_files_altered_or_old_are_found_and_made_again(folder):
    (path,) = (folder / "patients").rglob("*.h5")
    old = path.read_bytes()
    store = Store.open(folder)
    store.commit(None, [Change("p", Kind.CLINICAL, "sex", "female")], user="anna")
    path.write_bytes(old)
    assert "commits say" in verify(folder).problems[0].problem
    store.rebuild_index()
    assert not verify(folder).problems
    path.unlink()
    (folder / "index.sealed").unlink()
    assert [one.problem for one in verify(folder).problems] == ["the file is missing"]
    Store.open(folder).rebuild_index()
    assert not verify(folder).problems


def test_a_patients_file_that_somebody_changed_and_sealed_is_found(folder):
    (path,) = (folder / "patients").rglob("*.h5")
    body = io.BytesIO(path.read_bytes())
    with h5py.File(body, "r+") as file:
        table = file["clinical"][:]
        table["value"] = 99.0
        file["clinical"][:] = table
    path.write_bytes(sealed(body.getvalue()[SIZE:]))
    assert [one.problem for one in verify(folder).problems] == ["it is not what the commits say"]
    Store.open(folder).rebuild_index()
    assert Store.open(folder).patient("p").clinical == {"wbc": 5.5}


def test_an_index_that_somebody_changed_and_sealed_is_found(folder):
    path = folder / "index.sealed"
    for change in (
        "UPDATE results SET outcome = 'invalid'",
        "DELETE FROM events",
        "DROP TABLE runs",
    ):
        db = sqlite3.connect(":memory:")
        db.deserialize(path.read_bytes()[SIZE:])
        with db:
            db.execute(change)
        kept = path.read_bytes()
        path.write_bytes(sealed(db.serialize()))
        assert [one.place for one in verify(folder).problems] == ["index.sealed"]
        assert Store.open(folder).runs() or change.startswith("DELETE")
        Store.open(folder).rebuild_index()
        assert not verify(folder).problems
        path.write_bytes(kept)


WRITER = """
import sys
from pathlib import Path
from qpcr.records import Store
from tests.store_kit import record
store = Store.open(Path(sys.argv[1]))
first, count = int(sys.argv[2]), int(sys.argv[3])
for number in range(first, first + count):
    print(store.commit(record(number, f"p{number % 7}"), user="anna").run_id, flush=True)
"""


def start(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    root = Path(__file__).parents[1]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


def test_two_writers_take_turns_and_a_reader_sees_whole_commits(folder):
    writers = [start(WRITER, folder, first, 20) for first in (100, 200)]
    store, seen = Store.open(folder), 0
    while any(one.poll() is None for one in writers):
        runs = store.runs()
        assert len(runs) >= seen
        seen = len(runs)
        store.record(runs[0].run_id)
        time.sleep(0.05)
    said = [line for one in writers for line in one.communicate()[0].split()]
    assert [one.returncode for one in writers] == [0, 0]
    assert len(set(said)) == 40
    assert set(said) < {run.run_id for run in store.runs()}
    assert len(store.runs()) == 41
    assert verify(folder).problems == verify(folder).notes == ()


@posix
def test_a_killed_writers_lock_does_not_block_the_next(folder):
    held = (
        "import sys, time\nfrom pathlib import Path\nfrom qpcr.records import Store\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "with store._writing(5.0):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    writer = start(held, folder)
    assert writer.stdout.readline() == "held\n"
    with pytest.raises(InputError, match="another program is writing"):
        Store.open(folder, timeout=0.1).commit(record(5), user="anna")
    assert len(Store.open(folder).runs()) == 1, "readers take no lock"
    writer.kill()
    writer.communicate()
    assert Store.open(folder, timeout=5).commit(record(5), user="anna").sequence == 3


@posix
def test_a_full_disk_is_an_error_in_words_at_every_step(folder):
    """A file-size limit stands for the full disk: a write stops in the midst, as with ENOSPC."""
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom qpcr.errors import InputError\n"
        "from qpcr.records import Store\nfrom qpcr.records.verify import verify\n"
        "from tests.store_kit import record\n"
        "folder, one = Path(sys.argv[1]), record(2, 'new patient')\n"
        "for limit in map(int, sys.argv[2:]):\n"
        "    store = Store.open(folder)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))\n"
        "    try:\n        print('kept', store.commit(one, user='anna').sequence)\n"
        "    except InputError as error:\n        print('refused', error.found)\n"
        "    print(len(verify(folder).problems), len(list((folder / 'tmp').iterdir())))\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "    print(len(Store.open(folder).runs()))\n"
    )
    ledger = (folder / "ledger").stat().st_size
    done = python(code, folder, 0, 100, ledger + 20, 30_000, 10_000_000)
    assert done.stdout.splitlines() == [*["refused File too large", "0 0", "1"] * 4, "kept 3",
                                        "0 0", "2"], done.stderr  # fmt: skip


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_any_call_loses_nothing(folder, monkeypatch, name, number):
    """Whatever step fails: refused and nothing there, or acknowledged and all there."""
    head, wait = Store.open(folder).head(), 0
    while True:
        store, left = Store.open(folder), [wait]
        real = getattr(os, name)

        def fails(*arguments, left=left, real=real, **named):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(number, os.strerror(number))
            return real(*arguments, **named)

        monkeypatch.setattr(os, name, fails)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", QpcrWarning)
                kept = store.commit(record(2, "q"), user="anna")
        except InputError as error:
            kept, said = None, str(error)
        monkeypatch.undo()
        assert verify(folder).problems == ()
        if kept is not None:
            break
        assert os.strerror(number) in said
        wait += 1
    assert Store.open(folder).runs()[0].run_id == kept.run_id
    Store.open(folder).commit(record(3), user="anna")
    assert verify(folder).notes == ()
    assert head != Store.open(folder).head()


@posix
def test_owner_only(folder):
    store = Store.open(folder)
    store.commit(record(3, "q"), user="anna")
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    folder.chmod(0o755)
    assert any("Others" in note for note in verify(folder).notes)


def test_backup_and_restore(folder, tmp_path):
    store = Store.open(folder)
    store.backup(tmp_path / "copy")
    store.commit(record(3), user="anna")
    back = Store.restore(tmp_path / "copy", tmp_path / "new" / "store")
    assert back.head() == "2:" + read_entries(folder)[2][1].hash
    assert back.history() == store.history()
    assert verify(back.folder).problems == verify(back.folder).notes == ()
    for occupied in (folder, tmp_path / "copy"):
        with pytest.raises(InputError, match="not empty"):
            Store.restore(tmp_path / "copy", occupied)
        with pytest.raises(InputError, match="not empty"):
            store.backup(occupied)
    flip(tmp_path / "copy" / commit_name(1), 80_000)
    with pytest.raises(InputError, match="damaged"):
        Store.restore(tmp_path / "copy", tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def hostile_store(folder, body):
    """A store whose ledger is in order, and whose first commit holds `body`."""
    from qpcr.records.ledger import Entry

    (first, _), *_ = read_entries(folder)
    data = sealed(body)
    (folder / commit_name(1)).write_bytes(data)
    (folder / commit_name(2)).unlink()
    sha256 = __import__("hashlib").sha256(data).hexdigest()
    entry = Entry(1, commit_name(1), len(data), sha256, first.at, first.hash)
    (folder / "ledger").write_bytes(first.line + entry.line)
    return folder


def test_a_hostile_store_is_refused_by_a_process_of_its_own(folder, tmp_path):
    body = (folder / commit_name(1)).read_bytes()[SIZE:]
    rng = random.Random(3)
    for number in range(2):
        changed = bytearray(body)
        for _ in range(40):
            changed[rng.randrange(600, len(body))] ^= rng.randrange(1, 256)
        copy = Path(shutil.copytree(folder, tmp_path / f"hostile{number}"))
        hostile_store(copy, bytes(changed))
        assert guarded(copy, make=False).problems
        with pytest.raises(InputError):
            Store.restore(copy, tmp_path / f"out{number}")
        assert not (tmp_path / f"out{number}").exists()


def test_a_reader_that_hangs_is_ended(folder):
    with pytest.raises(InputError, match="longer than 0 seconds"):
        guarded(folder, seconds=0.01)


@pytest.mark.parametrize(
    ("kind", "found"), [("nfs4", "nfs4"), ("fuse.sshfs", "fuse.sshfs"), ("ext4", None)]
)
def test_network_file_systems_are_noticed(tmp_path, kind, found):
    mounts = tmp_path / "mounts"
    point = str(tmp_path.resolve()).replace(" ", "\\040")
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {point} {kind} rw 0 0\nshort\n")
    assert network(tmp_path / "store", mounts) == found
    assert network(Path("/elsewhere"), mounts) is None
    assert network(tmp_path, tmp_path / "absent") is None


def test_verify_under_writers_raises_no_false_alarm(folder):
    writer = start(WRITER, folder, 100, 15)
    while writer.poll() is None:
        assert verify(folder).problems == ()
    assert len(writer.communicate()[0].split()) == 15


def test_the_seal():
    data = sealed(b"body")
    check_seal(data)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(InputError):
            check_seal(bytes(changed))
    for wrong in (b"", data[:-1], data + b"x", data[:SIZE], data[:100]):
        with pytest.raises(InputError):
            check_seal(wrong)


def test_what_is_no_store_is_said(tmp_path):
    with pytest.raises(InputError, match="no store"):
        Store.open(tmp_path)
    with pytest.raises(InputError, match="no store"):
        verify(tmp_path)
    (tmp_path / "x").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        Store.init(tmp_path)
    assert files.FILE_MODE == 0o600


def test_a_later_version_is_refused(folder):
    path = folder / "store.json"
    path.write_bytes(path.read_bytes().replace(b'"format_version":1', b'"format_version":2'))
    with pytest.raises(InputError, match="later version"):
        Store.open(folder)


NO_THREADS = """
import atexit, sys
from pathlib import Path
from qpcr.records import Change, Kind, Store
store = Store.open(Path(sys.argv[1]))
def late():
    changes = [Change(f"p{i}", Kind.CLINICAL, "sex", "female") for i in range(3)]
    print(store.commit(None, changes).events)
atexit.register(late)
"""


def test_a_commit_at_the_end_of_a_program_is_acknowledged_and_whole(tmp_path):
    """There are no threads any more then, of which several files would be synced."""
    folder = Store.init(tmp_path / "store").folder
    done = python(NO_THREADS, folder)
    assert (done.stdout.strip(), done.stderr) == ("3", "")
    assert not verify(folder).problems
    assert len(Store.open(folder).patients()) == 3


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()])
def test_what_cannot_be_derived_is_a_warning_and_the_commit_stands(tmp_path, monkeypatch, error):
    store = Store.init(tmp_path / "store")

    def fail(*_):
        raise error

    monkeypatch.setattr(store, "_write_patients", fail)
    with pytest.warns(QpcrWarning, match="The commit is safe"):
        store.commit(None, [Change("A", Kind.CLINICAL, "sex", "female")], user="u")
    monkeypatch.undo()
    store.commit(None, [Change("A", Kind.CLINICAL, "sex", "male", "typo")], user="u")
    assert not store.verify().problems
