"""Who works at the command line: whoever the operating system says."""

import getpass
import os


def who() -> str:
    """The actor in the audit trail: `cli:` and the name of the user, or their number where it has no name."""
    try:
        import pwd

        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except (ImportError, KeyError):
        return f"cli:{_said()}"


def _said() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "somebody"
