// Look-ups in errno.def.
#include "wasi/os/errno.h"

#include <cerrno>

namespace skiff::wasi {

Errno errno_of_host(int host) {
  switch (host) {
#define SKIFF_ERRNO(ID, HOST, NAME) \
  case HOST:                        \
    return Errno::ID;
#define SKIFF_ERRNO_ALIAS(ID, HOST) \
  case HOST:                        \
    return Errno::ID;
#include "wasi/os/errno.def"
#undef SKIFF_ERRNO
#undef SKIFF_ERRNO_ALIAS
  }
  return Errno::Io;
}

Errno last_errno() { return errno_of_host(errno); }

std::string_view name_of(Errno e) {
  switch (e) {
#define SKIFF_ERRNO(ID, HOST, NAME) \
  case Errno::ID:                   \
    return NAME;
#define SKIFF_ERRNO_ALIAS(ID, HOST)
#include "wasi/os/errno.def"
#undef SKIFF_ERRNO
#undef SKIFF_ERRNO_ALIAS
  }
  return "unknown";
}

}  // namespace skiff::wasi
