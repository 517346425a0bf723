// Types that WASI 0.2 and 0.3 both have, as C++ types (wasi/typed/typed.h), named and ordered as in WIT.
#pragma once

#include "wasi/typed/typed.h"

namespace skiff::wasi {

// wasi:filesystem
struct DescriptorFlags {
  static constexpr uint8_t kRead = 1, kWrite = 2, kFileSync = 4, kDataSync = 8, kReadSync = 16, kMutate = 32;
  uint8_t bits = 0;
};
struct PathFlags {
  static constexpr uint8_t kFollow = 1;
  uint8_t bits = 0;
};
struct OpenFlags {
  static constexpr uint8_t kCreate = 1, kDirectory = 2, kExclusive = 4, kTruncate = 8;
  uint8_t bits = 0;
};
struct NoChange {};
struct Now {};
enum class AdviceKind : uint8_t { Normal, Sequential, Random, WillNeed, DontNeed, NoReuse };
struct MetadataHash {
  uint64_t lower = 0;
  uint64_t upper = 0;
};

// wasi:sockets
enum class IpFamily : uint8_t { Ipv4, Ipv6 };
using Ipv4Address = std::array<uint8_t, 4>;
using Ipv6Address = std::array<uint16_t, 8>;
using IpAddressCase = std::variant<Ipv4Address, Ipv6Address>;
struct Ipv4SocketAddress {
  uint16_t port = 0;
  Ipv4Address address{};
};
struct Ipv6SocketAddress {
  uint16_t port = 0;
  uint32_t flow_info = 0;
  Ipv6Address address{};
  uint32_t scope_id = 0;
};
using IpSocketAddress = std::variant<Ipv4SocketAddress, Ipv6SocketAddress>;

template <>
struct Names<DescriptorFlags> {
  static constexpr std::array<std::string_view, 6> kNames = {
      "read", "write", "file-integrity-sync", "data-integrity-sync", "requested-write-sync", "mutate-directory"};
};
template <>
struct Names<PathFlags> {
  static constexpr std::array<std::string_view, 1> kNames = {"symlink-follow"};
};
template <>
struct Names<OpenFlags> {
  static constexpr std::array<std::string_view, 4> kNames = {"create", "directory", "exclusive", "truncate"};
};
template <>
struct Names<AdviceKind> {
  static constexpr std::array<std::string_view, 6> kNames = {"normal",    "sequential", "random",
                                                             "will-need", "dont-need",  "no-reuse"};
};
template <>
struct Fields<MetadataHash> {
  static constexpr auto kFields =
      std::tuple(field("lower", &MetadataHash::lower), field("upper", &MetadataHash::upper));
};
template <>
struct Names<IpFamily> {
  static constexpr std::array<std::string_view, 2> kNames = {"ipv4", "ipv6"};
};
template <>
struct CaseNames<IpAddressCase> {
  static constexpr std::array<std::string_view, 2> kNames = {"ipv4", "ipv6"};
};
template <>
struct Fields<Ipv4SocketAddress> {
  static constexpr auto kFields =
      std::tuple(field("port", &Ipv4SocketAddress::port), field("address", &Ipv4SocketAddress::address));
};
template <>
struct Fields<Ipv6SocketAddress> {
  static constexpr auto kFields =
      std::tuple(field("port", &Ipv6SocketAddress::port), field("flow-info", &Ipv6SocketAddress::flow_info),
                 field("address", &Ipv6SocketAddress::address), field("scope-id", &Ipv6SocketAddress::scope_id));
};
template <>
struct CaseNames<IpSocketAddress> {
  static constexpr std::array<std::string_view, 2> kNames = {"ipv4", "ipv6"};
};

}  // namespace skiff::wasi
