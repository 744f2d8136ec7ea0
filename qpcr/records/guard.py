"""Stores of unknown origin, opened by a process of its own that may die or hang without harm.

Seals and ledger keep damaged files from the HDF5 library, but whoever makes a file can seal it too,
and hostile HDF5 can make the library crash, hang or fill the memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from qpcr.errors import InputError
from qpcr.records._layout import read_checked
from qpcr.records.commit_file import read_commit, read_record
from qpcr.records.ledger import read_entries
from qpcr.records.verify import Problem, Report, verify

MEMORY = 4 * 1024**3
"""Bytes of address space that reading a store may take."""
SECONDS, SECONDS_A_COMMIT = 60, 0.2
"""Time that it may take."""
_CODE = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from qpcr.records.guard import main
main(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5] or None)
"""


def guarded(
    folder: Path, seconds: float | None = None, *, make: bool = True, head: str | None = None
) -> Report:
    """Verify a store in a process of its own, down to the last record.

    Parameters
    ----------
    folder
        Of the store.
    seconds
        Time that it may take; by default it grows with the store.
    make
        Make the derived files too, as a copy needs it; else nothing is written.
    head
        See :func:`qpcr.records.verify.verify`; only without `make`.

    Raises
    ------
    InputError
        It took too long or too much memory, crashed, or the store is damaged.
    """
    count = sum(1 for _ in (folder / "commits").rglob("*.h5"))
    limit = SECONDS + SECONDS_A_COMMIT * count if seconds is None else seconds
    code = [sys.executable, "-c", _CODE, json.dumps(sys.path), str(folder), str(int(limit) + 1)]
    command = [*code, "make" if make else "look", head or ""]
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise refused(folder, f"reading it took longer than {limit:.0f} seconds") from error
    try:
        told = json.loads(done.stdout)
    except ValueError as error:
        raise refused(folder, f"reading it ended with code {done.returncode}") from error
    problems = tuple(Problem(**one) for one in told.pop("problems"))
    return Report(problems, tuple(told.pop("notes")), **told)


def refused(folder: Path, found: str) -> InputError:
    """The error for a store that cannot be read safely."""
    return InputError(
        "the store cannot be read safely",
        file=folder,
        found=found,
        remedy="do not use it; ask where it comes from",
    )


def main(folder: str, seconds: int, what: str, head: str | None = None) -> None:
    """What the process of its own does: everything is read, down to the last record."""
    from qpcr.records.backup import prepare

    _limit(seconds)
    try:
        report = prepare(Path(folder)) if what == "make" else verify(Path(folder), head)
        for entry, _ in [] if report.problems else read_entries(Path(folder))[1:]:
            data = read_checked(Path(folder), entry.file, entry.size, entry.sha256)
            if read_commit(data).run is not None:
                read_record(data)
    except (InputError, MemoryError) as error:
        said = error.problem if isinstance(error, InputError) else "too much memory"
        found = error.found if isinstance(error, InputError) else None
        problem = Problem("the store", f"{said}: {found}" if found else said, "do not use it")
        report = Report((problem,), (), 0, 0, "")
    sys.stdout.write(json.dumps(asdict(report)))


def _limit(seconds: int) -> None:
    """Bound memory and time, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the time is bounded from outside
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
