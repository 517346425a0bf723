// WASI 0.3 as a component sees it: small guests in the text format, each the body of `run`, which is of async type and may
// block. The guests import several 0.3.x at once. What services do is the subject of their tests in wasi/os.
#include "wasi/p3/p3.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "component/text/text.h"
#include "engine/interp/interp.h"
#include "wasi/common/state.h"
#include "wasi/os/test_util.h"
#include "wasi/p3/types.h"

namespace skiff::wasi {
namespace {

using namespace component;

// Instances: name, interface, its type. Types that functions use are exported by them, as in WIT.
constexpr std::string_view kImports = R"(
  (import "wasi:cli/types@0.3.0" (instance $cli
    (type $c0 (enum "io" "illegal-byte-sequence" "pipe")) (export "error-code" (type $c (eq $c0)))))
  (alias export $cli "error-code" (type $CliError))
  (import "wasi:cli/stdin@0.3.0" (instance $stdin
    (alias outer 1 $CliError (type $c0)) (export "error-code" (type $c (eq $c0)))
    (export "read-via-stream" (func (result (tuple (stream u8) (future (result (error $c)))))))))
  (import "wasi:cli/stdout@0.3.7" (instance $stdout
    (alias outer 1 $CliError (type $c0)) (export "error-code" (type $c (eq $c0)))
    (export "write-via-stream" (func (param "data" (stream u8)) (result (future (result (error $c))))))))
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (export "now" (func (result u64)))
    (export "wait-until" (func async (param "when" u64)))
    (export "wait-for" (func async (param "how-long" u64)))))
  (import "wasi:filesystem/types@0.3.1" (instance $fs
    (type $pf0 (flags "symlink-follow")) (export "path-flags" (type $pf (eq $pf0)))
    (type $of0 (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $of (eq $of0)))
    (type $df0 (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory")) (export "descriptor-flags" (type $df (eq $df0)))
    (type $i0 (record (field "seconds" s64) (field "nanoseconds" u32))) (export "instant" (type $i (eq $i0)))
    (type $n0 (variant (case "no-change") (case "now") (case "timestamp" $i)))
    (export "new-timestamp" (type $n (eq $n0)))
    (type $t0 (variant (case "block-device") (case "character-device") (case "directory") (case "fifo")
      (case "symbolic-link") (case "regular-file") (case "socket") (case "other" (option string))))
    (export "descriptor-type" (type $t (eq $t0)))
    (type $e0 (record (field "type" $t) (field "name" string))) (export "directory-entry" (type $e (eq $e0)))
    (type $s0 (record (field "type" $t) (field "link-count" u64) (field "size" u64)
      (field "data-access-timestamp" (option $i)) (field "data-modification-timestamp" (option $i))
      (field "status-change-timestamp" (option $i))))
    (export "descriptor-stat" (type $s (eq $s0)))
    (type $c0 (variant (case "access") (case "already") (case "bad-descriptor") (case "busy") (case "deadlock")
      (case "quota") (case "exist") (case "file-too-large") (case "illegal-byte-sequence") (case "in-progress")
      (case "interrupted") (case "invalid") (case "io") (case "is-directory") (case "loop") (case "too-many-links")
      (case "message-size") (case "name-too-long") (case "no-device") (case "no-entry") (case "no-lock")
      (case "insufficient-memory") (case "insufficient-space") (case "not-directory") (case "not-empty")
      (case "not-recoverable") (case "unsupported") (case "no-tty") (case "no-such-device") (case "overflow")
      (case "not-permitted") (case "pipe") (case "read-only") (case "invalid-seek") (case "text-file-busy")
      (case "cross-device") (case "other" (option string))))
    (export "error-code" (type $c (eq $c0)))
    (export "descriptor" (type $d (sub resource)))
    (export "[method]descriptor.open-at" (func async (param "self" (borrow $d)) (param "path-flags" $pf)
      (param "path" string) (param "open-flags" $of) (param "flags" $df) (result (result (own $d) (error $c)))))
    (export "[method]descriptor.read-via-stream" (func (param "self" (borrow $d)) (param "offset" u64)
      (result (tuple (stream u8) (future (result (error $c)))))))
    (export "[method]descriptor.write-via-stream" (func (param "self" (borrow $d)) (param "data" (stream u8))
      (param "offset" u64) (result (future (result (error $c))))))
    (export "[method]descriptor.append-via-stream" (func (param "self" (borrow $d)) (param "data" (stream u8))
      (result (future (result (error $c))))))
    (export "[method]descriptor.read-directory" (func (param "self" (borrow $d))
      (result (tuple (stream $e) (future (result (error $c)))))))
    (export "[method]descriptor.set-times" (func async (param "self" (borrow $d))
      (param "data-access-timestamp" $n) (param "data-modification-timestamp" $n) (result (result (error $c)))))
    (export "[method]descriptor.stat" (func async (param "self" (borrow $d)) (result (result $s (error $c)))))
    (export "[method]descriptor.is-same-object" (func async (param "self" (borrow $d)) (param "other" (borrow $d))
      (result bool)))
    (export "[method]descriptor.unlink-file-at" (func async (param "self" (borrow $d)) (param "path" string)
      (result (result (error $c)))))))
  (alias export $fs "descriptor" (type $Descriptor))
  (alias export $fs "error-code" (type $FsError))
  (alias export $fs "directory-entry" (type $Entry))
  (import "wasi:filesystem/preopens@0.3.0" (instance $preopens
    (alias outer 1 $Descriptor (type $d0)) (export "descriptor" (type $d (eq $d0)))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
  (import "wasi:sockets/types@0.3.0" (instance $net
    (type $c0 (variant (case "access-denied") (case "not-supported") (case "invalid-argument") (case "out-of-memory")
      (case "timeout") (case "invalid-state") (case "address-not-bindable") (case "address-in-use")
      (case "remote-unreachable") (case "connection-refused") (case "connection-broken") (case "connection-reset")
      (case "connection-aborted") (case "datagram-too-large") (case "other" (option string))))
    (export "error-code" (type $c (eq $c0)))
    (type $f0 (enum "ipv4" "ipv6")) (export "ip-address-family" (type $f (eq $f0)))
    (type $a40 (tuple u8 u8 u8 u8)) (export "ipv4-address" (type $a4 (eq $a40)))
    (type $a60 (tuple u16 u16 u16 u16 u16 u16 u16 u16)) (export "ipv6-address" (type $a6 (eq $a60)))
    (type $ip0 (variant (case "ipv4" $a4) (case "ipv6" $a6))) (export "ip-address" (type $ip (eq $ip0)))
    (type $s40 (record (field "port" u16) (field "address" $a4)))
    (export "ipv4-socket-address" (type $s4 (eq $s40)))
    (type $s60 (record (field "port" u16) (field "flow-info" u32) (field "address" $a6) (field "scope-id" u32)))
    (export "ipv6-socket-address" (type $s6 (eq $s60)))
    (type $s0 (variant (case "ipv4" $s4) (case "ipv6" $s6))) (export "ip-socket-address" (type $a (eq $s0)))
    (export "tcp-socket" (type $t (sub resource)))
    (export "udp-socket" (type $u (sub resource)))
    (export "[static]tcp-socket.create" (func (param "address-family" $f) (result (result (own $t) (error $c)))))
    (export "[method]tcp-socket.bind" (func (param "self" (borrow $t)) (param "local-address" $a)
      (result (result (error $c)))))
    (export "[method]tcp-socket.connect" (func async (param "self" (borrow $t)) (param "remote-address" $a)
      (result (result (error $c)))))
    (export "[method]tcp-socket.listen" (func (param "self" (borrow $t)) (result (result (stream (own $t)) (error $c)))))
    (export "[method]tcp-socket.send" (func (param "self" (borrow $t)) (param "data" (stream u8))
      (result (future (result (error $c))))))
    (export "[method]tcp-socket.receive" (func (param "self" (borrow $t))
      (result (tuple (stream u8) (future (result (error $c)))))))
    (export "[method]tcp-socket.get-local-address" (func (param "self" (borrow $t)) (result (result $a (error $c)))))
    (export "[static]udp-socket.create" (func (param "address-family" $f) (result (result (own $u) (error $c)))))
    (export "[method]udp-socket.bind" (func (param "self" (borrow $u)) (param "local-address" $a)
      (result (result (error $c)))))
    (export "[method]udp-socket.send" (func async (param "self" (borrow $u)) (param "data" (list u8))
      (param "remote-address" (option $a)) (result (result (error $c)))))
    (export "[method]udp-socket.receive" (func async (param "self" (borrow $u))
      (result (result (tuple (list u8) $a) (error $c)))))
    (export "[method]udp-socket.get-local-address" (func (param "self" (borrow $u)) (result (result $a (error $c)))))))
  (alias export $net "tcp-socket" (type $Tcp))
  (alias export $net "udp-socket" (type $Udp))
  (alias export $net "error-code" (type $NetError))
  (alias export $net "ip-address" (type $Ip))
  (import "wasi:sockets/ip-name-lookup@0.3.0" (instance $lookup
    (alias outer 1 $Ip (type $ip0)) (export "ip-address" (type $ip (eq $ip0)))
    (type $c0 (variant (case "access-denied") (case "invalid-argument") (case "name-unresolvable")
      (case "temporary-resolver-failure") (case "permanent-resolver-failure") (case "other" (option string))))
    (export "error-code" (type $c (eq $c0)))
    (export "resolve-addresses" (func async (param "name" string) (result (result (list $ip) (error $c)))))))
  (type $Bytes (stream u8))
  (type $Entries (stream $Entry))
  (type $Sockets (stream (own $Tcp)))
  (type $CliEnd (future (result (error $CliError))))
  (type $FsEnd (future (result (error $FsError))))
  (type $NetEnd (future (result (error $NetError))))
)";

struct Use {
  std::string_view core, type, canon;
};
// M: the memory and realloc.
constexpr Use kUses[] = {
    {"stdin", "(param i32)", "lower (func $stdin \"read-via-stream\") M"},
    {"stdout", "(param i32) (result i32)", "lower (func $stdout \"write-via-stream\") M"},
    {"now", "(result i64)", "lower (func $clock \"now\") M"},
    {"wait", "(param i64)", "lower (func $clock \"wait-for\") M"},
    {"start_wait", "(param i64) (result i32)", "lower (func $clock \"wait-for\") async M"},
    {"wait_until", "(param i64)", "lower (func $clock \"wait-until\") M"},
    {"open_at", "(param i32 i32 i32 i32 i32 i32 i32)", "lower (func $fs \"[method]descriptor.open-at\") M"},
    {"start_open_at", "(param i32 i32) (result i32)", "lower (func $fs \"[method]descriptor.open-at\") async M"},
    {"read_file", "(param i32 i64 i32)", "lower (func $fs \"[method]descriptor.read-via-stream\") M"},
    {"write_file", "(param i32 i32 i64) (result i32)", "lower (func $fs \"[method]descriptor.write-via-stream\") M"},
    {"append_file", "(param i32 i32) (result i32)", "lower (func $fs \"[method]descriptor.append-via-stream\") M"},
    {"read_directory", "(param i32 i32)", "lower (func $fs \"[method]descriptor.read-directory\") M"},
    {"set_times", "(param i32 i32 i64 i32 i32 i64 i32 i32)", "lower (func $fs \"[method]descriptor.set-times\") M"},
    {"stat", "(param i32 i32)", "lower (func $fs \"[method]descriptor.stat\") M"},
    {"same", "(param i32 i32) (result i32)", "lower (func $fs \"[method]descriptor.is-same-object\") M"},
    {"start_same", "(param i32 i32 i32) (result i32)", "lower (func $fs \"[method]descriptor.is-same-object\") async M"},
    {"unlink", "(param i32 i32 i32 i32)", "lower (func $fs \"[method]descriptor.unlink-file-at\") M"},
    {"directories", "(param i32)", "lower (func $preopens \"get-directories\") M"},
    {"tcp", "(param i32 i32)", "lower (func $net \"[static]tcp-socket.create\") M"},
    {"tcp_bind", "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)",
     "lower (func $net \"[method]tcp-socket.bind\") M"},
    {"connect", "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)",
     "lower (func $net \"[method]tcp-socket.connect\") M"},
    {"start_connect", "(param i32 i32) (result i32)", "lower (func $net \"[method]tcp-socket.connect\") async M"},
    {"listen", "(param i32 i32)", "lower (func $net \"[method]tcp-socket.listen\") M"},
    {"send", "(param i32 i32) (result i32)", "lower (func $net \"[method]tcp-socket.send\") M"},
    {"receive", "(param i32 i32)", "lower (func $net \"[method]tcp-socket.receive\") M"},
    {"tcp_local", "(param i32 i32)", "lower (func $net \"[method]tcp-socket.get-local-address\") M"},
    {"udp", "(param i32 i32)", "lower (func $net \"[static]udp-socket.create\") M"},
    {"udp_bind", "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)",
     "lower (func $net \"[method]udp-socket.bind\") M"},
    {"start_udp_send", "(param i32 i32) (result i32)", "lower (func $net \"[method]udp-socket.send\") async M"},
    {"udp_receive", "(param i32 i32)", "lower (func $net \"[method]udp-socket.receive\") M"},
    {"start_udp_receive", "(param i32 i32) (result i32)", "lower (func $net \"[method]udp-socket.receive\") async M"},
    {"udp_local", "(param i32 i32)", "lower (func $net \"[method]udp-socket.get-local-address\") M"},
    {"resolve", "(param i32 i32 i32)", "lower (func $lookup \"resolve-addresses\") M"},
    {"new", "(result i64)", "stream.new $Bytes"},
    {"read", "(param i32 i32 i32) (result i32)", "stream.read $Bytes M"},
    {"start_read", "(param i32 i32 i32) (result i32)", "stream.read $Bytes async M"},
    {"cancel_read", "(param i32) (result i32)", "stream.cancel-read $Bytes"},
    {"write", "(param i32 i32 i32) (result i32)", "stream.write $Bytes M"},
    {"start_write", "(param i32 i32 i32) (result i32)", "stream.write $Bytes async M"},
    {"drop_readable", "(param i32)", "stream.drop-readable $Bytes"},
    {"drop_writable", "(param i32)", "stream.drop-writable $Bytes"},
    {"read_entries", "(param i32 i32 i32) (result i32)", "stream.read $Entries M"},
    {"read_sockets", "(param i32 i32 i32) (result i32)", "stream.read $Sockets M"},
    {"cli_end", "(param i32 i32) (result i32)", "future.read $CliEnd M"},
    {"fs_end", "(param i32 i32) (result i32)", "future.read $FsEnd M"},
    {"net_end", "(param i32 i32) (result i32)", "future.read $NetEnd M"},
    {"set_new", "(result i32)", "waitable-set.new"},
    {"set_wait", "(param i32 i32) (result i32)", "waitable-set.wait (memory (core memory $libc \"m\"))"},
    {"set_poll", "(param i32 i32) (result i32)", "waitable-set.poll (memory (core memory $libc \"m\"))"},
    {"join", "(param i32 i32)", "waitable.join"},
    {"yield", "(result i32)", "thread.yield"},
    {"subtask_cancel", "(param i32) (result i32)", "subtask.cancel"},
    {"subtask_drop", "(param i32)", "subtask.drop"},
    {"drop_Descriptor", "(param i32)", "resource.drop $Descriptor"},
    {"drop_Tcp", "(param i32)", "resource.drop $Tcp"},
    {"drop_Udp", "(param i32)", "resource.drop $Udp"},
};

// Memory: results go to 16, texts lie from 1024 on, realloc gives from 65536 on.
std::string component_of(std::string_view data, std::string_view body) {
  std::string imports, lowers, with;
  for (const Use& u : kUses) {
    const std::string name(u.core);
    std::string canon(u.canon);
    if (const size_t at = canon.find(" M"); at != canon.npos)
      canon.replace(at, 2, " (memory (core memory $libc \"m\")) (realloc (core func $libc \"realloc\"))");
    if (const size_t at = canon.find("realloc"); at != canon.npos && canon.starts_with("stream.write"))
      canon.resize(canon.rfind(" (realloc"));
    imports += "(import \"w\" \"" + name + "\" (func $" + name + " " + std::string(u.type) + "))\n";
    lowers += "(core func $" + name + " (canon " + canon + "))\n";
    with += "(export \"" + name + "\" (func $" + name + "))\n";
  }
  return "(component " + std::string(kImports) + R"(
    (core module $Libc
      (memory (export "m") 16)
      (data (i32.const 1024) ")" + std::string(data) + R"(")
      (global $next (mut i32) (i32.const 65536))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $p i32)
        (local.set $p (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $p) (local.get 3)))
        (local.get $p)))
    (core instance $libc (instantiate $Libc)))" + lowers + "(core module $M " + imports + R"(
      (import "libc" "m" (memory 16))
      (func $readable (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
      (func $writable (param i64) (result i32) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))
      (func (export "run") (result i32) (local $a i32) (local $b i32) (local $c i32) (local $s i64) )" +
         std::string(body) + R"())
    (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "w" (instance )" + with + R"())))
    (func (export "run") async (result u32) (canon lift (core func $m "run")))))";
}

