"""What the exit codes mean, beside click's own 2 for misuse; 0 is that it ran."""

FAILED = 1
MISSING = 3
NO_REPORT, AGAIN = 65, 75  # as mail servers read them (sysexits.h): of no use; try again
INTERRUPTED = 130
