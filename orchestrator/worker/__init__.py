"""One worker: claims tasks, runs them in its arena, records what happened, and steals."""
