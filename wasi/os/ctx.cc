// Granting things of the host to a context.
#include "wasi/os/ctx.h"

#include <unistd.h>

namespace skiff::wasi {

Io<void> Ctx::preopen(const std::string& host_path, std::string guest_path, Access access) {
  Dir dir = SKIFF_IO_TRY(Dir::open_host(host_path, access));
  preopens.push_back({std::move(guest_path), std::move(dir)});
  return {};
}

Io<void> Ctx::preopen_socket(OwnedFd fd) {
  sockets.push_back(SKIFF_IO_TRY(Socket::adopt(std::move(fd))));
  return {};
}

void Ctx::inherit_stdio() {
  const auto inherit = [](StdHandle& handle, int fd) {
    if (auto file = File::borrow(fd)) handle = *std::move(file);
  };
  inherit(in, STDIN_FILENO);
  inherit(out, STDOUT_FILENO);
  inherit(err, STDERR_FILENO);
}

void Ctx::inherit_env() {
  for (char** e = environ; e && *e; ++e) env.emplace_back(*e);
}

}  // namespace skiff::wasi
