// Addresses: text, kinds, and the host's form of them.
#include "wasi/os/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace skiff::wasi {
namespace {

struct Prefix {
  std::array<uint8_t, 16> bytes;
  unsigned length;
};

// IANA's special-purpose registries: whatever is not reachable as a host of the internet.
constexpr Prefix kInternal4[] = {
    {{0}, 8},           {{10}, 8},          {{100, 64}, 10},     {{127}, 8},         {{169, 254}, 16},
    {{172, 16}, 12},    {{192, 0, 0}, 24},  {{192, 0, 2}, 24},   {{192, 168}, 16},   {{198, 18}, 15},
    {{198, 51, 100}, 24}, {{203, 0, 113}, 24}, {{224}, 4},       {{240}, 4},
};
constexpr Prefix kInternal6[] = {
    {{0}, 8},                      // unspecified, loopback, IPv4 in IPv6, NAT64 of private use
    {{0x01, 0x00}, 8},             // discard-only
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x3f, 0xff, 0x00}, 20},      // documentation
    {{0x5f, 0x00}, 16},            // segment routing
    {{0xfc}, 7},                   // unique local
    {{0xfe, 0x80}, 10},            // link-local
    {{0xfe, 0xc0}, 10},            // site-local, obsolete
    {{0xff}, 8},                   // multicast
};
constexpr Prefix kNat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr Prefix k6to4 = {{0x20, 0x02}, 16};
constexpr Prefix kTeredo = {{0x20, 0x01, 0x00, 0x00}, 32};

bool bits_equal(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, unsigned length) {
  const size_t whole = length / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  if (length % 8 == 0) return true;
  const auto mask = static_cast<uint8_t>(0xFF << (8 - length % 8));
  return (a[whole] & mask) == (b[whole] & mask);
}

}  // namespace

IpAddress IpAddress::v6(const std::array<uint16_t, 8>& groups) {
  IpAddress a{AddressFamily::Ipv6, {}};
  for (size_t i = 0; i < 8; ++i) {
    a.bytes[2 * i] = static_cast<uint8_t>(groups[i] >> 8);
    a.bytes[2 * i + 1] = static_cast<uint8_t>(groups[i]);
  }
  return a;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char z[INET6_ADDRSTRLEN + 1];
  if (text.size() >= sizeof z || text.find('\0') != text.npos) return std::nullopt;
  std::memcpy(z, text.data(), text.size());
  z[text.size()] = 0;
  IpAddress a;
  if (::inet_pton(AF_INET, z, a.bytes.data()) == 1) return a;
  a.family = AddressFamily::Ipv6;
  if (::inet_pton(AF_INET6, z, a.bytes.data()) == 1) return a;
  return std::nullopt;
}

std::string IpAddress::text() const {
  char z[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(host_family(family), bytes.data(), z, sizeof z);
  return z;
}

bool IpAddress::is_unspecified() const { return std::ranges::all_of(bytes, [](uint8_t b) { return b == 0; }); }

bool IpAddress::is_loopback() const {
  if (family == AddressFamily::Ipv4) return bytes[0] == 127;
  return bits_equal(bytes, {}, 120) && bytes[15] == 1;
}

bool IpAddress::is_multicast() const {
  return family == AddressFamily::Ipv4 ? (bytes[0] & 0xF0) == 0xE0 : bytes[0] == 0xFF;
}

bool IpAddress::is_broadcast() const { return *this == v4(255, 255, 255, 255); }

bool IpAddress::is_ipv4_in_ipv6() const {
  if (family != AddressFamily::Ipv6) return false;
  static constexpr std::array<uint8_t, 16> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (bits_equal(bytes, kMapped, 96)) return true;
  return bits_equal(bytes, {}, 96) && !is_unspecified() && !is_loopback();
}

bool IpAddress::in_prefix(const IpAddress& network, unsigned length) const {
  return family == network.family && bits_equal(bytes, network.bytes, length);
}

bool IpAddress::is_internal() const {
  const auto in = [&](const Prefix& p) { return bits_equal(bytes, p.bytes, p.length); };
  if (family == AddressFamily::Ipv4) return std::ranges::any_of(kInternal4, in);
  const auto embedded = [&](size_t at) {
    return v4(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]).is_internal();
  };
  if (in(kNat64)) return embedded(12);
  if (in(k6to4)) return embedded(2);
  if (in(kTeredo)) return true;  // tunnels to an IPv4 address that is written in it, disguised
  return std::ranges::any_of(kInternal6, in);
}

std::string SocketAddress::text() const {
  const std::string host = ip.family == AddressFamily::Ipv6 ? "[" + ip.text() + "]" : ip.text();
  return host + ":" + std::to_string(port);
}

HostAddress to_host(const SocketAddress& address) {
  HostAddress h;
  if (address.ip.family == AddressFamily::Ipv4) {
    sockaddr_in a = {};
    a.sin_family = AF_INET;
    a.sin_port = htons(address.port);
    std::memcpy(&a.sin_addr, address.ip.bytes.data(), 4);
    std::memcpy(&h.storage, &a, sizeof a);
    h.size = sizeof a;
  } else {
    sockaddr_in6 a = {};
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(address.port);
    a.sin6_flowinfo = htonl(address.flow_info);
    a.sin6_scope_id = address.scope_id;
    std::memcpy(&a.sin6_addr, address.ip.bytes.data(), 16);
    std::memcpy(&h.storage, &a, sizeof a);
    h.size = sizeof a;
  }
  return h;
}

std::optional<SocketAddress> from_host(const HostAddress& address) {
  SocketAddress out;
  if (address.storage.ss_family == AF_INET && address.size >= sizeof(sockaddr_in)) {
    sockaddr_in a;
    std::memcpy(&a, &address.storage, sizeof a);
    out.port = ntohs(a.sin_port);
    std::memcpy(out.ip.bytes.data(), &a.sin_addr, 4);
    return out;
  }
  if (address.storage.ss_family == AF_INET6 && address.size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 a;
    std::memcpy(&a, &address.storage, sizeof a);
    out.ip.family = AddressFamily::Ipv6;
    out.port = ntohs(a.sin6_port);
    out.flow_info = ntohl(a.sin6_flowinfo);
    out.scope_id = a.sin6_scope_id;
    std::memcpy(out.ip.bytes.data(), &a.sin6_addr, 16);
    return out;
  }
  return std::nullopt;
}

}  // namespace skiff::wasi
