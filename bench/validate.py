#!/usr/bin/env python3
"""Decode and validation beside V8, one thread each, interleaved: validate.py BUILD-DIR FILE.wasm...

V8's time is that of WebAssembly.validate in `node --single-threaded`, which decodes and validates too.
"""

import json
import pathlib
import subprocess
import sys

NODE = """
const bytes = require('fs').readFileSync(process.argv[1]);
let best = Infinity;
for (let i = 0; i < 15; ++i) {
  const start = process.hrtime.bigint();
  if (!WebAssembly.validate(bytes)) throw new Error('invalid');
  best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e6);
}
console.log(JSON.stringify({ ms: best }));
"""


def main() -> int:
    program = pathlib.Path(sys.argv[1]) / "bin" / "validate_bench"
    print("| module | MB of code | skiff MB/s | skiff ms | V8 ms | V8 / skiff |")
    print("|---|---|---|---|---|---|")
    for name in sys.argv[2:]:
        ours, theirs = [], []
        for _ in range(3):
            ours.append(json.loads(subprocess.run([program, name, "15"], capture_output=True, text=True, check=True).stdout))
            theirs.append(json.loads(subprocess.run(["node", "--single-threaded", "-e", NODE, name], capture_output=True,
                                                    text=True, check=True).stdout))
        best = min(ours, key=lambda r: r["ms"])
        v8 = min(t["ms"] for t in theirs)
        print(f"| {pathlib.Path(name).name} | {best['code_bytes'] / 1e6:.2f} | {best['mb_per_s']:.0f} | {best['ms']:.1f} | "
              f"{v8:.1f} | {v8 / best['ms']:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
