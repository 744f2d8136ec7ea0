"""From a plate's specification to what the instrument would have counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qpcr._frozen import Float32Array, FloatArray
from qpcr.errors import InputError
from qpcr.simulate import optics
from qpcr.simulate.fault import Growth, Light
from qpcr.simulate.layout import Layout
from qpcr.simulate.pcr import amplify
from qpcr.simulate.run import SimulatedRun, Truth
from qpcr.simulate.spec import FILTERS, PlateSpec, WellSpec


def simulate_plate(spec: PlateSpec, seed: int) -> SimulatedRun:
    """Run a plate: draw templates, amplify, and measure.

    Parameters
    ----------
    spec
        The plate.
    seed
        Non-negative. Calibration, template, amplification, chemistry and detection draw from
        streams of their own, the template and the amplification of each reaction too: changing
        the noise leaves the template as it was, and a fault leaves the other wells as they were.

    Raises
    ------
    InputError
        When a dye has no spectrum, two reactions of a well share a reporter, or a well has more
        dyes than there are filters.
    """
    if seed < 0:
        raise InputError("the seed must not be negative", found=str(seed))
    dyes = {well.well: _dyes_of(spec, well) for well in spec.wells if well.reactions}
    calibration, chemistry, detection = (
        _stream(seed, stage) for stage in ("calibration", "chemistry", "detection")
    )
    multipliers = optics.uniformity(spec.rows, spec.columns, calibration)
    pure = optics.pure_dyes(spec.size, calibration)
    error = spec.conditions.spectral_error_sd
    real: Mapping[str, FloatArray] = optics.true_spectra(pure, error, calibration)
    truth = _truth(spec, seed, chemistry)
    for fault in spec.faults:
        real = fault.spectra(real)
    expected = optics.expected_counts(truth.signals, real, multipliers)
    for fault in spec.faults:
        expected = fault.expected(expected)
    counts = optics.detect(expected, dyes, spec.conditions, spec.noise, detection)
    celsius = _temperatures(spec, detection)
    for fault in spec.faults:
        counts, celsius = fault.counts(counts), fault.temperatures(celsius)
    return SimulatedRun(
        spec=spec,
        seed=seed,
        counts=counts,
        uniformity=multipliers,
        pure_dyes=pure,
        background=_background(spec.size, calibration),
        temperatures=celsius,
        dyes=dyes,
        truth=truth,
    )


_STAGES = ("calibration", "template", "growth", "chemistry", "detection")


def _stream(seed: int, stage: str, *place: int) -> np.random.Generator:
    """Stream of a stage, or of one place of a stage, that depends on no other."""
    key = (_STAGES.index(stage), *place)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def _dyes_of(spec: PlateSpec, well: WellSpec) -> tuple[str, ...]:
    """Dyes that are unmixed in a well: reporters, bright quenchers, passive reference."""
    place = f"well {well.well}"
    targets = {target.name: target for target in spec.targets}
    # Each of these must be a dye of its own: one signal cannot be shared out among them.
    own = [targets[reaction.target].reporter for reaction in well.reactions]
    if spec.passive_reference:
        own.append(spec.passive_reference)
    quenchers = {targets[reaction.target].quencher or "" for reaction in well.reactions}
    for dye in own:
        if dye not in optics.SPECTRA:
            known = ", ".join(optics.SPECTRA)
            raise InputError("a dye has no spectrum", place=place, expected=known, found=dye)
        if own.count(dye) > 1 or dye in quenchers:
            raise InputError("a dye has two parts to play in a well", place=place, found=dye)
    dyes = sorted({*own, *(quenchers & optics.SPECTRA.keys())})
    if len(dyes) > FILTERS:
        found = ", ".join(dyes)
        raise InputError("too many dyes in a well", place=place, expected="at most 5", found=found)
    return tuple(dyes)


@dataclass(frozen=True, eq=False)
class _Mix:
    """What differs from well to well before any product: (W,) each, or (W, C)."""

    volume: FloatArray
    probe: FloatArray
    reference: FloatArray
    settling: FloatArray


def _mix(spec: PlateSpec, rng: np.random.Generator) -> _Mix:
    c = spec.conditions
    elapsed = np.arange(spec.cycles)
    fading = np.exp(-elapsed / c.settling_cycles)
    slope = rng.normal(c.reporter_slope, c.slope_sd, (spec.size, 1))
    drift = rng.normal(c.reference_drift, c.drift_sd, (spec.size, 1))
    level = np.exp(rng.normal(0, c.probe_sd, (spec.size, 1)))
    return _Mix(
        volume=c.reference_signal * np.exp(rng.normal(0, c.volume_sd, (spec.size, 1))),
        probe=level * (1 + slope * elapsed) * (1 - c.probe_settling * fading),
        reference=1 + drift * elapsed,
        settling=1 + c.settling * fading,
    )


def _truth(spec: PlateSpec, seed: int, chemistry: np.random.Generator) -> Truth:
    """Draw the templates, grow them, and work out every dye's noise-free signal."""
    c, layout = spec.conditions, Layout.of(spec)
    mean = np.array([reaction.copies for reaction in layout.reactions], dtype=np.float64)
    for fault in spec.faults:
        mean = fault.template(mean, layout)
    templates = zip(_streams(seed, "template", layout), mean, strict=True)
    copies = np.array([stream.poisson(each) for stream, each in templates], dtype=np.int64)
    growth = _growth(layout, chemistry)
    product = amplify(
        copies,
        growth.efficiency,
        growth.capacity,
        growth.delay,
        layout.wells,
        spec.cycles,
        c.saturation,
        c.competition,
        _streams(seed, "growth", layout),
    )
    # Every new molecule has cost one probe: the light follows what was made, not the template.
    made = (product[:, 1:] - product[:, :1]) / c.capacity
    light = _light(layout, made, _mix(spec, chemistry))
    for fault in spec.faults:
        light = fault.light(light, layout)
    divisor = light.reference if spec.passive_reference else np.ones_like(light.probe)
    return Truth(
        wells=layout.wells,
        targets=tuple(target.name for target in layout.targets),
        mean_copies=mean,
        copies=copies,
        efficiency=growth.efficiency,
        product=product[:, 1:],
        rn=_quotient(light.probe + light.product, divisor),
        baseline=_quotient(light.probe, divisor),
        signals=_signals(layout, light),
    )


