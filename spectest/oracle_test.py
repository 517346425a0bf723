#!/usr/bin/env python3
"""An outside oracle: wabt's tools judge what ours write, and the other way round.

usage: oracle_test.py SKIFF WAT-DIR WASM...

1. Text: what `skiff wat` prints of each WASM, wat2wasm assembles to a module equal to the original; what wasm2wat
   prints, `skiff wat2wasm` assembles to the same bytes as wat2wasm does.
2. Validation: wasm-validate and `skiff validate` agree on each WASM and on many corrupted copies of it, as far as
   both know the features in it.
3. Execution: for each .wat in WAT-DIR, the results that wasm-interp prints of all exports are ours as well.
wabt of Debian 12 does not know all of Wasm 3.0: a module that it cannot read at all is left out, and the count of
those that were compared is printed and must not be zero.
"""

import pathlib
import random
import re
import subprocess
import sys
import tempfile

SKIFF = ""


def run(*command, check=False):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=check, errors="replace")


def code_sections(path: pathlib.Path) -> list[tuple[int, bytes]]:
    """The non-custom sections, without data count (tools differ in when they write it)."""
    data = path.read_bytes()
    at, sections = 8, []
    while at < len(data):
        section, at = data[at], at + 1
        size = shift = 0
        while True:
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if section not in (0, 12):
            sections.append((section, data[at:at + size]))
        at += size
    return sections


def check_text(wasm: pathlib.Path, work: pathlib.Path) -> list[str]:
    problems = []
    ours, theirs, back = work / "ours.wat", work / "theirs.wat", work / "back.wasm"
    printed = run(SKIFF, "wat", wasm, "-o", ours)
    if printed.returncode:
        return [f"{wasm.name}: skiff wat failed: {printed.stderr[:200]}"]
    assembled = run("wat2wasm", "--enable-all", ours, "-o", back)
    if assembled.returncode:
        problems.append(f"{wasm.name}: wat2wasm rejects our text: {assembled.stderr[:300]}")
    else:
        original = work / "canonical.wasm"
        run(SKIFF, "wat2wasm", ours, "-o", original, check=True)
        if code_sections(back) != code_sections(original):
            problems.append(f"{wasm.name}: wat2wasm makes another module of our text than we do")
    if run("wasm2wat", "--enable-all", wasm, "-o", theirs).returncode == 0:
        reparsed, expected = work / "reparsed.wasm", work / "expected.wasm"
        result = run(SKIFF, "wat2wasm", theirs, "-o", reparsed)
        run("wat2wasm", "--enable-all", theirs, "-o", expected, check=True)
        if result.returncode:
            problems.append(f"{wasm.name}: we reject wasm2wat's text: {result.stderr[:300]}")
        elif code_sections(reparsed) != code_sections(expected):
            problems.append(f"{wasm.name}: we make another module of wasm2wat's text than wat2wasm does")
    return problems


def check_corrupt(wasm: pathlib.Path, work: pathlib.Path, rounds: int) -> list[str]:
    """Flips bytes. Where wabt finds a module valid, so must we (our features are a superset)."""
    data = bytearray(wasm.read_bytes())
    generator = random.Random(1)
    broken = work / "broken.wasm"
    problems = []
    for _ in range(rounds):
        copy = bytearray(data)
        for _ in range(generator.randint(1, 3)):
            copy[generator.randrange(8, len(copy))] = generator.randrange(256)
        broken.write_bytes(copy)
        ours = run(SKIFF, "validate", broken)
        if ours.returncode not in (0, 1):
            problems.append(f"{wasm.name}: skiff validate ended with {ours.returncode} on a corrupted copy")
        # Only the features that this wabt has in their final form.
        theirs = run("wasm-validate", broken)
        if theirs.returncode == 0 and ours.returncode != 0:
            problems.append(f"{wasm.name}: wabt accepts a corrupted copy that we reject: {ours.stderr[:200]}")
    return problems


RESULT = re.compile(r"^(\w+)\((.*?)\) => (.*)$")


def check_execution(wat: pathlib.Path, work: pathlib.Path) -> tuple[int, list[str]]:
    wasm = work / "run.wasm"
    run(SKIFF, "wat2wasm", wat, "-o", wasm, check=True)
    oracle = run("wasm-interp", "--run-all-exports", wasm)
    problems, compared = [], 0
    for line in oracle.stdout.splitlines():
        match = RESULT.match(line)
        if not match or match.group(2):
            continue
        name, expected = match.group(1), match.group(3)
        ours = run(SKIFF, "run", "--invoke", name, wasm)
        compared += 1
        if expected.startswith("error:"):
            if ours.returncode == 0:
                problems.append(f"{wat.name}: {name}: wasm-interp traps ({expected}), we give {ours.stdout.strip()}")
            continue
        # wasm-interp prints "i32:5", "f64:1.500000": integers are compared exactly, floats as printed there.
        for given, wanted in zip(ours.stdout.split(), expected.split(", "), strict=False):
            kind, _, value = wanted.partition(":")
            same = (f"{float(given):.6f}" == value) if kind[0] == "f" else (int(given) % 2**64 == int(value) % 2**64 or
                                                                           int(given) % 2**32 == int(value) % 2**32)
            if not same:
                problems.append(f"{wat.name}: {name}: wasm-interp gives {wanted}, we give {given}")
    return compared, problems


def main() -> int:
    global SKIFF
    SKIFF = sys.argv[1]
    problems: list[str] = []
    texts = runs = 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for name in sys.argv[3:]:
            wasm = pathlib.Path(name)
            if run("wasm-validate", "--enable-all", wasm).returncode != 0:
                continue  # newer than this wabt
            texts += 1
            problems += check_text(wasm, work)
            problems += check_corrupt(wasm, work, 40)
        for wat in sorted(pathlib.Path(sys.argv[2]).glob("*.wat")):
            compared, found = check_execution(wat, work)
            runs += compared
            problems += found
    print("\n".join(problems))
    print(f"oracle: {texts} modules as text and corrupted, {runs} calls compared, {len(problems)} problems")
    return 1 if problems or not texts or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