struct Guest : testing::Test {
  Guest() {
    EngineConfig config;
    config.features = Features::all();
    engine = std::make_unique<Engine>(config, make_interpreter());
    core = std::move(Store::create(*engine).value());
    store = std::move(ComponentStore::create(*core).value());
    p3.define(linker);
    ctx.out = output;
    temp.mkdir("rw");
    temp.mkdir("ro");
    temp.write("rw/file", "hello");
    temp.write("ro/file", "readonly");
  }
  ~Guest() override {
    store.reset();
    core.reset();
  }
  void grant_directories() {
    EXPECT_TRUE(ctx.preopen(temp / "rw", "/rw", Access::ReadWrite));
    EXPECT_TRUE(ctx.preopen(temp / "ro", "/ro", Access::ReadOnly));
  }
  // A pipe as standard input; gives its other end.
  OwnedFd pipe_in() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    in = OwnedFd(fds[0]);
    ctx.in = File::borrow(fds[0]).value();
    return OwnedFd(fds[1]);
  }
  // The result of run, or a trap's message.
  std::string run(std::string_view data, std::string_view body) {
    auto binary = component_wat_to_binary(component_of(data, body), engine->features());
    if (!binary) return ADD_FAILURE() << binary.error().message(), "";
    auto compiled = compile_component(*engine, SharedBytes::own(std::move(*binary)));
    if (!compiled) return ADD_FAILURE() << compiled.error().message(), "";
    state = p3.attach(*store, ctx);
    auto instance = linker.instantiate(*store, *compiled);
    if (!instance) return ADD_FAILURE() << instance.error().message(), "";
    auto result = call_func(*store, *(*instance)->find("run")->func, {});
    if (!result) {
      failure = std::move(result.error());
      return failure.message();
    }
    return std::to_string((*result)->bits());
  }
  void expect_trap(std::string_view part, std::string_view data, std::string_view body) {
    const std::string message = run(data, body);
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  TempDir temp;
  OwnedFd in;
  Ctx ctx;
  std::shared_ptr<MemoryOutput> output = std::make_shared<MemoryOutput>();
  P3 p3;
  WasiStatePtr state{nullptr, nullptr};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Store> core;
  std::unique_ptr<ComponentStore> store;
  ComponentLinker linker;
  Failure failure;
};
using Streams = Guest;
using Clocks = Guest;
using Filesystem = Guest;
using Sockets = Guest;

