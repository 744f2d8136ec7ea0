"""Stores of invented patients for tests: simulated plates, analyzed and filed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from click.testing import CliRunner

from cli import main
from primers import load_panel
from qpcr.pipeline import analyze
from qpcr.records import Change, Kind, Store
from qpcr.rehearsal import simulate_panel
from qpcr.samples import Identity

USER = "Nurse-Zhang-7"
OLD = "0.0.1"
SEEDS = (1, 2)
"""Of the plates: with patients who have a deletion, and with some who have none."""
CLINICAL = {
    "sex": "female",
    "age": {"value": 93.0, "unit": "years"},
    "wbc": {"value": 35.5, "unit": "10^9/L"},
    "mrd1": {"value": 2.5, "unit": "%"},
    "mrd3": {"value": "<0.01", "unit": "%"},
    "ph": True,
    "diagnosis_date": "2021-03-05",
    "relapse": True,
    "relapse_date": "2022-01-20",
    "last_follow_up": "2023-06-30",
}


def run(*arguments):
    """Run a command; what came of it."""
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def patient_id(sample):
    return f"Hosp/{sample}-唯一"


@cache
def _records(folder):
    """Two small plates of three invented patients each, as if an older version analyzed them."""
    panel = load_panel("ikzf1")
    made = []
    for seed in SEEDS:
        file = simulate_panel(panel, 3, seed, (), folder / str(seed))[0]
        bare = analyze(file, panel=panel)
        who = [
            Identity(call.sample, patient_id(f"{seed}-{call.sample}"), "bone marrow", "diagnosis")
            for call in bare.calls
        ]
        record = analyze(file, panel=panel, identities=who)
        made.append(replace(record, versions={**record.versions, "ikaros-qpcr": OLD}))
    return tuple(made)


def records(tmp_path_factory):
    return _records(tmp_path_factory.getbasetemp() / "plates")


def filled(folder, made):
    """A store with those records, and clinical data of everybody."""
    store = Store.init(folder)
    for record in made:
        store.commit(record, user=USER)
    for one in store.patients():
        told = [
            Change(one.patient, Kind.CLINICAL, name, value, source="synthetic")
            for name, value in CLINICAL.items()
        ]
        store.commit(changes=told, user=USER)
    return store
