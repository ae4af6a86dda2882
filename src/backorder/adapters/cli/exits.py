"""What the exit codes mean, beside click's own 2 for misuse; 0 is that it ran."""

FAILED = 1
MISSING = 3
INTERRUPTED = 130
