// The two resolvers. See resolve.h for what holds.
#include "wasi/os/resolve.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <vector>

#include "engine/base/check.h"

namespace skiff::wasi {
namespace {

constexpr int kMaxLinks = 40;             // as Linux
constexpr size_t kMaxPending = 64 << 10;  // bytes of path still to walk, links expanded
constexpr size_t kKeptLevels = 32;        // directories held open for ".."
constexpr int kAgainRetries = 16;

// Spec: WASI filesystem path resolution. What makes a path unusable before any look at the file system.
Io<void> check_path(std::string_view path) {
  if (path.empty()) return io_fail(Errno::NoEnt);
  if (path.size() >= PATH_MAX) return io_fail(Errno::NameTooLong);
  if (path.find('\0') != path.npos) return io_fail(Errno::Inval);
  if (path.front() == '/') return io_fail(Errno::Perm);
  return {};
}

// Removes trailing slashes; true if there were any. Requires: not all slashes.
bool strip_slashes(std::string_view& path) {
  const size_t end = path.find_last_not_of('/');
  const bool stripped = end + 1 != path.size();
  path = path.substr(0, end + 1);
  return stripped;
}

int sys_openat2(int base, const char* path, const OpenHow& how) {
  open_how h = {};
  h.flags =
      static_cast<uint64_t>(static_cast<unsigned>(how.flags | O_CLOEXEC | (how.follow ? 0 : O_NOFOLLOW)));
  h.mode = how.flags & O_CREAT ? how.mode : 0;
  h.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, base, path, &h, sizeof h));
}

// `host`: errno on failure, for the caller to decide about falling back.
Io<OwnedFd> open_with_kernel(int base, const std::string& path, const OpenHow& how, int& host) {
  for (int i = 0;; ++i) {
    const int fd = sys_openat2(base, path.c_str(), how);
    if (fd >= 0) return OwnedFd(fd);
    host = errno;
    if (host == EINTR || (host == EAGAIN && i < kAgainRetries)) continue;
    return io_fail(host == EXDEV ? Errno::Perm : errno_of_host(host));
  }
}

// A walk from the base. Every directory on the way is opened by a single component with O_NOFOLLOW, so the
// kernel never follows a link and never sees "..". That the chain may have been moved meanwhile is harmless:
// going up returns to directories that this walk has come through.
class Walk {
 public:
  Walk(int base, std::string_view path, const OpenHow& how)
      : base_(base),
        pending_(path),
        flags_((how.flags & ~O_NOFOLLOW) | O_CLOEXEC),
        mode_(how.mode),
        follow_(how.follow) {}

  Io<OwnedFd> run() {
    for (;;) {
      const Component c = next();
      if (c.name.empty() || c.name == ".") {
        if (c.last) return open_current();
      } else if (c.name == "..") {
        SKIFF_IO_TRY(go_up());
        if (c.last) return open_current();
      } else if (!c.last) {
        SKIFF_IO_TRY(go_into(c.name));
      } else {
        if (c.slash) must_be_directory();
        auto opened = SKIFF_IO_TRY(open_last(c.name));
        if (opened) return opened;
      }
    }
  }

 private:
  struct Component {
    std::string name;
    bool last = false;   // nothing but slashes follows
    bool slash = false;  // a slash follows
  };
  struct Level {
    std::string name;
    OwnedFd fd;  // empty when it was given up; see go_up
  };

  Component next() {
    const size_t begin = pending_.find_first_not_of('/', position_);
    if (begin == pending_.npos) return {"", true, false};
    const size_t end = std::min(pending_.find('/', begin), pending_.size());
    const size_t after = pending_.find_first_not_of('/', end);
    position_ = std::min(after, pending_.size());
    return {pending_.substr(begin, end - begin), after == pending_.npos, end != pending_.size()};
  }

  int current() const { return levels_.empty() ? base_ : levels_.back().fd.get(); }
  void must_be_directory() { flags_ |= O_DIRECTORY; }

  Io<OwnedFd> open_current() {
    if (flags_ & O_CREAT) return io_fail(flags_ & O_EXCL ? Errno::Exist : Errno::IsDir);
    const int fd = ::openat(current(), ".", flags_ | O_NOFOLLOW);
    if (fd < 0) return io_fail_host();
    return OwnedFd(fd);
  }

