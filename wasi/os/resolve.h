// Paths beneath a directory. open_beneath() is the only way from a guest's path to a host file: nothing
// outside of the tree under `base` is ever opened, created or looked at, whatever the path, the symbolic
// links in the tree and concurrent changes to it say. Two implementations with equal results:
//   Openat2  the kernel does it (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
//   Walker   one component at a time, links read and expanded here, ".." answered from the walked chain.
// Auto prefers the first and falls back where the kernel or a filter refuses it, or when renames keep
// disturbing it.
//
// Absolute paths, and ".." above the base even if later components come back, fail with Perm.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "wasi/os/errno.h"
#include "wasi/os/fd.h"

namespace skiff::wasi {

enum class Resolver : uint8_t { Auto, Openat2, Walker };

/// How to open what is found. `flags`: of open(2); O_CLOEXEC is added, O_NOFOLLOW follows from `follow`.
struct OpenHow {
  int flags = 0;
  mode_t mode = 0;      // with O_CREAT
  bool follow = true;   // whether a link as last component is followed
};

/// Opens `path` beneath `base`. Trailing slashes are stripped; then links are followed and what is found
/// must be a directory. Errors: those of openat(2); Perm for escapes; Loop after 40 links; Inval for NUL
/// bytes; NameTooLong; NoEnt for the empty path.
Io<OwnedFd> open_beneath(int base, std::string_view path, const OpenHow& how, Resolver resolver);

/// A path as (directory, name in it), for the calls that change directories. `name` keeps one trailing
/// slash when the path had any: mkdirat, unlinkat, symlinkat and renameat treat it rightly and never follow
/// a link as last component. Never hand it to calls that look names up (stat, linkat's source, readlink...).
struct Parent {
  OwnedFd owned;            // unless the parent is the base itself
  int fd = -1;
  std::string name;         // one component; "." and ".." are possible (and fail in those calls)
  bool trailing_slash = false;
  bool is_dots = false;     // name is "." or ".."
};
Io<Parent> open_parent(int base, std::string_view path, Resolver resolver);

/// Auto when the kernel's resolver can be used on `base`, else Walker, which saves the futile calls.
Resolver probe_resolver(int base);

}  // namespace skiff::wasi
