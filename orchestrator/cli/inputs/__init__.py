"""What commands are given: runs, events, downloads, a fleet's parts."""
