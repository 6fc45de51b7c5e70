"""What a client left behind: Windows Agent Arena's result tree, read into facts and then counted.

``files`` reads within bounds and ``text`` makes foreign text safe to keep; ``log``, ``setup_log``,
``provider``, ``exceptions``, ``frames``, ``arguments`` and ``trajectory`` each read one kind of
trace; ``task`` puts a task's facts together, ``verdict`` counts them, ``tree`` finds and reads many
tasks, ``progress`` watches a running one.

Nothing here raises on what it finds: an agent, a guest or a killed client wrote it. The only input
is the file system below the paths given.
"""
