"""Broken and hostile ``.eds`` files, made of a simulated one."""

from __future__ import annotations

import io
import re
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


def edited(*edits: tuple[str, str, str]) -> bytes:
    """The small file with texts replaced: (member, old, new) each."""
    parts = members()
    for name, old, new in edits:
        if old.encode() not in parts[name]:
            raise KeyError(f"{name}: {old}")
        parts[name] = parts[name].replace(old.encode(), new.encode())
    return packed(parts)


def without(*words: str, data: bytes | None = None) -> dict[str, bytes]:
    """Members whose names hold none of the words."""
    return {n: d for n, d in members(data).items() if not any(word in n for word in words)}


def stage(flag: str, repetitions: int = 1, collects: int = 1) -> str:
    """A stage of the thermal protocol with one step."""
    return (
        f"<TCStage><StageFlag>{flag}</StageFlag><NumOfRepetitions>{repetitions}</NumOfRepetitions>"
        f"<TCStep><CollectionFlag>{collects}</CollectionFlag><Temperature>60.0</Temperature>"
        "<HoldTime>60</HoldTime></TCStep></TCStage>"
    )


def text_with_readings(before: int, after: int) -> bytes:
    """The multicomponent text with the first and the last reading repeated."""
    name = f"{ROOT}multicomponent_data.txt"
    head, _, body = members()[name].decode().partition("PURE_DYE_DATA")
    tokens = [token for token in re.split(r"[\t\r\n]+", body) if token]
    made: dict[tuple[int, int], list[str]] = {}
    at = 0
    while at < len(tokens):
        filler = tokens[at + 2][:1].isdigit()
        well, reading = int(tokens[at]), int(tokens[at + 1])
        record = tokens[at + 2 : at + (3 if filler else 10)]
        copies = [reading + before]
        copies += range(before) if reading == 0 else []
        copies += range(40 + before, 40 + before + after) if reading == 39 else []
        for number in copies:
            made.setdefault((well, number), []).extend([str(well), str(number), *record])
        at += 2 + len(record)
    joined = "\t".join(token for record in made.values() for token in record)
    return f"{head}PURE_DYE_DATA\r\n{joined}".encode()


def setting(kind: str, **values: str) -> str:
    """One entry of the analysis protocol."""
    items = "".join(
        f"<JaxbSettingValue><Name>{name}</Name><JaxbValueItem><StringValue>{value}</StringValue>"
        "</JaxbValueItem></JaxbSettingValue>"
        for name, value in values.items()
    )
    return f"<JaxbAnalysisSettings><Type>x.{kind}</Type>{items}</JaxbAnalysisSettings>"


def with_settings(*entries: str, target: str = "ALB") -> bytes:
    """The small file with these settings only, its target named as told."""
    parts = members()
    parts[f"{ROOT}analysis_protocol.xml"] = f"<P>{''.join(entries)}</P>".encode()
    plate = f"{ROOT}plate_setup.xml"
    parts[plate] = parts[plate].replace(b"<Name>ALB<", f"<Name>{target}<".encode())
    return packed(parts)
