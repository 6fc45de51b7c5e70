"""A stand-in for the Windows Agent Arena container: its entry program, its guest and its client.

Standard library only, and no import from the rest of the project: the directory is copied into a
container image as it is, and started by path (``python -S -I …/standin/__main__.py``). What it
imitates was read off Windows Agent Arena at commit 6d39ed88c545a0d40a7a02e39b928e278df7332b.

It starts once for every task, so it imports little: named tuples instead of dataclasses, a short
flag reader instead of argparse.
"""
