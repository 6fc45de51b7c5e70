"""``python -m orchestrator`` is the ``waa-matrix`` command."""

from orchestrator.cli import main

if __name__ == "__main__":
    main()
