// TLS by OpenSSL, never blocking: handshakes, records, certificates that are read again.
// Thread: contexts any, connections one.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <cstring>
#include <mutex>

#include "runtime/host/tls.h"

namespace skiff::host {
namespace {

using ContextPtr = std::shared_ptr<SSL_CTX>;
constexpr size_t kRecord = 16 << 10;

std::string last_error() {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(wasi::OwnedFd fd, ContextPtr context)
      : Transport(std::move(fd)), context_(std::move(context)), ssl_(SSL_new(context_.get())) {
    if (ssl_ && SSL_set_fd(ssl_, this->fd()) == 1) SSL_set_accept_state(ssl_);
  }
  ~TlsTransport() override { SSL_free(ssl_); }
  bool good() const { return ssl_ != nullptr; }

  wasi::Io<void> handshake(short& events) override {
    ERR_clear_error();
    const int r = SSL_do_handshake(ssl_);
    if (r == 1) return {};
    const int why = SSL_get_error(ssl_, r);
    events = why == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ) return wasi::io_fail(wasi::Errno::Again);
    ERR_clear_error();
    failed_ = true;
    return wasi::io_fail(wasi::Errno::Proto);
  }

  std::string_view protocol() const override {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return size ? std::string_view(reinterpret_cast<const char*>(name), size) : "http/1.1";
  }
  bool secure() const override { return true; }
  bool has_buffered() const override { return SSL_pending(ssl_) > 0; }

  wasi::Io<size_t> read(std::span<uint8_t> into) override {
    ERR_clear_error();
    size_t n = 0;
    const int r = SSL_read_ex(ssl_, into.data(), into.size(), &n);
    if (r == 1) return n;
    switch (SSL_get_error(ssl_, r)) {
      case SSL_ERROR_ZERO_RETURN: return size_t{0};
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE: return wasi::io_fail(wasi::Errno::Again);
      default: return fail();
    }
  }

  // Bytes are taken into a record, which is then sent to its end before others.
  wasi::Io<size_t> write(std::span<const iovec> from) override {
    if (const auto sent = flush(); !sent) return wasi::io_fail(sent.error());
    size_t n = 0;
    for (const iovec& part : from) {
      const size_t take = std::min(part.iov_len, kRecord - n);
      record_.append(static_cast<const char*>(part.iov_base), take);
      n += take;
    }
    if (const auto sent = flush(); !sent && sent.error() != wasi::Errno::Again) return wasi::io_fail(sent.error());
    return n;
  }

  bool has_unsent() const override { return !record_.empty(); }
  wasi::Io<void> flush() override {
    if (record_.empty()) return {};
    ERR_clear_error();
    size_t n = 0;
    const int r = SSL_write_ex(ssl_, record_.data(), record_.size(), &n);
    if (r == 1) {
      record_.erase(0, n);
      return record_.empty() ? wasi::Io<void>() : wasi::io_fail(wasi::Errno::Again);
    }
    const int why = SSL_get_error(ssl_, r);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return wasi::io_fail(wasi::Errno::Again);
    (void)fail();
    return wasi::io_fail(wasi::Errno::Pipe);
  }

  bool shut_down() override {
    if (!failed_) {
      ERR_clear_error();
      (void)SSL_shutdown(ssl_);
      ERR_clear_error();
    }
    return Transport::shut_down();
  }

 private:
  std::unexpected<wasi::Errno> fail() {
    ERR_clear_error();
    failed_ = true;
    return wasi::io_fail(wasi::Errno::Pipe);
  }

  const ContextPtr context_;
  SSL* const ssl_;
  std::string record_;
  bool failed_ = false;
};

// Of what the client offers, h2 before http/1.1.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                    void* http2) {
  static constexpr unsigned char kBoth[] = "\x02h2\x08http/1.1";
  const unsigned skip = http2 ? 0 : 3;
  const int r = SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kBoth + skip,
                                      static_cast<unsigned>(sizeof kBoth - 1 - skip), in, in_size);
  return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

class OpensslContext final : public TlsContext {
 public:
  OpensslContext(std::string certificate, std::string key, bool http2)
      : certificate_(std::move(certificate)), key_(std::move(key)), http2_(http2) {}

  std::unique_ptr<Transport> accept(wasi::OwnedFd fd) override {
    ContextPtr context;
    {
      const std::lock_guard lock(mutex_);
      context = context_;
    }
    auto transport = std::make_unique<TlsTransport>(std::move(fd), std::move(context));
    if (!transport->good()) return nullptr;
    return transport;
  }

  std::expected<void, std::string> reload() override {
    ContextPtr made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!made) return std::unexpected("TLS: " + last_error());
    SSL_CTX* c = made.get();
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(c, choose_protocol, http2_ ? this : nullptr);
    if (SSL_CTX_use_certificate_chain_file(c, certificate_.c_str()) != 1)
      return std::unexpected("cannot use the certificate '" + certificate_ + "': " + last_error());
    if (SSL_CTX_use_PrivateKey_file(c, key_.c_str(), SSL_FILETYPE_PEM) != 1)
      return std::unexpected("cannot use the key '" + key_ + "': " + last_error());
    if (SSL_CTX_check_private_key(c) != 1)
      return std::unexpected("the key '" + key_ + "' is not that of the certificate: " + last_error());
    const std::lock_guard lock(mutex_);
    context_ = std::move(made);
    return {};
  }

 private:
  const std::string certificate_, key_;
  const bool http2_;
  std::mutex mutex_;
  ContextPtr context_;
};

std::expected<std::shared_ptr<TlsContext>, std::string> make(const std::string& certificate, const std::string& key,
                                                             bool http2) {
  auto context = std::make_shared<OpensslContext>(certificate, key, http2);
  if (auto loaded = context->reload(); !loaded) return std::unexpected(std::move(loaded.error()));
  return context;
}

}  // namespace
}  // namespace skiff::host

extern "C" [[gnu::visibility("default")]] const skiff::host::TlsLibrary skiff_tls_library;
extern "C" const skiff::host::TlsLibrary skiff_tls_library = {skiff::host::TlsLibrary::kVersion, &skiff::host::make};
