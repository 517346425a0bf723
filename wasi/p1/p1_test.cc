// Preview 1 through its host functions, called directly with the context of an instance that has a memory
// and no code. Whole programs are tested by the guests in testdata/.
#include "wasi/p1/p1.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <thread>

#include "engine/base/bits.h"
#include "engine/exec/memory.h"
#include "engine/exec/exec_test_support.h"
#include "wasi/os/test_util.h"
#include "wasi/p1/abi.h"

namespace skiff::wasi {
namespace {

constexpr uint64_t kAllRights = ~uint64_t{0};
// Where the tests put things in guest memory.
constexpr uint32_t kOut = 64, kOut2 = 80, kIov = 128, kPath = 256, kPath2 = 1024, kBuffer = 4096;

struct Row {
  const char* name;
  std::string_view parameters;
};
constexpr Row kRows[] = {
#define SKIFF_P1(NAME, PARAMETERS) {#NAME, PARAMETERS},
#include "wasi/p1/p1.def"
#undef SKIFF_P1
};

class P1Test : public ::testing::Test {
 protected:
  P1Test() {
    temp.mkdir("rw/sub");
    temp.write("rw/file", "hello");
    temp.mkdir("ro");
    temp.write("ro/file", "readonly");
    ctx.args = {"prog", "one"};
    ctx.env = {"A=1", "LONG=value"};
    EXPECT_TRUE(ctx.preopen(temp / "rw", "/rw", Access::ReadWrite));
    EXPECT_TRUE(ctx.preopen(temp / "ro", "/ro", Access::ReadOnly));
    ctx.in = std::make_shared<MemoryInput>("input text");
    ctx.out = output;
    ctx.grant_clocks();
    ctx.grant_random();
  }

  void start(std::string_view wat = "(memory (export \"memory\") 1)") {
    P1::define(world.linker, ctx);
    instance = &world.make(wat);
    memory = instance->find_memory("memory");
  }
  Outcome raw_call(const char* module, const char* name, std::vector<uint64_t> args, uint32_t& result) {
    Slot slots[16] = {};
    for (size_t i = 0; i < args.size(); ++i) slots[i].u64 = args[i];
    FuncInst* f = world.linker.find(module, name)->func;
    const Outcome o = f->call(f, instance ? &instance->ctx() : nullptr, slots);
    result = slots[0].u32;
    return o;
  }
  Errno call(const char* name, std::vector<uint64_t> args, const char* module = "wasi_snapshot_preview1") {
    uint32_t result = 0;
    EXPECT_EQ(raw_call(module, name, std::move(args), result), Outcome::Ok) << name;
    return static_cast<Errno>(result);
  }
  template <class T>
  T get(uint32_t at) {
    return load_unaligned<T>(memory->bytes().data() + at);
  }
  template <class T>
  void put(uint32_t at, T value) {
    store_unaligned(memory->bytes().data() + at, value);
  }
  uint64_t put_text(uint32_t at, std::string_view text) {
    std::memcpy(memory->bytes().data() + at, text.data(), text.size());
    return text.size();
  }
  std::string text(uint32_t at, uint32_t n) {
    return {reinterpret_cast<const char*>(memory->bytes().data()) + at, n};
  }
  void put_iov(uint32_t index, uint32_t at, uint32_t n) {
    put(kIov + 8 * index, at);
    put(kIov + 8 * index + 4, n);
  }
  Errno open(uint32_t dir, std::string_view path, uint64_t rights, uint32_t& fd, uint32_t oflags = 0,
             uint32_t fdflags = 0, uint32_t lookup = 1) {
    const Errno e = call(
        "path_open", {dir, lookup, kPath, put_text(kPath, path), oflags, rights, kAllRights, fdflags, kOut});
    fd = get<uint32_t>(kOut);
    return e;
  }
  Errno read(uint32_t fd, std::string& bytes) {
    put_iov(0, kBuffer, 1000);
    const Errno e = call("fd_read", {fd, kIov, 1, kOut});
    bytes = e == Errno::Success ? text(kBuffer, get<uint32_t>(kOut)) : "";
    return e;
  }
  Errno write(uint32_t fd, std::string_view bytes) {
    put_iov(0, kBuffer, static_cast<uint32_t>(put_text(kBuffer, bytes)));
    return call("fd_write", {fd, kIov, 1, kOut});
  }
  template <class... Paths>
  Errno on_path(const char* name, uint32_t fd, std::string_view path) {
    return call(name, {fd, kPath, put_text(kPath, path)});
  }
  Errno two_paths(const char* name, uint32_t fd, std::string_view path, uint32_t fd2,
                  std::string_view path2) {
    std::vector<uint64_t> args = {fd, kPath, put_text(kPath, path), fd2, kPath2, put_text(kPath2, path2)};
    if (std::string_view(name) == "path_link") args.insert(args.begin() + 1, 0);
    return call(name, std::move(args));
  }

