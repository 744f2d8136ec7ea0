"""Broken and hostile ``.eds`` files, made of a simulated one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from qpcr.simulate import PlateSpec, ReactionSpec, TargetSpec, WellSpec, eds_bytes, simulate_plate

ROOT = "apldbio/sds/"
CALIBRATIONS = "APLDBIO\\SDS\\CALIBRATIONS/"


@cache
def small_eds() -> bytes:
    """A simulated plate with a few wells in use, made quickly."""
    target = TargetSpec("ALB", "FAM", "TAMRA")
    wells = tuple(
        WellSpec(index, f"样本-{index}" if copies else "NTC", (ReactionSpec("ALB", copies),))
        for index, copies in enumerate((0.0, 1000.0, 1000.0, 30.0, 0.0, 20000.0))
    )
    return eds_bytes(simulate_plate(PlateSpec("small", (target,), wells, cycles=40), seed=3))


def members(data: bytes | None = None) -> dict[str, bytes]:
    """Members of a container by name."""
    with zipfile.ZipFile(io.BytesIO(data or small_eds())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack members into a container."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def changed(name: str, change: Callable[[bytes], bytes] | bytes | None) -> bytes:
    """The small file with one member replaced, changed, or (``None``) taken out."""
    parts = members()
    if name not in parts:
        raise KeyError(name)
    if change is None:
        del parts[name]
    else:
        parts[name] = change if isinstance(change, bytes) else change(parts[name])
    return packed(parts)


def written(folder: Path, data: bytes, name: str = "plate.eds") -> Path:
    """Put bytes into a file."""
    path = folder / name
    path.write_bytes(data)
    return path
