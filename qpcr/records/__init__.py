"""Patient records in HDF5 that lose nothing: see ``FORMAT.md`` beside this file."""

from qpcr.records.event import Change, Event, Kind
from qpcr.records.patient import Patient, Result, Specimen
from qpcr.records.query import PatientQuery, PatientSummary, Receipt, RunQuery, RunSummary
from qpcr.records.replaced import CallChange
from qpcr.records.review import Policy, State
from qpcr.records.store import Store

__all__ = [
    "CallChange",
    "Change",
    "Event",
    "Kind",
    "Patient",
    "PatientQuery",
    "PatientSummary",
    "Policy",
    "Receipt",
    "Result",
    "RunQuery",
    "RunSummary",
    "Specimen",
    "State",
    "Store",
]
