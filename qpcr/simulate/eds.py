r"""A simulated run as an ABI 7500 ``.eds`` container, version 2.3.

A ZIP archive: XML members and ``Manifest.mf`` under ``apldbio/sds/``; one member of big-endian
64-bit counts for each reading and filter under ``images/``; calibrations under
``APLDBIO\SDS\CALIBRATIONS/`` (the backslashes are the format's); the multicomponent data twice,
as a Java object and as text. Members, their order, times and compression depend on the run
alone. ``Manifest.mf``, the XML and the calibrations say that the run is simulated.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from qpcr._frozen import Float32Array
from qpcr.simulate.java import multicomponent_object
from qpcr.simulate.multicomponent import java_number, multicomponent_of, multicomponent_text
from qpcr.simulate.run import SimulatedRun
from qpcr.simulate.spec import FILTERS, PlateSpec
from qpcr.simulate.xml import (
    MARK,
    STARTED_MS,
    analysis_xml,
    ended_ms,
    experiment_xml,
    plate_xml,
    protocol,
    protocol_xml,
)

SOFTWARE = "7500 Software v2.3"
SERIAL = "SIMULATED-0000"
_ROOT = "apldbio/sds/"
_CALIBRATIONS = "APLDBIO\\SDS\\CALIBRATIONS/"
_ZIP_TIME = (2000, 1, 1, 0, 0, 0)
_COMPRESSION_LEVEL = 6


def eds_bytes(simulated: SimulatedRun) -> bytes:
    """Build the whole file in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in _members(simulated).items():
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.create_system = 0
            info.compress_type = zipfile.ZIP_DEFLATED
            data = content if isinstance(content, bytes) else content.encode()
            archive.writestr(info, data, compresslevel=_COMPRESSION_LEVEL)
    return buffer.getvalue()


def write_eds(simulated: SimulatedRun, path: Path | str) -> None:
    """Write a simulated run as an ABI 7500 ``.eds``; the bytes depend on nothing else."""
    Path(path).write_bytes(eds_bytes(simulated))


def _members(simulated: SimulatedRun) -> dict[str, bytes | str]:
    spec = simulated.spec
    data = multicomponent_of(simulated)
    return {
        f"{_ROOT}Manifest.mf": _manifest(),
        f"{_ROOT}experiment.xml": experiment_xml(spec),
        f"{_ROOT}plate_setup.xml": plate_xml(spec),
        f"{_ROOT}tcprotocol.xml": protocol_xml(spec),
        f"{_ROOT}analysis_protocol.xml": analysis_xml(spec),
        **_images(simulated),
        f"{_ROOT}images/temperatures.txt": _temperatures(simulated.temperatures),
        f"{_ROOT}post-roi.dat": multicomponent_object(data),
        f"{_ROOT}multicomponent_data.txt": multicomponent_text(data, f"{MARK} MulticomponentData"),
        f"{_ROOT}messages.log": _log(spec),
        f"{_CALIBRATIONS}background.ini": _background_ini(simulated),
        f"{_CALIBRATIONS}uniformity.ini": _uniformity_ini(simulated),
        f"{_CALIBRATIONS}puredye.ini": _pure_dye_ini(simulated),
    }


def _manifest() -> str:
    lines = (
        "Manifest-Version: 1.0",
        "Content-Type: Std",
        "Implementation-Title: ikaros-qpcr simulator",
        f"Implementation-Version: {SOFTWARE}",
        "Specification-Title: Experiment Document Specification",
        "Specification-Version: 1.1.1",
        "Simulated: true",
    )
    return "\r\n".join((*lines, "", ""))


def _images(simulated: SimulatedRun) -> dict[str, bytes]:
    """One member for each reading (1-based) and filter (1…F): W big-endian 64-bit integers."""
    stage = len(protocol(simulated.spec.cycles))
    return {
        f"{_ROOT}images/stage{stage}-cycle{reading:03d}-point{reading}-{number}.tiff": (
            simulated.counts[:, reading - 1, number - 1].astype(">i8").tobytes()
        )
        for reading in range(1, simulated.spec.cycles + 1)
        for number in range(1, FILTERS + 1)
    }


