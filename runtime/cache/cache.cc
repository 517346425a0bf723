// The folder of artifacts. All work goes through its descriptor, so that what was checked is what
// is used.
#include "runtime/cache/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace skiff {
namespace {

using compiler::LoadedImage;

constexpr std::string_view kSuffix = ".skiff";
constexpr std::string_view kTemporary = ".tmp-";
constexpr time_t kTemporaryAge = 3600;  // then nobody writes it any more
constexpr time_t kTouchAge = 3600;      // how exactly use is noted, in seconds
// After the limit was passed the cache shrinks to this part of it, so that not every addition has
// to remove.
constexpr uint64_t kKeepNumerator = 9, kKeepDenominator = 10;

class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~OwnedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> file_error(std::string what) {
  const int number = errno;
  return fail(ErrorCode::FileError, kNoOffset, kNoIndex,
              std::move(what) + ": " + std::strerror(number));
}
std::unexpected<Error> refuse(std::string what) {
  return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, std::move(what));
}

// Could anybody but this user have written it?
bool is_private(const struct stat& st) {
  return st.st_uid == ::geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

uint64_t disk_bytes(const struct stat& st) { return static_cast<uint64_t>(st.st_blocks) * 512; }

Hash128 key_of(const CodeCache::Request& request) {
  return hash128({request.wasm, bytes_of(request.settings), bytes_of(request.build)});
}

std::string file_name(const Hash128& key) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(key[1]),
                static_cast<unsigned long long>(key[0]));
  return text + std::string(kSuffix);
}

std::string temporary_name() {
  uint64_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    number = static_cast<uint64_t>(now.tv_sec) << 32 ^ static_cast<uint64_t>(now.tv_nsec);
  }
  char text[64];
  std::snprintf(text, sizeof text, "%s%ld-%016llx", kTemporary.data(),
                static_cast<long>(::getpid()), static_cast<unsigned long long>(number));
  return text;
}

// All missing folders of a path; those of others are left to their rights.
bool make_folders(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    if (::mkdir(path.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST &&
        end == std::string::npos)
      return false;
    if (end == std::string::npos) return true;
  }
}

}  // namespace

/// An open folder that only this user can have written to; or none, when it does not exist.
class CodeCache::Folder {
 public:
  Folder() = default;
  explicit Folder(OwnedFd fd) : fd_(std::move(fd)) {}
  bool exists() const { return fd_.get() >= 0; }
  int fd() const { return fd_.get(); }

