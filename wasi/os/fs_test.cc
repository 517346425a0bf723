// Files and directories, every test with both resolvers: what must work, and what must not get out.
#include "wasi/os/fs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "wasi/os/test_util.h"

namespace skiff::wasi {
namespace {

using FilePtr = std::shared_ptr<File>;
constexpr OpenOptions kRead{.read = true};
constexpr OpenOptions kReadWrite{.read = true, .write = true};
constexpr OpenOptions kCreate{.read = true, .write = true, .create = true};

template <class T>
Errno error_of(const Io<T>& r) {
  return r ? Errno::Success : r.error();
}

Io<std::string> read_all(File& file) {
  std::string out;
  char buffer[4096];
  for (;;) {
    const iovec v = {buffer, sizeof buffer};
    const size_t n = SKIFF_IO_TRY(file.read({&v, 1}));
    if (n == 0) return out;
    out.append(buffer, n);
  }
}

Io<size_t> write_text(File& file, std::string_view text) {
  const iovec v = {const_cast<char*>(text.data()), text.size()};
  return file.write({&v, 1});
}

class FsTest : public ::testing::TestWithParam<Resolver> {
 protected:
  // outer/secret is what nobody may reach; outer/base is the preopen.
  void SetUp() override {
    outer.mkdir("base/sub/deep");
    outer.write("secret", "SECRET");
    outer.mkdir("outdir");
    outer.write("outdir/file", "SECRET");
    outer.write("base/file", "hello");
    outer.write("base/sub/inner", "inner");
    if (GetParam() == Resolver::Openat2 && probe_resolver(AT_FDCWD) == Resolver::Walker)
      GTEST_SKIP() << "no openat2";
  }
  Dir base(Access access = Access::ReadWrite, const std::string& name = "base") {
    auto d = Dir::open_host(outer / name, access, GetParam());
    EXPECT_TRUE(d);
    return *std::move(d);
  }
  Errno open_error(std::string_view path, const OpenOptions& options = kRead) {
    return error_of(base().open_at(path, options));
  }
  Io<std::string> content(const Dir& dir, std::string_view path) {
    auto opened = SKIFF_IO_TRY(dir.open_at(path, kRead));
    if (!std::holds_alternative<FilePtr>(opened)) return io_fail(Errno::IsDir);
    return read_all(*std::get<FilePtr>(opened));
  }
  // Existence, opening, reading a link and changing all fail alike.
  void expect_unreachable(const std::string& path, std::vector<Errno> allowed) {
    const Dir dir = base();
    const auto check = [&](const char* what, Errno e) {
      EXPECT_NE(std::find(allowed.begin(), allowed.end(), e), allowed.end())
          << what << " " << path << ": " << name_of(e);
    };
    check("open", error_of(dir.open_at(path, kRead)));
    if (!path.ends_with('/'))
      check("create", error_of(dir.open_at(path, kCreate)));  // else IsDir without a look
    check("open directory", error_of(dir.open_at(path, {.read = true, .directory = true})));
    check("stat", error_of(dir.stat_at(path, true)));
    check("times", error_of(dir.set_times_at(path, true, {NewTime::Kind::Now}, {NewTime::Kind::Now})));
    EXPECT_EQ(outer.read("secret"), "SECRET");
    EXPECT_EQ(outer.read("outdir/file"), "SECRET");
  }

