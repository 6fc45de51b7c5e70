"""The arena: where one task is run. A port, and one adapter for each kind of arena."""
