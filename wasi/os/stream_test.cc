// Byte streams: permits, ends, errors, files, pipes.
#include <gtest/gtest.h>
#include <fcntl.h>

#include <atomic>
#include <thread>

#include "wasi/os/file_stream.h"
#include "wasi/os/pipe.h"
#include "wasi/os/test_util.h"

namespace skiff::wasi {
namespace {

using Kind = StreamFault::Kind;

std::span<const uint8_t> bytes_of(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

std::string read_now(InputStream& in, size_t most = 1000) {
  std::vector<uint8_t> buffer(most);
  const auto n = in.read(buffer);
  EXPECT_TRUE(n) << "closed or failed";
  return {buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(n.value_or(0))};
}

Kind read_fault(InputStream& in) {
  uint8_t byte[1];
  const auto n = in.read(byte);
  EXPECT_FALSE(n);
  return n ? Kind::NoPermit : n.error().kind;
}

template <class T>
Kind fault(const Streamed<T>& r) {
  EXPECT_FALSE(r);
  return r ? Kind::Canceled : r.error().kind;
}

struct FileFixture : testing::Test {
  TempDir temp;
  Dir dir = *Dir::open_host(temp.path(), Access::ReadWrite);
  ThreadScheduler scheduler;
  Blocking how{scheduler, {}};
  std::shared_ptr<File> open(std::string_view name, OpenOptions options) {
    auto opened = dir.open_at(name, options);
    EXPECT_TRUE(opened);
    return std::get<std::shared_ptr<File>>(*opened);
  }
};
using FileStream = FileFixture;

TEST_F(FileStream, ReadsAtAnOffsetOfItsOwn) {
  temp.write("f", "hello world");
  const auto file = open("f", {.read = true});
  const auto a = *file_input(file, 6), b = *file_input(file, 0);
  EXPECT_EQ(read_now(*a, 3), "wor");
  EXPECT_EQ(read_now(*b, 5), "hello");
  EXPECT_EQ(read_now(*a), "ld");
  EXPECT_TRUE(is_ready(*a));
  EXPECT_EQ(read_fault(*a), Kind::Closed);
  std::ofstream(temp / "f", std::ios::app) << "more";
  EXPECT_EQ(read_fault(*a), Kind::Closed) << "the end stays the end";
  std::vector<uint8_t> none;
  EXPECT_EQ(fault(a->read(none)), Kind::Closed);
  EXPECT_TRUE(b->read(none));
}

TEST_F(FileStream, WritesAtAnOffsetAndAtTheEnd) {
  temp.write("f", "0123456789");
  const auto file = open("f", {.read = true, .write = true});
  const auto at = *file_output(file, 2), end = *file_output(file, std::nullopt);
  EXPECT_TRUE(blocking_write_and_flush(*at, bytes_of("ab"), how));
  EXPECT_TRUE(blocking_write_and_flush(*end, bytes_of("X"), how));
  EXPECT_TRUE(blocking_write_and_flush(*at, bytes_of("cd"), how));
  EXPECT_TRUE(blocking_write_and_flush(*end, bytes_of("Y"), how));
  EXPECT_TRUE(blocking_write_zeroes_and_flush(*end, 2, how));
  EXPECT_EQ(temp.read("f"), std::string("01abcd6789XY\0\0", 14));
}

TEST_F(FileStream, ErrorsAreToldOnce) {
  const auto file = open("f", {.write = true, .create = true});
  const auto out = *file_output(file, static_cast<uint64_t>(INT64_MAX));
  ASSERT_GT(out->check_write().value_or(0), 1u);
  const auto r = out->write(bytes_of("x"));
  ASSERT_EQ(fault(r), Kind::Failed);
  EXPECT_EQ(r.error().error.origin, ErrorOrigin::File);
  EXPECT_EQ(fault(out->check_write()), Kind::Closed);
  EXPECT_TRUE(is_ready(*out));
}

TEST_F(FileStream, NeedsTheRightMode) {
  temp.write("f", "x");
  EXPECT_EQ(file_output(open("f", {.read = true}), 0).error(), Errno::BadF);
  EXPECT_EQ(file_input(open("f", {.write = true}), 0).error(), Errno::BadF);
  EXPECT_EQ(file_input(open("f", {.read = true}), ~uint64_t{0}).error(), Errno::Inval);
}

TEST_F(FileStream, BeyondThePermitIsMisuse) {
  const auto out = *file_output(open("f", {.write = true, .create = true}), 0);
  EXPECT_EQ(fault(out->write(bytes_of("x"))), Kind::NoPermit) << "without check_write";
  EXPECT_TRUE(out->write({})) << "nothing needs no permit";
  const uint64_t permit = *out->check_write();
  std::vector<uint8_t> big(static_cast<size_t>(permit) + 1);
  EXPECT_EQ(fault(out->write(big)), Kind::NoPermit);
  EXPECT_EQ(fault(out->write_zeroes(permit + 1)), Kind::NoPermit);
  EXPECT_EQ(temp.read("f"), "");
}

TEST_F(FileStream, SplicesFileToFile) {
  temp.write("a", std::string(100'000, 'x'));
  const auto in = *file_input(open("a", {.read = true}), 0);
  const auto out = *file_output(open("b", {.write = true, .create = true}), 0);
  uint64_t total = 0;
  for (;;) {
    const auto n = blocking_splice(*out, *in, ~uint64_t{0}, how);
    if (!n) {
      EXPECT_EQ(n.error().kind, Kind::Closed);
      break;
    }
    EXPECT_LE(*n, kStreamChunk);
    total += *n;
  }
  EXPECT_EQ(total, 100'000u);
  EXPECT_EQ(temp.read("b").size(), 100'000u);
  EXPECT_FALSE(out->closed()) << "the source's end is not the sink's";
}

TEST_F(FileStream, SkipsWithinBounds) {
  temp.write("a", std::string(100'000, 'x'));
  const auto in = *file_input(open("a", {.read = true}), 0);
  EXPECT_EQ(in->skip(~uint64_t{0}).value_or(0), kStreamChunk);
  EXPECT_EQ(blocking_skip(*in, 0, how).value_or(1), 0u);
}

struct Piped : FileFixture {
  Piped() {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    read = OwnedFd(fds[0]);
    write = OwnedFd(fds[1]);
  }
  OwnedFd read, write;
};
using StdStream = Piped;

TEST_F(StdStream, InputReadsNothingBeforeItIsAskedAndKeepsItsEnd) {
  const auto in = std_input(*File::borrow(read.get()));
  ASSERT_EQ(::write(write.get(), "abc", 3), 3);
  EXPECT_TRUE(is_ready(*in));
  EXPECT_EQ(readable_bytes(read.get()), 3u) << "no read-ahead";
  EXPECT_EQ(read_now(*in, 2), "ab");
  EXPECT_EQ(readable_bytes(read.get()), 1u);
  EXPECT_EQ(read_now(*in), "c");
  EXPECT_FALSE(is_ready(*in));
  EXPECT_EQ(read_now(*in), "");
  write.reset();
  EXPECT_TRUE(is_ready(*in));
  EXPECT_EQ(read_fault(*in), Kind::Closed);
  EXPECT_EQ(read_fault(*in), Kind::Closed);
  EXPECT_TRUE(is_ready(*in));
}

TEST_F(StdStream, BlockingReadWaits) {
  const auto in = std_input(*File::borrow(read.get()));
  std::thread writer([&] { ASSERT_EQ(::write(write.get(), "x", 1), 1); });
  uint8_t byte[8];
  EXPECT_EQ(blocking_read(*in, byte, how).value_or(0), 1u);
  writer.join();
}

TEST_F(StdStream, DirectoryAsInputIsAnErrorNotAHang) {
  OwnedFd fd(::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY));
  EXPECT_EQ(File::borrow(fd.get()).error(), Errno::IsDir);
}

TEST_F(StdStream, OutputIsTheHostsAtOnce) {
  const auto out = std_output(*File::borrow(write.get()), {});
  ASSERT_GE(out->check_write().value_or(0), 3u);
  ASSERT_TRUE(out->write(bytes_of("abc")));
  EXPECT_EQ(readable_bytes(read.get()), 3u);
}

TEST_F(StdStream, FullPipeGivesNoPermitAndDoesNotBlock) {
  const auto out = std_output(*File::borrow(write.get()), {});
  size_t written = 0;
  const std::vector<uint8_t> page(4096);
  while (out->check_write().value_or(0) != 0) {
    ASSERT_TRUE(out->write(page));
    written += page.size();
    ASSERT_LE(written, size_t{1} << 20);
  }
  EXPECT_FALSE(is_ready(*out));
  std::vector<uint8_t> drain(written);
  ASSERT_EQ(::read(read.get(), drain.data(), drain.size()), static_cast<ssize_t>(written));
  EXPECT_TRUE(is_ready(*out));
}

TEST_F(StdStream, NobodyReadsClosesWithoutASignal) {
  const auto out = std_output(*File::borrow(write.get()), {});
  read.reset();
  ASSERT_GT(out->check_write().value_or(0), 0u);
  EXPECT_EQ(fault(out->write(bytes_of("x"))), Kind::Closed);
  EXPECT_EQ(fault(out->check_write()), Kind::Closed);
}

TEST_F(StdStream, StreamsInMemory) {
  const auto in = std_input(std::make_shared<MemoryInput>("abc"));
  EXPECT_EQ(read_now(*in), "abc");
  EXPECT_EQ(read_fault(*in), Kind::Closed);
  const auto sink = std::make_shared<MemoryOutput>(4);
  const auto out = std_output(sink, {});
  EXPECT_TRUE(blocking_write_and_flush(*out, bytes_of("abc"), how));
  EXPECT_EQ(fault(blocking_write_and_flush(*out, bytes_of("def"), how)), Kind::Failed);
  EXPECT_EQ(sink->bytes(), "abcd");
  const auto nothing = std_input(std::make_shared<NullStream>());
  EXPECT_EQ(read_fault(*nothing), Kind::Closed);
}

TEST(PipeStream, PermitsAreWhatIsFree) {
  auto [in, out, pipe] = Pipe::create(8);
  EXPECT_EQ(out->check_write().value_or(0), 8u);
  ASSERT_TRUE(out->write(bytes_of("abcdef")));
  EXPECT_EQ(out->check_write().value_or(0), 2u);
  EXPECT_EQ(read_now(*in, 4), "abcd");
  ASSERT_EQ(out->check_write().value_or(0), 6u);
  ASSERT_TRUE(out->write(bytes_of("ghijkl")));
  EXPECT_FALSE(is_ready(*out));
  EXPECT_EQ(read_now(*in), "efghijkl") << "around the end of the ring";
}

TEST(PipeStream, FlushHoldsWritersBack) {
  auto [in, out, pipe] = Pipe::create(8);
  ASSERT_TRUE(out->check_write());
  ASSERT_TRUE(out->write(bytes_of("ab")));
  ASSERT_TRUE(out->flush());
  EXPECT_EQ(out->check_write().value_or(1), 0u);
  EXPECT_FALSE(is_ready(*out));
  EXPECT_EQ(read_now(*in), "ab");
  EXPECT_TRUE(is_ready(*out));
  EXPECT_EQ(out->check_write().value_or(0), 8u);
}

TEST(PipeStream, EndsReachTheOtherSide) {
  {
    auto [in, out, pipe] = Pipe::create(8);
    ASSERT_TRUE(out->check_write());
    ASSERT_TRUE(out->write(bytes_of("ab")));
    out.reset();
    EXPECT_EQ(read_now(*in), "ab");
    EXPECT_EQ(read_fault(*in), Kind::Closed);
  }
  {
    auto [in, out, pipe] = Pipe::create(8);
    pipe->fail({Errno::ConnReset, ErrorOrigin::Socket});
    EXPECT_EQ(fault(out->check_write()), Kind::Closed);
    EXPECT_EQ(read_fault(*in), Kind::Failed);
    EXPECT_EQ(read_fault(*in), Kind::Closed);
  }
  {
    auto [in, out, pipe] = Pipe::create(8);
    in.reset();
    EXPECT_TRUE(is_ready(*out));
    EXPECT_EQ(fault(out->check_write()), Kind::Closed);
  }
}

TEST(PipeStream, WaitingForAPipeIsInterrupted) {
  auto [in, out, pipe] = Pipe::create(8);
  ThreadScheduler scheduler;
  std::atomic<uint32_t> flag = 1;
  uint8_t byte[1];
  EXPECT_EQ(fault(blocking_read(*in, byte, {scheduler, {&flag}})), Kind::Canceled);
}

}  // namespace
}  // namespace skiff::wasi
