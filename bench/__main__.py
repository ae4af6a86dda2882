"""`python -m bench [NAME ...]`."""

import sys

from bench import run

run(sys.argv[1:], print)
