// The types of WASI 0.2 as C++ types (wasi/typed/typed.h), named and ordered as in WIT; see also wasi/common/types.h.
#pragma once

#include "wasi/common/types.h"
#include "wasi/os/net_error.h"

namespace skiff::wasi {
namespace p2 {

using wasi::AdviceKind, wasi::DescriptorFlags, wasi::IpAddressCase, wasi::IpFamily, wasi::IpSocketAddress,
    wasi::Ipv4Address, wasi::Ipv4SocketAddress, wasi::Ipv6Address, wasi::Ipv6SocketAddress, wasi::MetadataHash,
    wasi::OpenFlags, wasi::PathFlags;

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
struct DescriptorStat {
  DescriptorType type = DescriptorType::Unknown;
  uint64_t link_count = 0;
  uint64_t size = 0;
  std::optional<Datetime> accessed, modified, changed;
};
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

// wasi:sockets
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
