// The parser over Boost.Beast's basic_parser, which calls back for each element.
#include "runtime/host/http1_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "engine/base/check.h"

#ifdef BOOST_NO_EXCEPTIONS
namespace boost {
// What Boost calls instead of throwing; nothing of what is used here does.
BOOST_NORETURN void throw_exception(const std::exception&) {
  SKIFF_CHECK(!"Boost would throw");
  __builtin_unreachable();
}
BOOST_NORETURN void throw_exception(const std::exception&, const source_location&) {
  SKIFF_CHECK(!"Boost would throw");
  __builtin_unreachable();
}
}  // namespace boost
#endif

namespace skiff::host {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

class Http1Parser::Impl final : public http::basic_parser<true> {
 public:
  explicit Impl(const HttpLimits& limits) : limits(limits), trailers(trailer_limits()) {
    header_limit(limits.head_bytes);
    body_limit(limits.body_bytes);
    head.fields = wasi::HttpFields({.bytes = limits.head_bytes + limits.head_fields * wasi::HttpFields::kOverhead,
                                    .count = limits.head_fields});
  }

  Step feed(std::span<const uint8_t> bytes, size_t& used);
  void refuse(uint16_t with, std::string why) {
    if (status != 0) return;
    status = with;
    reason = std::move(why);
  }

  const HttpLimits limits;
  wasi::HttpRequestHead head;
  wasi::HttpFields trailers;
  std::string method;
  std::string target;
  std::shared_ptr<wasi::HttpBody> body;
  bool body_set = false;
  bool v11 = false;
  bool continues = false;
  uint16_t status = 0;
  std::string reason;

 private:
  static wasi::HttpFieldLimits trailer_limits() { return {.bytes = 16 << 10, .count = 64}; }

  void on_request_impl(http::verb, string_view name, string_view to, int version, error_code&) override {
    method.assign(name.data(), name.size());
    target.assign(to.data(), to.size());
    v11 = version == 11;
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field f, string_view name, string_view value, error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view text, error_code&) override { return take(text); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view text, error_code&) override { return take(text); }
  void on_finish_impl(error_code&) override {}

  size_t take(string_view text);
  void check_host();
  void take_target();
  Step refused(const error_code& ec);

  unsigned hosts_ = 0;
  bool coded_ = false;
};

// What has room goes into the body; all of it where nobody reads.
size_t Http1Parser::Impl::take(string_view text) {
  if (!body || body->closed() || body->ended()) return text.size();
  size_t done = 0;
  while (done < text.size()) {
    const std::span<uint8_t> space = body->space();
    if (space.empty()) break;
    const size_t n = std::min(space.size(), text.size() - done);
    std::memcpy(space.data(), text.data() + done, n);
    body->produced(n);
    done += n;
  }
  return done;
}

void Http1Parser::Impl::on_field_impl(http::field f, string_view name, string_view value, error_code& ec) {
  const std::string_view n(name.data(), name.size());
  const std::string_view v(value.data(), value.size());
  wasi::HttpFields& fields = body_set ? trailers : head.fields;
  if (fields.append(n, v) != wasi::HttpFields::Outcome::Ok) {
    const bool full = wasi::HttpFields::valid(n, v);
    refuse(full ? 431 : 400, full ? "too many header fields" : "bad header field");
    ec = http::error::bad_field;
    return;
  }
  if (body_set) return;
  if (f == http::field::host) ++hosts_;
  if (f == http::field::transfer_encoding) {
    coded_ = true;
    if (!wasi::equal_ignoring_case(v, "chunked")) refuse(501, "a transfer coding other than chunked");
  }
  if (f == http::field::expect) {
    if (wasi::equal_ignoring_case(v, "100-continue")) continues = true;
    else refuse(417, "an expectation other than 100-continue");
  }
}

// Spec: RFC 9112 3.2: exactly one host in HTTP/1.1
void Http1Parser::Impl::check_host() {
  const auto host = head.fields.find("host");
  if (hosts_ > 1 || (v11 && !host)) return refuse(400, hosts_ > 1 ? "several host fields" : "no host field");
  if (!host || host->empty()) return;
  if (!wasi::HttpAuthority::parse(*host)) return refuse(400, "bad host field");
  head.authority = std::string(*host);
}

// Spec: RFC 9112 3.2: origin form, absolute form (whose authority counts), or "*"
void Http1Parser::Impl::take_target() {
  const auto method_kind = head.method.kind;
  if (method_kind == wasi::HttpMethod::Kind::Connect) return refuse(501, "CONNECT");
  std::string_view path = target;
  if (!path.starts_with('/') && path != "*") {
    const size_t colon = path.find("://");
    const std::string_view scheme = path.substr(0, colon);
    if (colon == path.npos || !(wasi::equal_ignoring_case(scheme, "http") || wasi::equal_ignoring_case(scheme, "https")))
      return refuse(400, "bad request target");
    path.remove_prefix(colon + 3);
    const size_t end = std::min(path.find_first_of("/?"), path.size());
    if (!wasi::HttpAuthority::parse(path.substr(0, end))) return refuse(400, "bad request target");
    head.authority = std::string(path.substr(0, end));
    path.remove_prefix(end);
  }
  if (path == "*" && method_kind != wasi::HttpMethod::Kind::Options) return refuse(400, "bad request target");
  if (!wasi::is_http_path_with_query(path)) return refuse(400, "bad request target");
  head.path_with_query = path.empty() || path[0] == '?' ? "/" + std::string(path) : std::string(path);
}

void Http1Parser::Impl::on_header_impl(error_code&) {
  if (const auto parsed = wasi::HttpMethod::parse(method)) head.method = *parsed;
  else refuse(400, "bad method");
  if (coded_ && !v11) refuse(400, "a transfer coding in HTTP/1.0");
  if (coded_ && !chunked()) refuse(400, "bad transfer coding");
  std::optional<uint64_t> length;
  if (!head.fields.content_length(length)) refuse(400, "bad content-length");
  if (length && coded_) refuse(400, "content-length beside a transfer coding");
  check_host();
  take_target();
}

Http1Parser::Step Http1Parser::Impl::refused(const error_code& ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) refuse(431, "the head is too large");
  else if (ec == http::error::body_limit) refuse(413, "the body is too large");
  else if (ec == http::error::bad_version) refuse(505, "bad version");
  else refuse(400, ec.message());
  return Step::Bad;
}

