// The resources of WASI 0.2: thin owners of services. kType numbers them within the face, after those that 0.3 has too.
#pragma once

#include "wasi/common/address.h"
#include "wasi/common/descriptor.h"
#include "wasi/common/environment.h"
#include "wasi/os/lookup.h"
#include "wasi/p2/types.h"

namespace skiff::wasi::p2 {

using wasi::Descriptor, wasi::Tcp, wasi::TerminalInput, wasi::TerminalOutput, wasi::Udp;

enum class ResourceKind : uint8_t {
  Error = static_cast<uint8_t>(CommonKind::Count), Pollable, InputStream, OutputStream, DirectoryEntryStream, Network,
  ResolveAddressStream, IncomingDatagramStream, OutgoingDatagramStream,
  Fields, IncomingRequest, OutgoingRequest, RequestOptions, ResponseOutparam, IncomingResponse, IncomingBody,
  FutureTrailers, OutgoingResponse, OutgoingBody, FutureIncomingResponse, Count   // http_resources.h
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
struct EntryStream final : Resource<ResourceKind::DirectoryEntryStream> {
  explicit EntryStream(Dir dir) : reader(std::move(dir)) {}
  EntryReader reader;
};
struct Network final : Resource<ResourceKind::Network> {};
struct AddressStream final : Resource<ResourceKind::ResolveAddressStream> {
  explicit AddressStream(std::shared_ptr<Lookup> lookup) : lookup(std::move(lookup)) {}
  std::shared_ptr<Lookup> lookup;
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

struct Closed {};
using StreamError = std::variant<Own<Error>, Closed>;

}  // namespace skiff::wasi::p2

template <>
struct skiff::wasi::CaseNames<skiff::wasi::p2::StreamError> {
  static constexpr std::array<std::string_view, 2> kNames = {"last-operation-failed", "closed"};
};
