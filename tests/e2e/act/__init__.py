"""Workflows run by act, in host mode, against the fake cloud and the fake GitHub."""
