"""A cohort: groups, endpoints, tables and survival from records, and checks of printed tables."""
