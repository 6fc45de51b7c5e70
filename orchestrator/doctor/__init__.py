"""The checks of a set-up: what a run needs, seen before anything is paid for."""
