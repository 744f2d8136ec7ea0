"""The seal: 512 bytes before a body that show any change of either, down to one bit.

=========  ======================================================================
bytes      content
=========  ======================================================================
0 - 15     ``IKAROS-QPCR-SEAL``
16 - 19    version of the seal, 1 (unsigned, little-endian, as all numbers here)
20 - 23    0
24 - 31    length of the body in bytes
32 - 63    SHA-256 of the body
64 - 479   0
480 - 511  SHA-256 of bytes 0 - 479
=========  ======================================================================

HDF5 files may begin with a user block of 512 bytes that belongs to nobody: there the seal stands,
and every HDF5 tool reads on behind it. A seal is no signature: who wants to deceive can make one.
That is what the ledger is for, and a digest of its end that is noted down elsewhere.
"""

from __future__ import annotations

import hashlib
import struct

from qpcr.errors import InputError

MAGIC = b"IKAROS-QPCR-SEAL"
VERSION = 1
SIZE = 512
_HEAD = struct.Struct("<16sIIQ32s")
_COVERED = SIZE - 32


def sealed(body: bytes) -> bytes:
    """The seal of `body`, and `body` behind it."""
    head = _HEAD.pack(MAGIC, VERSION, 0, len(body), hashlib.sha256(body).digest())
    head = head.ljust(_COVERED, b"\0")
    return head + hashlib.sha256(head).digest() + body


def check_seal(data: bytes) -> None:
    """Refuse bytes that are not exactly what was sealed.

    Raises
    ------
    InputError
        No seal, another version, or bytes that were changed, cut off or added.
    """
    if len(data) < SIZE or not data.startswith(MAGIC):
        raise broken("it does not begin with the seal of this software")
    head = data[:_COVERED]
    if hashlib.sha256(head).digest() != data[_COVERED:SIZE]:
        raise broken("its seal was altered")
    _, version, zero, length, digest = _HEAD.unpack_from(head)
    if version != VERSION or zero or any(head[_HEAD.size :]):
        raise broken(f"its seal is of version {version}, and version {VERSION} is read")
    if length != len(data) - SIZE:
        raise broken(f"{len(data) - SIZE} bytes where {length} were sealed")
    if hashlib.sha256(data[SIZE:]).digest() != digest:
        raise broken("its contents were altered")


def broken(found: str) -> InputError:
    """The error that says that a file is not what was written."""
    return InputError(
        "a file of the store is damaged",
        found=found,
        remedy="take the file from a backup: qpcr records verify names all that are damaged",
    )
