"""What the hospital knows of a patient: fields, cells as people type them, column maps, imports.

``fields.toml`` says which fields a patient record has; everything else reads it. Nothing here
touches the store: an import is planned from values, and :mod:`qpcr.records` writes it.
"""