constexpr int kCompleted = 0, kDropped = 1;
std::string copied(int n, int how = kCompleted) { return std::to_string(n << 4 | how); }
template <class E>
std::string number(E e) {
  return std::to_string(static_cast<int>(e));
}

// Local s: a stream; a: the future of its being written to standard output.
constexpr std::string_view kToStdout = R"(
  (local.set $s (call $new))
  (local.set $a (call $stdout (call $readable (local.get $s)))))";
// Local a: standard input, b: its future.
constexpr std::string_view kFromStdin = R"(
  (call $stdin (i32.const 16)) (local.set $a (i32.load (i32.const 16))) (local.set $b (i32.load (i32.const 20))))";

// ---- streams of bytes

TEST_F(Streams, WritesToStandardOutput) {
  // What was written, then the end: 0 is ok.
  EXPECT_EQ(run("hello", std::string(kToStdout) + R"(
    (if (i32.ne (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 5)) (i32.const 80))
      (then unreachable))
    (call $drop_writable (call $writable (local.get $s)))
    (drop (call $cli_end (local.get $a) (i32.const 16)))
    (i32.load8_u (i32.const 16)))"), "0");
  EXPECT_EQ(output->bytes(), "hello");
}

TEST_F(Streams, CopiesInputToOutput) {
  ctx.in = std::make_shared<MemoryInput>("some input");
  EXPECT_EQ(run("", std::string(kToStdout) + R"(
    (call $stdin (i32.const 16))
    (loop $l
      (local.set $b (call $read (i32.load (i32.const 16)) (i32.const 2048) (i32.const 4)))
      (if (i32.shr_u (local.get $b) (i32.const 4)) (then
        (drop (call $write (call $writable (local.get $s)) (i32.const 2048) (i32.shr_u (local.get $b) (i32.const 4))))
        (br $l))))
    (drop (call $cli_end (i32.load (i32.const 20)) (i32.const 32)))
    (i32.add (i32.mul (local.get $b) (i32.const 10)) (i32.load8_u (i32.const 32))))"), "10") << "dropped; ok";
  EXPECT_EQ(output->bytes(), "some input");
}

// Both ends are the host's: the guest only connects them.
TEST_F(Streams, InputPassedToOutput) {
  ctx.in = std::make_shared<MemoryInput>(std::string(300'000, 'x') + "end");
  EXPECT_EQ(run("", R"(
    (call $stdin (i32.const 16))
    (local.set $a (call $stdout (i32.load (i32.const 16))))
    (drop (call $cli_end (local.get $a) (i32.const 32)))
    (drop (call $cli_end (i32.load (i32.const 20)) (i32.const 34)))
    (i32.load (i32.const 32)))"), "0");
  EXPECT_EQ(output->bytes().size(), 300'003u);
  EXPECT_TRUE(output->bytes().ends_with("xend"));
  EXPECT_TRUE(state->working.empty());
}

TEST_F(Streams, InputThatComesLaterPassedToOutput) {
  OwnedFd writer = pipe_in();
  std::thread other([&] {
    for (const char* part : {"one ", "two ", "three"}) {
      ::usleep(3000);
      EXPECT_GT(::write(writer.get(), part, strlen(part)), 0);
    }
    writer = OwnedFd();
  });
  EXPECT_EQ(run("", R"(
    (call $stdin (i32.const 16))
    (drop (call $cli_end (call $stdout (i32.load (i32.const 16))) (i32.const 32)))
    (i32.load8_u (i32.const 32)))"), "0");
  other.join();
  EXPECT_EQ(output->bytes(), "one two three");
}

TEST_F(Streams, OutputFails) {
  ctx.out = std::make_shared<MemoryOutput>(2);
  EXPECT_EQ(run("hello", std::string(kToStdout) + R"(
    (local.set $b (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 5)))
    (drop (call $cli_end (local.get $a) (i32.const 16)))
    (i32.add (i32.mul (i32.const 100) (local.get $b)) (i32.load16_u (i32.const 16))))"),
            std::to_string(100 * kDropped + 1 + 256 * static_cast<int>(p3::CliError::Io)));
}

TEST_F(Streams, DroppedInputIsNoError) {
  const OwnedFd writer = pipe_in();
  EXPECT_EQ(run("", std::string(kFromStdin) + R"(
    (call $drop_readable (local.get $a))
    (drop (call $cli_end (local.get $b) (i32.const 32)))
    (i32.load8_u (i32.const 32)))"), "0");
}

TEST_F(Streams, ReadWaitsForInput) {
  OwnedFd writer = pipe_in();
  std::thread other([&] {
    ::usleep(5000);
    EXPECT_EQ(::write(writer.get(), "late", 4), 4);
  });
  EXPECT_EQ(run("", std::string(kFromStdin) + "(call $read (local.get $a) (i32.const 2048) (i32.const 100))"), copied(4));
  other.join();
}

// An empty read is told that there is something; the bytes stay.
TEST_F(Streams, EmptyReadWaitsForInput) {
  OwnedFd writer = pipe_in();
  std::thread other([&] {
    ::usleep(5000);
    EXPECT_EQ(::write(writer.get(), "late", 4), 4);
  });
  EXPECT_EQ(run("", std::string(kFromStdin) + R"(
    (drop (call $read (local.get $a) (i32.const 2048) (i32.const 0)))
    (call $start_read (local.get $a) (i32.const 2048) (i32.const 100)))"), copied(4));
  other.join();
}

TEST_F(Streams, CancelledReadTakesNothing) {
  // Something comes when the guest has written something.
  struct Echo final : Stream {
    explicit Echo(int fd) : fd(fd) {}
    Io<size_t> write(std::span<const iovec> from) override {
      EXPECT_EQ(::write(fd, "abc", 3), 3);
      return from[0].iov_len;
    }
    bool writable() const override { return true; }
    int fd;
  };
  const OwnedFd writer = pipe_in();
  ctx.out = std::make_shared<Echo>(writer.get());
  EXPECT_EQ(run("", std::string(kFromStdin) + std::string(kToStdout).replace(0, 0, "(local.set $c (local.get $a))") + R"(
    (local.set $a (local.get $c))
    (if (i32.ne (call $start_read (local.get $a) (i32.const 2048) (i32.const 100)) (i32.const -1)) (then unreachable))
    (if (i32.ne (call $cancel_read (local.get $a)) (i32.const 2)) (then unreachable))
    (drop (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 1)))
    (drop (call $read (local.get $a) (i32.const 4096) (i32.const 100)))
    (i32.add (i32.load8_u (i32.const 2048)) (i32.load8_u (i32.const 4096))))"), std::to_string('a'));
}

// A read of stdin and a timer, in one set: whoever is first.
TEST_F(Streams, WaitsForSeveralThings) {
  const OwnedFd writer = pipe_in();
  EXPECT_EQ(run("", std::string(kFromStdin) + R"(
    (local.set $c (call $set_new))
    (drop (call $start_read (local.get $a) (i32.const 2048) (i32.const 100)))
    (call $join (local.get $a) (local.get $c))
    (call $join (i32.shr_u (call $start_wait (i64.const 2000000)) (i32.const 4)) (local.get $c))
    (call $set_wait (local.get $c) (i32.const 32)))"), number(EventCode::Subtask));
}

TEST_F(Streams, BuffersAreChecked) {
  expect_trap("out of bounds", "", std::string(kFromStdin) +
              "(call $read (local.get $a) (i32.const -16) (i32.const 100))");
}

TEST_F(Streams, BuffersAreLimited) {
  expect_trap("length exceeds", "", std::string(kFromStdin) + "(call $read (local.get $a) (i32.const 0) (i32.const -1))");
}

TEST_F(Streams, GivenAwayIsGone) {
  expect_trap("handle index", "", R"((local.set $s (call $new))
    (drop (call $stdout (call $readable (local.get $s))))
    (call $stdout (call $readable (local.get $s))))");
}

TEST_F(Streams, WritableEndsAreNotGivenAway) {
  expect_trap("handle", "", "(call $stdout (call $writable (call $new)))");
}

TEST_F(Streams, NothingToWaitForIsADeadlock) {
  expect_trap("deadlock", "", "(call $read (call $readable (call $new)) (i32.const 16) (i32.const 1))");
}

TEST_F(Streams, WhatTheGuestLeavesIsReleased) {
  const OwnedFd writer = pipe_in();
  run("", std::string(kFromStdin) + "(call $start_read (local.get $a) (i32.const 2048) (i32.const 100))");
  EXPECT_EQ(state->loop.size(), 1u);
  store.reset();
  EXPECT_EQ(state->loop.size(), 0u);
}

// ---- clocks

TEST_F(Clocks, Waits) {
  ctx.grant_clocks();
  EXPECT_EQ(run("", R"((local.set $s (call $now))
    (call $wait (i64.const 3000000))
    (call $wait_until (i64.add (local.get $s) (i64.const 6000000)))
    (call $wait_until (i64.const 0))
    (i64.ge_u (i64.sub (call $now) (local.get $s)) (i64.const 6000000)))"), "1");
}

TEST_F(Clocks, ShorterWaitsEndFirst) {
  EXPECT_EQ(run("", R"((local.set $c (call $set_new))
    (local.set $a (i32.shr_u (call $start_wait (i64.const 60000000000)) (i32.const 4)))
    (local.set $b (i32.shr_u (call $start_wait (i64.const 1000000)) (i32.const 4)))
    (call $join (local.get $a) (local.get $c)) (call $join (local.get $b) (local.get $c))
    (drop (call $set_wait (local.get $c) (i32.const 32)))
    (call $subtask_drop (local.get $b))
    (call $join (local.get $a) (i32.const 0))
    (i32.add (i32.mul (i32.eq (i32.load (i32.const 32)) (local.get $b)) (i32.const 10))
      (call $subtask_cancel (local.get $a))))"),
            std::to_string(10 + static_cast<int>(Subtask::State::CancelledBeforeReturned)));
  EXPECT_EQ(state->loop.size(), 0u);
}

// Guests that ask instead of waiting do not keep the host from going on.
TEST_F(Clocks, AskedAgainAndAgain) {
  EXPECT_EQ(run("", R"((local.set $c (call $set_new))
    (call $join (i32.shr_u (call $start_wait (i64.const 1000000)) (i32.const 4)) (local.get $c))
    (loop $l
      (drop (call $yield))
      (br_if $l (i32.eqz (call $set_poll (local.get $c) (i32.const 32)))))
    (i32.load (i32.const 36)))"), number(Subtask::State::Returned));
}

TEST_F(Clocks, WaitsAreInterrupted) {
  std::thread other([&] {
    ::usleep(5000);
    core->vm().interrupt.store(1);
  });
  run("", "(call $wait (i64.const -1)) (i32.const 0)");
  other.join();
  EXPECT_EQ(failure.trap.code, TrapCode::Interrupted);
}

TEST_F(Clocks, NothingIsGrantedByItself) { expect_trap("not granted", "", "(drop (call $now)) (i32.const 0)"); }

// ---- files

// Opens the text [at, at + size) beneath preopened directory `dir` (0: writable) into `local`; unreachable on failure.
std::string open(std::string_view local, int dir, int at, int size, int how, int flags) {
  const auto n = [](int v) { return "(i32.const " + std::to_string(v) + ")"; };
  return "(call $directories (i32.const 16)) (call $open_at (i32.load (i32.add (i32.load (i32.const 16)) " + n(12 * dir) +
         ")) (i32.const 1) " + n(1024 + at) + n(size) + n(how) + n(flags) + n(32) +
         ") (if (i32.load8_u (i32.const 32)) (then unreachable)) (local.set " + std::string(local) +
         " (i32.load (i32.const 36)))";
}
constexpr int kRead = 1, kWrite = 2;
// The future in local b: 0, or 100 + the error.
constexpr std::string_view kFsEnd = R"((drop (call $fs_end (local.get $b) (i32.const 64)))
  (if (result i32) (i32.load8_u (i32.const 64))
    (then (i32.add (i32.const 100) (i32.load8_u (i32.const 68)))) (else (i32.const 0))))";
std::string failed(p3::FsCode e) { return std::to_string(100 + static_cast<int>(e)); }

TEST_F(Filesystem, ReadsAtAnOffset) {
  grant_directories();
  EXPECT_EQ(run("file", open("$a", 0, 0, 4, 0, kRead) + R"(
    (call $read_file (local.get $a) (i64.const 1) (i32.const 48))
    (local.set $b (i32.load (i32.const 52)))
    (if (i32.ne (call $read (i32.load (i32.const 48)) (i32.const 2048) (i32.const 100)) (i32.const 64)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 2048)) (i32.const 0x6f6c6c65)) (then unreachable))
    (if (i32.ne (call $read (i32.load (i32.const 48)) (i32.const 2048) (i32.const 100)) (i32.const 1)) (then unreachable))
    )" + std::string(kFsEnd)), "0");
}

TEST_F(Filesystem, DirectoriesAreNotRead) {
  grant_directories();
  EXPECT_EQ(run(".", open("$a", 0, 0, 1, 2, kRead) + R"(
    (call $read_file (local.get $a) (i64.const 0) (i32.const 48))
    (local.set $b (i32.load (i32.const 52)))
    (if (i32.ne (call $read (i32.load (i32.const 48)) (i32.const 2048) (i32.const 1)) (i32.const 1)) (then unreachable))
    )" + std::string(kFsEnd)), failed(p3::FsCode::IsDirectory));
}

TEST_F(Filesystem, WritesAtAnOffsetAndAppends) {
  grant_directories();
  constexpr std::string_view kPut = R"(
    (if (i32.ne (call $write (call $writable (local.get $s)) (i32.const 1028) (i32.const 3)) (i32.const 48))
      (then unreachable))
    (call $drop_writable (call $writable (local.get $s))))";
  EXPECT_EQ(run("fileXYZ", open("$a", 0, 0, 4, 0, kWrite) + R"(
    (local.set $s (call $new))
    (local.set $b (call $write_file (local.get $a) (call $readable (local.get $s)) (i64.const 1))))" +
    std::string(kPut) + std::string(kFsEnd) + R"(
    (local.set $s (call $new))
    (local.set $b (call $append_file (local.get $a) (call $readable (local.get $s)))))" +
    std::string(kPut) + std::string(kFsEnd) + " (i32.add)"), "0");
  EXPECT_EQ(temp.read("rw/file"), "hXYZoXYZ");
}

TEST_F(Filesystem, FilesOpenedForReadingAreNotWritten) {
  grant_directories();
  EXPECT_EQ(run("file", open("$a", 1, 0, 4, 0, kRead) + R"(
    (local.set $s (call $new))
    (local.set $b (call $write_file (local.get $a) (call $readable (local.get $s)) (i64.const 0)))
    (if (i32.ne (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 3)) (i32.const 1))
      (then unreachable))
    )" + std::string(kFsEnd)), failed(p3::FsCode::BadDescriptor));
  EXPECT_EQ(temp.read("ro/file"), "readonly");
}

// All entries, their names' lengths added.
TEST_F(Filesystem, ReadsDirectories) {
  grant_directories();
  temp.write("rw/another", "");
  temp.mkdir("rw/dir");
  EXPECT_EQ(run(".", open("$a", 0, 0, 1, 2, kRead) + R"(
    (call $read_directory (local.get $a) (i32.const 48))
    (local.set $b (i32.load (i32.const 52)))
    (local.set $a (call $read_entries (i32.load (i32.const 48)) (i32.const 2048) (i32.const 10)))
    (if (i32.ne (local.get $a) (i32.const 0x31)) (then unreachable))
    (local.set $c (i32.add (i32.load (i32.const 2068)) (i32.add (i32.load (i32.const 2092)) (i32.load (i32.const 2116)))))
    )" + std::string(kFsEnd) + "(i32.add (local.get $c))"), std::to_string(4 + 7 + 3));
}

// Without waiting: parameters and result through memory, done when the call returns.
TEST_F(Filesystem, AsynchronousCallsThatAreDoneAtOnce) {
  grant_directories();
  EXPECT_EQ(run("file", R"((call $directories (i32.const 16))
    (i32.store (i32.const 48) (i32.load (i32.load (i32.const 16))))
    (i32.store (i32.const 56) (i32.const 1024)) (i32.store (i32.const 60) (i32.const 4))
    (i32.store8 (i32.const 65) (i32.const 1))
    (if (i32.ne (call $start_open_at (i32.const 48) (i32.const 80)) (i32.const 2)) (then unreachable))
    (local.set $a (i32.load (i32.const 84)))
    (drop (call $start_same (local.get $a) (local.get $a) (i32.const 100)))
    (i32.add (i32.load8_u (i32.const 100)) (i32.load8_u (i32.const 80))))"), "1");
}

TEST_F(Filesystem, TimesBefore1970) {
  grant_directories();
  EXPECT_EQ(run("file", open("$a", 0, 0, 4, 0, kWrite) + R"(
    (call $set_times (local.get $a) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 2) (i64.const -10) (i32.const 5)
      (i32.const 48))
    (if (i32.load8_u (i32.const 48)) (then unreachable))
    (call $stat (local.get $a) (i32.const 2048))
    (if (i64.ne (i64.load (i32.const 2120)) (i64.const -10)) (then unreachable))
    (i32.add (i32.wrap_i64 (i64.load (i32.const 2080))) (i32.load8_u (i32.const 2056))))"),
            std::to_string(5 + 5)) << "bytes, and regular-file";
}

TEST_F(Filesystem, ReadOnlyTreesAndEscapes) {
  grant_directories();
  const auto unlink = [](int dir, int size) {
    return "(call $unlink (i32.load (i32.add (i32.load (i32.const 16)) (i32.const " + std::to_string(12 * dir) +
           "))) (i32.const 1024) (i32.const " + std::to_string(size) + ") (i32.const 48))" +
           "(i32.mul (i32.load8_u (i32.const 48)) (i32.load8_u (i32.const 52)))";
  };
  EXPECT_EQ(run("../secret", "(call $directories (i32.const 16))" + unlink(0, 9) + "(i32.const 100) (i32.mul)" +
                                 unlink(1, 9) + "(i32.add)"),
            std::to_string(static_cast<int>(p3::FsCode::NotPermitted) * 100 + static_cast<int>(p3::FsCode::ReadOnly)));
}

// ---- sockets

// 127.0.0.1 and a port, flat; `port` is an expression.
std::string loopback(std::string_view port) {
  return "(i32.const 0) " + std::string(port) +
         " (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 0) (i32.const 0)";
}
// A listener in local a, its stream of sockets in local b, its port at 256.
std::string listener() {
  return "(call $tcp (i32.const 0) (i32.const 16)) (local.set $a (i32.load (i32.const 20)))"
         "(call $tcp_bind (local.get $a) " + loopback("(i32.const 0)") + " (i32.const 16))"
         "(if (i32.load8_u (i32.const 16)) (then unreachable))"
         "(call $listen (local.get $a) (i32.const 16)) (local.set $b (i32.load (i32.const 20)))"
         "(if (i32.load8_u (i32.const 16)) (then unreachable))"
         "(call $tcp_local (local.get $a) (i32.const 64))"
         "(i32.store (i32.const 256) (i32.load16_u (i32.const 72)))";
}
// A connected socket in local c.
std::string client() {
  return "(call $tcp (i32.const 0) (i32.const 16)) (local.set $c (i32.load (i32.const 20)))"
         "(call $connect (local.get $c) " + loopback("(i32.load (i32.const 256))") + " (i32.const 16))"
         "(if (i32.load8_u (i32.const 16)) (then unreachable))";
}

TEST_F(Sockets, TalkToThemselves) {
  ctx.network.allow_all();
  // The client sends and ends; the other side receives it and the end.
  EXPECT_EQ(run("hello", listener() + client() + R"(
    (if (i32.ne (call $read_sockets (local.get $b) (i32.const 48) (i32.const 4)) (i32.const 16)) (then unreachable))
    (local.set $s (call $new))
    (local.set $a (call $send (local.get $c) (call $readable (local.get $s))))
    (if (i32.ne (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 5)) (i32.const 80))
      (then unreachable))
    (call $drop_writable (call $writable (local.get $s)))
    (drop (call $net_end (local.get $a) (i32.const 80)))
    (if (i32.load8_u (i32.const 80)) (then unreachable))
    (call $receive (i32.load (i32.const 48)) (i32.const 96))
    (if (i32.ne (call $read (i32.load (i32.const 96)) (i32.const 2048) (i32.const 100)) (i32.const 80))
      (then unreachable))
    (if (i32.ne (call $read (i32.load (i32.const 96)) (i32.const 2060) (i32.const 100)) (i32.const 1))
      (then unreachable))
    (drop (call $net_end (i32.load (i32.const 100)) (i32.const 80)))
    (i32.add (i32.load8_u (i32.const 2052)) (i32.load8_u (i32.const 80))))"), std::to_string('o'));
}

// Accepting waits; so does connecting, meanwhile.
TEST_F(Sockets, AcceptingWaits) {
  ctx.network.allow_all();
  EXPECT_EQ(run("", listener() + R"(
    (call $tcp (i32.const 0) (i32.const 16)) (local.set $c (i32.load (i32.const 20)))
    (i32.store (i32.const 512) (local.get $c))
    (i32.store16 (i32.const 520) (i32.load (i32.const 256)))
    (i32.store (i32.const 522) (i32.const 0x0100007F))
    (drop (call $start_connect (i32.const 512) (i32.const 600)))
    (call $read_sockets (local.get $b) (i32.const 48) (i32.const 4)))"), copied(1));
}

TEST_F(Sockets, StreamsAreGivenOnce) {
  ctx.network.allow_all();
  // The second time the stream is closed, and the future says invalid-state.
  EXPECT_EQ(run("", listener() + client() + R"(
    (call $receive (local.get $c) (i32.const 96))
    (call $receive (local.get $c) (i32.const 96))
    (local.set $a (call $read (i32.load (i32.const 96)) (i32.const 2048) (i32.const 100)))
    (drop (call $net_end (i32.load (i32.const 100)) (i32.const 80)))
    (i32.add (i32.mul (local.get $a) (i32.const 100)) (i32.load8_u (i32.const 84))))"),
            std::to_string(100 * kDropped + static_cast<int>(p3::NetCode::InvalidState)));
}

TEST_F(Sockets, SendingNeedsAConnection) {
  ctx.network.allow_all();
  EXPECT_EQ(run("", R"((call $tcp (i32.const 0) (i32.const 16))
    (local.set $s (call $new))
    (local.set $a (call $send (i32.load (i32.const 20)) (call $readable (local.get $s))))
    (local.set $b (call $write (call $writable (local.get $s)) (i32.const 1024) (i32.const 5)))
    (drop (call $net_end (local.get $a) (i32.const 80)))
    (i32.add (i32.mul (local.get $b) (i32.const 100)) (i32.load8_u (i32.const 84))))"),
            std::to_string(100 * kDropped + static_cast<int>(p3::NetCode::InvalidState)));
}

TEST_F(Sockets, RefusedConnections) {
  ctx.network.allow_all();
  EXPECT_EQ(run("", R"((call $tcp (i32.const 0) (i32.const 16)) (local.set $c (i32.load (i32.const 20)))
    (call $connect (local.get $c) )" + loopback("(i32.const 1)") + R"( (i32.const 16))
    (i32.mul (i32.load8_u (i32.const 16)) (i32.load8_u (i32.const 20))))"), number(p3::NetCode::ConnectionRefused));
}

TEST_F(Sockets, NoneWithoutAGrant) {
  EXPECT_EQ(run("", R"((call $tcp (i32.const 0) (i32.const 16))
    (i32.add (i32.mul (i32.load8_u (i32.const 16)) (i32.const 100)) (i32.load8_u (i32.const 20))))"),
            std::to_string(100 + static_cast<int>(p3::NetCode::AccessDenied)));
}

// A socket is lent to the call that goes on.
TEST_F(Sockets, SocketsInUseAreNotDropped) {
  ctx.network.allow_all();
  expect_trap("while borrowed", "", R"((call $udp (i32.const 0) (i32.const 16)) (local.set $a (i32.load (i32.const 20)))
    (call $udp_bind (local.get $a) )" + loopback("(i32.const 0)") + R"( (i32.const 16))
    (drop (call $start_udp_receive (local.get $a) (i32.const 64)))
    (call $drop_Udp (local.get $a)) (i32.const 0))");
}

TEST_F(Sockets, Datagrams) {
  ctx.network.allow_all();
  // Received by a call that waits, sent by another one, from the same socket.
  EXPECT_EQ(run("datagram", R"((call $udp (i32.const 0) (i32.const 16)) (local.set $a (i32.load (i32.const 20)))
    (call $udp_bind (local.get $a) )" + loopback("(i32.const 0)") + R"( (i32.const 16))
    (call $udp_local (local.get $a) (i32.const 64))
    (local.set $b (i32.shr_u (call $start_udp_receive (local.get $a) (i32.const 128)) (i32.const 4)))
    (local.set $c (call $set_new)) (call $join (local.get $b) (local.get $c))
    (i32.store (i32.const 512) (local.get $a))
    (i32.store (i32.const 516) (i32.const 1024)) (i32.store (i32.const 520) (i32.const 8))
    (i32.store8 (i32.const 524) (i32.const 1))
    (i32.store16 (i32.const 532) (i32.load16_u (i32.const 72)))
    (i32.store (i32.const 534) (i32.const 0x0100007F))
    (if (i32.ne (call $start_udp_send (i32.const 512) (i32.const 600)) (i32.const 2)) (then unreachable))
    (if (i32.load8_u (i32.const 600)) (then unreachable))
    (drop (call $set_wait (local.get $c) (i32.const 32)))
    (call $subtask_drop (local.get $b))
    (call $drop_Udp (local.get $a))
    (if (i32.ne (i32.load16_u (i32.const 72)) (i32.load16_u (i32.const 144))) (then unreachable))
    (i32.add (i32.load (i32.const 136)) (i32.load8_u (i32.load (i32.const 132)))))"), std::to_string(8 + 'd'));
}

TEST_F(Sockets, LooksUpAddresses) {
  EXPECT_EQ(run("127.0.0.1", R"((call $resolve (i32.const 1024) (i32.const 9) (i32.const 16))
    (i32.add (i32.load8_u (i32.const 16)) (i32.load (i32.const 24))))"), "1");
}

TEST_F(Sockets, NamesNeedAGrant) {
  EXPECT_EQ(run("localhost", R"((call $resolve (i32.const 1024) (i32.const 9) (i32.const 16))
    (i32.add (i32.mul (i32.load8_u (i32.const 16)) (i32.const 100)) (i32.load8_u (i32.const 20))))"),
            std::to_string(100 + static_cast<int>(p3::LookupCode::AccessDenied)));
}

// What a guest makes the host keep is bounded.
TEST_F(Sockets, ResourcesAreLimited) {
  ctx.network.allow_all();
  ctx.limits.resources = 50;
  ctx.limits.sockets = 1000;
  expect_trap("too many resources", "", "(loop $l (call $tcp (i32.const 0) (i32.const 16)) (br $l)) (i32.const 0)");
}

}  // namespace
}  // namespace skiff::wasi
