"""Quantities: from Ct of plates and tables to copies, limits, residual disease and control charts.

The arithmetic is :mod:`calibration`'s; here plates and tables are brought to it and its answers
into tables and charts. Imports run one way, each module may use those before it:

``named_table`` (tables by their heads), ``drawing`` (charts), ``quantification`` (a chosen Cq
method), ``measured`` (a reaction as quantities see it), ``target_curve`` (a curve
with what speaks against it), ``quantify`` (curves, wells, samples),
``installation`` (5,000 told from 10,000 copies), ``tables`` (files and screen lines of those), then
``detection`` (LOD, LOQ), ``controls`` (control values of runs), ``control_charts`` and
``control_page`` (their charts), ``inter_run`` (runs calibrated by common samples), ``relative``
(ΔΔCt), ``mrd_units``, ``mrd_wells``, ``mrd_runs``, ``mrd`` and ``mrd_tables`` (residual disease).

Nothing here knows the store of records or the report: both lie above and use this.
"""
