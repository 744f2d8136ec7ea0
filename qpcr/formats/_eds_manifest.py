"""``Manifest.mf`` of ``.eds`` files that hold XML: which software wrote them.

The 7500, the StepOne, the ViiA 7 and the QuantStudio use one container; what is in it differs.
"""

from __future__ import annotations

import re

from qpcr.formats._archive import Archive
from qpcr.formats._eds_text import shortened

ROOT = "apldbio/sds/"
MANIFEST = f"{ROOT}manifest.mf"
_QUANTSTUDIO = re.compile(r"QuantStudio|ViiA|QSLib", re.IGNORECASE)


def manifest_of(archive: Archive) -> dict[str, str]:
    """Entries of the manifest, keys in lower case."""
    lines = archive.text(MANIFEST).splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {key.strip().lower(): shortened(value) for key, value in pairs}


def software_of(manifest: dict[str, str]) -> str | None:
    """Name and version as one text: ``"7500 Software v2.3"``."""
    version = manifest.get("implementation-version")
    if version and not re.search(r"[A-Za-z]{4}", version):
        version = " ".join(filter(None, (manifest.get("implementation-title"), version)))
    return version or manifest.get("implementation-title")


def is_container(archive: Archive | None) -> bool:
    """Recognise the container by the members every version of it has."""
    return archive is not None and (
        f"{ROOT}plate_setup.xml" in archive or f"{ROOT}experiment.xml" in archive
    )


def is_quantstudio(archive: Archive | None) -> bool:
    """Say whether software of the ViiA 7 or QuantStudio family wrote the file."""
    if archive is None or not is_container(archive) or MANIFEST not in archive:
        return False
    return _QUANTSTUDIO.search(software_of(manifest_of(archive)) or "") is not None
