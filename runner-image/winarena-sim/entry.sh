#!/bin/bash
# As in the original, this shell is process 1, traps nothing, and ends with 127 whatever happened.
python3 -S -I /opt/standin/__main__.py entry "$@"
exit 127