  TempDir outer;
};

INSTANTIATE_TEST_SUITE_P(Resolvers, FsTest, ::testing::Values(Resolver::Openat2, Resolver::Walker),
                         [](const auto& info) {
                           return info.param == Resolver::Walker ? "Walker" : "Openat2";
                         });

TEST_P(FsTest, PathsWithinWork) {
  for (const char* path : {"file", "./file", "sub/../file", ".//sub/./../file", "sub/deep/../../file"})
    EXPECT_EQ(content(base(), path).value_or(""), "hello") << path;
  outer.link("sub", "base/l");
  outer.link("../file", "base/sub/up");
  outer.link("l/up", "base/chain");
  EXPECT_EQ(content(base(), "chain").value_or(""), "hello");
  EXPECT_EQ(content(base(), "l/inner").value_or(""), "inner");
  EXPECT_EQ(content(base(), "l/../file").value_or(""), "hello");
  EXPECT_EQ(error_of(base().open_at(".", kRead)), Errno::Success);
  EXPECT_EQ(error_of(base().open_at("sub/..", kRead)), Errno::Success);
  // ".." is the parent of where a link leads to, not of the link.
  outer.link("sub/deep", "base/d");
  EXPECT_EQ(content(base(), "d/../inner").value_or(""), "inner");
}

TEST_P(FsTest, DotDotDoesNotEscape) {
  for (const char* path :
       {"..", "../", "../secret", "sub/../../secret", "./../base/file", "sub/deep/../../../secret",
        "../base/sub/inner", "sub/../..", "sub/../../base/file"})
    expect_unreachable(path, {Errno::Perm});
}

TEST_P(FsTest, AbsolutePathsDoNotEscape) {
  expect_unreachable(outer / "secret", {Errno::Perm});
  expect_unreachable("/", {Errno::Perm});
  expect_unreachable("//etc/passwd", {Errno::Perm});
}

TEST_P(FsTest, LinksDoNotEscape) {
  outer.link("../secret", "base/out");
  outer.link(outer / "secret", "base/absolute");
  outer.link("../outdir", "base/outdir");
  outer.link("outdir", "base/chain1");
  outer.link("chain1/file", "base/chain2");
  outer.link("../../secret", "base/sub/up2");
  outer.link("../base/file", "base/comes_back");
  outer.link("/", "base/root");
  outer.link("..", "base/parent");
  for (const char* path :
       {"out", "absolute", "outdir", "outdir/", "outdir/file", "chain1", "chain1/file", "chain2", "sub/up2",
        "comes_back", "root", "root/etc/passwd", "parent", "parent/secret", "out/", "absolute/"})
    expect_unreachable(path, {Errno::Perm});
  const Dir dir = base();
  // The links themselves are ours.
  EXPECT_EQ(dir.readlink_at("out").value_or(""), "../secret");
  EXPECT_EQ(dir.stat_at("out", false)->type, FileType::SymbolicLink);
  // With a slash behind it a link stands for what it leads to, also where links are not followed.
  EXPECT_EQ(error_of(dir.stat_at("outdir/", false)), Errno::Perm);
  EXPECT_EQ(error_of(dir.readlink_at("outdir/")), Errno::Perm);
  EXPECT_EQ(error_of(dir.open_at("outdir/", {.read = true, .directory = true, .follow = false})),
            Errno::Perm);
  EXPECT_EQ(error_of(dir.link_at("outdir/", dir, "x")), Errno::Perm);
  EXPECT_NE(error_of(dir.remove_directory_at("outdir/")), Errno::Success);
  EXPECT_NE(error_of(dir.rename_at("file", dir, "outdir/")), Errno::Success);
  EXPECT_NE(error_of(dir.create_directory_at("outdir/new")), Errno::Success);
  EXPECT_NE(error_of(dir.unlink_file_at("outdir/file")), Errno::Success);
  EXPECT_NE(error_of(dir.rename_at("outdir/file", dir, "stolen")), Errno::Success);
  EXPECT_NE(error_of(dir.link_at("outdir/file", dir, "stolen")), Errno::Success);
  EXPECT_NE(error_of(dir.symlink_at("x", "outdir/new")), Errno::Success);
  EXPECT_FALSE(outer.exists("outdir/new"));
  EXPECT_TRUE(outer.exists("outdir/file"));
  EXPECT_TRUE(outer.exists("base/outdir"));
  // A hard link of a link links the link.
  EXPECT_EQ(error_of(dir.link_at("out", dir, "out2")), Errno::Success);
  EXPECT_EQ(dir.stat_at("out2", false)->type, FileType::SymbolicLink);
  EXPECT_EQ(error_of(dir.open_at("out2", kRead)), Errno::Perm);
}

TEST_P(FsTest, LinkLoops) {
  outer.link("a", "base/a");
  outer.link("c", "base/b");
  outer.link("b/x", "base/c");
  outer.link("grow/grow", "base/grow");
  for (const char* path : {"a", "b", "c", "a/x", "grow"}) EXPECT_EQ(open_error(path), Errno::Loop) << path;
  std::string previous = "file";
  for (int i = 0; i < 60; ++i) {
    const std::string name = "chain" + std::to_string(i);
    outer.link(previous, "base/" + name);
    previous = name;
  }
  EXPECT_EQ(open_error("chain39"), Errno::Success);
  EXPECT_EQ(open_error("chain40"), Errno::Loop);
}

TEST_P(FsTest, NotFollowing) {
  outer.link("file", "base/l");
  outer.link("sub", "base/ld");
  EXPECT_EQ(open_error("l", {.read = true, .follow = false}), Errno::Loop);
  EXPECT_EQ(open_error("ld", {.read = true, .directory = true, .follow = false}), Errno::NotDir);
  EXPECT_EQ(open_error("ld/inner", {.read = true, .follow = false}), Errno::Success);
  EXPECT_EQ(open_error("l", {.write = true, .create = true, .exclusive = true}), Errno::Exist);
  // Creating through a dangling link makes its target.
  outer.link("sub/made", "base/dangling");
  EXPECT_EQ(open_error("dangling"), Errno::NoEnt);
  EXPECT_EQ(open_error("dangling", kCreate), Errno::Success);
  EXPECT_TRUE(outer.exists("base/sub/made"));
}

TEST_P(FsTest, TrailingSlashes) {
  outer.link("sub", "base/ld");
  outer.link("file", "base/lf");
  outer.link("file/", "base/lslash");
  const Dir dir = base();
  for (const char* path : {"file/", "file//", "file/.", "lf/", "lslash", "file/x", "file/.."})
    EXPECT_EQ(open_error(path), Errno::NotDir) << path;
  EXPECT_EQ(error_of(dir.stat_at("file/", true)), Errno::NotDir);
  EXPECT_EQ(error_of(dir.stat_at("lf/", false)), Errno::NotDir);
  EXPECT_EQ(open_error("sub/"), Errno::Success);
  EXPECT_EQ(open_error("ld/", {.read = true, .directory = true, .follow = false}), Errno::Success);
  EXPECT_EQ(dir.stat_at("ld/", false)->type, FileType::Directory);
  EXPECT_EQ(open_error("new/", kCreate), Errno::IsDir);
  EXPECT_FALSE(outer.exists("base/new"));

  EXPECT_EQ(error_of(dir.create_directory_at("d/")), Errno::Success);
  EXPECT_EQ(error_of(dir.create_directory_at("d/")), Errno::Exist);
  EXPECT_EQ(error_of(dir.unlink_file_at("d/")), Errno::IsDir);
  EXPECT_EQ(error_of(dir.unlink_file_at("file/")), Errno::NotDir);
  EXPECT_EQ(error_of(dir.remove_directory_at("file/")), Errno::NotDir);
  EXPECT_EQ(error_of(dir.rename_at("d/", dir, "e/")), Errno::Success);
  EXPECT_EQ(error_of(dir.rename_at("file/", dir, "g")), Errno::NotDir);
  EXPECT_EQ(error_of(dir.rename_at("file", dir, "g/")), Errno::NotDir);
  EXPECT_EQ(error_of(dir.remove_directory_at("e/")), Errno::Success);
  EXPECT_EQ(error_of(dir.symlink_at("x", "link/")), Errno::NoEnt);
  EXPECT_EQ(error_of(dir.symlink_at("x", "file/")), Errno::NotDir);
  EXPECT_EQ(error_of(dir.link_at("file/", dir, "h")), Errno::NotDir);
  EXPECT_EQ(error_of(dir.link_at("sub/", dir, "h")), Errno::Perm);
  EXPECT_EQ(error_of(dir.readlink_at("ld/")), Errno::Inval);
  EXPECT_EQ(error_of(dir.remove_directory_at("ld/")), Errno::NotDir);
  EXPECT_TRUE(outer.exists("base/ld"));
}

TEST_P(FsTest, OddPaths) {
  using namespace std::string_view_literals;
  const Dir dir = base();
  EXPECT_EQ(open_error(""), Errno::NoEnt);
  EXPECT_EQ(open_error("file\0x"sv), Errno::Inval);
  EXPECT_EQ(open_error(std::string(5000, 'a')), Errno::NameTooLong);
  EXPECT_EQ(open_error(std::string(300, 'a')), Errno::NameTooLong);
  EXPECT_EQ(error_of(dir.create_directory_at("sub\0x"sv)), Errno::Inval);
  EXPECT_EQ(error_of(dir.symlink_at("a\0b"sv, "l")), Errno::Inval);
  for (const char* path : {".", "..", "sub/.", "sub/..", "./", "../"}) {
    EXPECT_NE(error_of(dir.create_directory_at(path)), Errno::Success) << path;
    EXPECT_NE(error_of(dir.unlink_file_at(path)), Errno::Success) << path;
    EXPECT_NE(error_of(dir.remove_directory_at(path)), Errno::Success) << path;
    EXPECT_NE(error_of(dir.rename_at(path, dir, "x")), Errno::Success) << path;
    EXPECT_NE(error_of(dir.rename_at("sub", dir, path)), Errno::Success) << path;
    EXPECT_NE(error_of(dir.link_at(path, dir, "x")), Errno::Success) << path;
    EXPECT_NE(error_of(dir.symlink_at("x", path)), Errno::Success) << path;
  }
  EXPECT_EQ(error_of(dir.create_directory_at("..")), Errno::Perm);
  EXPECT_EQ(error_of(dir.remove_directory_at("..")), Errno::Perm);
  EXPECT_EQ(error_of(dir.symlink_at("/etc/passwd", "l")), Errno::Perm);
  EXPECT_EQ(error_of(dir.symlink_at("../..", "l")), Errno::Success);  // allowed, but useless
  EXPECT_EQ(open_error("l"), Errno::Perm);
}

TEST_P(FsTest, DeepTrees) {
  // Deeper than the walker keeps directories open, so that going up has to walk again.
  std::string down, up;
  for (int i = 0; i < 100; ++i) down += "d/";
  outer.mkdir("base/" + down);
  outer.write("base/" + down + "f", "deep");
  for (int i = 0; i < 100; ++i) up += "../";
  EXPECT_EQ(content(base(), down + "f").value_or(""), "deep");
  EXPECT_EQ(content(base(), down + up + "file").value_or(""), "hello");
  EXPECT_EQ(content(base(), down + up + down + "f").value_or(""), "deep");
  EXPECT_EQ(open_error(down + up + "../secret"), Errno::Perm);
}

TEST_P(FsTest, ProcDoesNotLeadOut) {
  auto proc = Dir::open_host("/proc", Access::ReadWrite, GetParam());
  if (!proc) GTEST_SKIP() << "no /proc";
  const std::string self = std::to_string(::getpid());
  const std::string held = self + "/fd/" + std::to_string(::open((outer / "secret").c_str(), O_RDONLY));
  for (const std::string& path :
       {held, self + "/cwd", self + "/cwd/x", self + "/root" + "/etc/passwd", self + "/exe"}) {
    const Errno e = error_of(proc->open_at(path, kRead));
    EXPECT_TRUE(e == Errno::Loop || e == Errno::Perm) << path << ": " << name_of(e);
  }
  for (const char* name : {"/mem", "/environ", "/maps"})
    EXPECT_EQ(error_of(proc->open_at(self + name, kRead)), Errno::Perm);
}

TEST_P(FsTest, ReadWriteSeek) {
  const Dir dir = base();
  auto opened = dir.open_at("new", kCreate);
  ASSERT_TRUE(opened);
  File& f = *std::get<FilePtr>(*opened);
  EXPECT_EQ(write_text(f, "0123456789").value_or(0), 10u);
  EXPECT_EQ(f.seek(-3, Whence::End).value_or(0), 7u);
  EXPECT_EQ(read_all(f).value_or(""), "789");
  EXPECT_EQ(error_of(f.seek(-1, Whence::Set)), Errno::Inval);
  EXPECT_EQ(error_of(f.seek(INT64_MIN, Whence::Current)), Errno::Inval);
  char two[2];
  const iovec v = {two, 2};
  EXPECT_EQ(f.pread({&v, 1}, 4).value_or(0), 2u);
  EXPECT_EQ(std::string(two, 2), "45");
  EXPECT_EQ(error_of(f.pread({&v, 1}, ~uint64_t{0})), Errno::Inval);
  EXPECT_EQ(error_of(f.pwrite({&v, 1}, ~uint64_t{0})), Errno::Inval);
  EXPECT_EQ(f.pwrite({&v, 1}, 0).value_or(0), 2u);
  EXPECT_EQ(error_of(f.set_size(5)), Errno::Success);
  EXPECT_EQ(outer.read("base/new"), "45234");
  EXPECT_EQ(error_of(f.set_size(~uint64_t{0})), Errno::Inval);
  EXPECT_EQ(f.stat()->size, 5u);
  EXPECT_EQ(error_of(f.sync()), Errno::Success);
  EXPECT_EQ(error_of(f.advise(0, 5, Advice::Sequential)), Errno::Success);
  EXPECT_EQ(error_of(f.advise(~uint64_t{0}, 5, Advice::Normal)), Errno::Inval);
  EXPECT_EQ(error_of(f.allocate(0, ~uint64_t{0})), Errno::Inval);
  EXPECT_EQ(error_of(f.set_flags(true, false)), Errno::Success);
  EXPECT_EQ(f.seek(0, Whence::Set).value_or(1), 0u);
  EXPECT_EQ(write_text(f, "!").value_or(0), 1u);
  EXPECT_EQ(outer.read("base/new"), "45234!");

  auto reader = dir.open_at("file", kRead);
  EXPECT_EQ(error_of(write_text(*std::get<FilePtr>(*reader), "x")), Errno::BadF);
  auto writer = dir.open_at("file", {.write = true});
  EXPECT_EQ(error_of(read_all(*std::get<FilePtr>(*writer))), Errno::BadF);
  EXPECT_EQ(open_error("sub", kReadWrite), Errno::IsDir);
  EXPECT_EQ(open_error("file", {.read = true, .create = true, .directory = true}), Errno::Inval);
}

TEST_P(FsTest, Times) {
  const Dir dir = base();
  const auto at = [](uint64_t s, uint32_t ns) { return NewTime{NewTime::Kind::At, s, ns}; };
  EXPECT_EQ(error_of(dir.set_times_at("file", true, at(1, 2), at(3, 4))), Errno::Success);
  const FileStat st = *dir.stat_at("file", true);
  EXPECT_EQ(st.accessed.seconds, 1);
  EXPECT_EQ(st.modified.seconds, 3);
  EXPECT_EQ(st.modified.nanoseconds, 4u);
  EXPECT_EQ(error_of(dir.set_times_at("file", true, {}, at(9, 0))), Errno::Success);
  EXPECT_EQ(dir.stat_at("file", true)->accessed.seconds, 1);
  EXPECT_EQ(error_of(dir.set_times_at("file", true, at(0, 1'000'000'000), {})), Errno::Inval);
  EXPECT_EQ(error_of(dir.set_times_at("file", true, at(~uint64_t{0}, 0), {})), Errno::Overflow);
  // Whatever the file system makes of it, it is no crash.
  (void)dir.set_times_at("file", true, at(INT64_MAX, 999'999'999), at(INT64_MAX / 1'000'000'000, 0));
  EXPECT_TRUE(dir.stat_at("file", true));
  outer.link("nowhere", "base/l");
  EXPECT_EQ(error_of(dir.set_times_at("l", false, at(5, 0), at(6, 0))), Errno::Success);
  EXPECT_EQ(dir.stat_at("l", false)->modified.seconds, 6);
  EXPECT_EQ(error_of(dir.set_times_at("l", true, at(5, 0), at(6, 0))), Errno::NoEnt);
}

TEST_P(FsTest, ReadOnlyRefusesEveryChange) {
  const Dir ro = base(Access::ReadOnly), rw = base();
  outer.write("base/sub/inner", "inner");
  EXPECT_EQ(content(ro, "file").value_or(""), "hello");
  const NewTime now{NewTime::Kind::Now};
  EXPECT_EQ(error_of(ro.open_at("file", kReadWrite)), Errno::Perm);
  EXPECT_EQ(error_of(ro.open_at("file", {.write = true})), Errno::Perm);
  EXPECT_EQ(error_of(ro.open_at("file", {.read = true, .truncate = true})), Errno::Perm);
  EXPECT_EQ(error_of(ro.open_at("file", {.truncate = true})), Errno::Perm);
  EXPECT_EQ(error_of(ro.open_at("new", {.read = true, .create = true})), Errno::Perm);
  EXPECT_EQ(error_of(ro.create_directory_at("new")), Errno::Perm);
  EXPECT_EQ(error_of(ro.remove_directory_at("sub/deep")), Errno::Perm);
  EXPECT_EQ(error_of(ro.unlink_file_at("file")), Errno::Perm);
  EXPECT_EQ(error_of(ro.symlink_at("x", "new")), Errno::Perm);
  EXPECT_EQ(error_of(ro.set_times_at("file", true, now, now)), Errno::Perm);
  EXPECT_EQ(error_of(ro.set_times(now, now)), Errno::Perm);
  EXPECT_EQ(error_of(ro.rename_at("file", ro, "new")), Errno::Perm);
  EXPECT_EQ(error_of(ro.rename_at("file", rw, "new")), Errno::Perm);
  EXPECT_EQ(error_of(rw.rename_at("file", ro, "new")), Errno::Perm);
  EXPECT_EQ(error_of(ro.link_at("file", ro, "new")), Errno::Perm);
  EXPECT_EQ(error_of(ro.link_at("file", rw, "new")), Errno::Perm);
  EXPECT_EQ(error_of(rw.link_at("file", ro, "new")), Errno::Perm);
  // What was opened from it is as weak.
  auto sub = ro.open_at("sub", kRead);
  ASSERT_TRUE(sub);
  EXPECT_EQ(error_of(std::get<Dir>(*sub).unlink_file_at("inner")), Errno::Perm);
  EXPECT_EQ(error_of(std::get<Dir>(*sub).open_at("inner", kReadWrite)), Errno::Perm);
  auto file = ro.open_at("file", kRead);
  File& f = *std::get<FilePtr>(*file);
  EXPECT_EQ(error_of(f.set_size(0)), Errno::Perm);
  EXPECT_EQ(error_of(f.set_times(now, now)), Errno::Perm);
  EXPECT_EQ(error_of(f.allocate(0, 100)), Errno::Perm);
  EXPECT_EQ(error_of(write_text(f, "x")), Errno::BadF);
  EXPECT_EQ(outer.read("base/file"), "hello");
  EXPECT_FALSE(outer.exists("base/new"));
}

TEST_P(FsTest, RenameAndLinkAcrossTrees) {
  outer.mkdir("other");
  const Dir a = base(), b = base(Access::ReadWrite, "other");
  EXPECT_EQ(error_of(a.link_at("file", b, "linked")), Errno::Success);
  EXPECT_EQ(error_of(a.rename_at("file", b, "moved")), Errno::Success);
  EXPECT_EQ(outer.read("other/moved"), "hello");
  EXPECT_EQ(b.stat_at("linked", true)->links, 2u);
  EXPECT_EQ(error_of(a.rename_at("sub", a, "sub/deep/x")), Errno::Inval);
}

TEST_P(FsTest, OpeningAFifoReturns) {
  ASSERT_EQ(::mkfifo((outer / "base/fifo").c_str(), 0600), 0);
  auto reader = base().open_at("fifo", kRead);
  ASSERT_TRUE(reader);
  auto writer = base().open_at("fifo", {.write = true});
  ASSERT_TRUE(writer);
  EXPECT_EQ(write_text(*std::get<FilePtr>(*writer), "x").value_or(0), 1u);
  reader = io_fail(Errno::BadF);
  // Nobody reads any more: an error, not a signal that ends the process.
  EXPECT_EQ(error_of(write_text(*std::get<FilePtr>(*writer), "x")), Errno::Pipe);
  writer = io_fail(Errno::BadF);
  EXPECT_EQ(open_error("fifo", {.write = true}), Errno::Nxio);
}

TEST_P(FsTest, ReadEntriesWithCookies) {
  Dir dir = base();
  for (int i = 0; i < 500; ++i) outer.write("base/sub/deep/f" + std::to_string(i), "");
  auto opened = dir.open_at("sub/deep", kRead);
  Dir& deep = std::get<Dir>(*opened);
  std::map<std::string, int> seen;
  uint64_t cookie = 0;
  for (bool more = true; more;) {  // a few at a time, always continuing from a cookie
    int taken = 0;
    more = false;
    ASSERT_TRUE(deep.read_entries(cookie, 100, [&](const DirEntry& e) {
      if (taken == 7) return more = true, false;
      ++seen[std::string(e.name)];
      cookie = e.next;
      ++taken;
      return true;
    }));
  }
  EXPECT_EQ(seen.size(), 502u);
  for (const auto& [name, count] : seen) EXPECT_EQ(count, 1) << name;
  EXPECT_EQ(seen.count("."), 1u);
  EXPECT_EQ(seen.count(".."), 1u);
  for (const uint64_t odd : {uint64_t{12345}, uint64_t{1} << 62, (uint64_t{1} << 63) + 1, ~uint64_t{0}})
    (void)deep.read_entries(odd, 100, [](const DirEntry&) { return true; });

  // Removing what has been read loses none of the rest.
  cookie = 2;
  for (bool more = true; more;) {
    more = false;
    std::string name;
    ASSERT_TRUE(deep.read_entries(cookie, 100, [&](const DirEntry& e) {
      name = e.name;
      cookie = e.next;
      more = true;
      return false;
    }));
    if (!more) break;
    EXPECT_TRUE(deep.unlink_file_at(name)) << name;
  }
  EXPECT_TRUE(base().remove_directory_at("sub/deep"));
}

// A directory on the path is swapped with a link to the outside, over and over: what is opened meanwhile is
// never the file outside.
TEST_P(FsTest, SwappedDirectoryDoesNotEscape) {
  outer.mkdir("base/swap");
  outer.write("base/swap/file", "inside");
  outer.link("../outdir", "base/other");
  const Dir dir = base();
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    const std::string a = outer / "base/swap", b = outer / "base/other";
    while (!stop) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  int inside = 0, refused = 0;
  while (std::chrono::steady_clock::now() < end) {
    const auto text = content(dir, "swap/file");
    if (text) {
      ASSERT_EQ(*text, "inside");
      ++inside;
    } else {
      ++refused;
    }
    ASSERT_NE(error_of(dir.unlink_file_at("swap/nothing")), Errno::Success);
    (void)dir.create_directory_at("swap/made");
    (void)dir.remove_directory_at("swap/made");
  }
  stop = true;
  swapper.join();
  EXPECT_FALSE(outer.exists("outdir/made"));
  EXPECT_GT(inside + refused, 100);
}

// A directory on the path is moved out of the tree and back: going up from it must not lead outside.
TEST_P(FsTest, MovedDirectoryDoesNotLeadOut) {
  outer.mkdir("base/x/deep");
  outer.mkdir("elsewhere");
  const Dir dir = base();
  std::atomic<bool> stop = false;
  std::thread mover([&] {
    const std::string in = outer / "base/x/deep", out = outer / "elsewhere/deep";
    while (!stop) {
      ::rename(in.c_str(), out.c_str());
      ::rename(out.c_str(), in.c_str());
    }
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (std::chrono::steady_clock::now() < end) {
    const auto secret = content(dir, "x/deep/../../secret");
    EXPECT_FALSE(secret) << *secret;
    const auto file = content(dir, "x/deep/../../file");
    EXPECT_EQ(file.value_or("hello"), "hello");
  }
  stop = true;
  mover.join();
}

// Makes openat2 fail with `error` for this process from now on.
bool forbid_openat2(int error) {
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {std::size(code), const_cast<sock_filter*>(code)};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Containers forbid openat2: Auto then walks, also when the filter comes after the directory was opened.
TEST(ResolverTest, AutoFallsBack) {
  TempDir temp;
  temp.mkdir("base");
  temp.write("base/file", "hello");
  temp.write("secret", "SECRET");
  for (const int error : {ENOSYS, EPERM}) {
    const auto before = Dir::open_host(temp / "base", Access::ReadWrite);
    const pid_t child = ::fork();
    if (child == 0) {
      if (!forbid_openat2(error)) ::_exit(77);
      const auto after = Dir::open_host(temp / "base", Access::ReadWrite);
      for (const Dir& dir : {*before, *after}) {
        if (!dir.open_at("./file", kRead)) ::_exit(1);
        if (error_of(dir.open_at("../secret", kRead)) != Errno::Perm) ::_exit(2);
      }
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no seccomp";
    EXPECT_EQ(status, 0) << error;
  }
}

}  // namespace
}  // namespace skiff::wasi
