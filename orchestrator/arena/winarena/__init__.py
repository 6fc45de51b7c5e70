"""Windows Agent Arena's container: started, prepared, given tasks, and read."""
