"""Chains: the results of one sample, each of a later analysis of its run, in turn.

A result that was taken back stays a link of its chain: what it replaced does not become valid again
because it went. So of one chain at most one result is final, and whoever takes one back takes back
all: a sample that is not the patient's is so in every analysis of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from qpcr.errors import InputError

if TYPE_CHECKING:
    from qpcr.records.patient import Patient, Result

ALL = "take back all of them in one commit (qpcr records amend --take-back does); where only an "
ALL += "analysis is wrong, analyze the run again: what it says then replaces it"


def later_of(result: Result, links: Iterable[Result]) -> tuple[Result, ...]:
    """Results that replace one, in turn: its revision, the revision of that, and so on."""
    following = {(one.revision_of, one.sample): one for one in links}
    found: list[Result] = []
    now = result
    while (later := following.get((now.run, now.sample))) is not None:
        if later in found or later is result:
            break
        found.append(later)
        now = later
    return tuple(found)


def linked(results: Mapping[str, Result], taken_back: Mapping[str, Result]) -> dict[str, Result]:
    """Say of every result which one replaces it.

    That is the next one on record. Where all were taken back, one of them still counts if it was
    signed at some time: then its result replaced this one for good.
    """
    links = (*taken_back.values(), *results.values())
    made = {}
    for path, one in results.items():
        later = later_of(one, links)
        there = [other.run for other in later if other.path in results]
        gone = [other.run for other in later if other.once_signed]
        made[path] = replace(one, superseded_by=next(iter(there + gone[-1:]), None))
    return made


def chain_of(patient: Patient, result: Result) -> tuple[Result, ...]:
    """All results on record that are of the same chain, itself too if it is."""
    later = {one.path for one in patient.revisions(result)}
    return tuple(
        one
        for one in patient.results.values()
        if one.path == result.path or one.path in later or result in patient.revisions(one)
    )


def check_whole(patient: Patient, paths: Iterable[str]) -> None:
    """Refuse to take back some results of a chain, and leave others.

    Parameters
    ----------
    patient
        As they would be.
    paths
        Of results that were taken back.

    Raises
    ------
    InputError
        With the others.
    """
    gone = [patient.taken_back[path] for path in paths if path in patient.taken_back]
    left = dict.fromkeys(one.path for each in gone for one in chain_of(patient, each))
    if left:
        raise InputError(
            "a result is taken back, and others of the same sample and run are left",
            expected=f"these too: {', '.join(left)}",
            remedy=ALL,
        )
