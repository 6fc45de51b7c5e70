"""What ``scripts/azure-setup`` does: makes, corrects and takes away what runs need, by az and gh.

Python's own library alone, so that it runs before anything is installed.
"""