def _temperatures(celsius: Float32Array) -> str:
    """Java properties: key F·reading + filter − 1 (reading from 0), value one °C for each well."""
    lines = ["#Sat Jan 01 00:00:00 UTC 2000"]
    for reading, column in enumerate(celsius.T):
        values = ",".join(map(java_number, column))
        lines += [f"{FILTERS * reading + number}={values}" for number in range(FILTERS)]
    return "\r\n".join((*lines, ""))


def _log(spec: PlateSpec) -> str:
    started, ended = STARTED_MS / 1000, ended_ms(spec.cycles) / 1000
    return (
        f"Debug {started:.3f} Instrument Properties: -product=sds7500 -serialNumber={SERIAL}\n"
        f"Info {started:.3f} {MARK}: no instrument took part\n"
        f"Run {started:.3f} Starting\n"
        f"Run {ended:.3f} Ended\n"
    )


def _background_ini(simulated: SimulatedRun) -> str:
    columns = {
        str(f + 1): _block(simulated.spec, simulated.background[:, f, :]) for f in range(FILTERS)
    }
    return _ini(simulated.spec, {"result": {"result": "true"}, "background": columns})


def _uniformity_ini(simulated: SimulatedRun) -> str:
    columns = _filter_blocks(simulated.spec, simulated.uniformity)
    return _ini(
        simulated.spec,
        {"result": {"result": "true"}, "uniformity": columns, "uniformity_spectra": columns},
    )


def _pure_dye_ini(simulated: SimulatedRun) -> str:
    names = sorted(simulated.pure_dyes)
    sections: dict[str, Mapping[str, str]] = {"puredyes": {"dyes": ",".join(names)}}
    for name in names:
        sections[name] = {
            "operator": "null",
            "calibration-time": str(STARTED_MS),
            "expiration-time": "0",
            "temperature": "60.0",
            "result": "true",
            **_filter_blocks(simulated.spec, simulated.pure_dyes[name]),
        }
    return _ini(simulated.spec, sections)


def _filter_blocks(spec: PlateSpec, values: Float32Array) -> dict[str, str]:
    """Blocks ``1``…``F`` of a (W, F) array."""
    return {str(f + 1): _block(spec, values[:, f]) for f in range(FILTERS)}


def _block(spec: PlateSpec, values: Float32Array) -> str:
    """Write a plate of numbers: one line a row; the pair of a well side by side."""
    rows = values.reshape(spec.rows, -1)
    lines = (",".join(map(java_number, row)) for row in rows)
    return "\r\n".join(("<<eof", *lines, "eof"))


def _ini(spec: PlateSpec, sections: Mapping[str, Mapping[str, str]]) -> str:
    """Write a calibration file: head, instrument and plate, then its own sections."""
    filters = ",".join(str(f + 1) for f in range(FILTERS))
    head: dict[str, Mapping[str, str]] = {
        "head": {
            "name": "Calibration",
            "version": "1.0.0",
            "operator": MARK,
            "timestamp": str(STARTED_MS),
            "digest": "null",
        },
        "instrument": {"id": SERIAL, "type": "sds7500"},
        "scanner": {"id": "*", "filters": filters},
        "block": {
            "id": "",
            "type": str(spec.size),
            "rows": str(spec.rows),
            "columns": str(spec.columns),
        },
        "plate": {"id": "null"},
    }
    lines = [f"# {MARK} calibration: made up, belongs to no instrument."]
    for section, values in {**head, **sections}.items():
        lines += ["", f"[{section}]", *(f"{key}={value}" for key, value in values.items())]
    return "\r\n".join((*lines, ""))
