// Files that Linux perf reads: the perf map (text, names only) and jitdump (binary, with code and time stamps; the format is
// in the kernel's tools/perf/Documentation/jitdump-specification.txt).
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "compiler/target/code_symbols.h"
#include "engine/base/os_memory.h"

namespace skiff::compiler {
namespace {

/// A file that is written in whole records. What does not fit on the disk is missing; programs go on.
class ProfileFile {
 public:
  static Result<int> create(const std::string& path) {
    // Not through a link that somebody else has put there.
    ::unlink(path.c_str());
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
      return fail(ErrorCode::FileError, kNoOffset, kNoIndex, path + ": " + std::strerror(errno));
    return fd;
  }
  explicit ProfileFile(int fd) : fd_(fd) {}
  ~ProfileFile() { ::close(fd_); }
  ProfileFile(const ProfileFile&) = delete;

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

std::string hex(uint64_t n) {
  char text[24];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(n));
  return text;
}

class PerfMap final : public CodeListener {
 public:
  explicit PerfMap(int fd) : file_(fd) {}
  void loaded(const LoadedImage& image, const ModuleInfo& info) override {
    std::string text;
    for (const CodeSymbol& s : symbols_of(image, info))
      text += hex(reinterpret_cast<uintptr_t>(s.address)) + " " + hex(s.size) + " " + s.name + "\n";
    const std::lock_guard lock(mutex_);
    file_.write(text);
  }

 private:
  std::mutex mutex_;
  ProfileFile file_;
};

constexpr uint32_t kElfMachine =
#if defined(__x86_64__)
    62;
#elif defined(__aarch64__)
    183;
#else
    243;
#endif

class JitDump final : public CodeListener {
 public:
  explicit JitDump(int fd) : file_(fd) {
    std::string header;
    put(header, uint32_t{0x4A695444});  // "JiTD"
    put(header, uint32_t{1});
    put(header, uint32_t{40});          // bytes of this header
    put(header, kElfMachine);
    put(header, uint32_t{0});
    put(header, static_cast<uint32_t>(::getpid()));
    put(header, now());
    put(header, uint64_t{0});           // flags
    file_.write(header);
    // perf records mappings of executable files: this is how `perf inject` finds the dump.
    mark_ = ::mmap(nullptr, os_page_size(), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  }
  ~JitDump() override {
    std::string close;
    put(close, uint32_t{3});
    put(close, uint32_t{16});
    put(close, now());
    file_.write(close);
    if (mark_ != MAP_FAILED) ::munmap(mark_, os_page_size());
  }
  void loaded(const LoadedImage& image, const ModuleInfo& info) override {
    const std::vector<CodeSymbol> symbols = symbols_of(image, info);
    const std::lock_guard lock(mutex_);
    for (const CodeSymbol& s : symbols) {
      std::string record;
      put(record, uint32_t{0});         // JIT_CODE_LOAD
      put(record, static_cast<uint32_t>(16 + 40 + s.name.size() + 1 + s.size));
      put(record, now());
      put(record, static_cast<uint32_t>(::getpid()));
      put(record, static_cast<uint32_t>(::syscall(SYS_gettid)));
      put(record, reinterpret_cast<uint64_t>(s.address));
      put(record, reinterpret_cast<uint64_t>(s.address));
      put(record, s.size);
      put(record, next_index_++);
      record += s.name;
      record += '\0';
      record.append(reinterpret_cast<const char*>(s.address), s.size);
      file_.write(record);
    }
  }

 private:
  template <class T>
  static void put(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  // The clock that `perf record -k mono` uses.
  static uint64_t now() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
  }

  std::mutex mutex_;
  ProfileFile file_;
  void* mark_ = MAP_FAILED;
  uint64_t next_index_ = 0;
};

}  // namespace

Result<std::shared_ptr<CodeListener>> make_perf_map(const std::string& folder) {
  const int fd = SKIFF_TRY(ProfileFile::create(folder + "/perf-" + std::to_string(::getpid()) + ".map"));
  return std::make_shared<PerfMap>(fd);
}

Result<std::shared_ptr<CodeListener>> make_jitdump(const std::string& folder) {
  const int fd = SKIFF_TRY(ProfileFile::create(folder + "/jit-" + std::to_string(::getpid()) + ".dump"));
  return std::make_shared<JitDump>(fd);
}

}  // namespace skiff::compiler
