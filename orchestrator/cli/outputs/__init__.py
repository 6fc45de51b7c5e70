"""What commands show: terminal, log, annotations, files."""