def _streams(seed: int, stage: str, layout: Layout) -> list[np.random.Generator]:
    """One stream for each reaction, by its well and its place in the well."""
    place: Counter[int] = Counter()
    streams = []
    for well in layout.wells.tolist():
        streams.append(_stream(seed, stage, well, place[well]))
        place[well] += 1
    return streams


def _growth(layout: Layout, rng: np.random.Generator) -> Growth:
    """How each reaction amplifies: (R,) each."""
    c, count = layout.plate.conditions, len(layout.wells)
    nominal = np.array([target.efficiency for target in layout.targets], dtype=np.float64)
    growth = Growth(
        efficiency=np.clip(nominal + rng.normal(0, c.efficiency_sd, count), 0, 1),
        capacity=c.capacity * np.exp(rng.normal(0, c.capacity_sd, count)),
        delay=np.zeros(count, dtype=np.int64),
    )
    for fault in layout.plate.faults:
        growth = fault.growth(growth, layout)
    return growth


def _light(layout: Layout, made: FloatArray, mix: _Mix) -> Light:
    """Light of the dyes of each reaction, with (R, C) `made` as a share of the capacity."""
    c, wells = layout.plate.conditions, layout.wells
    common = (mix.volume * mix.settling)[wells]
    intact = np.array([target.baseline_rn for target in layout.targets]).reshape(-1, 1)
    span = np.array([target.span_rn for target in layout.targets]).reshape(-1, 1)
    return Light(
        probe=intact * mix.probe[wells] * common,
        product=span * made * common,
        quencher=c.quencher_rn * common * (1 + c.quencher_rise * made),
        reference=mix.reference[wells] * common,
    )


def _quotient(light: FloatArray, divisor: FloatArray) -> FloatArray:
    """Divide by the passive reference; NaN where there is none."""
    absent = np.full_like(light, np.nan)
    quotient: FloatArray = np.divide(light, divisor, out=absent, where=divisor > 0)
    return quotient


def _signals(layout: Layout, light: Light) -> dict[str, FloatArray]:
    """Dye amounts (W, C) by dye, from those of the reactions."""
    spec = layout.plate
    signals = {dye: np.zeros((spec.size, spec.cycles)) for dye in optics.SPECTRA}
    reporter = light.probe + light.product
    for row, (well, target) in enumerate(zip(layout.wells, layout.targets, strict=True)):
        signals[target.reporter][well] += reporter[row]
        if target.quencher in signals:
            signals[target.quencher][well] += light.quencher[row]
        if spec.passive_reference:
            signals[spec.passive_reference][well] = light.reference[row]
    return signals


def _background(wells: int, rng: np.random.Generator) -> Float32Array:
    """Offsets and coefficients (W, F, 2) of the size instruments show; nothing uses them."""
    scale = np.array([1.0, 0.1, 0.2, 0.2, 0.05])
    offset = np.rint(rng.normal(-400, 120, (wells, FILTERS)) * scale)
    coefficient = rng.normal(30, 4, (wells, FILTERS)) * scale
    pairs: Float32Array = np.stack([offset, coefficient], axis=-1).astype(np.float32)
    return pairs


def _temperatures(spec: PlateSpec, rng: np.random.Generator) -> Float32Array:
    """Sample temperatures (W, C) about the 60 °C of the reading step, to 0.01 °C."""
    noise = rng.normal(0, spec.conditions.temperature_sd_celsius, (spec.size, spec.cycles))
    celsius: Float32Array = np.round(60 + noise, 2).astype(np.float32)
    return celsius
