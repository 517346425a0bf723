#!/usr/bin/env python3
"""Drives `skiff serve` as clients would, good and bad ones: curl over HTTP/1.1, HTTP/2 and TLS; sockets that send
garbage, too much, too little, too slowly. Usage: serve_test.py SKIFF GUEST.wasm

Nothing here depends on how fast the machine is: what is waited for is an event, and limits are either far away or
what the test is about."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

SKIFF, GUEST = sys.argv[1], sys.argv[2]
EMULATOR = os.environ.get("SKIFF_EMULATOR", "").split()
CURL = shutil.which("curl")
WAIT = 60  # seconds, for what must happen


class Server:
    """A `skiff serve`; its ports and its log."""

    def __init__(self, *options, guest=True):
        args = [*EMULATOR, SKIFF, "serve", *options]
        if guest:
            args += ["--addr", "127.0.0.1:0", "--no-cache", "--tier", "interp", GUEST]
        self.process = subprocess.Popen(args, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.log = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.port = int(self.line(r"listening on https?://127\.0\.0\.1:(\d+)").group(1))
        self.admin = int(self.line(r"admin on http://127\.0\.0\.1:(\d+)").group(1)) if "--admin" in options else None

    def read(self):
        for line in self.process.stderr:
            with self.changed:
                self.log.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.log.append("(end)")
            self.changed.notify_all()

    def line(self, pattern):
        """Waits for a line of the log."""
        found = []

        def there():
            for line in self.log:
                match = re.search(pattern, line)
                if match:
                    found.append(match)
                    return True
            return bool(self.log) and self.log[-1] == "(end)"

        with self.changed:
            self.changed.wait_for(there, WAIT)
        if not found:
            raise AssertionError(f"no line {pattern!r} in {self.log}")
        return found[0]

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), WAIT)
        s.settimeout(WAIT)
        return s

    def raw(self, data, shut=False):
        """Sends bytes; everything that comes until the server closes."""
        with self.connect() as s:
            s.sendall(data)
            if shut:
                s.shutdown(socket.SHUT_WR)
            return read_all(s)

    def get(self, path, method="GET", extra=b"", body=b""):
        return self.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode() + extra + b"\r\n" + body)

    def metric(self, name):
        with socket.create_connection(("127.0.0.1", self.admin), WAIT) as s:
            s.settimeout(WAIT)
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = read_all(s).decode()
        return sum(float(m) for m in re.findall(rf"^{re.escape(name)}(?:{{[^\n]*}})? (\S+)$", text, re.M))

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.reader.join(WAIT)
            self.process.stderr.close()
            self.process.stdout.close()


def read_all(s):
    pieces = []
    while True:
        try:
            piece = s.recv(1 << 20)
        except ConnectionResetError:
            piece = b""
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def status(answer):
    match = re.match(rb"HTTP/1\.1 (\d\d\d) ", answer)
    return int(match.group(1)) if match else None


def read_response(s, rest=b""):
    """One answer with a content-length: (head, body, what follows)."""
    while b"\r\n\r\n" not in rest:
        piece = s.recv(65536)
        if not piece:
            return rest, b"", b""
        rest += piece
    head, rest = rest.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    while len(rest) < length:
        rest += s.recv(65536)
    return head, rest[:length], rest[length:]


class Plain(unittest.TestCase):
    """One server in the clear for many tests."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--admin", "127.0.0.1:0", "--threads", "2", "--max-body", "1M", "--max-head", "16K",
                            "--cpu-limit", "300ms", "--max-concurrent", "2000")

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0

    def tearDown(self):
        # Whatever happened, others are served.
        self.assertEqual(status(self.server.get("/hello")), 200)

    def test_hello(self):
        answer = self.server.get("/hello")
        self.assertEqual(status(answer), 200)
        self.assertTrue(answer.endswith(b"\r\n\r\nHello, world!\n"), answer)
        self.assertIn(b"content-length: 14\r\n", answer)
        self.assertIn(b"\r\ndate: ", answer)

    def test_status_and_head(self):
        self.assertEqual(status(self.server.get("/status/418")), 418)
        answer = self.server.get("/hello", "HEAD")
        self.assertEqual(status(answer), 200)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    def test_no_answer_and_traps(self):
        self.assertEqual(status(self.server.get("/none")), 500)
        self.assertEqual(status(self.server.get("/trap")), 500)
        self.server.line(r"/trap: .*unreachable")
        answer = self.server.get("/half")
        self.assertEqual(status(answer), 200)
        self.assertIn(b"Hello", answer)
        self.assertFalse(answer.endswith(b"0\r\n\r\n"), "a cut answer must not look complete")

    def test_endless_loop(self):
        answer = {}
        loop = threading.Thread(target=lambda: answer.update(r=self.server.get("/loop")))
        loop.start()
        # On the same two threads, others go on meanwhile.
        for _ in range(20):
            self.assertEqual(status(self.server.get("/hello")), 200)
        loop.join()
        self.assertEqual(status(answer["r"]), 504)
        self.server.line(r"/loop: stopped, it computed")

    def test_many_wait(self):
        """Guests that wait share the threads."""
        sockets = [self.server.connect() for _ in range(200)]
        for s in sockets:
            s.sendall(b"GET /sleep/50 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for s in sockets:
            self.assertEqual(status(read_all(s)), 200)
            s.close()

    def test_echo(self):
        body = os.urandom(500_000)
        answer = self.server.get("/echo", "POST", b"Content-Length: %d\r\n" % len(body), body)
        head, echoed = answer.split(b"\r\n\r\n", 1)
        self.assertIn(b"transfer-encoding: chunked", head)
        self.assertEqual(unchunk(echoed), body)

    def test_chunks_and_trailers(self):
        answer = self.server.get("/echo", "POST", b"Transfer-Encoding: chunked\r\n",
                                 b"5;x=y\r\nhello\r\n1\r\n,\r\n00006\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n")
        self.assertEqual(status(answer), 200)
        self.assertIn(b"hello", answer)

    def test_expect_continue(self):
        with self.server.connect() as s:
            s.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                      b"Connection: close\r\n\r\n")
            interim = b""
            while b"\r\n\r\n" not in interim:
                interim += s.recv(1000)
            self.assertTrue(interim.startswith(b"HTTP/1.1 100 "), interim)
            s.sendall(b"hi")
            answer = interim.split(b"\r\n\r\n", 1)[1] + read_all(s)
            self.assertEqual(status(answer), 200)

    def test_pipelining(self):
        count = 50
        requests = b"".join(b"GET /status/%d HTTP/1.1\r\nHost: x\r\n\r\n" % (200 + i) for i in range(count))
        with self.server.connect() as s:
            s.sendall(requests)
            rest = b""
            for i in range(count):
                if 200 + i in (204, 205):
                    head, rest = read_head(s, rest)
                    if 200 + i == 205:
                        _, _, rest = read_response(s, head + b"\r\n\r\n" + rest)
                else:
                    head, _, rest = read_response(s, rest)
                self.assertEqual(status(head), 200 + i)

    def test_keep_alive_after_unread_body(self):
        with self.server.connect() as s:
            rest = b""
            for _ in range(3):
                s.sendall(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + bytes(100000))
                head, body, rest = read_response(s, rest)
                self.assertEqual(body, b"Hello, world!\n")

    def test_http_1_0(self):
        answer = self.server.raw(b"GET /hello HTTP/1.0\r\n\r\n")
        self.assertEqual(status(answer), 200)
        answer = self.server.raw(b"POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc")
        self.assertTrue(answer.endswith(b"abc"), answer)
        self.assertNotIn(b"chunked", answer)

    def test_half_closed(self):
        answer = self.server.raw(b"GET /sleep/50 HTTP/1.1\r\nHost: x\r\n\r\n", shut=True)
        self.assertEqual(status(answer), 200)
        self.assertTrue(answer.endswith(b"Hello, world!\n"))
        # A body that ends too soon: the guest sees an error, which it answers with a trap.
        answer = self.server.raw(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", shut=True)
        self.assertFalse(answer.endswith(b"0\r\n\r\n"))

    def test_garbage(self):
        for bad, expected in [
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200), {400, 431, None}),
                (b"GET\r\n\r\n", {400}),
                (b"GET /hello HTTP/3.0\r\n\r\n", {400, 505}),
                (b"GET /hello HTTP/1.1\r\n\r\n", {400}),                                  # no host
                (b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
                (b"GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n", {400}),
                (b"GET hello HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
                (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", {400, 505}),
                (b"G@T /hello HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
                (b"GET /hello HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n", {400}),
                (b"GET /hello HTTP/1.1\r\nHost: x\r\nName : 1\r\n\r\n", {400}),
                (b"GET /hello HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", {400}),
                (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", {400, 501}),
                (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
                (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", {400}),
                (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", {400}),
                (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
                (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {501}),
                (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400, 501}),
                (b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
                (b"GET /hello HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", {417})]:
            answer = self.server.raw(bad, shut=True)
            self.assertIn(status(answer), expected, (bad[:80], answer[:80]))
            self.assertEqual(answer.count(b"HTTP/1.1 "), 0 if status(answer) is None else 1, bad[:80])

    def test_bad_chunks(self):
        for bad in [b"x\r\n", b"5\r\nhelloX", b"-1\r\n", b"fffffffffffffffff\r\n", b"5" + b"0" * 100000]:
            answer = self.server.get("/echo", "POST", b"Transfer-Encoding: chunked\r\n", bad)
            self.assertFalse(answer.endswith(b"0\r\n\r\n"), bad[:20])

    def test_head_bombs(self):
        self.assertEqual(status(self.server.get("/hello", extra=b"A: " + b"x" * 100_000 + b"\r\n")), 431)
        self.assertEqual(status(self.server.get("/hello", extra=b"a: b\r\n" * 1000)), 431)
        self.assertEqual(status(self.server.raw(b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n")), 431)

    def test_big_bodies(self):
        answer = self.server.get("/hello", "POST", b"Content-Length: 2000000\r\n")
        self.assertEqual(status(answer), 413)
        chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
        answer = self.server.get("/echo", "POST", b"Transfer-Encoding: chunked\r\n", chunk * 20)
        self.assertFalse(answer.endswith(b"0\r\n\r\n"))

    def test_client_leaves(self):
        before = self.server.metric("skiff_responses_incomplete_total")
        for _ in range(10):
            s = self.server.connect()
            s.sendall(b"GET /big/100000 HTTP/1.1\r\nHost: x\r\n\r\n")
            s.recv(1000)
            s.close()
        while self.server.metric("skiff_responses_incomplete_total") < before + 10:
            pass
        while self.server.metric("skiff_requests_in_flight") > 0:
            pass

    def test_client_does_not_read(self):
        """Its answer waits, with little memory; others are served."""
        with self.server.connect() as s:
            s.sendall(b"GET /big/10000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            for _ in range(10):
                self.assertEqual(status(self.server.get("/hello")), 200)
            head, body = read_all(s).split(b"\r\n\r\n", 1)
            self.assertEqual(len(unchunk(body)), 10000 * 4096)

    def test_admin(self):
        with socket.create_connection(("127.0.0.1", self.server.admin), WAIT) as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertEqual(read_all(s).count(b"HTTP/1.1 200 "), 2)
        before = self.server.metric("skiff_requests_total")
        self.server.get("/hello")
        self.assertEqual(self.server.metric("skiff_requests_total"), before + 1)

    @unittest.skipUnless(CURL, "no curl")
    def test_curl(self):
        for option in ["--http1.1", "--http2-prior-knowledge"]:
            self.assertEqual(curl(option, f"http://127.0.0.1:{self.server.port}/hello"), b"Hello, world!\n")
            with tempfile.NamedTemporaryFile() as file:
                file.write(os.urandom(700_000))
                file.flush()
                echoed = curl(option, "--data-binary", "@" + file.name, f"http://127.0.0.1:{self.server.port}/echo")
                file.seek(0)
                self.assertEqual(echoed, file.read(), option)
            self.assertEqual(len(curl(option, f"http://127.0.0.1:{self.server.port}/big/500")), 500 * 4096)
            self.assertEqual(curl(option, "-o", "/dev/null", "-w", "%{http_code}",
                                  f"http://127.0.0.1:{self.server.port}/trap"), b"500")
            # An answer that is cut short is an error, not a short answer.
            result = subprocess.run([CURL, "-sS", option, f"http://127.0.0.1:{self.server.port}/half"],
                                    capture_output=True, timeout=WAIT)
            self.assertNotEqual(result.returncode, 0, option)
            self.assertIn(b"/2" if "2" in option else b"/1.1", curl(
                option, "-o", "/dev/null", "-w", "/%{http_version}", f"http://127.0.0.1:{self.server.port}/hello"))

    def test_http2_garbage(self):
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        empty_settings = bytes(3) + b"\x04" + bytes(5)
        for bad in [preface + os.urandom(100), preface[:10] + b"nonsense" * 10, preface + b"\xff" * 100,
                    preface + empty_settings + b"\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff",
                    preface + empty_settings * 5000,
                    preface + empty_settings + b"".join(
                        b"\x00\x00\x04\x03\x00" + (2 * i + 1).to_bytes(4, "big") + bytes(4) for i in range(500))]:
            self.server.raw(bad, shut=True)


def read_head(s, rest):
    while b"\r\n\r\n" not in rest:
        rest += s.recv(65536)
    head, rest = rest.split(b"\r\n\r\n", 1)
    return head, rest


def unchunk(data):
    pieces, at = [], 0
    while at < len(data):
        end = data.index(b"\r\n", at)
        n = int(data[at:end], 16)
        if n == 0:
            return b"".join(pieces)
        pieces.append(data[end + 2:end + 2 + n])
        at = end + 2 + n + 2
    return None


def curl(*args):
    result = subprocess.run([CURL, "-sS", *args], capture_output=True, timeout=WAIT)
    if result.returncode != 0:
        raise AssertionError(f"curl {args}: {result.stderr.decode()}")
    return result.stdout


class Limits(unittest.TestCase):
    def test_slow_clients(self):
        """Slow-loris: heads and bodies that do not come."""
        server = Server("--head-timeout", "200ms", "--body-timeout", "200ms", "--idle-timeout", "200ms")
        try:
            self.assertEqual(server.raw(b""), b"")
            self.assertEqual(status(server.raw(b"GET /hello HTTP/1.1\r\nHos")), 408)
            answer = server.raw(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            self.assertFalse(answer.endswith(b"0\r\n\r\n"))
            with server.connect() as s:   # one byte at a time does not help
                answer = b""
                try:
                    for byte in b"GET /hello HTTP/1.1\r\n" + b"X: y\r\n" * 10000:
                        s.sendall(bytes([byte]))
                        s.settimeout(0.02)
                        try:
                            answer = s.recv(1000)
                            break
                        except TimeoutError:
                            pass
                except (BrokenPipeError, ConnectionResetError):
                    answer = b"HTTP/1.1 408 "
                self.assertEqual(status(answer), 408)
        finally:
            self.assertEqual(server.end(), 0)

    def test_time_limit(self):
        server = Server("--timeout", "300ms")
        try:
            self.assertEqual(status(server.get("/sleep/100000")), 504)
            server.line(r"/sleep/100000: stopped, it took longer")
            self.assertEqual(status(server.get("/hello")), 200)
        finally:
            self.assertEqual(server.end(), 0)

    def test_limits_on_numbers(self):
        server = Server("--max-concurrent", "1", "--max-connections", "3", "--threads", "1", "--admin", "127.0.0.1:0")
        try:
            with server.connect() as busy:
                busy.sendall(b"GET /sleep/100000 HTTP/1.1\r\nHost: x\r\n\r\n")
                while server.metric("skiff_requests_in_flight") < 1:
                    pass
                self.assertEqual(status(server.get("/hello")), 503)
                with server.connect(), server.connect():
                    answer = server.raw(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
                    self.assertIn(status(answer), {503, None})
        finally:
            self.assertEqual(stop_twice(server), 0)

    def test_memory_limit(self):
        server = Server("--max-memory", "16M")
        try:
            self.assertEqual(status(server.get("/grow")), 200)
        finally:
            self.assertEqual(server.end(), 0)

    def test_drain(self):
        """What is under way is answered, then the server ends."""
        server = Server()
        with server.connect() as s, server.connect() as idle:
            s.sendall(b"GET /sleep/300 HTTP/1.1\r\nHost: x\r\n\r\n")
            idle.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(status(read_response(idle)[0]), 200)
            server.process.send_signal(signal.SIGTERM)
            server.line("finishing what is under way")
            self.assertEqual(read_all(idle), b"")
            answer = read_all(s)
            self.assertEqual(status(answer), 200)
            self.assertIn(b"connection: close", answer)
        self.assertEqual(server.end(), 0)

    def test_log(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            server = Server("--access-log", path, "--json")
            server.get('/status/404?a="b')
            server.get("/trap")
            self.assertEqual(server.end(), 0)
            import json
            with open(path) as file:
                lines = [json.loads(line) for line in file]
            self.assertEqual([line["status"] for line in lines], [404, 500])
            self.assertEqual(lines[0]["target"], '/status/404?a="b')
            self.assertTrue(any("unreachable" in json.loads(line)["message"] for line in server.log if line.startswith("{")))


class Many(unittest.TestCase):
    """Applications from a file."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        shutil.copy(GUEST, self.path("guest.wasm"))

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, apps):
        with open(self.path("host.toml"), "w") as file:
            file.write('listen = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\nthreads = 1\nevict-after = "1ms"\n' + apps)

    def server(self):
        # "--admin" says that there is such a listener, "-c" that it comes from the file.
        return Server("--tier", "interp", "--no-cache", "-c", self.path("host.toml"), guest=False)

    def app_of(self, server, host, path):
        """The application that answered, from the access log."""
        before = self.lines()
        server.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        while len(self.lines()) == len(before):
            pass
        return self.lines()[-1].split()[-1]

    def lines(self):
        with open(self.path("log")) as file:
            return [line for line in file if line.endswith("\n")]

    def test_routes_and_reload(self):
        first = """access-log = "LOG"
            [[app]]
            name = "one"
            component = "guest.wasm"
            routes = ["a.example/", "*.b.example/x"]
            [[app]]
            name = "two"
            component = "guest.wasm"
            routes = ["a.example/deep/path"]
            cpu-limit = "200ms"
            """.replace("LOG", self.path("log"))
        self.write(first)
        server = self.server()
        try:
            for host, path, app in [("a.example", "/hello", "one"), ("A.Example:80", "/deep/pathology", "one"),
                                    ("a.example", "/deep/path", "two"), ("a.example", "/deep/path/x?y", "two"),
                                    ("q.b.example", "/x", "one"), ("q.b.example", "/y", "-"), ("c.example", "/", "-")]:
                self.assertEqual(self.app_of(server, host, path), app, (host, path))
            # A file that is no good changes nothing.
            for bad in ["nonsense", first + "[[app]]\nname = 'three'\ncomponent = 'missing.wasm'\npreload = true\n",
                        first + "[[app]]\nname = 'one'\ncomponent = 'guest.wasm'\n", first + "[[app]]\ncolour = 1\n"]:
                self.write(bad)
                server.log.clear()
                server.process.send_signal(signal.SIGHUP)
                server.line("not reloaded")
                self.assertEqual(self.app_of(server, "a.example", "/hello"), "one")
            self.write(first.replace('"one"', '"uno"') + "[[app]]\nname = 'rest'\ncomponent = 'guest.wasm'\n")
            server.log.clear()
            server.process.send_signal(signal.SIGHUP)
            server.line("^skiff: reloaded")
            self.assertEqual(self.app_of(server, "a.example", "/hello"), "uno")
            self.assertEqual(self.app_of(server, "c.example", "/hello"), "rest")
        finally:
            self.assertEqual(server.end(), 0)


def stop_twice(server):
    """The second signal does not wait for what is under way."""
    server.process.send_signal(signal.SIGTERM)
    server.line("finishing what is under way")
    return server.end()


@unittest.skipUnless(CURL and shutil.which("openssl"), "no curl or openssl")
class Tls(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.cert = os.path.join(self.folder.name, "cert.pem")
        self.key = os.path.join(self.folder.name, "key.pem")
        self.make("one")
        args = ["--tls-cert", self.cert, "--tls-key", self.key]
        try:
            self.server = Server(*args)
        except AssertionError as error:
            if "TLS needs" in str(error):
                self.skipTest("built without TLS")
            raise
        self.url = f"https://localhost:{self.server.port}"

    def tearDown(self):
        if hasattr(self, "server"):
            self.assertEqual(self.server.end(), 0)
        self.folder.cleanup()

    def make(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-out", self.cert,
                        "-keyout", self.key], check=True, capture_output=True)

    def test_all(self):
        resolve = ["--resolve", f"localhost:{self.server.port}:127.0.0.1", "--cacert", self.cert]
        for option, version in [("--http1.1", b"1.1"), ("--http2", b"2")]:
            self.assertEqual(curl(*resolve, option, self.url + "/hello"), b"Hello, world!\n")
            self.assertIn(curl(*resolve, option, "-o", "/dev/null", "-w", "%{http_version}", self.url + "/hello"), {version, b"1.1"})
            self.assertEqual(len(curl(*resolve, option, self.url + "/big/1000")), 1000 * 4096)
            with tempfile.NamedTemporaryFile() as file:
                file.write(os.urandom(300_000))
                file.flush()
                echoed = curl(*resolve, option, "--data-binary", "@" + file.name, self.url + "/echo")
                file.seek(0)
                self.assertEqual(echoed, file.read())
        # Handshakes that do not go on delay nobody; nor does garbage.
        stalled = [self.server.connect() for _ in range(50)]
        for s in stalled[:25]:
            s.sendall(b"\x16\x03\x01\x02\x00\x01")
        for s in stalled[25:30]:
            s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(curl(*resolve, self.url + "/hello"), b"Hello, world!\n")
        for s in stalled:
            s.close()
        # Another certificate, without an end of the server.
        self.make("two")
        self.server.process.send_signal(signal.SIGHUP)
        while subprocess.run([CURL, "-sS", *resolve, self.url + "/hello"], capture_output=True, timeout=WAIT).returncode:
            pass


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
