#!/usr/bin/env python3
"""javascript_test.py GUESTS SKIFF...: components made from JavaScript by componentize-js, run and composed.

Needs a folder with node_modules/@bytecodealliance/componentize-js in SKIFF_COMPONENTIZE_JS (npm install
@bytecodealliance/componentize-js), and for the command the WIT of WASI in SKIFF_WIT_DIR; skipped without.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

GUESTS = pathlib.Path(sys.argv[1])
SKIFF = sys.argv[2:]
HERE = pathlib.Path(__file__).resolve().parent
MODULES = os.environ.get("SKIFF_COMPONENTIZE_JS", "")
WIT = os.environ.get("SKIFF_WIT_DIR", "")


def why_skipped():
    if not MODULES:
        return "SKIFF_COMPONENTIZE_JS names no folder with node_modules/@bytecodealliance/componentize-js"
    if not (pathlib.Path(MODULES) / "node_modules/@bytecodealliance/componentize-js").is_dir():
        return f"{MODULES} has no node_modules/@bytecodealliance/componentize-js"
    return None if shutil.which("node") else "node is not installed"


class JavaScript(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.dir = pathlib.Path(cls.temporary.name)
        os.symlink(pathlib.Path(MODULES).resolve() / "node_modules", cls.dir / "node_modules")
        shutil.copy(HERE / "build.mjs", cls.dir)
        cls.typed = cls.build("typed.js", HERE / "js.wit", "typed")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def build(cls, source, wit, world):
        out = cls.dir / (pathlib.Path(source).stem + ".wasm")
        r = subprocess.run(["node", cls.dir / "build.mjs", HERE / source, wit, world, out],
                           capture_output=True, text=True, timeout=280)
        if r.returncode:
            raise AssertionError(r.stdout + r.stderr)
        return out

    def skiff(self, *args, status=0):
        r = subprocess.run([*SKIFF, *map(str, args)], capture_output=True, text=True, timeout=280)
        self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        return r.stdout if status == 0 else r.stderr

    def test_command(self):
        if not WIT:
            self.skipTest("SKIPPED: no WIT of WASI")
        wit = self.dir / "hello.wit.d"
        (wit / "deps").mkdir(parents=True)
        (wit / "world.wit").write_text("package local:hello;\nworld hello { include wasi:cli/command@0.2.12; }\n")
        for file in pathlib.Path(WIT, "wasi-0.2").glob("*.wit"):
            (wit / "deps" / file.stem).mkdir()
            shutil.copy(file, wit / "deps" / file.stem)
        hello = self.build("hello.js", wit, "hello")
        self.assertEqual(self.skiff("run", hello), "hello from JavaScript, 499500\n")

    def test_typed_exports(self):
        for call, expected in (
            ('greet("Zoë 世界")', '"Grüße, Zoë 世界! \U0001F600"'),
            ('reverse(["a", "", "ü"])', '["ü", "", "a"]'),
            ('bytes("é!")', '[195, 169, 33]'),
            ('move({x: -1, y: 2147483647}, 1)', '{x: 0, y: 2147483646}'),
            ('older({name: "Ann", age: 41, home: some({x: 1, y: 2}), favourite: red})',
             '{name: "Ann", age: 42, home: some({x: 1, y: 2}), favourite: green}'),
            ('area(circle(2.0))', 'ok(12)'),
            ('area(named("x"))', 'err("no area of x")'),
            ('area(nothing)', 'ok(0)'),
            ('count(4)', '106'),
            ('fail("on purpose")', 'err("on purpose")'),
        ):
            with self.subTest(call):
                self.assertEqual(self.skiff("run", "--invoke", "api#" + call, self.typed), expected + "\n")

    def test_composed_with_another_language(self):
        """A consumer of the store of examples/secret_store in JavaScript, on the provider in C++."""
        provider = GUESTS / "secret_provider.wasm"
        if not provider.exists():
            self.skipTest("SKIPPED: secret_provider.wasm is not built")
        consumer = self.build("sign.js", HERE.parent / "secret_store/store.wit", "consumer")
        whole = self.dir / "whole.wasm"
        self.skiff("component", "compose", consumer, "--with", provider, "-o", whole)
        for key, expected in (("api-key", 'ok("e24e0ccbea3aac8f")'), ("seed", 'ok("016647fd24e4a2b1")'),
                              ("root-key", "err(denied)"), ("nothing", "err(no-such-secret)")):
            self.assertEqual(self.skiff("run", "--invoke", f'sign("{key}", "a message")', whole), expected + "\n")


if __name__ == "__main__":
    if why_skipped():
        print("SKIPPED: components from JavaScript:", why_skipped())
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
