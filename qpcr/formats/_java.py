"""Java object serialisation, read as data only: no class is ever looked up or instantiated.

Grammar: Java Object Serialization Specification, chapter 6 ("Object Serialization Stream
Protocol"), stream version 5. Only the tokens that ``post-roi.dat`` uses are understood (null,
reference, class description, object, string, array, end of block data, enum); block data,
proxies, exceptions, long strings and custom write methods are refused. Every length is compared
with the bytes that are left before anything is allocated, nesting and handles are bounded, and
references stay shared, so that a short stream cannot describe a huge value.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qpcr.errors import InputError

MAX_DEPTH = 32
MAX_HANDLES = 2_000_000
BASE_HANDLE = 0x7E0000
PRIMITIVES = {
    "B": ">i1", "C": ">u2", "D": ">f8", "F": ">f4", "I": ">i4", "J": ">i8", "S": ">i2", "Z": "?",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClassDescription:
    """A class as the stream describes it; `fields` are (type code, name) in stream order."""

    name: str
    is_enum: bool
    fields: tuple[tuple[str, str], ...]
    parent: ClassDescription | None


@dataclass(slots=True)
class JavaObject:
    """An object: the name of its class and its fields, those of the parents included."""

    class_name: str
    fields: dict[str, Any]


def parse_java(data: bytes, allowed: Callable[[str], bool]) -> JavaObject:
    """Read the one object of a stream.

    Parameters
    ----------
    data
        The whole stream.
    allowed
        Says of a class name whether it may occur; arrays of primitives may always.

    Returns
    -------
    JavaObject
        Arrays of primitives are NumPy arrays, other arrays are lists, enums are their names.

    Raises
    ------
    InputError
        The stream is damaged, or holds something that has no business here.
    """
    reader = _Reader(data, allowed)
    try:
        if reader.unpack(">HH") != (0xACED, 5):
            raise InputError("not a Java object stream of version 5", place="byte 0")
        value = reader.content(0)
    except (struct.error, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            "the Java object stream is damaged or cut off", place=f"byte {reader.position}"
        ) from error
    if not isinstance(value, JavaObject):
        raise InputError("the Java stream does not hold an object", place="byte 4")
    if reader.position != len(data):
        raise InputError(
            "the Java stream goes on after its object", place=f"byte {reader.position}"
        )
    return value


class _Reader:
    """A position in the stream, and the handles given out so far."""

    def __init__(self, data: bytes, allowed: Callable[[str], bool]) -> None:
        self.data = data
        self.position = 0
        self.handles: list[Any] = []
        self.allowed = allowed

    def fail(self, problem: str) -> InputError:
        return InputError(f"Java object stream: {problem}", place=f"byte {self.position}")

    def unpack(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self.data, self.position)
        self.position += struct.calcsize(form)
        return values

    def utf(self) -> str:
        (length,) = self.unpack(">H")
        if length > len(self.data) - self.position:
            raise self.fail("a string is longer than what is left")
        raw = self.data[self.position : self.position + length]
        self.position += length
        return raw.decode("utf-8")

    def remember(self, value: Any) -> int:
        if len(self.handles) >= MAX_HANDLES:
            raise self.fail(f"more than {MAX_HANDLES} objects")
        self.handles.append(value)
        return len(self.handles) - 1

    def content(self, depth: int) -> Any:
        """Read one value that is not a primitive."""
        if depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH}")
        (token,) = self.unpack(">B")
        if token == 0x70:
            return None
        if token == 0x71:
            return self.reference()
        if token == 0x73:
            return self.object(depth)
        if token == 0x74:
            text = self.utf()
            self.remember(text)
            return text
        if token == 0x75:
            return self.array(depth)
        if token == 0x7E:
            return self.enum(depth)
        raise self.fail(f"token {token:#04x} has no place here")

    def reference(self) -> Any:
        (handle,) = self.unpack(">I")
        index = handle - BASE_HANDLE
        if not 0 <= index < len(self.handles):
            raise self.fail(f"reference to {handle:#x}, which does not exist")
        return self.handles[index]

    def description(self, depth: int) -> ClassDescription | None:
        """Read a class description: null, a reference to one, or a new one."""
        if depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH}")
        (token,) = self.unpack(">B")
        if token == 0x70:
            return None
        if token == 0x71:
            known = self.reference()
            if not isinstance(known, ClassDescription):
                raise self.fail("a reference that should name a class does not")
            return known
        if token != 0x72:
            raise self.fail(f"token {token:#04x} where a class should be described")
        name = self.utf()
        if not (self.allowed(name) or name.lstrip("[") in PRIMITIVES):
            raise self.fail(f"class {name[:80]!r} is not one this file may hold")
        self.unpack(">q")
        handle = self.remember(None)
        flags, count = self.unpack(">BH")
        if flags not in (0x02, 0x12):
            raise self.fail(f"class {name!r} writes itself in a way that is not read ({flags:#x})")
        fields = tuple(self.field(depth) for _ in range(count))
        if self.unpack(">B") != (0x78,):
            raise self.fail(f"class {name!r} is annotated")
        parent = self.description(depth + 1)
        self.handles[handle] = ClassDescription(name, flags == 0x12, fields, parent)
        found: ClassDescription = self.handles[handle]
        return found

    def field(self, depth: int) -> tuple[str, str]:
        code = chr(self.unpack(">B")[0])
        name = self.utf()
        if code in "[L":
            self.content(depth + 1)  # the type's name; the value describes itself
        elif code not in PRIMITIVES:
            raise self.fail(f"field {name!r} is of the unknown type {code!r}")
        return code, name

    def known_class(self, depth: int) -> ClassDescription:
        found = self.description(depth + 1)
        if found is None:
            raise self.fail("a value without a class")
        return found

    def object(self, depth: int) -> JavaObject:
        kind = self.known_class(depth)
        value = JavaObject(kind.name, {})
        self.remember(value)
        chain = [kind]
        while chain[-1].parent is not None:
            if len(chain) > MAX_DEPTH:
                raise self.fail("a class that is its own ancestor")
            chain.append(chain[-1].parent)
        for one in reversed(chain):
            for code, name in one.fields:
                if code in PRIMITIVES:
                    value.fields[name] = self.primitives(code, 1)[0].item()
                else:
                    value.fields[name] = self.content(depth + 1)
        return value

    def primitives(self, code: str, count: int) -> np.ndarray[Any, Any]:
        kind = np.dtype(PRIMITIVES[code])
        if count < 0 or count * kind.itemsize > len(self.data) - self.position:
            raise self.fail(f"{count} values of type {code} do not fit into what is left")
        values = np.frombuffer(self.data, kind, count, self.position)
        self.position += values.nbytes
        return values

    def array(self, depth: int) -> Any:
        kind = self.known_class(depth)
        handle = self.remember(None)
        (count,) = self.unpack(">i")
        code = kind.name[1:2]
        if not kind.name.startswith("["):
            raise self.fail(f"an array of class {kind.name!r}")
        if code in PRIMITIVES:
            values: Any = self.primitives(code, count)
            self.handles[handle] = values
            return values
        if not 0 <= count <= len(self.data) - self.position:
            raise self.fail(f"an array of {count} elements does not fit into what is left")
        values = self.handles[handle] = []
        values.extend(self.content(depth + 1) for _ in range(count))
        return values

    def enum(self, depth: int) -> str:
        kind = self.known_class(depth)
        if not kind.is_enum:
            raise self.fail(f"{kind.name!r} is no enumeration")
        handle = self.remember(None)
        name = self.content(depth + 1)
        if not isinstance(name, str):
            raise self.fail("an enumeration value without a name")
        self.handles[handle] = name
        return name
