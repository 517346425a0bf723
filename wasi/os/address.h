// Addresses of the internet protocols, as values: parsing, printing, what kind of place they name.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::wasi {

enum class AddressFamily : uint8_t { Ipv4, Ipv6 };

/// Bytes in network order; IPv4 uses the first four.
struct IpAddress {
  AddressFamily family = AddressFamily::Ipv4;
  std::array<uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;

  static IpAddress v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return {AddressFamily::Ipv4, {a, b, c, d}};
  }
  static IpAddress v6(const std::array<uint16_t, 8>& groups);
  /// "127.0.0.1", "::1"; no zones, no ports, no short forms of IPv4.
  static std::optional<IpAddress> parse(std::string_view text);
  std::string text() const;

  unsigned bits() const { return family == AddressFamily::Ipv4 ? 32 : 128; }
  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_multicast() const;
  /// 255.255.255.255
  bool is_broadcast() const;
  /// ::ffff:a.b.c.d, and the obsolete ::a.b.c.d (but :: and ::1)
  bool is_ipv4_in_ipv6() const;
  /// The first `length` bits are equal. Requires: length <= bits().
  bool in_prefix(const IpAddress& network, unsigned length) const;
  /// What no grant by name or by "*" reaches: this host, private and link-local networks, addresses that are
  /// translated into such, and whatever is no unicast address of the internet.
  bool is_internal() const;
};

struct SocketAddress {
  IpAddress ip;
  uint16_t port = 0;
  uint32_t flow_info = 0;       // IPv6
  uint32_t scope_id = 0;        // IPv6
  bool operator==(const SocketAddress&) const = default;
  /// "127.0.0.1:80", "[::1]:80"
  std::string text() const;
};

/// As the host's system calls have it.
struct HostAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
HostAddress to_host(const SocketAddress& address);
/// Nothing for other families.
std::optional<SocketAddress> from_host(const HostAddress& address);
inline int host_family(AddressFamily family) { return family == AddressFamily::Ipv4 ? AF_INET : AF_INET6; }

}  // namespace skiff::wasi
