"""The multicomponent object of ``post-roi.dat`` as a Java Object Serialization stream.

The grammar is that of the *Java Object Serialization Specification*, chapter 6, version 5: magic
``AC ED 00 05``, then one object. Strings, class descriptions and enum constants that were
written before are referred to by their handle, counted from 0x7E0000 in order of appearance.
Class names, field names and serial numbers are what a reader of this format expects.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from qpcr._frozen import Float32Array
from qpcr.simulate.multicomponent import Multicomponent

_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY, _END, _ENUM = (
    b"\x70",
    b"\x71",
    b"\x72",
    b"\x73",
    b"\x74",
    b"\x75",
    b"\x78",
    b"\x7e",
)
_FIRST_HANDLE = 0x7E0000
_SERIALIZABLE, _SERIALIZABLE_ENUM = 0x02, 0x12

Nested: TypeAlias = "Float32Array | Sequence[Float32Array | None] | None"


@dataclass(frozen=True, slots=True)
class _Class:
    """A class description: its fields are (name, type signature), primitives first."""

    name: str
    uid: int
    flags: int = _SERIALIZABLE
    fields: tuple[tuple[str, str], ...] = ()
    parent: _Class | None = None


_PACKAGE = "com.apldbio.sds.platform."
_ENUM_BASE = _Class("java.lang.Enum", 0, _SERIALIZABLE_ENUM)
_STAGE = _Class(_PACKAGE + "tcprotocol.TCStageFlag", 0, _SERIALIZABLE_ENUM, parent=_ENUM_BASE)
_STAGES = _Class(f"[L{_STAGE.name};", 0x42C5BA9F016B2ABB)
_BOOLEANS = _Class("[Z", 0x578F203914B85DE2)
_STRINGS = _Class("[Ljava.lang.String;", 0xADD256E7E91D7B47)
_STRING_LISTS = _Class("[[Ljava.lang.String;", 0x324D09AD8432E457)
_FLOATS = (
    _Class("[F", 0x0B9C818922E00C42),
    _Class("[[F", 0x77AA8D1669FE1976),
    _Class("[[[F", 0xBC5A139D68005F5B),
)
_RESULTS = _Class(
    _PACKAGE + "preproc.AbstractPreprocResults",
    0x60A80EB71DAC77C1,
    fields=(
        ("mErrorCode", "I"),
        ("mIsPassed", "Z"),
        ("mSampleTemperatures", "[[F"),
        ("mSpectraData", "[[[F"),
        ("mSubtractedSpectraData", "[[[F"),
        ("mTCStageFlags", _STAGES.name.replace(".", "/")),
    ),
)
_MULTICOMPONENT = _Class(
    _PACKAGE + "algorithms.multicomponent.MulticomponentData",
    0x574277B851A4F36B,
    fields=(
        ("mBinMask", "[Z"),
        ("mDyeList", "[[Ljava/lang/String;"),
        ("mPseudoInverseMatrix", "[[[F"),
        ("mPureDyeMatrix", "[[[F"),
        ("mRawData", "[[[F"),
        ("mSVD", "[F"),
        ("mSignalData", "[[[F"),
        ("mSubtractedRawData", "[[[F"),
        ("mTransposedPureSpectraMatrix", "[[[F"),
        ("mse", "[[F"),
    ),
    parent=_RESULTS,
)


def multicomponent_object(data: Multicomponent) -> bytes:
    """Serialise multicomponent data; fields of the parent class come first."""
    stream = _Stream()
    stream.begin_object(_MULTICOMPONENT)
    stream.raw(struct.pack(">i?", 0, False))
    stream.floats(data.temperatures, 2)
    stream.null()
    stream.null()
    stream.enums(data.stages)
    stream.booleans([True] * data.raw.shape[2])
    stream.string_lists(data.dyes)
    stream.floats(data.inverse, 3)
    stream.floats(data.spectra, 3)
    stream.floats(data.raw, 3)
    stream.floats(data.singular_values, 1)
    stream.floats(data.signal, 3)
    stream.floats(data.uniform, 3)
    stream.floats([None if s is None else s.T for s in data.spectra], 3)
    stream.floats(data.residual, 2)
    return stream.getvalue()


class _Stream:
    """Writes stream elements and keeps count of their handles."""

    def __init__(self) -> None:
        self._out = bytearray(b"\xac\xed\x00\x05")
        self._handles: dict[Hashable, int] = {}
        self._count = 0

    def getvalue(self) -> bytes:
        return bytes(self._out)

    def raw(self, data: bytes) -> None:
        self._out += data

    def null(self) -> None:
        self._out += _NULL

    def begin_object(self, kind: _Class) -> None:
        self._out += _OBJECT
        self._class(kind)
        self._new_handle(None)

    def string(self, text: str) -> None:
        if not self._refer(("string", text)):
            self._out += _STRING + _utf(text)
            self._new_handle(("string", text))

    def booleans(self, values: Sequence[bool]) -> None:
        self._begin_array(_BOOLEANS, len(values))
        self._out += bytes(values)

    def string_lists(self, lists: Sequence[Sequence[str]]) -> None:
        self._begin_array(_STRING_LISTS, len(lists))
        for strings in lists:
            self._begin_array(_STRINGS, len(strings))
            for text in strings:
                self.string(text)

    def enums(self, names: Sequence[str]) -> None:
        self._begin_array(_STAGES, len(names))
        for name in names:
            if not self._refer(("enum", name)):
                self._out += _ENUM
                self._class(_STAGE)
                self._new_handle(("enum", name))
                self.string(name)

    def floats(self, values: Nested, depth: int) -> None:
        """Nested float arrays `depth` levels deep; ``None`` becomes a null."""
        if values is None:
            self.null()
            return
        self._begin_array(_FLOATS[depth - 1], len(values))
        if depth == 1:
            self._out += np.asarray(values, dtype=">f4").tobytes()
            return
        for item in values:
            self.floats(item, depth - 1)

    def _begin_array(self, kind: _Class, length: int) -> None:
        self._out += _ARRAY
        self._class(kind)
        self._new_handle(None)
        self._out += struct.pack(">i", length)

    def _class(self, kind: _Class | None) -> None:
        if kind is None:
            self.null()
            return
        if self._refer(("class", kind.name)):
            return
        self._out += _CLASS + _utf(kind.name) + struct.pack(">Q", kind.uid)
        self._new_handle(("class", kind.name))
        self._out += struct.pack(">BH", kind.flags, len(kind.fields))
        for name, signature in kind.fields:
            self._out += signature[0].encode() + _utf(name)
            if signature[0] == "[":
                self.string(signature)
        self._out += _END
        self._class(kind.parent)

    def _refer(self, key: Hashable) -> bool:
        handle = self._handles.get(key)
        if handle is None:
            return False
        self._out += _REFERENCE + struct.pack(">I", handle)
        return True

    def _new_handle(self, key: Hashable) -> None:
        if key is not None:
            self._handles[key] = _FIRST_HANDLE + self._count
        self._count += 1


def _utf(text: str) -> bytes:
    """Length and characters; dye names and identifiers are ASCII, where the forms agree."""
    return struct.pack(">H", len(text)) + text.encode("ascii")
