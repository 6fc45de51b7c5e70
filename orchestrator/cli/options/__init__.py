"""The options that several commands have, each declared once."""
