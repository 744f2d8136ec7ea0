"""From a plate's specification to what the instrument would have counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qpcr._frozen import Float32Array, FloatArray, IntArray
from qpcr.errors import InputError
from qpcr.simulate import optics
from qpcr.simulate.pcr import amplify
from qpcr.simulate.run import SimulatedRun, Truth
from qpcr.simulate.spec import FILTERS, PlateSpec, ReactionSpec, TargetSpec, WellSpec


def simulate_plate(spec: PlateSpec, seed: int) -> SimulatedRun:
    """Run a plate: draw templates, amplify, and measure.

    Parameters
    ----------
    spec
        The plate.
    seed
        Non-negative. Calibration, template, amplification, chemistry and detection draw from
        streams of their own, so that changing the noise leaves the template as it was.

    Raises
    ------
    InputError
        When a dye has no spectrum, two reactions of a well share a reporter, or a well has as
        many dyes as there are filters.
    """
    if seed < 0:
        raise InputError("the seed must not be negative", found=str(seed))
    dyes = {well.well: _dyes_of(spec, well) for well in spec.wells if well.reactions}
    streams = np.random.SeedSequence(seed).spawn(5)
    calibration, template, growth, chemistry, detection = (
        np.random.Generator(np.random.PCG64(stream)) for stream in streams
    )
    multipliers = optics.uniformity(spec.rows, spec.columns, calibration)
    pure = optics.pure_dyes(spec.size, calibration)
    real = optics.true_spectra(pure, spec.conditions.spectral_error_sd, calibration)
    truth = _truth(spec, template, growth, chemistry)
    expected = optics.expected_counts(truth.signals, real, multipliers)
    return SimulatedRun(
        spec=spec,
        seed=seed,
        counts=optics.detect(expected, dyes, spec.conditions, spec.noise, detection),
        uniformity=multipliers,
        pure_dyes=pure,
        background=_background(spec.size, calibration),
        temperatures=_temperatures(spec, detection),
        dyes=dyes,
        truth=truth,
    )


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
    if len(dyes) >= FILTERS:
        found = ", ".join(dyes)
        raise InputError("too many dyes in a well", place=place, expected="at most 4", found=found)
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


def _truth(
    spec: PlateSpec,
    template: np.random.Generator,
    growth: np.random.Generator,
    chemistry: np.random.Generator,
) -> Truth:
    """Draw the templates, grow them, and work out every dye's noise-free signal."""
    c = spec.conditions
    wells, listed, targets = _reactions(spec)
    count = len(listed)
    mean = np.array([reaction.copies for reaction in listed], dtype=np.float64)
    copies = template.poisson(mean).astype(np.int64)
    nominal = np.array([target.efficiency for target in targets], dtype=np.float64)
    efficiency = np.clip(nominal + chemistry.normal(0, c.efficiency_sd, count), 0, 1)
    capacity = c.capacity * np.exp(chemistry.normal(0, c.capacity_sd, count))
    product = amplify(
        copies, efficiency, capacity, wells, spec.cycles, c.saturation, c.competition, growth
    )
    # Every new molecule has cost one probe: the light follows what was made, not the template.
    made = (product[:, 1:] - product[:, :1]) / c.capacity
    mix = _mix(spec, chemistry)
    common = (mix.volume * mix.settling)[wells]
    intact = np.array([target.baseline_rn for target in targets]).reshape(-1, 1)
    span = np.array([target.span_rn for target in targets]).reshape(-1, 1)
    probe = intact * mix.probe[wells] * common
    light = probe + span * made * common
    divisor = mix.reference[wells] * common if spec.passive_reference else np.ones_like(common)
    return Truth(
        wells=wells,
        targets=tuple(target.name for target in targets),
        mean_copies=mean,
        copies=copies,
        efficiency=efficiency,
        product=product[:, 1:],
        rn=light / divisor,
        baseline=probe / divisor,
        signals=_signals(spec, wells, targets, light, c.quencher_rn * common, made, divisor),
    )


def _reactions(spec: PlateSpec) -> tuple[IntArray, list[ReactionSpec], list[TargetSpec]]:
    """Well index, specification and target of every reaction, in the order of the plate."""
    by_name = {target.name: target for target in spec.targets}
    plate = sorted(spec.wells, key=lambda well: well.well)
    wells = [well.well for well in plate for _ in well.reactions]
    listed = [reaction for well in plate for reaction in well.reactions]
    targets = [by_name[reaction.target] for reaction in listed]
    return np.array(wells, dtype=np.int64), listed, targets


def _signals(
    spec: PlateSpec,
    wells: IntArray,
    targets: list[TargetSpec],
    reporter: FloatArray,
    quencher: FloatArray,
    made: FloatArray,
    reference: FloatArray,
) -> dict[str, FloatArray]:
    """Dye amounts (W, C) by dye, from those of the reactions (R, C)."""
    signals = {dye: np.zeros((spec.size, spec.cycles)) for dye in optics.SPECTRA}
    freed = quencher * (1 + spec.conditions.quencher_rise * made)
    for row, (well, target) in enumerate(zip(wells, targets, strict=True)):
        signals[target.reporter][well] += reporter[row]
        if target.quencher in signals:
            signals[target.quencher][well] += freed[row]
        if spec.passive_reference:
            signals[spec.passive_reference][well] = reference[row]
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