  TempDir temp;
  Ctx ctx;
  std::shared_ptr<MemoryOutput> output = std::make_shared<MemoryOutput>();
  testing::World world;
  Instance* instance = nullptr;
  LinearMemory* memory = nullptr;
};

// Every address of every function, each alone and all together, where nothing is: Fault, no crash.
TEST_F(P1Test, HostilePointers) {
  start();
  ASSERT_EQ(std::size(kRows), 46u);
  for (const Row& row : kRows) {
    if (row.parameters.find('p') == row.parameters.npos) continue;
    const bool on_socket = std::string_view(row.name).starts_with("sock_");
    for (const uint32_t bad : {0xFFFFFFF0u, 0xFFFFFFFFu, 0x80000000u, 65536u - 1, 65537u}) {
      for (size_t only = 0; only <= row.parameters.size(); ++only) {
        if (only < row.parameters.size() && row.parameters[only] != 'p') continue;
        std::vector<uint64_t> args;
        for (size_t i = 0; i < row.parameters.size(); ++i) {
          switch (row.parameters[i]) {
            case 'p': args.push_back(only == row.parameters.size() || only == i ? bad : kBuffer); break;
            case 'n': args.push_back(16); break;
            case 'f': args.push_back(3); break;
            default: args.push_back(0);
          }
        }
        put_text(kBuffer, "a valid path too");
        uint32_t e = 0;
        ASSERT_EQ(raw_call("wasi_snapshot_preview1", row.name, args, e), Outcome::Ok) << row.name;
        if (on_socket) continue;  // no socket is there; see HostilePointersOnSockets
        EXPECT_EQ(static_cast<Errno>(e), Errno::Fault) << row.name << " argument " << only << " " << bad;
      }
    }
  }
}

// Whatever numbers: an errno, nothing else.
TEST_F(P1Test, HostileNumbers) {
  start();
  const uint64_t odd[] = {
      0, 1, 3, 4, 5, 63, 4096, 65535, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, ~uint64_t{0}, uint64_t{1} << 63};
  uint64_t seed = 1;
  for (const Row& row : kRows) {
    // Not those that may wait or end the program.
    const std::string_view name = row.name;
    if (name == "proc_exit" || name == "poll_oneoff" || name == "fd_allocate") continue;
    for (int round = 0; round < 300; ++round) {
      std::vector<uint64_t> args;
      for (const char c : row.parameters) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const uint64_t v = odd[(seed >> 33) % std::size(odd)];
        args.push_back(c == 'I' ? v : static_cast<uint32_t>(v));
      }
      uint32_t e = 0;
      ASSERT_EQ(raw_call("wasi_snapshot_preview1", row.name, args, e), Outcome::Ok) << row.name;
      ASSERT_LE(e, static_cast<uint32_t>(Errno::NotCapable)) << row.name;
    }
  }
}

TEST_F(P1Test, IovecsAreCheckedOneByOne) {
  start();
  put_iov(0, kBuffer, 4);
  put_iov(1, 65530, 7);
  EXPECT_EQ(call("fd_write", {1, kIov, 2, kOut}), Errno::Fault);
  put_iov(1, 0xFFFFFFFF, 0xFFFFFFFF);
  EXPECT_EQ(call("fd_write", {1, kIov, 2, kOut}), Errno::Fault);
  EXPECT_EQ(call("fd_write", {1, kIov, 0x20000000, kOut}), Errno::Fault);
  EXPECT_EQ(call("fd_write", {1, kIov, 0xFFFFFFFF, kOut}), Errno::Fault);
  EXPECT_EQ(output->bytes(), "");
  put_iov(1, 65536, 0);
  EXPECT_EQ(call("fd_write", {1, kIov, 2, kOut}), Errno::Success);
  // More buffers than are looked at: a partial transfer.
  for (uint32_t i = 0; i < 1000; ++i) put(kBuffer + 8 * i, uint64_t{1} << 32 | kPath);
  EXPECT_EQ(call("fd_write", {1, kBuffer, 1000, kOut}), Errno::Success);
  EXPECT_EQ(get<uint32_t>(kOut), 256u);
}

TEST_F(P1Test, NoMemoryTraps) {
  start("(func (export \"f\"))");
  uint32_t e = 0;
  EXPECT_EQ(raw_call("wasi_snapshot_preview1", "random_get", {0, 4}, e), Outcome::Trap);
  EXPECT_EQ(world.store->pending_trap().code, TrapCode::HostError);
  EXPECT_NE(world.store->pending_trap().message().find("\"memory\""), std::string::npos);
  EXPECT_EQ(raw_call("wasi_snapshot_preview1", "sched_yield", {}, e), Outcome::Ok);
  instance = nullptr;  // the embedder itself calls
  EXPECT_EQ(raw_call("wasi_snapshot_preview1", "random_get", {0, 4}, e), Outcome::Trap);
}

TEST_F(P1Test, ArgumentsAndEnvironment) {
  start();
  EXPECT_EQ(call("args_sizes_get", {kOut, kOut2}), Errno::Success);
  EXPECT_EQ(get<uint32_t>(kOut), 2u);
  EXPECT_EQ(get<uint32_t>(kOut2), 9u);
  EXPECT_EQ(call("args_get", {kOut, kBuffer}), Errno::Success);
  EXPECT_EQ(text(get<uint32_t>(kOut + 4), 4), std::string("one\0", 4));
  EXPECT_EQ(call("environ_get", {kOut, kBuffer}), Errno::Success);
  EXPECT_EQ(text(kBuffer, 15), std::string("A=1\0LONG=value\0", 15));
}

TEST_F(P1Test, StandardStreams) {
  start();
  std::string bytes;
  EXPECT_EQ(read(0, bytes), Errno::Success);
  EXPECT_EQ(bytes, "input text");
  EXPECT_EQ(read(0, bytes), Errno::Success);
  EXPECT_EQ(bytes, "");
  EXPECT_EQ(write(1, "printed"), Errno::Success);
  EXPECT_EQ(output->bytes(), "printed");
  EXPECT_EQ(write(0, "x"), Errno::BadF);
  EXPECT_EQ(call("fd_seek", {1, 0, 0, kOut}), Errno::SPipe);
  EXPECT_EQ(call("fd_fdstat_get", {1, kOut}), Errno::Success);
  EXPECT_EQ(get<uint64_t>(kOut + 8) & (rights::FdSeek | rights::FdTell), 0u);
  EXPECT_NE(get<uint64_t>(kOut + 8) & rights::FdWrite, 0u);
}

TEST_F(P1Test, Preopens) {
  start();
  EXPECT_EQ(call("fd_prestat_get", {3, kOut}), Errno::Success);
  EXPECT_EQ(get<uint32_t>(kOut + 4), 3u);
  EXPECT_EQ(call("fd_prestat_dir_name", {3, kBuffer, 3}), Errno::Success);
  EXPECT_EQ(text(kBuffer, 3), "/rw");
  EXPECT_EQ(call("fd_prestat_dir_name", {3, kBuffer, 2}), Errno::NameTooLong);
  EXPECT_EQ(call("fd_prestat_get", {5, kOut}), Errno::BadF);
  EXPECT_EQ(call("fd_prestat_get", {1, kOut}), Errno::BadF);
}

TEST_F(P1Test, FilesAndPaths) {
  start();
  uint32_t fd = 0;
  std::string bytes;
  ASSERT_EQ(open(3, "new", rights::FdRead | rights::FdWrite, fd, oflag::Creat | oflag::Excl), Errno::Success);
  EXPECT_EQ(fd, 5u);
  EXPECT_EQ(write(fd, "0123456789"), Errno::Success);
  EXPECT_EQ(call("fd_seek", {fd, static_cast<uint64_t>(-4), 2, kOut}), Errno::Success);
  EXPECT_EQ(get<uint64_t>(kOut), 6u);
  EXPECT_EQ(read(fd, bytes), Errno::Success);
  EXPECT_EQ(bytes, "6789");
  EXPECT_EQ(call("fd_tell", {fd, kOut}), Errno::Success);
  EXPECT_EQ(get<uint64_t>(kOut), 10u);
  put_iov(0, kBuffer, 3);
  EXPECT_EQ(call("fd_pread", {fd, kIov, 1, 2, kOut}), Errno::Success);
  EXPECT_EQ(text(kBuffer, 3), "234");
  EXPECT_EQ(call("fd_pwrite", {fd, kIov, 1, 0, kOut}), Errno::Success);
  EXPECT_EQ(call("fd_filestat_set_size", {fd, 4}), Errno::Success);
  EXPECT_EQ(temp.read("rw/new"), "2343");
  EXPECT_EQ(call("fd_allocate", {fd, 0, 100}), Errno::Success);
  EXPECT_EQ(call("fd_filestat_get", {fd, kOut}), Errno::Success);
  EXPECT_EQ(get<uint64_t>(kOut + 32), 100u);
  EXPECT_EQ(get<uint8_t>(kOut + 16), static_cast<uint8_t>(FileType::RegularFile));
  EXPECT_EQ(call("fd_fdstat_set_flags", {fd, fdflag::Append}), Errno::Success);
  EXPECT_EQ(call("fd_fdstat_set_flags", {fd, fdflag::Sync}), Errno::NotSup);
  EXPECT_EQ(call("fd_close", {fd}), Errno::Success);
  EXPECT_EQ(call("fd_close", {fd}), Errno::BadF);

  EXPECT_EQ(on_path("path_create_directory", 3, "d"), Errno::Success);
  EXPECT_EQ(two_paths("path_rename", 3, "new", 3, "d/moved"), Errno::Success);
  EXPECT_EQ(two_paths("path_link", 3, "d/moved", 3, "hard"), Errno::Success);
  EXPECT_EQ(call("path_symlink", {kPath, put_text(kPath, "d/moved"), 3, kPath2, put_text(kPath2, "soft")}),
            Errno::Success);
  EXPECT_EQ(call("path_readlink", {3, kPath, put_text(kPath, "soft"), kBuffer, 3, kOut}), Errno::Success);
  EXPECT_EQ(text(kBuffer, get<uint32_t>(kOut)), "d/m");
  EXPECT_EQ(call("path_filestat_get", {3, 0, kPath, put_text(kPath, "soft"), kOut}), Errno::Success);
  EXPECT_EQ(get<uint8_t>(kOut + 16), static_cast<uint8_t>(FileType::SymbolicLink));
  EXPECT_EQ(call("path_filestat_get", {3, 1, kPath, put_text(kPath, "soft"), kOut}), Errno::Success);
  EXPECT_EQ(get<uint64_t>(kOut + 24), 2u);
  EXPECT_EQ(call("path_filestat_set_times", {3, 1, kPath, put_text(kPath, "soft"), 5, 7'000'000'001,
                                             fstflag::Atim | fstflag::Mtim}),
            Errno::Success);
  EXPECT_EQ(call("path_filestat_get", {3, 1, kPath, put_text(kPath, "hard"), kOut}), Errno::Success);
  EXPECT_EQ(get<uint64_t>(kOut + 48), 7'000'000'001u);
  EXPECT_EQ(call("path_filestat_set_times", {3, 1, kPath, put_text(kPath, "soft"), 0, 0, 3}), Errno::Inval);
  EXPECT_EQ(on_path("path_remove_directory", 3, "d"), Errno::NotEmpty);
  EXPECT_EQ(on_path("path_unlink_file", 3, "d/moved"), Errno::Success);
  EXPECT_EQ(on_path("path_remove_directory", 3, "d"), Errno::Success);
  EXPECT_EQ(open(3, "soft", rights::FdRead, fd), Errno::NoEnt);
  EXPECT_EQ(open(3, "soft", rights::FdRead, fd, 0, 0, 0), Errno::Loop);
  EXPECT_EQ(open(3, "../ro/file", rights::FdRead, fd), Errno::Perm);
  EXPECT_EQ(open(3, "\xFF", rights::FdRead, fd), Errno::IlSeq);
  EXPECT_EQ(open(3, "file", rights::FdRead, fd, 1 << 5), Errno::Inval);
  EXPECT_EQ(open(1, "file", rights::FdRead, fd), Errno::NotDir);
  EXPECT_EQ(open(99, "file", rights::FdRead, fd), Errno::BadF);
}

TEST_F(P1Test, ReadOnlyPreopen) {
  start();
  uint32_t fd = 0;
  std::string bytes;
  EXPECT_EQ(open(4, "file", rights::FdWrite, fd), Errno::Perm);
  EXPECT_EQ(open(4, "file", 0, fd, oflag::Trunc), Errno::Perm);
  EXPECT_EQ(open(4, "new", rights::FdRead, fd, oflag::Creat), Errno::Perm);
  EXPECT_EQ(on_path("path_create_directory", 4, "d"), Errno::Perm);
  EXPECT_EQ(on_path("path_unlink_file", 4, "file"), Errno::Perm);
  EXPECT_EQ(on_path("path_remove_directory", 4, "d"), Errno::Perm);
  EXPECT_EQ(two_paths("path_rename", 4, "file", 3, "stolen"), Errno::Perm);
  EXPECT_EQ(two_paths("path_rename", 3, "file", 4, "file"), Errno::Perm);
  EXPECT_EQ(two_paths("path_link", 4, "file", 3, "stolen"), Errno::Perm);
  EXPECT_EQ(two_paths("path_link", 3, "file", 4, "new"), Errno::Perm);
  EXPECT_EQ(call("path_symlink", {kPath, put_text(kPath, "x"), 4, kPath2, put_text(kPath2, "l")}),
            Errno::Perm);
  EXPECT_EQ(call("path_filestat_set_times", {4, 1, kPath, put_text(kPath, "file"), 0, 0, 2}), Errno::Perm);
  EXPECT_EQ(call("fd_filestat_set_times", {4, 0, 0, 2}), Errno::Perm);
  ASSERT_EQ(open(4, "file", kAllRights & ~rights::FdWrite, fd), Errno::Success);
  EXPECT_EQ(call("fd_filestat_set_size", {fd, 0}), Errno::Perm);
  EXPECT_EQ(call("fd_filestat_set_times", {fd, 0, 0, 2}), Errno::Perm);
  EXPECT_EQ(call("fd_allocate", {fd, 0, 100}), Errno::Perm);
  EXPECT_EQ(write(fd, "x"), Errno::BadF);
  EXPECT_EQ(read(fd, bytes), Errno::Success);
  EXPECT_EQ(bytes, "readonly");
}

TEST_F(P1Test, TruncateNeedsNoWriteRightOfTheDescriptor) {
  start();
  uint32_t fd = 0;
  EXPECT_EQ(open(3, "file", 0, fd, oflag::Trunc), Errno::Success);
  EXPECT_EQ(temp.read("rw/file"), "");
  EXPECT_EQ(write(fd, "x"), Errno::BadF);
}

TEST_F(P1Test, RightsCanOnlyBeGivenUp) {
  start();
  EXPECT_EQ(call("fd_fdstat_get", {3, kOut}), Errno::Success);
  const uint64_t base = get<uint64_t>(kOut + 8), inheriting = get<uint64_t>(kOut + 16);
  EXPECT_EQ(call("fd_fdstat_set_rights", {3, kAllRights, inheriting}), Errno::NotCapable);
  EXPECT_EQ(call("fd_fdstat_set_rights", {3, base & ~rights::PathUnlinkFile, inheriting & ~rights::FdWrite}),
            Errno::Success);
  EXPECT_EQ(call("fd_fdstat_set_rights", {3, base, inheriting}), Errno::NotCapable);
  EXPECT_EQ(on_path("path_unlink_file", 3, "file"), Errno::NotCapable);
  uint32_t fd = 0;
  EXPECT_EQ(open(3, "file", rights::FdRead | rights::FdWrite, fd), Errno::NotCapable);
  ASSERT_EQ(open(3, "file", rights::FdRead, fd), Errno::Success);
  EXPECT_EQ(write(fd, "x"), Errno::NotCapable);
  // Moving a file to where more is allowed would bring the right back.
  ASSERT_EQ(open(3, "sub", rights::FdRead, fd, oflag::Directory), Errno::Success);
  EXPECT_EQ(open(fd, "made", rights::FdWrite, fd, oflag::Creat), Errno::NotCapable);
}

TEST_F(P1Test, RenumberAndClose) {
  start();
  uint32_t a = 0, b = 0;
  for (const uint32_t odd : {5u, 100u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    EXPECT_EQ(call("fd_close", {odd}), Errno::BadF);
    EXPECT_EQ(call("fd_renumber", {odd, 3}), Errno::BadF);
    EXPECT_EQ(call("fd_renumber", {3, odd}), Errno::BadF);
  }
  ASSERT_EQ(open(3, "file", rights::FdRead, a), Errno::Success);
  ASSERT_EQ(open(4, "file", rights::FdRead, b), Errno::Success);
  EXPECT_EQ(call("fd_renumber", {a, a}), Errno::Success);
  EXPECT_EQ(call("fd_renumber", {b, a}), Errno::Success);
  std::string bytes;
  EXPECT_EQ(read(a, bytes), Errno::Success);
  EXPECT_EQ(bytes, "readonly");
  EXPECT_EQ(read(b, bytes), Errno::BadF);
  EXPECT_EQ(call("fd_renumber", {a, 1}), Errno::Success);
  EXPECT_EQ(write(1, "x"), Errno::BadF);
  EXPECT_EQ(call("fd_close", {3}), Errno::Success);
  ASSERT_EQ(open(4, "file", rights::FdRead, a), Errno::Success);
  EXPECT_EQ(a, 3u);  // the lowest free number
}

TEST_F(P1Test, DescriptorLimit) {
  ctx.limits.descriptors = 10;
  start();
  uint32_t fd = 0;
  for (int i = 0; i < 5; ++i) ASSERT_EQ(open(3, "file", rights::FdRead, fd), Errno::Success);
  EXPECT_EQ(open(3, "created", rights::FdWrite, fd, oflag::Creat), Errno::MFile);
  EXPECT_FALSE(temp.exists("rw/created"));
  EXPECT_EQ(call("fd_renumber", {8, 9}), Errno::Success);
  EXPECT_EQ(open(3, "file", rights::FdRead, fd), Errno::Success);
  EXPECT_EQ(open(3, "file", rights::FdRead, fd), Errno::MFile);
}

TEST_F(P1Test, ReaddirInSmallBuffers) {
  for (int i = 0; i < 300; ++i) temp.write("rw/sub/entry-number-" + std::to_string(i), "");
  start();
  uint32_t fd = 0;
  ASSERT_EQ(open(3, "sub", rights::FdRead | rights::FdReaddir, fd, oflag::Directory), Errno::Success);
  for (const uint32_t size : {64u, 100u, 1000u, 30000u}) {
    std::map<std::string, int> seen;
    uint64_t cookie = 0;
    for (uint32_t used = size; used == size;) {
      ASSERT_EQ(call("fd_readdir", {fd, kBuffer, size, cookie, kOut}), Errno::Success);
      used = get<uint32_t>(kOut);
      for (uint32_t at = 0; at + kDirentSize <= used;) {
        const uint32_t name_size = get<uint32_t>(kBuffer + at + 16);
        if (at + kDirentSize + name_size > used) break;
        ++seen[text(kBuffer + at + kDirentSize, name_size)];
        cookie = get<uint64_t>(kBuffer + at);
        at += kDirentSize + name_size;
      }
    }
    EXPECT_EQ(seen.size(), 302u) << size;
    for (const auto& [name, count] : seen) EXPECT_EQ(count, 1) << name;
  }
  EXPECT_EQ(call("fd_readdir", {fd, kBuffer, 0, 0, kOut}), Errno::Success);
  EXPECT_EQ(get<uint32_t>(kOut), 0u);
  EXPECT_EQ(call("fd_readdir", {1, kBuffer, 100, 0, kOut}), Errno::NotDir);
}

TEST_F(P1Test, ClocksAndRandom) {
  start();
  EXPECT_EQ(call("clock_time_get", {1, 0, kOut}), Errno::Success);
  const uint64_t first = get<uint64_t>(kOut);
  EXPECT_EQ(call("clock_time_get", {1, 0, kOut}), Errno::Success);
  EXPECT_GE(get<uint64_t>(kOut), first);
  EXPECT_EQ(call("clock_res_get", {0, kOut}), Errno::Success);
  EXPECT_EQ(call("clock_time_get", {4, 0, kOut}), Errno::Inval);
  EXPECT_EQ(call("random_get", {0, 65536}), Errno::Success);
  EXPECT_EQ(call("random_get", {65536, 0}), Errno::Success);
  ctx.clock.reset();
  ctx.random.reset();
  EXPECT_EQ(call("clock_time_get", {1, 0, kOut}), Errno::NotSup);
  EXPECT_EQ(call("random_get", {0, 8}), Errno::NotSup);
}

TEST_F(P1Test, ExitAndRaise) {
  start();
  uint32_t e = 0;
  EXPECT_EQ(raw_call("wasi_snapshot_preview1", "proc_exit", {7}, e), Outcome::Trap);
  EXPECT_EQ(world.store->pending_trap().code, TrapCode::Exit);
  EXPECT_EQ(world.store->pending_trap().exit_status, 7);
  EXPECT_EQ(call("proc_raise", {6}), Errno::NotSup);
  EXPECT_EQ(call("sched_yield", {}), Errno::Success);
}

class P1PollTest : public P1Test {
 protected:
  // Subscription number i of wasi_snapshot_preview1 at kBuffer.
  void subscribe_clock(uint32_t i, uint64_t userdata, uint32_t clock, uint64_t timeout, uint16_t flags = 0) {
    const uint32_t at = kBuffer + 48 * i;
    put(at, userdata);
    put(at + 8, uint8_t{0});
    put(at + 16, clock);
    put(at + 24, timeout);
    put(at + 40, flags);
  }
  void subscribe_fd(uint32_t i, uint64_t userdata, uint8_t type, uint32_t fd) {
    const uint32_t at = kBuffer + 48 * i;
    put(at, userdata);
    put(at + 8, type);
    put(at + 16, fd);
  }
  Errno poll(uint32_t count) { return call("poll_oneoff", {kBuffer, kEvents, count, kOut}); }
  uint64_t event_user(uint32_t i) { return get<uint64_t>(kEvents + 32 * i); }
  Errno event_error(uint32_t i) { return static_cast<Errno>(get<uint16_t>(kEvents + 32 * i + 8)); }
  static constexpr uint32_t kEvents = 32768;
};

TEST_F(P1PollTest, ClocksAndFiles) {
  start();
  subscribe_clock(0, 11, 1, 20'000'000);
  subscribe_clock(1, 12, 1, 60'000'000'000);
  uint64_t before = host_monotonic_ns();
  EXPECT_EQ(poll(2), Errno::Success);
  EXPECT_GE(host_monotonic_ns() - before, 20'000'000u);
  EXPECT_EQ(get<uint32_t>(kOut), 1u);
  EXPECT_EQ(event_user(0), 11u);

  uint32_t fd = 0;
  ASSERT_EQ(open(3, "file", rights::FdRead, fd), Errno::Success);
  subscribe_fd(0, 21, event_type::FdRead, fd);
  subscribe_fd(1, 22, event_type::FdWrite, 1);
  subscribe_fd(2, 23, event_type::FdRead, 99);
  subscribe_clock(3, 24, 77, 5);
  subscribe_fd(4, 25, 9, 0);
  EXPECT_EQ(poll(5), Errno::Success);
  EXPECT_EQ(get<uint32_t>(kOut), 5u);
  EXPECT_EQ(get<uint64_t>(kEvents + 16), 5u);  // bytes left in the file
  EXPECT_EQ(event_error(1), Errno::Success);
  EXPECT_EQ(event_error(2), Errno::BadF);
  EXPECT_EQ(event_error(3), Errno::Inval);
  EXPECT_EQ(event_error(4), Errno::Inval);

  subscribe_clock(0, 31, 1, 0, clock_flag::Absolute);  // long past
  EXPECT_EQ(poll(1), Errno::Success);
  EXPECT_EQ(get<uint32_t>(kOut), 1u);
  EXPECT_EQ(poll(0), Errno::Inval);
  EXPECT_EQ(call("poll_oneoff", {0, 0, 0xFFFFFFFF, kOut}), Errno::Fault);
  ctx.limits.subscriptions = 3;
  EXPECT_EQ(poll(4), Errno::Inval);
}

TEST_F(P1PollTest, InterruptEndsASleep) {
  start();
  subscribe_clock(0, 1, 1, 60'000'000'000);
  std::thread interrupter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    world.store->interrupt();
  });
  uint32_t e = 0;
  EXPECT_EQ(raw_call("wasi_snapshot_preview1", "poll_oneoff", {kBuffer, kEvents, 1, kOut}, e), Outcome::Trap);
  interrupter.join();
  EXPECT_EQ(world.store->pending_trap().code, TrapCode::Interrupted);
}

TEST_F(P1PollTest, Sockets) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  ASSERT_TRUE(ctx.preopen_socket(OwnedFd(pair[0])));
  const OwnedFd peer(pair[1]);
  start();
  constexpr uint32_t kSocket = 5;
  subscribe_fd(0, 1, event_type::FdRead, kSocket);
  subscribe_clock(1, 2, 1, 5'000'000);
  EXPECT_EQ(poll(2), Errno::Success);
  EXPECT_EQ(event_user(0), 2u);
  ASSERT_EQ(::write(peer.get(), "abcdef", 6), 6);
  EXPECT_EQ(poll(2), Errno::Success);
  EXPECT_EQ(event_user(0), 1u);
  EXPECT_EQ(get<uint64_t>(kEvents + 16), 6u);
  put_iov(0, kBuffer, 4);
  EXPECT_EQ(call("sock_recv", {kSocket, kIov, 1, riflag::Peek, kOut, kOut2}), Errno::Success);
  EXPECT_EQ(text(kBuffer, get<uint32_t>(kOut)), "abcd");
  std::string bytes;
  EXPECT_EQ(read(kSocket, bytes), Errno::Success);
  EXPECT_EQ(bytes, "abcdef");
  EXPECT_EQ(call("fd_fdstat_set_flags", {kSocket, fdflag::Nonblock}), Errno::Success);
  EXPECT_EQ(read(kSocket, bytes), Errno::Again);
  EXPECT_EQ(write(kSocket, "hi"), Errno::Success);
  EXPECT_EQ(call("sock_send", {kSocket, kIov, 1, 1, kOut}), Errno::Inval);
  EXPECT_EQ(call("sock_accept", {kSocket, 0, kOut}), Errno::Again);  // nothing to accept now
  EXPECT_EQ(call("sock_shutdown", {kSocket, sdflag::Read | sdflag::Write}), Errno::Success);
  EXPECT_EQ(call("sock_shutdown", {kSocket, 8}), Errno::Inval);
  EXPECT_EQ(write(kSocket, "x"), Errno::Pipe);
  for (const char* name : {"sock_shutdown"}) EXPECT_EQ(call(name, {3, 1}), Errno::NotSock);
}

// Every address that a socket call takes.
TEST_F(P1PollTest, HostilePointersOnSockets) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  ASSERT_TRUE(ctx.preopen_socket(OwnedFd(pair[0])));
  const OwnedFd peer(pair[1]);
  start();
  constexpr uint32_t kBad = 0xFFFFFFF0;
  EXPECT_EQ(call("sock_recv", {5, kBad, 1, 0, kOut, kOut2}), Errno::Fault);
  EXPECT_EQ(call("sock_recv", {5, kIov, 1, 0, kBad, kOut2}), Errno::Fault);
  EXPECT_EQ(call("sock_recv", {5, kIov, 1, 0, kOut, kBad}), Errno::Fault);
  EXPECT_EQ(call("sock_send", {5, kBad, 1, 0, kOut}), Errno::Fault);
  EXPECT_EQ(call("sock_send", {5, kIov, 1, 0, kBad}), Errno::Fault);
  EXPECT_EQ(call("sock_accept", {5, 0, kBad}), Errno::Fault);
}

TEST_F(P1PollTest, UnstableDiffersInLayout) {
  start();
  constexpr const char* kOld = "wasi_unstable";
  uint32_t fd = 0;
  ASSERT_EQ(open(3, "file", rights::FdRead, fd), Errno::Success);
  put(kOut + 56, uint64_t{0x1122334455667788});
  EXPECT_EQ(call("fd_filestat_get", {fd, kOut}, kOld), Errno::Success);
  EXPECT_EQ(get<uint32_t>(kOut + 20), 1u);
  EXPECT_EQ(get<uint64_t>(kOut + 24), 5u);
  EXPECT_EQ(get<uint64_t>(kOut + 56), 0x1122334455667788u);  // it is shorter
  EXPECT_EQ(call("fd_seek", {fd, 2, 2, kOut}, kOld), Errno::Success);  // 2: from the start
  EXPECT_EQ(get<uint64_t>(kOut), 2u);
  EXPECT_EQ(call("fd_seek", {fd, 1, 0, kOut}, kOld), Errno::Success);  // 0: from here
  EXPECT_EQ(get<uint64_t>(kOut), 3u);
  put(kBuffer, uint64_t{5});
  put(kBuffer + 8, uint8_t{0});
  put(kBuffer + 16, uint64_t{0});
  put(kBuffer + 24, uint32_t{1});
  put(kBuffer + 32, uint64_t{1'000'000});
  put(kBuffer + 48, uint16_t{0});
  EXPECT_EQ(call("poll_oneoff", {kBuffer, kEvents, 1, kOut}, kOld), Errno::Success);
  EXPECT_EQ(event_user(0), 5u);
  EXPECT_EQ(event_error(0), Errno::Success);
}

}  // namespace
}  // namespace skiff::wasi
