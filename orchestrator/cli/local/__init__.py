"""A run on this machine: its session, and the workers of it."""
