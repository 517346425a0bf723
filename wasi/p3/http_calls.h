// The functions of wasi:http, one for each row of functions.def, and what they share.
#pragma once

#include "wasi/p3/functions.h"
#include "wasi/p3/http_resources.h"

namespace skiff::wasi {
namespace p3 {

/// Longest method and path with query that a guest may set. Bytes
inline constexpr size_t kMaxMethod = 64;
inline constexpr size_t kMaxTarget = 64 << 10;

enum class HeaderCode : uint8_t { InvalidSyntax, Forbidden, Immutable, SizeExceeded, Other };
using HeaderError = WithOther<HeaderCode>;
enum class OptionsCode : uint8_t { NotSupported, Immutable, Other };
using OptionsError = WithOther<OptionsCode>;

using Trailers = HttpResult<std::optional<Own<MessageFields>>>;
using Transmitted = FutureOut<HttpResult<void>>;
/// The contents of a message, for a guest.
using ContentsOut = std::tuple<StreamOut<uint8_t>, FutureOut<Trailers>>;
template <class T>
using HeaderResult = std::expected<T, HeaderError>;
using OptionsResult = std::expected<void, OptionsError>;
using Plain = std::expected<void, Unit>;
using Duration = std::optional<uint64_t>;
using Entries = std::vector<std::tuple<std::string_view, Bytes>>;

/// Traps when the guest makes the host keep too much.
inline void check_memory(WasiCall& c) {
  if (c.state.http.exceeded()) c.trap("the guest has too many messages of HTTP, or too large ones");
}
/// As WasiCall::make, of resources that are accounted for.
template <class R, class... Args>
Own<R> make_http(P3Call& c, Args&&... args) {
  const auto made = c.make<R>(nullptr, c.state.http, std::forward<Args>(args)...);
  check_memory(c);
  return made;
}
/// The end of a resource whose handle the guest gave.
inline bool destroy(P3Call& c, HostResource* resource) {
  if (c.state.resources.drop(resource)) return true;
  c.trap("a resource that has children cannot be given away");
  return false;
}

/// `result`: the future by which the guest tells how it handled them.
ContentsOut give_contents(P3Call& c, Contents contents, const component::SharedObjectPtr& result);

// http_types.cc
Own<MessageFields> fields_new(P3Call& c);
HeaderResult<Own<MessageFields>> fields_from_list(P3Call& c, FieldList entries);
std::vector<Bytes> fields_get(P3Call& c, Borrow<MessageFields> self, const Text& name);
bool fields_has(P3Call& c, Borrow<MessageFields> self, const Text& name);
HeaderResult<void> fields_set(P3Call& c, Borrow<MessageFields> self, const Text& name, const std::vector<Bytes>& value);
HeaderResult<void> fields_delete(P3Call& c, Borrow<MessageFields> self, const Text& name);
HeaderResult<std::vector<std::vector<uint8_t>>> fields_get_and_delete(P3Call& c, Borrow<MessageFields> self,
                                                                      const Text& name);
HeaderResult<void> fields_append(P3Call& c, Borrow<MessageFields> self, const Text& name, Bytes value);
Entries fields_copy_all(P3Call& c, Borrow<MessageFields> self);
Own<MessageFields> fields_clone(P3Call& c, Borrow<MessageFields> self);

std::tuple<Own<Request>, Transmitted> request_new(P3Call& c, Own<MessageFields> headers, std::optional<BytesIn> contents,
                                                  FutureIn<Trailers> trailers,
                                                  std::optional<Own<RequestOptions>> options);
HttpMethod request_get_method(P3Call& c, Borrow<Request> self);
Plain request_set_method(P3Call& c, Borrow<Request> self, const HttpMethod& method);
std::optional<std::string_view> request_get_path(P3Call& c, Borrow<Request> self);
Plain request_set_path(P3Call& c, Borrow<Request> self, const std::optional<Text>& path);
std::optional<HttpScheme> request_get_scheme(P3Call& c, Borrow<Request> self);
Plain request_set_scheme(P3Call& c, Borrow<Request> self, const std::optional<HttpScheme>& scheme);
std::optional<std::string_view> request_get_authority(P3Call& c, Borrow<Request> self);
Plain request_set_authority(P3Call& c, Borrow<Request> self, const std::optional<Text>& authority);
std::optional<Own<RequestOptions>> request_get_options(P3Call& c, Borrow<Request> self);
Own<MessageFields> request_get_headers(P3Call& c, Borrow<Request> self);
ContentsOut request_consume_body(P3Call& c, Own<Request> self, FutureIn<HttpResult<void>> result);

Own<RequestOptions> options_new(P3Call& c);
Duration options_get_connect(P3Call& c, Borrow<RequestOptions> self);
OptionsResult options_set_connect(P3Call& c, Borrow<RequestOptions> self, Duration duration);
Duration options_get_first_byte(P3Call& c, Borrow<RequestOptions> self);
OptionsResult options_set_first_byte(P3Call& c, Borrow<RequestOptions> self, Duration duration);
Duration options_get_between_bytes(P3Call& c, Borrow<RequestOptions> self);
OptionsResult options_set_between_bytes(P3Call& c, Borrow<RequestOptions> self, Duration duration);
Own<RequestOptions> options_clone(P3Call& c, Borrow<RequestOptions> self);

std::tuple<Own<Response>, Transmitted> response_new(P3Call& c, Own<MessageFields> headers,
                                                    std::optional<BytesIn> contents, FutureIn<Trailers> trailers);
uint16_t response_get_status(P3Call& c, Borrow<Response> self);
Plain response_set_status(P3Call& c, Borrow<Response> self, uint16_t status);
Own<MessageFields> response_get_headers(P3Call& c, Borrow<Response> self);
ContentsOut response_consume_body(P3Call& c, Own<Response> self, FutureIn<HttpResult<void>> result);

// http_bodies.cc
/// wasi:http/client; what a middleware imports as `handler` goes to the network too.
Async<HttpResult<Own<Response>>> client_send(P3Call& c, Own<Request> request);

}  // namespace p3

template <>
struct Names<p3::HeaderCode> {
  static constexpr std::array<std::string_view, 5> kNames = {"invalid-syntax", "forbidden", "immutable",
                                                             "size-exceeded", "other"};
};
template <>
struct Names<p3::OptionsCode> {
  static constexpr std::array<std::string_view, 3> kNames = {"not-supported", "immutable", "other"};
};

}  // namespace skiff::wasi
