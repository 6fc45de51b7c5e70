"""WAA Matrix: Windows Agent Arena as a plan, a ledger, a fleet and a report."""

__version__ = "0.1.0"
