"""What a report says, as values: entries, figures, evidence, time."""
