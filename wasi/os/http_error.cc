// The table of errors (http_error.def).
#include "wasi/os/http_error.h"

#include <array>

namespace skiff::wasi {
namespace {

struct Row {
  std::string_view name;
  HttpErrorPayload payload;
};
constexpr auto kRows = std::to_array<Row>({
#define SKIFF_HTTP_ERROR(NAME, WIT, PAYLOAD) {WIT, HttpErrorPayload::PAYLOAD},
#include "wasi/os/http_error.def"
#undef SKIFF_HTTP_ERROR
});

}  // namespace

std::string_view name_of(HttpErrorCode code) { return kRows[static_cast<size_t>(code)].name; }
HttpErrorPayload payload_of(HttpErrorCode code) { return kRows[static_cast<size_t>(code)].payload; }

uint16_t status_of(HttpErrorCode code) {
  using enum HttpErrorCode;
  switch (code) {
    case DnsTimeout:
    case ConnectionTimeout:
    case ConnectionReadTimeout:
    case ConnectionWriteTimeout:
    case ResponseTimeout: return 504;
    case DnsError:
    case DestinationNotFound:
    case DestinationIpProhibited:
    case DestinationIpUnroutable:
    case ConnectionRefused:
    case ConnectionTerminated:
    case TlsProtocolError:
    case TlsCertificateError:
    case TlsAlertReceived:
    case ResponseIncomplete:
    case ResponseHeaderSectionSize:
    case ResponseHeaderSize:
    case ResponseBodySize:
    case ResponseTrailerSectionSize:
    case ResponseTrailerSize:
    case ResponseTransferCoding:
    case ResponseContentCoding:
    case UpgradeFailed:
    case ProtocolError:
    case LoopDetected: return 502;
    case DestinationUnavailable:
    case ConnectionLimitReached: return 503;
    case RequestDenied: return 403;
    case RequestLengthRequired: return 411;
    case RequestBodySize: return 413;
    case RequestMethodInvalid:
    case RequestUriInvalid:
    case RequestTrailerSectionSize:
    case RequestTrailerSize: return 400;
    case RequestUriTooLong: return 414;
    case RequestHeaderSectionSize:
    case RequestHeaderSize: return 431;
    case ConfigurationError:
    case InternalError: break;
  }
  return 500;
}

}  // namespace skiff::wasi
