"""What an instrument's own file says about the lamp or LED that excites: read, nothing computed.

Files of the 7500 say nothing of it. QuantStudio files of version 1 log setting and temperature of
the lamp with every exposure, StepOne files how long the LEDs were on; lamp hours have a field in
QuantStudio files that holds ``*`` in all that were seen. None of them measures the light: for what
reaches the detector see :mod:`qpcr.light_level`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qpcr._frozen import FrozenMap
from qpcr.said import say


@dataclass(frozen=True, slots=True)
class LightSource:
    """The lamp or LED of one run, in the file's own numbers; ``None``: the file does not say.

    Attributes
    ----------
    settings
        Different settings of the lamp during the run, in order of size; the file names no unit
        (90 in QuantStudio files).
    temperature_celsius, temperature_low, temperature_high
        Of the lamp's housing over all exposures: median, lowest, highest. The file names no unit;
        temperatures beside it are in °C.
    hours
        Lamp hours.
    on_time, on_time_total
        How long the LEDs are on for one reading, and were in their life; the file names no unit.
    exposures
        Exposure times of the camera by pair of filters (``"x1-m1"``), in order of size; the file
        names no unit.
    source
        Part of the file that says so.
    reason
        Why nothing is known; ``None`` where something is.
    """

    settings: tuple[float, ...] = ()
    temperature_celsius: float | None = None
    temperature_low: float | None = None
    temperature_high: float | None = None
    hours: float | None = None
    on_time: float | None = None
    on_time_total: float | None = None
    exposures: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    source: str | None = None
    reason: str | None = say("What was read of the file says nothing about its lamp or LED.")

    def __post_init__(self) -> None:
        object.__setattr__(self, "exposures", FrozenMap(self.exposures))

    @property
    def setting(self) -> float | None:
        """The one setting of the whole run; ``None`` where there is none, or more than one."""
        return self.settings[0] if len(self.settings) == 1 else None

    def told(self) -> tuple[str, ...]:
        """What is known in sentences, or why nothing is."""
        if self.reason is not None:
            return (self.reason,)
        found: list[str] = []
        if self.settings:
            listed = ", ".join(f"{one:g}" for one in self.settings)
            found.append(say("lamp set to {settings}", settings=listed))
        if self.temperature_celsius is not None:
            found.append(
                say("lamp at {median:.1f} °C ({low:.1f} to {high:.1f})",
                    median=self.temperature_celsius, low=self.temperature_low,
                    high=self.temperature_high)
            )  # fmt: skip
        if self.hours is not None:
            found.append(say("lamp hours {hours:g}", hours=self.hours))
        if self.on_time is not None:
            found.append(say("LEDs on for {time:g} a reading (no unit stated)", time=self.on_time))
        if self.on_time_total is not None:
            found.append(
                say("LEDs on for {time:,.0f} in all (no unit stated)", time=self.on_time_total)
            )
        if self.exposures:
            listed = "; ".join(
                f"{pair} {', '.join(f'{time:g}' for time in times)}"
                for pair, times in self.exposures.items()
            )
            found.append(say("exposure times (no unit stated): {listed}", listed=listed))
        return tuple(found)
