"""Tables of the index, which can always be made again from the commits."""

from __future__ import annotations

INDEX_VERSION = 4
"""Another version is thrown away and built again."""

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE commits (
    sequence INTEGER PRIMARY KEY, file TEXT, size INTEGER, sha256 TEXT, run_id TEXT
);
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, sequence INTEGER, file TEXT, source_sha256 TEXT,
    settings_sha256 TEXT, panel_sha256 TEXT, day TEXT, started TEXT, created TEXT,
    experiment TEXT, instrument TEXT, panel TEXT, panel_version TEXT, reactions INTEGER,
    samples INTEGER, invalid INTEGER, revision_of TEXT, replaced_by TEXT, user TEXT, committed TEXT,
    reason TEXT
) WITHOUT ROWID;
CREATE INDEX runs_day ON runs (day, sequence);
CREATE INDEX runs_source ON runs (source_sha256);
CREATE TABLE samples (run_id TEXT, sample TEXT, outcome TEXT, deletions TEXT);
CREATE INDEX samples_run ON samples (run_id);
CREATE INDEX samples_name ON samples (sample);
CREATE TABLE events (
    sequence INTEGER, place INTEGER, patient TEXT, at TEXT, user TEXT, kind TEXT, path TEXT,
    old TEXT, new TEXT, reason TEXT, source TEXT, run TEXT, PRIMARY KEY (sequence, place)
) WITHOUT ROWID;
CREATE INDEX events_patient ON events (patient, sequence, place);
CREATE INDEX events_run ON events (run);
CREATE TABLE patients (
    patient TEXT PRIMARY KEY, results INTEGER, final INTEGER, outcomes TEXT, deletions TEXT,
    sequence INTEGER
) WITHOUT ROWID;
CREATE TABLE results (
    patient TEXT, path TEXT, run TEXT, outcome TEXT, state TEXT, replaced_by TEXT, stands INTEGER,
    PRIMARY KEY (patient, path)
) WITHOUT ROWID;
CREATE INDEX results_outcome ON results (outcome, patient);
CREATE INDEX results_run ON results (run, patient);
CREATE INDEX results_state ON results (state, patient);
CREATE TABLE result_deletions (deletion TEXT, patient TEXT, path TEXT);
CREATE INDEX deletions_name ON result_deletions (deletion, patient);
CREATE INDEX deletions_patient ON result_deletions (patient, path);
"""

TABLES = ("commits", "runs", "samples", "events", "patients", "results", "result_deletions")
RUN_COLUMNS = (
    "run_id", "sequence", "file", "source_sha256", "settings_sha256", "panel_sha256", "day",
    "started", "created", "experiment", "instrument", "panel", "panel_version", "reactions",
    "samples", "invalid", "revision_of", "replaced_by", "user", "committed", "reason",
)  # fmt: skip
EVENT_ROW = (
    "sequence", "place", "patient", "at", "user", "kind", "path", "old", "new", "reason", "source",
    "run",
)  # fmt: skip
