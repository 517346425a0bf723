// The resources of WASI 0.2: thin owners of services. kType numbers them within the face.
#pragma once

#include "wasi/os/byte_stream.h"
#include "wasi/os/fs.h"
#include "wasi/os/lookup.h"
#include "wasi/os/tcp.h"
#include "wasi/os/udp.h"
#include "wasi/p2/types.h"

namespace skiff::wasi::p2 {

enum class ResourceKind : uint8_t {
  Error, Pollable, InputStream, OutputStream, Descriptor, DirectoryEntryStream, Network, ResolveAddressStream,
  TcpSocket, UdpSocket, IncomingDatagramStream, OutgoingDatagramStream, TerminalInput, TerminalOutput, Count
};

template <ResourceKind K>
class Resource : public HostResource {
 public:
  static constexpr size_t kType = static_cast<size_t>(K);
};

struct Error final : Resource<ResourceKind::Error> {
  explicit Error(IoError error) : error(error) {}
  IoError error;
};
struct Pollable final : Resource<ResourceKind::Pollable> {
  explicit Pollable(std::shared_ptr<Event> event) : event(std::move(event)) {}
  std::shared_ptr<Event> event;
};
struct Input final : Resource<ResourceKind::InputStream> {
  explicit Input(std::shared_ptr<InputStream> stream) : stream(std::move(stream)) {}
  std::shared_ptr<InputStream> stream;
};
struct Output final : Resource<ResourceKind::OutputStream> {
  explicit Output(std::shared_ptr<OutputStream> stream) : stream(std::move(stream)) {}
  std::shared_ptr<OutputStream> stream;
};
struct Descriptor final : Resource<ResourceKind::Descriptor> {
  explicit Descriptor(Dir::Opened what) : what(std::move(what)) {}
  File* file() {
    auto* f = std::get_if<std::shared_ptr<File>>(&what);
    return f ? f->get() : nullptr;
  }
  Dir* dir() { return std::get_if<Dir>(&what); }
  Dir::Opened what;
};
struct EntryStream final : Resource<ResourceKind::DirectoryEntryStream> {
  explicit EntryStream(Dir dir) : dir(std::move(dir)) {}
  struct Entry {
    FileType type;
    std::string name;
  };
  Dir dir;
  uint64_t cookie = 0;
  std::vector<Entry> batch;        // read and not given yet, last one first
  bool done = false;
};
struct Network final : Resource<ResourceKind::Network> {};
struct AddressStream final : Resource<ResourceKind::ResolveAddressStream> {
  explicit AddressStream(std::shared_ptr<Lookup> lookup) : lookup(std::move(lookup)) {}
  std::shared_ptr<Lookup> lookup;
};
struct Tcp final : Resource<ResourceKind::TcpSocket> {
  explicit Tcp(std::shared_ptr<TcpSocket> socket) : socket(std::move(socket)) {}
  std::shared_ptr<TcpSocket> socket;
};
struct Udp final : Resource<ResourceKind::UdpSocket> {
  explicit Udp(std::shared_ptr<UdpSocket> socket) : socket(std::move(socket)) {}
  std::shared_ptr<UdpSocket> socket;
};
/// Streams of datagrams stop working when the socket has newer ones.
struct DatagramsIn final : Resource<ResourceKind::IncomingDatagramStream> {
  explicit DatagramsIn(std::shared_ptr<UdpSocket> s) : socket(std::move(s)), generation(socket->generation()) {}
  std::shared_ptr<UdpSocket> socket;
  uint64_t generation;
};
struct DatagramsOut final : Resource<ResourceKind::OutgoingDatagramStream> {
  explicit DatagramsOut(std::shared_ptr<UdpSocket> s) : socket(std::move(s)), generation(socket->generation()) {}
  std::shared_ptr<UdpSocket> socket;
  uint64_t generation;
  uint64_t permit = 0;
};
struct TerminalInput final : Resource<ResourceKind::TerminalInput> {};
struct TerminalOutput final : Resource<ResourceKind::TerminalOutput> {};

struct Closed {};
using StreamError = std::variant<Own<Error>, Closed>;

}  // namespace skiff::wasi::p2

template <>
struct skiff::wasi::CaseNames<skiff::wasi::p2::StreamError> {
  static constexpr std::array<std::string_view, 2> kNames = {"last-operation-failed", "closed"};
};
