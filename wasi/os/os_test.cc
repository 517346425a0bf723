// The small services: errors, clocks, random numbers, waiting, streams, sockets, contexts.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "wasi/os/ctx.h"

namespace skiff::wasi {
namespace {

TEST(ErrnoTest, OneTable) {
  EXPECT_EQ(errno_of_host(ENOENT), Errno::NoEnt);
  EXPECT_EQ(static_cast<int>(Errno::NoEnt), 44);
  EXPECT_EQ(errno_of_host(ENOTSUP), Errno::NotSup);
  EXPECT_EQ(errno_of_host(99999), Errno::Io);
  EXPECT_EQ(name_of(Errno::TooBig), "2big");
}

TEST(ClockTest, SystemAndFixed) {
  SystemClock system;
  const uint64_t first = system.now(ClockId::Monotonic).value();
  EXPECT_LT(first, 1'000'000'000u);
  EXPECT_GE(system.now(ClockId::Monotonic).value(), first);
  EXPECT_GT(system.now(ClockId::Realtime).value(), uint64_t{1'600'000'000} * 1'000'000'000);
  EXPECT_GT(system.resolution(ClockId::Realtime).value(), 0u);
  EXPECT_TRUE(system.now(ClockId::ProcessCpu));
  FixedClock fixed(1000, 5);
  EXPECT_EQ(fixed.now(ClockId::Realtime).value(), 1005u);
  EXPECT_EQ(fixed.now(ClockId::Monotonic).value(), 10u);
  EXPECT_EQ(to_nanoseconds(-1, 5), 0u);
  EXPECT_EQ(to_nanoseconds(INT64_MAX, 5), ~uint64_t{0});
}

TEST(RandomTest, FillsAndRepeats) {
  uint8_t a[100] = {}, b[100] = {};
  EXPECT_TRUE(SystemRandom().fill(a));
  EXPECT_TRUE(SystemRandom().fill(b));
  EXPECT_NE(0, std::memcmp(a, b, sizeof a));
  EXPECT_TRUE(SeededRandom(7).fill(a));
  EXPECT_TRUE(SeededRandom(7).fill(b));
  EXPECT_EQ(0, std::memcmp(a, b, sizeof a));
}

TEST(PollTest, WaitsAndIsInterrupted) {
  const uint64_t start = host_monotonic_ns();
  EXPECT_EQ(wait_for({}, 30'000'000, {}).value_or(9), 0u);
  EXPECT_GE(host_monotonic_ns() - start, 30'000'000u);
  std::atomic<uint32_t> flag = 0;
  std::thread interrupter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    flag = 1;
  });
  const auto r = wait_for({}, std::nullopt, {&flag});
  interrupter.join();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error(), Errno::Canceled);
}

TEST(StreamTest, Memory) {
  MemoryInput in("hello world");
  char a[5], b[20];
  const iovec into[] = {{a, 5}, {b, 20}};
  EXPECT_EQ(in.read(into).value_or(0), 11u);
  EXPECT_EQ(in.read(into).value_or(9), 0u);
  EXPECT_EQ(std::string(b, 6), " world");
  MemoryOutput out(7);
  const iovec from[] = {{a, 5}, {b, 6}};
  EXPECT_EQ(out.write(from).value_or(0), 7u);
  EXPECT_EQ(out.bytes(), "hello w");
  EXPECT_EQ(out.write(from).error(), Errno::NoSpc);
}

TEST(SocketTest, AcceptReceiveSend) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "skiff-test-%d", ::getpid());
  OwnedFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  OwnedFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto server = *Socket::adopt(std::move(listener));
  server->set_nonblocking(true);
  EXPECT_EQ(server->accept(false, {}).error(), Errno::Again);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  auto peer = server->accept(true, {});
  ASSERT_TRUE(peer);
  char a[4], b[4];
  const iovec v[] = {{a, 4}, {b, 4}};
  EXPECT_EQ((*peer)->receive(v, false, false, {}).error(), Errno::Again);
  ASSERT_EQ(::write(client.get(), "abcdef", 6), 6);
  EXPECT_EQ((*peer)->receive(v, true, false, {})->bytes, 6u);
  (*peer)->set_nonblocking(false);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_EQ(::write(client.get(), "gh", 2), 2);
  });
  EXPECT_EQ((*peer)->receive(v, false, true, {})->bytes, 8u);
  writer.join();
  EXPECT_EQ(std::string(b, 4), "efgh");
  EXPECT_EQ((*peer)->send(v, {}).value_or(0), 8u);
  EXPECT_TRUE((*peer)->shutdown(true, true));
  EXPECT_FALSE((*peer)->shutdown(false, false));
  client.reset();
  EXPECT_EQ((*peer)->send(v, {}).error(), Errno::Pipe);
  EXPECT_FALSE(Socket::adopt(OwnedFd(::open("/dev/null", 0))));
}

TEST(CtxTest, GrantsNothingByDefault) {
  const Ctx ctx;
  EXPECT_TRUE(ctx.args.empty() && ctx.env.empty() && ctx.preopens.empty() && ctx.sockets.empty());
  EXPECT_FALSE(ctx.clock);
  EXPECT_FALSE(ctx.random);
  EXPECT_TRUE(std::holds_alternative<std::shared_ptr<Stream>>(ctx.in));
}

}  // namespace
}  // namespace skiff::wasi
