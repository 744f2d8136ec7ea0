"""What goes into the store of records from outside, and what goes out of it.

Clinical data in (:mod:`~qpcr.exchange.clinical`); tidy tables, JSON and FHIR out
(:mod:`~qpcr.exchange.export`), under pseudonyms if wanted (:mod:`~qpcr.exchange.pseudonyms`).
"""
