// The types of WASI 0.3 as C++ types (wasi/typed/typed.h), named and ordered as in WIT; see also wasi/common/types.h.
#pragma once

#include "wasi/common/types.h"
#include "wasi/os/net_error.h"
#include "wasi/p3/ends.h"

namespace skiff::wasi {
namespace p3 {

using wasi::AdviceKind, wasi::DescriptorFlags, wasi::IpAddressCase, wasi::IpFamily, wasi::IpSocketAddress,
    wasi::Ipv4Address, wasi::Ipv4SocketAddress, wasi::Ipv6Address, wasi::Ipv6SocketAddress, wasi::MetadataHash,
    wasi::OpenFlags, wasi::PathFlags;

// wasi:clocks
struct Instant {
  int64_t seconds = 0;
  uint32_t nanoseconds = 0;
};

// wasi:cli
enum class CliError : uint8_t { Io, IllegalByteSequence, Pipe };

// wasi:filesystem
enum class DescriptorTypeCase : uint8_t {
  BlockDevice, CharacterDevice, Directory, Fifo, SymbolicLink, RegularFile, Socket, Other
};
using DescriptorType = WithOther<DescriptorTypeCase>;
struct DescriptorStat {
  DescriptorType type;
  uint64_t link_count = 0;
  uint64_t size = 0;
  std::optional<Instant> accessed, modified, changed;
};
using NewTimestamp = std::variant<NoChange, Now, Instant>;
struct DirectoryEntry {
  DescriptorType type;
  std::string name;
};
enum class FsCode : uint8_t {
  Access, Already, BadDescriptor, Busy, Deadlock, Quota, Exist, FileTooLarge, IllegalByteSequence, InProgress,
  Interrupted, Invalid, Io, IsDirectory, Loop, TooManyLinks, MessageSize, NameTooLong, NoDevice, NoEntry, NoLock,
  InsufficientMemory, InsufficientSpace, NotDirectory, NotEmpty, NotRecoverable, Unsupported, NoTty, NoSuchDevice,
  Overflow, NotPermitted, Pipe, ReadOnly, InvalidSeek, TextFileBusy, CrossDevice, Other
};
using FsError = WithOther<FsCode>;

// wasi:sockets
enum class NetCode : uint8_t {
  AccessDenied, NotSupported, InvalidArgument, OutOfMemory, Timeout, InvalidState, AddressNotBindable, AddressInUse,
  RemoteUnreachable, ConnectionRefused, ConnectionBroken, ConnectionReset, ConnectionAborted, DatagramTooLarge, Other
};
using SocketError = WithOther<NetCode>;
enum class LookupCode : uint8_t {
  AccessDenied, InvalidArgument, NameUnresolvable, TemporaryResolverFailure, PermanentResolverFailure, Other
};
using LookupError = WithOther<LookupCode>;

}  // namespace p3

template <>
struct Fields<p3::Instant> {
  static constexpr auto kFields =
      std::tuple(field("seconds", &p3::Instant::seconds), field("nanoseconds", &p3::Instant::nanoseconds));
};
template <>
struct Names<p3::CliError> {
  static constexpr std::array<std::string_view, 3> kNames = {"io", "illegal-byte-sequence", "pipe"};
};
template <>
struct Names<p3::DescriptorTypeCase> {
  static constexpr std::array<std::string_view, 8> kNames = {
      "block-device", "character-device", "directory", "fifo", "symbolic-link", "regular-file", "socket", "other"};
};
template <>
struct Fields<p3::DescriptorStat> {
  static constexpr auto kFields =
      std::tuple(field("type", &p3::DescriptorStat::type), field("link-count", &p3::DescriptorStat::link_count),
                 field("size", &p3::DescriptorStat::size),
                 field("data-access-timestamp", &p3::DescriptorStat::accessed),
                 field("data-modification-timestamp", &p3::DescriptorStat::modified),
                 field("status-change-timestamp", &p3::DescriptorStat::changed));
};
template <>
struct CaseNames<p3::NewTimestamp> {
  static constexpr std::array<std::string_view, 3> kNames = {"no-change", "now", "timestamp"};
};
template <>
struct Fields<p3::DirectoryEntry> {
  static constexpr auto kFields =
      std::tuple(field("type", &p3::DirectoryEntry::type), field("name", &p3::DirectoryEntry::name));
};
template <>
struct Names<p3::FsCode> {
  static constexpr std::array<std::string_view, 37> kNames = {
      "access", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist", "file-too-large",
      "illegal-byte-sequence", "in-progress", "interrupted", "invalid", "io", "is-directory", "loop",
      "too-many-links", "message-size", "name-too-long", "no-device", "no-entry", "no-lock", "insufficient-memory",
      "insufficient-space", "not-directory", "not-empty", "not-recoverable", "unsupported", "no-tty",
      "no-such-device", "overflow", "not-permitted", "pipe", "read-only", "invalid-seek", "text-file-busy",
      "cross-device", "other"};
};
template <>
struct Names<p3::NetCode> {
  static constexpr std::array<std::string_view, 15> kNames = {
      "access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout", "invalid-state",
      "address-not-bindable", "address-in-use", "remote-unreachable", "connection-refused", "connection-broken",
      "connection-reset", "connection-aborted", "datagram-too-large", "other"};
};
template <>
struct Names<p3::LookupCode> {
  static constexpr std::array<std::string_view, 6> kNames = {
      "access-denied", "invalid-argument", "name-unresolvable", "temporary-resolver-failure",
      "permanent-resolver-failure", "other"};
};

}  // namespace skiff::wasi
