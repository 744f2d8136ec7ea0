"""Queries of the index."""

from __future__ import annotations

import json
from sqlite3 import Connection
from typing import Any

from qpcr.records._schema import RUN_COLUMNS
from qpcr.records.query import PatientQuery, PatientSummary, RunQuery, RunSummary


def find_runs(db: Connection, query: RunQuery) -> tuple[RunSummary, ...]:
    """Runs, the newest first."""
    where: list[str] = ["1"]
    values: list[Any] = []

    def add(condition: str, *given: Any) -> None:
        where.append(condition)
        values.extend(given)

    if query.since is not None:
        add("day >= ?", query.since)
    if query.until is not None:
        add("substr(day, 1, ?) <= ?", len(query.until), query.until)
    if query.patient is not None:
        add("run_id IN (SELECT run FROM events WHERE patient = ?)", query.patient)
    if query.sample is not None:
        add("run_id IN (SELECT run_id FROM samples WHERE sample = ?)", query.sample)
    if query.deletion is not None:
        add(
            "run_id IN (SELECT run_id FROM samples, json_each(samples.deletions) "
            "WHERE json_each.value = ?)",
            query.deletion,
        )
    if query.outcome is not None:
        add("run_id IN (SELECT run_id FROM samples WHERE outcome = ?)", query.outcome)
    if query.source_sha256 is not None:
        add("source_sha256 = ?", query.source_sha256)
    if query.panel is not None:
        add("panel = ?", query.panel)
    if query.run_id is not None:
        add("run_id = ?", query.run_id)
    if query.latest:
        add("replaced_by IS NULL")
    rows = db.execute(
        f"SELECT {', '.join(RUN_COLUMNS)} FROM runs WHERE {' AND '.join(where)} "  # noqa: S608
        "ORDER BY day DESC, sequence DESC LIMIT ?",
        (*values, -1 if query.limit is None else query.limit),
    )
    return tuple(_run(row) for row in rows)


def _run(row: tuple[Any, ...]) -> RunSummary:
    told = dict(zip(RUN_COLUMNS, row, strict=True))
    told["invalid"] = bool(told["invalid"])
    return RunSummary(**told)


def find_patients(db: Connection, query: PatientQuery) -> tuple[PatientSummary, ...]:
    """Patients, by id."""
    where: list[str] = ["1"]
    asked, values = _of_one_result(query)
    if asked:
        stands = "1" if query.replaced else "stands"
        of_result = " AND ".join((stands, *asked))
        where.append(f"patient IN (SELECT patient FROM results WHERE {of_result})")  # noqa: S608
    if query.patient is not None:
        where.append("patient = ?")
        values.append(query.patient)
    rows = db.execute(
        "SELECT patient, results, final, outcomes, deletions, sequence FROM patients "  # noqa: S608
        f"WHERE {' AND '.join(where)} ORDER BY patient LIMIT ?",
        (*values, -1 if query.limit is None else query.limit),
    )
    return tuple(
        PatientSummary(name, results, final, _list(outcomes), _list(deletions), sequence)
        for name, results, final, outcomes, deletions, sequence in rows
    )


def _of_one_result(query: PatientQuery) -> tuple[list[str], list[str]]:
    """What one and the same result must be, and the values that are asked for."""
    conditions = {
        "outcome = ?": query.outcome,
        "EXISTS (SELECT 1 FROM result_deletions AS found WHERE found.patient = results.patient "
        "AND found.path = results.path AND found.deletion = ?)": query.deletion,
        "state = ?": query.state,
        "run = ?": query.run,
    }
    asked = {condition: value for condition, value in conditions.items() if value is not None}
    return list(asked), [str(value) for value in asked.values()]


def _list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
