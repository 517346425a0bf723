#!/usr/bin/env python3
"""Compares interpreters on the programs of bench/interp.

Each program exports `run`, without parameters. An engine is a command in which {wasm} stands for the module:

    bench/interp.py --engine "skiff=build/release/bin/skiff run --tier interp --invoke run {wasm}" \\
                    --engine "wabt=wasm-interp --run-all-exports {wasm}"

The engines take turns, and what counts is the least CPU time of a process, its start included. The table
shows milliseconds, then each engine's time as a multiple of the first one's, the geometric mean last.
Needs wat2wasm.
"""
import argparse
import math
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

PROGRAMS = pathlib.Path(__file__).resolve().parent / "interp"


def cpu_ms(command):
    """Runs a command; returns the milliseconds of user and system time that it took."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != 0:
        sys.exit(f"{shlex.join(command)} failed:\n{errors.decode(errors='replace')}")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="part of a program's name")
    args = parser.parse_args()
    engines = [e.split("=", 1) for e in args.engine]
    programs = sorted(p for p in PROGRAMS.glob("*.wat") if not args.only or args.only in p.stem)

    print(f"{'':10}" + "".join(f"{name:>12}" for name, _ in engines)
          + "".join(f"{name:>10}" for name, _ in engines[1:]))
    ratios = [[] for _ in engines]
    with tempfile.TemporaryDirectory() as folder:
        for program in programs:
            wasm = os.path.join(folder, program.stem + ".wasm")
            subprocess.run(["wat2wasm", program, "-o", wasm], check=True)
            best = [math.inf] * len(engines)
            for _ in range(args.rounds):
                for i, (_, command) in enumerate(engines):
                    best[i] = min(best[i], cpu_ms([w.replace("{wasm}", wasm) for w in shlex.split(command)]))
            for i, ms in enumerate(best):
                ratios[i].append(ms / best[0])
            print(f"{program.stem:10}" + "".join(f"{ms:12.1f}" for ms in best)
                  + "".join(f"{r[-1]:9.2f}x" for r in ratios[1:]), flush=True)
    means = [math.exp(sum(map(math.log, r)) / len(r)) for r in ratios]
    print(f"{'mean':10}" + " " * (12 * len(engines)) + "".join(f"{m:9.2f}x" for m in means[1:]))


if __name__ == "__main__":
    main()
