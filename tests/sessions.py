"""Sessions in the documentation: what is typed and what comes back."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "@@@ end of step"


def steps(text: str) -> list[list[tuple[str, str]]]:
    """The console blocks of a page, each as (typed, printed); what is typed may go on over a here-document."""
    blocks = []
    for block in BLOCK.findall(text):
        found: list[tuple[str, str]] = []
        heredoc = False
        for line in block.splitlines(keepends=True):
            if heredoc:
                found[-1] = (found[-1][0] + line, "")
                heredoc = line.strip() != "END"
            elif line.startswith("$ "):
                found.append((line[2:], ""))
                heredoc = "<<'END'" in line
            else:
                found[-1] = (found[-1][0], found[-1][1] + line)
        blocks.append(found)
    return blocks


def play(text: str, folder: Path) -> list[tuple[str, str, str]]:
    """Type the whole page into one shell in an empty folder: (typed, printed in the page, printed now)."""
    typed = [step for block in steps(text) for step in block]
    script = "".join(f"{command}echo '{MARK}'\n" for command, _ in typed)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8", "NO_COLOR": "1"}
    result = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    printed = (result.stdout).split(f"{MARK}\n")
    assert not result.stderr, result.stderr
    return [(command, told, now) for (command, told), now in zip(typed, printed, strict=False)]


def filled(text: str, folder: Path) -> str:
    """The page with what is printed now."""
    parts = iter(play(text, folder))

    def block(_: re.Match[str]) -> str:
        mine = [next(parts) for _ in steps(_.group(0))[0]]
        return "```console\n" + "".join(f"$ {command}{now}" for command, _told, now in mine) + "```"

    return BLOCK.sub(block, text)