  // Mapping would note a use; we do that ourselves, and not when listing.
  OwnedFd open(const std::string& name) const {
    return OwnedFd(
        ::openat(fd(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME));
  }
  void remove(const std::string& name) const { (void)::unlinkat(fd(), name.c_str(), 0); }

  struct File {
    std::string name;
    struct stat st;
    bool temporary() const { return name.starts_with(kTemporary); }
    bool abandoned() const {
      return temporary() && ::time(nullptr) - st.st_mtim.tv_sec > kTemporaryAge;
    }
  };
  /// Entries and temporary files; nothing else that lies there.
  std::vector<File> files() const {
    std::vector<File> found;
    // A descriptor of its own: reading a folder moves the position.
    const int copy = ::openat(fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* dir = copy < 0 ? nullptr : ::fdopendir(copy);
    if (!dir) {
      if (copy >= 0) ::close(copy);
      return found;
    }
    while (const dirent* entry = ::readdir(dir)) {
      File file{entry->d_name, {}};
      if (!file.temporary() && !file.name.ends_with(kSuffix)) continue;
      if (::fstatat(fd(), entry->d_name, &file.st, AT_SYMLINK_NOFOLLOW) != 0 ||
          !S_ISREG(file.st.st_mode))
        continue;
      found.push_back(std::move(file));
    }
    ::closedir(dir);
    return found;
  }

 private:
  OwnedFd fd_;
};

std::string default_cache_directory() {
  if (const char* chosen = ::secure_getenv("SKIFF_CACHE_DIR"); chosen && *chosen) return chosen;
  // Relative paths are to be ignored there.
  if (const char* base = ::secure_getenv("XDG_CACHE_HOME"); base && *base == '/')
    return std::string(base) + "/skiff";
  if (const char* home = ::secure_getenv("HOME"); home && *home == '/')
    return std::string(home) + "/.cache/skiff";
  return {};
}

CodeCache::CodeCache(std::string directory, uint64_t max_bytes)
    : directory_(std::move(directory)), max_bytes_(max_bytes) {}

Result<CodeCache::Folder> CodeCache::open_folder(bool make) const {
  if (directory_.empty()) return refuse("no cache folder: neither HOME nor SKIFF_CACHE_DIR is set");
  auto open = [&] { return ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); };
  int fd = open();
  if (fd < 0 && errno == ENOENT) {
    if (!make) return Folder();
    if (!make_folders(directory_)) return file_error("cannot make cache folder " + directory_);
    fd = open();
  }
  if (fd < 0) return file_error("cache folder " + directory_);
  Folder folder{OwnedFd(fd)};
  struct stat st{};
  if (::fstat(fd, &st) != 0) return file_error("cache folder " + directory_);
  if (!is_private(st))
    return refuse("cache folder " + directory_ + " is not used: others may write to it");
  return folder;
}

Result<std::shared_ptr<const LoadedImage>> CodeCache::find(const Request& request) const {
  const Folder folder = SKIFF_TRY(open_folder(false));
  if (!folder.exists()) return nullptr;
  const Hash128 key = key_of(request);
  const std::string name = file_name(key);
  const OwnedFd file = folder.open(name);
  if (file.get() < 0) {
    if (errno == ENOENT) return nullptr;
    return file_error("cache entry " + name);
  }
  struct stat st{};
  if (::fstat(file.get(), &st) != 0) return file_error("cache entry " + name);
  if (!is_private(st))
    return refuse("cache entry " + name + " is not used: others may write to it");
  auto usable = [&]() -> Result<std::shared_ptr<const LoadedImage>> {
    auto artifact = SKIFF_TRY(Artifact::open(file.get()));
    SKIFF_TRY(artifact->verify(file.get()));
    if (artifact->key() != key || artifact->settings() != request.settings ||
        !std::ranges::equal(artifact->wasm(), request.wasm))
      return refuse("is of another module");
    return Artifact::load(std::move(artifact), file.get());
  };
  auto image = usable();
  if (!image) {
    // Trouble with the system (no memory) says nothing about the file.
    if (image.error().code == ErrorCode::Unsupported) folder.remove(name);
    image.error().detail = "cache entry " + name + ": " + image.error().detail;
    return image;
  }
  if (::time(nullptr) - st.st_atim.tv_sec > kTouchAge) {
    const timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    (void)::futimens(file.get(), times);
  }
  return image;
}

Result<std::shared_ptr<const LoadedImage>> CodeCache::add(
    const Request& request, const compiler::NativeImage& image) const {
  if (image.bytes.size() + request.wasm.size() > max_bytes_)
    return fail(ErrorCode::LimitExceeded, kNoOffset, kNoIndex,
                "code is larger than the cache may be");
  const Folder folder = SKIFF_TRY(open_folder(true));
  const Hash128 key = key_of(request);
  const std::string name = file_name(key), temporary = temporary_name();
  const OwnedFd file(
      ::openat(folder.fd(), temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return file_error("cannot write to cache folder " + directory_);
  auto written = [&]() -> Result<std::shared_ptr<const Artifact>> {
    SKIFF_TRY(
        write_artifact(file.get(), {image, request.wasm, request.settings, request.name, key}));
    auto artifact = SKIFF_TRY(Artifact::open(file.get()));
    if (::renameat(folder.fd(), temporary.c_str(), folder.fd(), name.c_str()) != 0)
      return file_error("cannot rename cache entry");
    return artifact;
  };
  auto artifact = written();
  if (!artifact) {
    folder.remove(temporary);
    return std::unexpected(std::move(artifact).error());
  }
  shrink(folder, name);
  return Artifact::load(std::move(*artifact), file.get());
}

void CodeCache::shrink(const Folder& folder, std::string_view keep) const {
  std::vector<Folder::File> files = folder.files();
  uint64_t total = 0;
  for (const Folder::File& file : files) {
    if (file.abandoned())
      folder.remove(file.name);
    else
      total += disk_bytes(file.st);
  }
  if (total <= max_bytes_) return;
  auto used = [](const Folder::File& file) {
    return std::pair(file.st.st_atim.tv_sec, file.st.st_atim.tv_nsec);
  };
  std::sort(files.begin(), files.end(),
            [&](const auto& a, const auto& b) { return used(a) < used(b); });
  for (const Folder::File& file : files) {
    if (total <= max_bytes_ / kKeepDenominator * kKeepNumerator) return;
    if (file.temporary() || file.name == keep) continue;
    folder.remove(file.name);
    total -= disk_bytes(file.st);
  }
}

Result<std::vector<CacheEntry>> CodeCache::list() const {
  std::vector<CacheEntry> entries;
  const Folder folder = SKIFF_TRY(open_folder(false));
  if (!folder.exists()) return entries;
  for (Folder::File& file : folder.files()) {
    if (file.temporary()) continue;
    CacheEntry entry{std::move(file.name), "", disk_bytes(file.st), file.st.st_mtim,
                     file.st.st_atim};
    const OwnedFd fd = folder.open(entry.file);
    if (fd.get() >= 0) {
      if (const auto artifact = Artifact::open(fd.get())) entry.name = (*artifact)->name();
    }
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const CacheEntry& a, const CacheEntry& b) {
    return std::pair(a.used.tv_sec, a.used.tv_nsec) > std::pair(b.used.tv_sec, b.used.tv_nsec);
  });
  return entries;
}

Result<size_t> CodeCache::clear() const {
  const Folder folder = SKIFF_TRY(open_folder(false));
  if (!folder.exists()) return size_t{0};
  size_t removed = 0;
  for (const Folder::File& file : folder.files()) {
    // Somebody may be writing it.
    if (file.temporary() && !file.abandoned()) continue;
    if (::unlinkat(folder.fd(), file.name.c_str(), 0) == 0)
      removed += !file.temporary();
    else if (errno != ENOENT)
      return file_error("cannot remove " + directory_ + "/" + file.name);
  }
  return removed;
}

}  // namespace skiff
