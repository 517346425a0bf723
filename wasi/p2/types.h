// The types of WASI 0.2 as C++ types (wasi/typed/typed.h), named and ordered as in WIT.
#pragma once

#include "wasi/os/net_error.h"
#include "wasi/typed/typed.h"

namespace skiff::wasi {
namespace p2 {

// wasi:clocks
struct Datetime {
  uint64_t seconds = 0;
  uint32_t nanoseconds = 0;
};
struct TimezoneDisplay {
  int32_t utc_offset = 0;
  std::string name;
  bool in_daylight_saving_time = false;
};

// wasi:filesystem
enum class DescriptorType : uint8_t {
  Unknown, BlockDevice, CharacterDevice, Directory, Fifo, SymbolicLink, RegularFile, Socket
};
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
struct DescriptorStat {
  DescriptorType type = DescriptorType::Unknown;
  uint64_t link_count = 0;
  uint64_t size = 0;
  std::optional<Datetime> accessed, modified, changed;
};
struct NoChange {};
struct Now {};
using NewTimestamp = std::variant<NoChange, Now, Datetime>;
struct DirectoryEntry {
  DescriptorType type = DescriptorType::Unknown;
  std::string name;
};
enum class FsError : uint8_t {
  Access, WouldBlock, Already, BadDescriptor, Busy, Deadlock, Quota, Exist, FileTooLarge, IllegalByteSequence,
  InProgress, Interrupted, Invalid, Io, IsDirectory, Loop, TooManyLinks, MessageSize, NameTooLong, NoDevice,
  NoEntry, NoLock, InsufficientMemory, InsufficientSpace, NotDirectory, NotEmpty, NotRecoverable, Unsupported,
  NoTty, NoSuchDevice, Overflow, NotPermitted, Pipe, ReadOnly, InvalidSeek, TextFileBusy, CrossDevice
};
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
enum class ShutdownType : uint8_t { Receive, Send, Both };
struct IncomingDatagram {
  std::vector<uint8_t> bytes;
  std::span<const uint8_t> data;     // of `bytes`, by the time it is lowered
  IpSocketAddress remote_address;
};
struct OutgoingDatagram {
  std::span<const uint8_t> data;
  std::optional<IpSocketAddress> remote_address;
};

}  // namespace p2

template <>
struct Fields<p2::Datetime> {
  static constexpr auto kFields =
      std::tuple(field("seconds", &p2::Datetime::seconds), field("nanoseconds", &p2::Datetime::nanoseconds));
};
template <>
struct Fields<p2::TimezoneDisplay> {
  static constexpr auto kFields =
      std::tuple(field("utc-offset", &p2::TimezoneDisplay::utc_offset), field("name", &p2::TimezoneDisplay::name),
                 field("in-daylight-saving-time", &p2::TimezoneDisplay::in_daylight_saving_time));
};
template <>
struct Names<p2::DescriptorType> {
  static constexpr std::array<std::string_view, 8> kNames = {
      "unknown", "block-device", "character-device", "directory", "fifo", "symbolic-link", "regular-file", "socket"};
};
template <>
struct Names<p2::DescriptorFlags> {
  static constexpr std::array<std::string_view, 6> kNames = {
      "read", "write", "file-integrity-sync", "data-integrity-sync", "requested-write-sync", "mutate-directory"};
};
template <>
struct Names<p2::PathFlags> {
  static constexpr std::array<std::string_view, 1> kNames = {"symlink-follow"};
};
template <>
struct Names<p2::OpenFlags> {
  static constexpr std::array<std::string_view, 4> kNames = {"create", "directory", "exclusive", "truncate"};
};
template <>
struct Fields<p2::DescriptorStat> {
  static constexpr auto kFields =
      std::tuple(field("type", &p2::DescriptorStat::type), field("link-count", &p2::DescriptorStat::link_count),
                 field("size", &p2::DescriptorStat::size),
                 field("data-access-timestamp", &p2::DescriptorStat::accessed),
                 field("data-modification-timestamp", &p2::DescriptorStat::modified),
                 field("status-change-timestamp", &p2::DescriptorStat::changed));
};
template <>
struct CaseNames<p2::NewTimestamp> {
  static constexpr std::array<std::string_view, 3> kNames = {"no-change", "now", "timestamp"};
};
template <>
struct Fields<p2::DirectoryEntry> {
  static constexpr auto kFields =
      std::tuple(field("type", &p2::DirectoryEntry::type), field("name", &p2::DirectoryEntry::name));
};
template <>
struct Names<p2::FsError> {
  static constexpr std::array<std::string_view, 37> kNames = {
      "access", "would-block", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist", "file-too-large",
      "illegal-byte-sequence", "in-progress", "interrupted", "invalid", "io", "is-directory", "loop",
      "too-many-links", "message-size", "name-too-long", "no-device", "no-entry", "no-lock", "insufficient-memory",
      "insufficient-space", "not-directory", "not-empty", "not-recoverable", "unsupported", "no-tty",
      "no-such-device", "overflow", "not-permitted", "pipe", "read-only", "invalid-seek", "text-file-busy",
      "cross-device"};
};
template <>
struct Names<p2::AdviceKind> {
  static constexpr std::array<std::string_view, 6> kNames = {"normal",    "sequential", "random",
                                                             "will-need", "dont-need",  "no-reuse"};
};
template <>
struct Fields<p2::MetadataHash> {
  static constexpr auto kFields =
      std::tuple(field("lower", &p2::MetadataHash::lower), field("upper", &p2::MetadataHash::upper));
};
template <>
struct Names<p2::IpFamily> {
  static constexpr std::array<std::string_view, 2> kNames = {"ipv4", "ipv6"};
};
template <>
struct CaseNames<p2::IpAddressCase> {
  static constexpr std::array<std::string_view, 2> kNames = {"ipv4", "ipv6"};
};
template <>
struct Fields<p2::Ipv4SocketAddress> {
  static constexpr auto kFields = std::tuple(field("port", &p2::Ipv4SocketAddress::port),
                                             field("address", &p2::Ipv4SocketAddress::address));
};
template <>
struct Fields<p2::Ipv6SocketAddress> {
  static constexpr auto kFields =
      std::tuple(field("port", &p2::Ipv6SocketAddress::port), field("flow-info", &p2::Ipv6SocketAddress::flow_info),
                 field("address", &p2::Ipv6SocketAddress::address),
                 field("scope-id", &p2::Ipv6SocketAddress::scope_id));
};
template <>
struct CaseNames<p2::IpSocketAddress> {
  static constexpr std::array<std::string_view, 2> kNames = {"ipv4", "ipv6"};
};
template <>
struct Names<NetError> {
  static constexpr std::array<std::string_view, 21> kNames = {
      "unknown", "access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout",
      "concurrency-conflict", "not-in-progress", "would-block", "invalid-state", "new-socket-limit",
      "address-not-bindable", "address-in-use", "remote-unreachable", "connection-refused", "connection-reset",
      "connection-aborted", "datagram-too-large", "name-unresolvable", "temporary-resolver-failure",
      "permanent-resolver-failure"};
};
template <>
struct Names<p2::ShutdownType> {
  static constexpr std::array<std::string_view, 3> kNames = {"receive", "send", "both"};
};
template <>
struct Fields<p2::IncomingDatagram> {
  static constexpr auto kFields = std::tuple(field("data", &p2::IncomingDatagram::data),
                                             field("remote-address", &p2::IncomingDatagram::remote_address));
};
template <>
struct Fields<p2::OutgoingDatagram> {
  static constexpr auto kFields = std::tuple(field("data", &p2::OutgoingDatagram::data),
                                             field("remote-address", &p2::OutgoingDatagram::remote_address));
};

}  // namespace skiff::wasi
