// Options that TCP and UDP sockets share, with WASI's rules: 0 is refused, everything else is clamped to what the
// host can. Only called with sockets that this process made.
#pragma once

#include <cstdint>

#include "wasi/os/address.h"
#include "wasi/os/fd.h"
#include "wasi/os/net_error.h"

namespace skiff::wasi {

/// A nonblocking socket; IPv6 ones never speak IPv4. `type`: SOCK_STREAM or SOCK_DGRAM.
NetIo<OwnedFd> make_socket(AddressFamily family, int type);
NetIo<int> get_option(int fd, int level, int name);
NetIo<void> set_option(int fd, int level, int name, int value);

NetIo<uint8_t> get_hop_limit(int fd, AddressFamily family);
NetIo<void> set_hop_limit(int fd, AddressFamily family, uint8_t value);
/// `name`: SO_RCVBUF or SO_SNDBUF. Bytes, as they were set: Linux doubles them for its own use.
NetIo<uint64_t> get_buffer_size(int fd, int name);
NetIo<void> set_buffer_size(int fd, int name, uint64_t value);

NetIo<SocketAddress> local_address(int fd);
NetIo<SocketAddress> remote_address(int fd);
/// Spec: what start-bind, connect and send say about their addresses. Errors: InvalidArgument
NetIo<void> check_local(const SocketAddress& address, AddressFamily family);
NetIo<void> check_remote(const SocketAddress& address, AddressFamily family);

}  // namespace skiff::wasi