Http1Parser::Step Http1Parser::Impl::feed(std::span<const uint8_t> bytes, size_t& used) {
  used = 0;
  if (status != 0) return Step::Bad;
  for (;;) {
    if (is_done()) return Step::Done;
    const bool in_head = !is_header_done();
    error_code ec;
    const size_t n = put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    used += n;
    if (status != 0) return Step::Bad;
    if (ec == http::error::need_more) return Step::More;
    if (ec) return refused(ec);
    if (in_head && is_header_done()) return Step::Head;
    if (is_done()) return Step::Done;
    if (used == bytes.size()) return Step::More;
    if (n == 0) return Step::Full;
  }
}

Http1Parser::Http1Parser(const HttpLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
Http1Parser::~Http1Parser() = default;

Http1Parser::Step Http1Parser::feed(std::span<const uint8_t> bytes, size_t& used) {
  const Step step = impl_->feed(bytes, used);
  if (step == Step::Done && impl_->body) {
    std::optional<wasi::HttpFields> trailers;
    if (!impl_->trailers.empty()) trailers = std::move(impl_->trailers);
    (void)impl_->body->finish(std::move(trailers));
    impl_->body.reset();
  }
  return step;
}

void Http1Parser::set_body(std::shared_ptr<wasi::HttpBody> body) {
  impl_->body = std::move(body);
  impl_->body_set = true;
}

wasi::HttpRequestHead& Http1Parser::head() { return impl_->head; }
const std::string& Http1Parser::method() const { return impl_->method; }
const std::string& Http1Parser::target() const { return impl_->target; }
bool Http1Parser::got_some() const { return impl_->got_some(); }
bool Http1Parser::head_request() const { return impl_->method == "HEAD"; }
bool Http1Parser::version_1_1() const { return impl_->v11; }
bool Http1Parser::keep_alive() const { return impl_->is_header_done() && impl_->keep_alive(); }
bool Http1Parser::expects_continue() const { return impl_->continues && impl_->v11; }
std::optional<uint64_t> Http1Parser::content_length() const {
  const auto length = impl_->content_length();
  return length ? std::optional<uint64_t>(*length) : std::nullopt;
}
bool Http1Parser::has_body() const { return impl_->chunked() || content_length().value_or(0) != 0; }
bool Http1Parser::done() const { return impl_->is_done(); }
uint16_t Http1Parser::status() const { return impl_->status; }
void Http1Parser::refuse(uint16_t status, std::string reason) { impl_->refuse(status, std::move(reason)); }
const std::string& Http1Parser::reason() const { return impl_->reason; }

}  // namespace skiff::host
