"""The ledger: what has happened to each task, as objects under ``<store>/<run>/``.

Pure: paths, records, the rule for the next attempt and the fold. Storing is ``orchestrator.store``.
"""
