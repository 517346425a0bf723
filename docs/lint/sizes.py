#!/usr/bin/env python3
"""Checks file sizes and that every file opens with what it is, and every folder has its README."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HARD_LINES = 900
# name -> reason
LARGER = {}


def main() -> int:
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc", "*.c", "*.inc"],
                           cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    problems = []
    folders = set()
    for name in files:
        path = ROOT / name
        if not path.exists():
            continue
        folders.add(path.parent)
        lines = path.read_text().splitlines()
        if len(lines) > HARD_LINES and name not in LARGER:
            problems.append(f"{name}: {len(lines)} lines, the limit is {HARD_LINES}")
        if not lines or not lines[0].startswith(("//", "/*", "#")):
            problems.append(f"{name}: does not open with a comment that says what it is")
    for folder in sorted(folders):
        relative = folder.relative_to(ROOT)
        if len(relative.parts) <= 2 and relative.parts[0] not in ("examples", "docs", "bench") and not (folder / "README.md").exists():
            problems.append(f"{relative}: no README.md")
    print("\n".join(problems) or f"sizes: {len(files)} files within limits")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
