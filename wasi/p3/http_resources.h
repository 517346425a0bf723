// The resources of wasi:http. A message has contents: streams of the guest that made it, or a body that came in from the
// host. Whoever goes away leaves things clean: a body that nobody reads is closed, a guest whose contents nobody wants
// is told so.
#pragma once

#include "component/exec/host_stream.h"
#include "wasi/common/http.h"

namespace skiff::wasi::p3 {

enum class ResourceKind : uint8_t {
  Fields = static_cast<uint8_t>(CommonKind::Count), Request, RequestOptions, Response, Count
};

template <ResourceKind K>
class Resource : public HostResource {
 public:
  static constexpr size_t kType = static_cast<size_t>(K);
};

/// Mutable, or those of a message, which may be gone by now.
struct MessageFields final : Resource<ResourceKind::Fields> {
  MessageFields(HttpMemory& memory, HttpFields own) : fields(memory, std::move(own)) {}
  MessageFields(HttpMemory& memory, std::shared_ptr<const HttpFields> of)
      : kept(std::move(of)), fields(memory, kept.get()) {}
  std::shared_ptr<const HttpFields> kept;
  GuestFields fields;
};

/// The contents of a message.
struct Contents {
  Contents() = default;
  Contents(Contents&&) = default;
  Contents& operator=(Contents&& other) noexcept {
    if (this != &other) {
      fail({HttpErrorCode::InternalError, {}, "the message was dropped"});
      stream = std::move(other.stream);
      trailers = std::move(other.trailers);
      transmitted = std::move(other.transmitted);
      body = std::move(other.body);
    }
    return *this;
  }
  ~Contents() { fail({HttpErrorCode::InternalError, {}, "the message was dropped"}); }
  /// They go nowhere.
  void fail(const HttpError& error);

  // Of guests:
  component::SharedObjectPtr stream;             // null: empty
  component::SharedObjectPtr trailers;
  std::shared_ptr<component::HostFutureWriter> transmitted;
  // Of the host:
  std::shared_ptr<HttpBody> body;
};

struct Request final : Resource<ResourceKind::Request> {
  Request(HttpMemory& memory, HttpFields f, Contents c)
      : fields(std::make_shared<HttpFields>(std::move(f))), contents(std::move(c)), charge(memory, fields->bytes()) {}
  HttpRequestHead head;                          // but for its fields
  std::shared_ptr<const HttpFields> fields;
  std::shared_ptr<const HttpRequestOptions> options;
  Contents contents;
  HttpCharge charge;
};

struct RequestOptions final : Resource<ResourceKind::RequestOptions> {
  explicit RequestOptions(HttpRequestOptions o) : own(o) {}
  explicit RequestOptions(std::shared_ptr<const HttpRequestOptions> of) : kept(std::move(of)) {}
  const HttpRequestOptions& get() const { return kept ? *kept : own; }
  HttpRequestOptions own;
  std::shared_ptr<const HttpRequestOptions> kept;   // of a request: immutable
};

struct Response final : Resource<ResourceKind::Response> {
  Response(HttpMemory& memory, HttpFields f, Contents c)
      : fields(std::make_shared<HttpFields>(std::move(f))), contents(std::move(c)), charge(memory, fields->bytes()) {}
  uint16_t status = 200;
  std::shared_ptr<const HttpFields> fields;
  Contents contents;
  HttpCharge charge;
};

/// The body that carries a message's contents to the host: its own, or one that is filled from now on as the guest writes,
/// until it is finished or failed. The contents have become its. Null: a trap.
std::shared_ptr<HttpBody> transmit(WasiState& state, Contents contents, HttpBody::Of of, std::optional<uint64_t> length);

}  // namespace skiff::wasi::p3
