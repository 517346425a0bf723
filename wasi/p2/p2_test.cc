// WASI 0.2 as a component sees it: small guests in the text format, each the body of `run`, over the services' tests in
// wasi/os. The guests import several 0.2.x at once.
#include "wasi/p2/p2.h"

#include <gtest/gtest.h>

#include <thread>

#include "component/text/text.h"
#include "engine/interp/interp.h"
#include "wasi/os/test_util.h"
#include "wasi/p2/state.h"

namespace skiff::wasi {
namespace {

using namespace component;

// Instances: name, interface, its type. Types that functions use are exported by them, as in WIT.
constexpr std::string_view kImports = R"(
  (import "wasi:io/error@0.2.0" (instance $error
    (export "error" (type $e (sub resource)))
    (export "[method]error.to-debug-string" (func (param "self" (borrow $e)) (result string)))))
  (alias export $error "error" (type $Error))
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $Pollable))
  (import "wasi:io/streams@0.2.12" (instance $streams
    (alias outer 1 $Error (type $e0)) (export "error" (type $e (eq $e0)))
    (alias outer 1 $Pollable (type $p0)) (export "pollable" (type $p (eq $p0)))
    (type $s0 (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $s (eq $s0)))
    (export "input-stream" (type $i (sub resource)))
    (export "output-stream" (type $o (sub resource)))
    (export "[method]input-stream.read"
      (func (param "self" (borrow $i)) (param "len" u64) (result (result (list u8) (error $s)))))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $i)) (param "len" u64) (result (result (list u8) (error $s)))))
    (export "[method]input-stream.subscribe" (func (param "self" (borrow $i)) (result (own $p))))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result (result u64 (error $s)))))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $s)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $s)))))
    (export "[method]output-stream.write-zeroes"
      (func (param "self" (borrow $o)) (param "len" u64) (result (result (error $s)))))
    (export "[method]output-stream.blocking-splice"
      (func (param "self" (borrow $o)) (param "src" (borrow $i)) (param "len" u64)
        (result (result u64 (error $s)))))))
  (alias export $streams "input-stream" (type $Input))
  (alias export $streams "output-stream" (type $Output))
  (import "wasi:cli/stdin@0.2.1" (instance $stdin
    (alias outer 1 $Input (type $i0)) (export "input-stream" (type $i (eq $i0)))
    (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/stdout@0.2.12" (instance $stdout
    (alias outer 1 $Output (type $o0)) (export "output-stream" (type $o (eq $o0)))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:cli/environment@0.2.12" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))))
  (import "wasi:cli/exit@0.2.12" (instance $exit
    (export "exit" (func (param "status" (result))))
    (export "exit-with-code" (func (param "status-code" u8)))))
  (import "wasi:clocks/monotonic-clock@0.2.12" (instance $clock
    (alias outer 1 $Pollable (type $p0)) (export "pollable" (type $p (eq $p0)))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:random/random@0.2.12" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:filesystem/types@0.2.12" (instance $fs
    (alias outer 1 $Input (type $i0)) (export "input-stream" (type $i (eq $i0)))
    (type $pf0 (flags "symlink-follow")) (export "path-flags" (type $pf (eq $pf0)))
    (type $of0 (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $of (eq $of0)))
    (type $df0 (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory")) (export "descriptor-flags" (type $df (eq $df0)))
    (type $c0 (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
      "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop"
      "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
      "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device"
      "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $c (eq $c0)))
    (export "descriptor" (type $d (sub resource)))
    (export "[method]descriptor.open-at" (func (param "self" (borrow $d)) (param "path-flags" $pf)
      (param "path" string) (param "open-flags" $of) (param "flags" $df) (result (result (own $d) (error $c)))))
    (export "[method]descriptor.set-size"
      (func (param "self" (borrow $d)) (param "size" u64) (result (result (error $c)))))
    (export "[method]descriptor.read" (func (param "self" (borrow $d)) (param "length" u64) (param "offset" u64)
      (result (result (tuple (list u8) bool) (error $c)))))
    (export "[method]descriptor.write" (func (param "self" (borrow $d)) (param "buffer" (list u8))
      (param "offset" u64) (result (result u64 (error $c)))))
    (export "[method]descriptor.link-at" (func (param "self" (borrow $d)) (param "old-path-flags" $pf)
      (param "old-path" string) (param "new-descriptor" (borrow $d)) (param "new-path" string)
      (result (result (error $c)))))
    (export "[method]descriptor.rename-at" (func (param "self" (borrow $d)) (param "old-path" string)
      (param "new-descriptor" (borrow $d)) (param "new-path" string) (result (result (error $c)))))))
  (alias export $fs "descriptor" (type $Descriptor))
  (import "wasi:filesystem/preopens@0.2.12" (instance $preopens
    (alias outer 1 $Descriptor (type $d0)) (export "descriptor" (type $d (eq $d0)))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
  (import "wasi:sockets/network@0.2.12" (instance $network
    (export "network" (type $n (sub resource)))
    (type $c0 (enum "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout"
      "concurrency-conflict" "not-in-progress" "would-block" "invalid-state" "new-socket-limit"
      "address-not-bindable" "address-in-use" "remote-unreachable" "connection-refused" "connection-reset"
      "connection-aborted" "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
      "permanent-resolver-failure"))
    (export "error-code" (type $c (eq $c0)))
    (type $f0 (enum "ipv4" "ipv6")) (export "ip-address-family" (type $f (eq $f0)))
    (type $a40 (tuple u8 u8 u8 u8)) (export "ipv4-address" (type $a4 (eq $a40)))
    (type $a60 (tuple u16 u16 u16 u16 u16 u16 u16 u16)) (export "ipv6-address" (type $a6 (eq $a60)))
    (type $s40 (record (field "port" u16) (field "address" $a4)))
    (export "ipv4-socket-address" (type $s4 (eq $s40)))
    (type $s60 (record (field "port" u16) (field "flow-info" u32) (field "address" $a6) (field "scope-id" u32)))
    (export "ipv6-socket-address" (type $s6 (eq $s60)))
    (type $s0 (variant (case "ipv4" $s4) (case "ipv6" $s6))) (export "ip-socket-address" (type $s (eq $s0)))))
  (alias export $network "network" (type $Network))
  (alias export $network "error-code" (type $NetError))
  (alias export $network "ip-address-family" (type $Family))
  (alias export $network "ip-socket-address" (type $Address))
  (import "wasi:sockets/instance-network@0.2.12" (instance $instance-network
    (alias outer 1 $Network (type $n0)) (export "network" (type $n (eq $n0)))
    (export "instance-network" (func (result (own $n))))))
  (import "wasi:sockets/tcp@0.2.12" (instance $tcp
    (alias outer 1 $Network (type $n0)) (export "network" (type $n (eq $n0)))
    (alias outer 1 $NetError (type $c0)) (export "error-code" (type $c (eq $c0)))
    (alias outer 1 $Address (type $a0)) (export "ip-socket-address" (type $a (eq $a0)))
    (export "tcp-socket" (type $t (sub resource)))
    (export "[method]tcp-socket.start-connect" (func (param "self" (borrow $t)) (param "network" (borrow $n))
      (param "remote-address" $a) (result (result (error $c)))))))
  (alias export $tcp "tcp-socket" (type $Tcp))
  (import "wasi:sockets/tcp-create-socket@0.2.12" (instance $tcp-create
    (alias outer 1 $NetError (type $c0)) (export "error-code" (type $c (eq $c0)))
    (alias outer 1 $Family (type $f0)) (export "ip-address-family" (type $f (eq $f0)))
    (alias outer 1 $Tcp (type $t0)) (export "tcp-socket" (type $t (eq $t0)))
    (export "create-tcp-socket" (func (param "address-family" $f) (result (result (own $t) (error $c)))))))
)";

struct Use {
  std::string_view instance, name, core, type;
};
constexpr Use kUses[] = {
    {"error", "[method]error.to-debug-string", "debug", "(param i32 i32)"},
    {"poll", "[method]pollable.ready", "ready", "(param i32) (result i32)"},
    {"poll", "[method]pollable.block", "block", "(param i32)"},
    {"poll", "poll", "poll", "(param i32 i32 i32)"},
    {"streams", "[method]input-stream.read", "read", "(param i32 i64 i32)"},
    {"streams", "[method]input-stream.blocking-read", "blocking_read", "(param i32 i64 i32)"},
    {"streams", "[method]input-stream.subscribe", "subscribe", "(param i32) (result i32)"},
    {"streams", "[method]output-stream.check-write", "check_write", "(param i32 i32)"},
    {"streams", "[method]output-stream.write", "write", "(param i32 i32 i32 i32)"},
    {"streams", "[method]output-stream.blocking-write-and-flush", "put", "(param i32 i32 i32 i32)"},
    {"streams", "[method]output-stream.write-zeroes", "write_zeroes", "(param i32 i64 i32)"},
    {"streams", "[method]output-stream.blocking-splice", "splice", "(param i32 i32 i64 i32)"},
    {"stdin", "get-stdin", "stdin", "(result i32)"},
    {"stdout", "get-stdout", "stdout", "(result i32)"},
    {"environment", "get-environment", "environment", "(param i32)"},
    {"environment", "get-arguments", "arguments", "(param i32)"},
    {"exit", "exit", "exit", "(param i32)"},
    {"exit", "exit-with-code", "exit_with_code", "(param i32)"},
    {"clock", "now", "now", "(result i64)"},
    {"clock", "subscribe-duration", "after", "(param i64) (result i32)"},
    {"random", "get-random-bytes", "random_bytes", "(param i64 i32)"},
    {"random", "get-random-u64", "random", "(result i64)"},
    {"fs", "[method]descriptor.open-at", "open_at", "(param i32 i32 i32 i32 i32 i32 i32)"},
    {"fs", "[method]descriptor.set-size", "set_size", "(param i32 i64 i32)"},
    {"fs", "[method]descriptor.read", "pread", "(param i32 i64 i64 i32)"},
    {"fs", "[method]descriptor.write", "pwrite", "(param i32 i32 i32 i64 i32)"},
    {"fs", "[method]descriptor.link-at", "link_at", "(param i32 i32 i32 i32 i32 i32 i32 i32)"},
    {"fs", "[method]descriptor.rename-at", "rename_at", "(param i32 i32 i32 i32 i32 i32 i32)"},
    {"preopens", "get-directories", "directories", "(param i32)"},
    {"instance-network", "instance-network", "network", "(result i32)"},
    {"tcp", "[method]tcp-socket.start-connect", "connect",
     "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)"},
    {"tcp-create", "create-tcp-socket", "tcp", "(param i32 i32)"},
};
constexpr std::string_view kDrops[] = {"Pollable", "Input", "Output", "Descriptor", "Tcp"};

// Memory: results go to 16, texts lie from 1024 on, realloc gives from 65536 on.
std::string component_of(std::string_view data, std::string_view body) {
  std::string imports, lowers, with;
  const auto add = [&](std::string_view core, std::string_view type, std::string_view canon) {
    const std::string name(core);
    imports += "(import \"w\" \"" + name + "\" (func $" + name + " " + std::string(type) + "))\n";
    lowers += "(core func $" + name + " " + std::string(canon) + ")\n";
    with += "(export \"" + name + "\" (func $" + name + "))\n";
  };
  for (const Use& u : kUses)
    add(u.core, u.type,
        "(canon lower (func $" + std::string(u.instance) + " \"" + std::string(u.name) +
            "\") (memory (core memory $libc \"m\")) (realloc (core func $libc \"realloc\")))");
  for (const std::string_view d : kDrops)
    add("drop_" + std::string(d), "(param i32)", "(canon resource.drop $" + std::string(d) + ")");
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
      (func (export "run") (result i32) (local $a i32) (local $b i32) )" + std::string(body) + R"())
    (core instance $m (instantiate $M (with "libc" (instance $libc)) (with "w" (instance )" + with + R"())))
    (func (export "run") (result u32) (canon lift (core func $m "run")))))";
}

struct Guest : testing::Test {
  Guest() {
    EngineConfig config;
    config.features = Features::all();
    engine = std::make_unique<Engine>(config, make_interpreter());
    core = std::move(Store::create(*engine).value());
    store = std::move(ComponentStore::create(*core).value());
    p2.define(linker);
    ctx.out = output;
    temp.mkdir("rw");
    temp.mkdir("ro");
    temp.write("rw/file", "hello");
    temp.write("ro/file", "readonly");
    temp.write("secret", "secret");
  }
  ~Guest() override {
    store.reset();
    core.reset();
  }
  void grant_directories() {
    EXPECT_TRUE(ctx.preopen(temp / "rw", "/rw", Access::ReadWrite));
    EXPECT_TRUE(ctx.preopen(temp / "ro", "/ro", Access::ReadOnly));
  }
  // The result of run, or a trap's message.
  std::string run(std::string_view data, std::string_view body) {
    auto binary = component_wat_to_binary(component_of(data, body), engine->features());
    if (!binary) return ADD_FAILURE() << binary.error().message(), "";
    auto compiled = compile_component(*engine, SharedBytes::own(std::move(*binary)));
    if (!compiled) return ADD_FAILURE() << compiled.error().message(), "";
    state = p2.attach(*store, ctx);
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
  Ctx ctx;
  std::shared_ptr<MemoryOutput> output = std::make_shared<MemoryOutput>();
  P2 p2;
  std::unique_ptr<P2State, void (*)(P2State*)> state{nullptr, nullptr};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Store> core;
  std::unique_ptr<ComponentStore> store;
  ComponentLinker linker;
  Failure failure;
};
using Streams = Guest;
using Filesystem = Guest;
using Sockets = Guest;
using Cli = Guest;

// Returns the byte at 16: 0 is ok.
constexpr std::string_view kOk = "(i32.load8_u (i32.const 16))";

TEST_F(Streams, WritesToStandardOutput) {
  EXPECT_EQ(run("hello", "(call $put (call $stdout) (i32.const 1024) (i32.const 5) (i32.const 16))" + std::string(kOk)), "0");
  EXPECT_EQ(output->bytes(), "hello");
}

TEST_F(Streams, CopiesInputToOutput) {
  ctx.in = std::make_shared<MemoryInput>("some input");
  // Until closed (the error at 20 is case 1), 4 bytes at a time.
  EXPECT_EQ(run("", R"(
    (local.set $a (call $stdin)) (local.set $b (call $stdout))
    (loop $l
      (call $blocking_read (local.get $a) (i64.const 4) (i32.const 16))
      (if (i32.eqz (i32.load8_u (i32.const 16)))
        (then
          (call $put (local.get $b) (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 32))
          (br $l))))
    (i32.load8_u (i32.const 20)))"), "1");
  EXPECT_EQ(output->bytes(), "some input");
}

TEST_F(Streams, Splices) {
  ctx.in = std::make_shared<MemoryInput>("some input");
  EXPECT_EQ(run("", R"((call $splice (call $stdout) (call $stdin) (i64.const -1) (i32.const 16))
    (i32.load (i32.const 24)))"), "10");
  EXPECT_EQ(output->bytes(), "some input");
}

TEST_F(Streams, ErrorsAreResources) {
  ctx.out = std::make_shared<MemoryOutput>(2);
  // Failed (case 0), then closed (1).
  EXPECT_EQ(run("hello", R"((local.set $a (call $stdout))
    (call $put (local.get $a) (i32.const 1024) (i32.const 5) (i32.const 16))
    (call $debug (i32.load (i32.const 24)) (i32.const 64))
    (call $put (local.get $a) (i32.const 1024) (i32.const 5) (i32.const 32))
    (i32.or (i32.or (i32.load8_u (i32.const 16)) (i32.shl (i32.load8_u (i32.const 20)) (i32.const 8)))
      (i32.or (i32.shl (i32.load8_u (i32.const 36)) (i32.const 16)) (i32.shl (i32.load (i32.const 68)) (i32.const 24)))))"),
            std::to_string(1 | 0 << 8 | 1 << 16 | 5 << 24)) << "5: length of `nospc`";
}

TEST_F(Streams, BlockingWritesAreLimited) {
  expect_trap("4096", "", "(call $put (call $stdout) (i32.const 1024) (i32.const 4097) (i32.const 16)) (i32.const 0)");
}

TEST_F(Streams, WritingNeedsAPermit) {
  expect_trap("check-write", "", "(call $write (call $stdout) (i32.const 1024) (i32.const 1) (i32.const 16)) (i32.const 0)");
}

TEST_F(Streams, ZeroesNeedAPermitToo) {
  expect_trap("check-write", "", R"((local.set $a (call $stdout)) (call $check_write (local.get $a) (i32.const 16))
    (call $write_zeroes (local.get $a) (i64.add (i64.load (i32.const 24)) (i64.const 1)) (i32.const 16)) (i32.const 0))");
}

TEST_F(Streams, ListsThatAreOutsideOfMemory) {
  expect_trap("out of bounds", "", "(call $put (call $stdout) (i32.const -1) (i32.const 5) (i32.const 16)) (i32.const 0)");
}

TEST_F(Streams, PollOfNothingTraps) {
  expect_trap("empty list", "", "(call $poll (i32.const 1024) (i32.const 0) (i32.const 16)) (i32.const 0)");
}

TEST_F(Streams, PollTellsWhatIsReady) {
  ctx.grant_clocks();
  // [timer of a minute, timer of a millisecond]: one is ready, number 1.
  EXPECT_EQ(run("", R"((i32.store (i32.const 1024) (call $after (i64.const 60000000000)))
    (i32.store (i32.const 1028) (call $after (i64.const 1000000)))
    (call $poll (i32.const 1024) (i32.const 2) (i32.const 16))
    (call $block (i32.load (i32.const 1028)))
    (i32.add (i32.mul (i32.load (i32.const 20)) (i32.const 10)) (i32.load (i32.load (i32.const 16)))))"), "11");
}

TEST_F(Streams, ChildrenGoBeforeTheirParents) {
  EXPECT_EQ(run("", R"((local.set $a (call $stdin)) (local.set $b (call $subscribe (local.get $a)))
    (call $drop_Pollable (local.get $b)) (call $drop_Input (local.get $a)) (i32.const 7))"), "7");
  EXPECT_EQ(state->resources.count(), 0u);
}

TEST_F(Streams, ParentWithChildrenCannotBeDropped) {
  expect_trap("children", "", R"((local.set $a (call $stdin)) (drop (call $subscribe (local.get $a)))
    (call $drop_Input (local.get $a)) (i32.const 0))");
}

// GHSA-852m: what a guest makes the host keep is bounded.
TEST_F(Streams, ResourcesAreLimited) {
  ctx.limits.resources = 100;
  expect_trap("too many resources", "", "(loop $l (drop (call $stdout)) (br $l)) (i32.const 0)");
  EXPECT_EQ(state->resources.count(), 100u);
}

TEST_F(Streams, BlockedGuestsAreInterrupted) {
  std::thread other([&] { core->vm().interrupt.store(1); });
  run("", "(call $block (call $after (i64.const -1))) (i32.const 0)");
  other.join();
  EXPECT_EQ(failure.trap.code, TrapCode::Interrupted);
}

TEST_F(Cli, ArgumentsAndEnvironment) {
  ctx.args = {"program", "\xFF"};
  ctx.env = {"NAME=a=b", "EMPTY"};
  // Number of arguments, of variables, length of the first value.
  EXPECT_EQ(run("", R"((call $arguments (i32.const 16)) (call $environment (i32.const 32))
    (i32.add (i32.mul (i32.load (i32.const 20)) (i32.const 100)) (i32.add (i32.mul (i32.load (i32.const 36)) (i32.const 10))
      (i32.load (i32.add (i32.load (i32.const 32)) (i32.const 12))))))"), "223");
}

TEST_F(Cli, ExitEndsTheGuest) {
  run("", "(call $exit_with_code (i32.const 42)) (unreachable)");
  EXPECT_EQ(failure.trap.code, TrapCode::Exit);
  EXPECT_EQ(failure.trap.exit_status, 42);
}

TEST_F(Cli, NothingIsGrantedByItself) { expect_trap("not granted", "", "(drop (call $now)) (i32.const 0)"); }

TEST_F(Cli, RandomNumbersAreAGrantAndLimited) {
  expect_trap("not granted", "", "(drop (call $random)) (i32.const 0)");
}

TEST_F(Cli, RandomBytesAreLimited) {
  ctx.grant_random();
  expect_trap("too many random bytes", "", "(call $random_bytes (i64.const 67108865) (i32.const 16)) (i32.const 0)");
}

TEST_F(Cli, RandomBytes) {
  ctx.grant_random();
  EXPECT_EQ(run("", "(call $random_bytes (i64.const 1000) (i32.const 16)) (i32.load (i32.const 20))"), "1000");
}

// Descriptors 0 and 1 are /rw and /ro: $a and $b.
constexpr std::string_view kDirectories = R"((call $directories (i32.const 16))
  (local.set $a (i32.load (i32.load (i32.const 16))))
  (local.set $b (i32.load (i32.add (i32.load (i32.const 16)) (i32.const 12)))))";
// Opens the text of `length` in a directory; result: 100 + error code, or 0.
std::string open(std::string_view dir, int follow, int length, int open_flags, int flags) {
  return std::string(kDirectories) + "(call $open_at (local.get " + std::string(dir) + ") (i32.const " +
         std::to_string(follow) + ") (i32.const 1024) (i32.const " + std::to_string(length) + ") (i32.const " +
         std::to_string(open_flags) + ") (i32.const " + std::to_string(flags) + ") (i32.const 16))";
}
constexpr std::string_view kCode = R"((if (result i32) (i32.load8_u (i32.const 16))
  (then (i32.add (i32.const 100) (i32.load8_u (i32.const 20)))) (else (i32.const 0))))";
constexpr int kRead = 1, kWrite = 2, kCreate = 1, kTruncate = 8;
std::string code_of(p2::FsError e) { return std::to_string(100 + static_cast<int>(e)); }

TEST_F(Filesystem, ReadsAndWrites) {
  grant_directories();
  const std::string body = open("$a", 0, 4, 0, kRead | kWrite) + R"(
    (local.set $b (i32.load (i32.const 20)))
    (call $pwrite (local.get $b) (i32.const 1024) (i32.const 2) (i64.const 1) (i32.const 32))
    (call $pread (local.get $b) (i64.const 100) (i64.const 0) (i32.const 48))
    (i32.add (i32.load (i32.const 56)) (i32.load8_u (i32.add (i32.load (i32.const 52)) (i32.const 1)))))";
  EXPECT_EQ(run("file", body), std::to_string(5 + 'f'));
  EXPECT_EQ(temp.read("rw/file"), "hfilo");
}

TEST_F(Filesystem, ReadOnlyTreesRefuseEveryChange) {
  grant_directories();
  EXPECT_EQ(run("file", open("$b", 0, 4, 0, kWrite) + std::string(kCode)), code_of(p2::FsError::ReadOnly));
}

// GHSA-2r75
TEST_F(Filesystem, TruncatingAloneIsAChange) {
  grant_directories();
  EXPECT_EQ(run("file", open("$b", 0, 4, kTruncate, kRead) + std::string(kCode)), code_of(p2::FsError::ReadOnly));
  EXPECT_EQ(temp.read("ro/file"), "readonly");
}

TEST_F(Filesystem, SetSizeIsAChange) {
  grant_directories();
  EXPECT_EQ(run("file", open("$b", 0, 4, 0, kRead) +
                            "(call $set_size (i32.load (i32.const 20)) (i64.const 0) (i32.const 16))"
                            "(i32.add (i32.load8_u (i32.const 16)) (i32.load8_u (i32.const 17)))"),
            std::to_string(1 + static_cast<int>(p2::FsError::ReadOnly)));
  EXPECT_EQ(temp.read("ro/file"), "readonly");
}

// GHSA-4ch3
TEST_F(Filesystem, LinksAndRenamesDoNotCrossAccess) {
  grant_directories();
  const auto expected = std::to_string(1 + static_cast<int>(p2::FsError::ReadOnly));
  const std::string_view code = "(i32.add (i32.load8_u (i32.const 16)) (i32.load8_u (i32.const 17)))";
  EXPECT_EQ(run("filelink", std::string(kDirectories) + R"((call $link_at (local.get $b) (i32.const 0) (i32.const 1024)
    (i32.const 4) (local.get $a) (i32.const 1028) (i32.const 4) (i32.const 16)))" + std::string(code)), expected);
  EXPECT_FALSE(temp.exists("rw/link"));
}

TEST_F(Filesystem, RenamesDoNotCrossAccess) {
  grant_directories();
  EXPECT_EQ(run("filelink", std::string(kDirectories) + R"((call $rename_at (local.get $a) (i32.const 1024)
    (i32.const 4) (local.get $b) (i32.const 1028) (i32.const 4) (i32.const 16))
    (i32.add (i32.load8_u (i32.const 16)) (i32.load8_u (i32.const 17))))"),
            std::to_string(1 + static_cast<int>(p2::FsError::ReadOnly)));
  EXPECT_TRUE(temp.exists("rw/file"));
}

TEST_F(Filesystem, PathsStayBeneath) {
  grant_directories();
  EXPECT_EQ(run("../secret", open("$a", 1, 9, 0, kRead) + std::string(kCode)), code_of(p2::FsError::NotPermitted));
}

TEST_F(Filesystem, AbsolutePathsAreNone) {
  grant_directories();
  EXPECT_EQ(run("/etc", open("$a", 1, 4, 0, kRead) + std::string(kCode)), code_of(p2::FsError::NotPermitted));
}

// GHSA-vqjp
TEST_F(Filesystem, TrailingSlashesDoNotFollowLinksOut) {
  grant_directories();
  temp.link("..", "rw/up");
  EXPECT_EQ(run("up/", open("$a", 0, 3, 0, kRead) + std::string(kCode)), code_of(p2::FsError::NotPermitted));
}

TEST_F(Filesystem, CreatesFiles) {
  grant_directories();
  EXPECT_EQ(run("made", open("$a", 0, 4, kCreate, kWrite) + std::string(kCode)), "0");
  EXPECT_TRUE(temp.exists("rw/made"));
}

// Family 0, connects to the address that `flat` gives; result: 100 + error code.
std::string connect(int family, std::string_view flat) {
  return "(call $tcp (i32.const " + std::to_string(family) + R"() (i32.const 16))
    (if (result i32) (i32.load8_u (i32.const 16))
      (then (i32.add (i32.const 200) (i32.load8_u (i32.const 20))))
      (else (call $connect (i32.load (i32.const 20)) (call $network) )" + std::string(flat) + R"( (i32.const 32))
        (i32.add (i32.mul (i32.const 100) (i32.load8_u (i32.const 32))) (i32.load8_u (i32.const 33))))))";
}
std::string flat_address(std::initializer_list<int> values) {
  std::string out;
  size_t n = 0;
  for (const int v : values) out += "(i32.const " + std::to_string(v) + ")", ++n;
  for (; n < 12; ++n) out += "(i32.const 0)";
  return out;
}

TEST_F(Sockets, NoneWithoutAGrant) {
  EXPECT_EQ(run("", connect(0, flat_address({0, 80, 10, 0, 0, 1}))),
            std::to_string(200 + static_cast<int>(NetError::AccessDenied)));
}

TEST_F(Sockets, AddressesAreChecked) {
  ASSERT_TRUE(ctx.network.allow_connect("127.0.0.1:80"));
  std::vector<std::string> refused;
  ctx.network.on_refused = [&](std::string_view grant) { refused.emplace_back(grant); };
  EXPECT_EQ(run("", connect(0, flat_address({0, 81, 10, 0, 0, 1}))),
            std::to_string(100 + static_cast<int>(NetError::AccessDenied)));
  EXPECT_EQ(refused, (std::vector<std::string>{"--allow-net 10.0.0.1:81"})) << "for the host, not the guest";
}

TEST_F(Sockets, MappedAddressesAreRefused) {
  ctx.network.allow_all();
  EXPECT_EQ(run("", connect(1, flat_address({1, 80, 0, 0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1, 0}))),
            std::to_string(100 + static_cast<int>(NetError::InvalidArgument)));
}

TEST_F(Sockets, CasesThatAreNone) {
  ctx.network.allow_all();
  expect_trap("invalid variant discriminant", "", connect(0, flat_address({2, 80})));
}

}  // namespace
}  // namespace skiff::wasi
