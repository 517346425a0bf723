// Http1Parser: a request of HTTP/1.x out of bytes, incrementally: the head once it is complete, then the body straight
// into an HttpBody, as far as that has room. Boost.Beast's parser does the syntax; what makes requests ambiguous (two
// lengths, lengths beside chunks, unknown codings, hosts missing) is refused here.
// Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "wasi/os/http.h"

namespace skiff::host {

struct HttpLimits {
  uint32_t head_bytes = 64 << 10;       // request line and fields
  uint32_t head_fields = 256;
  uint64_t body_bytes = uint64_t{1} << 30;
};

class Http1Parser {
 public:
  explicit Http1Parser(const HttpLimits& limits);
  ~Http1Parser();
  Http1Parser(const Http1Parser&) = delete;

  /// What became of the bytes.
  enum class Step : uint8_t {
    More,      // needs more of them
    Head,      // the head is complete; next, set_body()
    Full,      // the body has no room
    Done,      // the message is complete
    Bad,       // see status()
  };
  /// Goes on; `used`: bytes that are not to be given again. After Head, not before set_body().
  Step feed(std::span<const uint8_t> bytes, size_t& used);
  /// Where the body goes. Null: nowhere, it is read and dropped.
  void set_body(std::shared_ptr<wasi::HttpBody> body);

  /// The request. Requires: Head was reported.
  wasi::HttpRequestHead& head();
  const std::string& method() const;
  const std::string& target() const;    // as sent
  bool got_some() const;
  bool head_request() const;
  bool version_1_1() const;
  bool keep_alive() const;
  bool expects_continue() const;
  std::optional<uint64_t> content_length() const;
  bool has_body() const;
  bool done() const;
  /// Bad: with which status to answer, and why.
  uint16_t status() const;
  /// Makes it Bad.
  void refuse(uint16_t status, std::string reason);
  const std::string& reason() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skiff::host
