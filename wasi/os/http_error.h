// HttpError: how an HTTP exchange fails, in the terms of WASI (http_error.def). A value; every payload is at most a
// number and a text, each of which may be missing.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "wasi/os/byte_stream.h"

namespace skiff::wasi {

enum class HttpErrorCode : uint8_t {
#define SKIFF_HTTP_ERROR(NAME, WIT, PAYLOAD) NAME,
#include "wasi/os/http_error.def"
#undef SKIFF_HTTP_ERROR
};

enum class HttpErrorPayload : uint8_t { None, Dns, Alert, Size32, Size64, Field, OptionalField, Text };

struct HttpError {
  HttpErrorCode code = HttpErrorCode::InternalError;
  std::optional<uint64_t> number = {};
  std::optional<std::string> text = {};

  /// As a stream tells it: the text is lost.
  IoError io() const {
    IoError e{Errno::Io, ErrorOrigin::Http};
    e.http_code = static_cast<uint8_t>(code);
    e.http_number = number;
    return e;
  }
  /// Nothing: the error is none of HTTP's.
  static std::optional<HttpError> from(const IoError& e) {
    if (e.origin != ErrorOrigin::Http) return std::nullopt;
    return HttpError{static_cast<HttpErrorCode>(e.http_code), e.http_number};
  }
};

std::string_view name_of(HttpErrorCode code);
HttpErrorPayload payload_of(HttpErrorCode code);
/// What a gateway answers its client when this happened before there was a response: 400 to 504.
uint16_t status_of(HttpErrorCode code);

template <class T>
using HttpResult = std::expected<T, HttpError>;
[[nodiscard]] inline std::unexpected<HttpError> http_fail(HttpErrorCode code) {
  return std::unexpected(HttpError{code});
}

}  // namespace skiff::wasi
