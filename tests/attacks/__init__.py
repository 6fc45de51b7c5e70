"""Attacks on whole runs of real processes, and what becomes of them."""
