// TLS: what the server needs of it. It is made by a library of its own (libskiff-tls, from tls/), which brings OpenSSL
// along and is loaded when somebody asks for TLS: linking OpenSSL would cost every start of every command milliseconds.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "runtime/host/transport.h"

namespace skiff::host {

/// Certificate and key; may be replaced while connections use it.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  /// A connection that the peer has opened. Null: out of memory.   Thread: any
  virtual std::unique_ptr<Transport> accept(wasi::OwnedFd fd) = 0;
  /// Reads the files again; keeps what it had when they are no good. Errors: in words.   Thread: any
  virtual std::expected<void, std::string> reload() = 0;
};

/// PEM files. Offers h2 by ALPN when the server has it. Errors: in words.
std::expected<std::shared_ptr<TlsContext>, std::string> make_tls_context(const std::string& certificate,
                                                                         const std::string& key);

/// What the library has under the name skiff_tls_library. Program and library are of one build.
struct TlsLibrary {
  static constexpr uint32_t kVersion = 1;
  uint32_t version;
  std::expected<std::shared_ptr<TlsContext>, std::string> (*make)(const std::string& certificate, const std::string& key,
                                                                  bool http2);
};

}  // namespace skiff::host