  Io<void> go_into(const std::string& name) {
    OwnedFd fd(::openat(current(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) {
      const Errno e = last_errno();
      if (e != Errno::NotDir && e != Errno::Loop) return io_fail(e);
      return expand(name, e);
    }
    levels_.push_back({name, std::move(fd)});
    if (levels_.size() > kKeptLevels) levels_[levels_.size() - 1 - kKeptLevels].fd.reset();
    return {};
  }

  Io<void> go_up() {
    if (levels_.empty()) return io_fail(Errno::Perm);
    levels_.pop_back();
    if (levels_.empty() || levels_.back().fd) return {};
    // The chain is deeper than what is kept open: walk it again, by its real names.
    OwnedFd at;
    for (Level& level : levels_) {
      const int from = at ? at.get() : base_;
      OwnedFd fd(::openat(from, level.name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!fd) return io_fail_host();
      at = std::move(fd);
    }
    levels_.back().fd = std::move(at);
    return {};
  }

  // Opens the last component; an empty descriptor when it was a link, now expanded into pending_.
  Io<OwnedFd> open_last(const std::string& name) {
    if ((flags_ & O_CREAT) && (flags_ & O_DIRECTORY)) return io_fail(Errno::IsDir);
    OwnedFd fd(::openat(current(), name.c_str(), flags_ | O_NOFOLLOW, mode_));
    if (!fd) {
      const Errno e = last_errno();
      const bool maybe_link = e == Errno::Loop || (e == Errno::NotDir && (flags_ & O_DIRECTORY));
      if (!follow_ || !maybe_link) return io_fail(e);
      SKIFF_IO_TRY(expand(name, e));
      return OwnedFd();
    }
    if (follow_ && (flags_ & O_PATH)) {  // O_PATH opens links themselves
      struct stat st;
      if (::fstat(fd.get(), &st) != 0) return io_fail_host();
      if (S_ISLNK(st.st_mode)) {
        SKIFF_IO_TRY(expand(name, Errno::Loop));
        return OwnedFd();
      }
    }
    return fd;
  }

  // Puts the text of the link `name` in front of what is still to walk. `otherwise`: error if it is no link.
  Io<void> expand(const std::string& name, Errno otherwise) {
    char target[PATH_MAX];
    const ssize_t n = ::readlinkat(current(), name.c_str(), target, sizeof target);
    if (n < 0) return io_fail(errno == EINVAL ? otherwise : last_errno());
    if (n == 0) return io_fail(Errno::NoEnt);
    if (n == sizeof target) return io_fail(Errno::NameTooLong);
    if (--links_left_ < 0) return io_fail(Errno::Loop);
    if (target[0] == '/') return io_fail(Errno::Perm);
    std::string text(target, static_cast<size_t>(n));
    if (position_ < pending_.size()) text.append("/").append(pending_, position_);
    if (text.size() > kMaxPending) return io_fail(Errno::NameTooLong);
    pending_ = std::move(text);
    position_ = 0;
    return {};
  }

  int base_;
  std::string pending_;  // path still to walk, from position_ on
  size_t position_ = 0;
  std::vector<Level> levels_;
  int flags_;
  mode_t mode_;
  bool follow_;
  int links_left_ = kMaxLinks;
};

Io<OwnedFd> open_checked(int base, std::string_view path, const OpenHow& how, Resolver resolver) {
  if (resolver == Resolver::Walker) return Walk(base, path, how).run();
  int host = 0;
  auto opened = open_with_kernel(base, std::string(path), how, host);
  if (opened || resolver == Resolver::Openat2) return opened;
  // EPERM may be a filter's answer; if it is the file's, the walker will say so again.
  if (host == ENOSYS || host == EPERM || host == EAGAIN) return Walk(base, path, how).run();
  return opened;
}

}  // namespace

Io<OwnedFd> open_beneath(int base, std::string_view path, const OpenHow& how, Resolver resolver) {
  SKIFF_IO_TRY(check_path(path));
  OpenHow h = how;
  if (strip_slashes(path)) {
    // A slash behind a link means what the link leads to: O_NOFOLLOW must not be mixed with it.
    h.follow = true;
    if (h.flags & O_CREAT) return io_fail(Errno::IsDir);
    h.flags |= O_DIRECTORY;
  }
  return open_checked(base, path, h, resolver);
}

Io<Parent> open_parent(int base, std::string_view path, Resolver resolver) {
  SKIFF_IO_TRY(check_path(path));
  Parent p;
  p.trailing_slash = strip_slashes(path);
  const size_t slash = path.rfind('/');
  p.name = path.substr(slash == path.npos ? 0 : slash + 1);
  p.is_dots = p.name == "." || p.name == "..";
  const OpenHow how{.flags = O_PATH | O_DIRECTORY};
  if (p.is_dots) SKIFF_IO_TRY(open_checked(base, path, how, resolver));  // escapes are Perm here too
  if (slash == path.npos) {
    p.fd = base;
  } else {
    p.owned = SKIFF_IO_TRY(open_checked(base, path.substr(0, slash), how, resolver));
    p.fd = p.owned.get();
  }
  if (p.trailing_slash) p.name += '/';
  return p;
}

Resolver probe_resolver(int base) {
  const OwnedFd fd(sys_openat2(base, ".", OpenHow{.flags = O_PATH | O_DIRECTORY}));
  return fd || (errno != ENOSYS && errno != EPERM) ? Resolver::Auto : Resolver::Walker;
}

}  // namespace skiff::wasi
