"""What the exit codes mean; 0 is that it ran."""

FAILED = 1
MISUSED = 2
MISSING = 3
