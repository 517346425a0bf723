// Transport: bytes between a connection and its peer, in the clear or through TLS (tls.h), never blocking.
// Thread: one.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "wasi/os/errno.h"
#include "wasi/os/fd.h"

namespace skiff::host {

class Transport {
 public:
  explicit Transport(wasi::OwnedFd fd) : fd_(std::move(fd)) {}
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;

  int fd() const { return fd_.get(); }
  /// Goes on with what must happen before anything can be read or written. Errors: Again: `events` (of poll(2)) says
  /// what to wait for; others: it failed.
  virtual wasi::Io<void> handshake(short& events) { return {}; }
  /// The protocol that was agreed on ("h2", "http/1.1"); empty: none.
  virtual std::string_view protocol() const { return {}; }
  virtual bool secure() const { return false; }

  /// Bytes read; 0: the peer has ended its side. Errors: Again when there is nothing now; others end the connection.
  virtual wasi::Io<size_t> read(std::span<uint8_t> into);
  /// Bytes taken, at least one. Errors: as read.
  virtual wasi::Io<size_t> write(std::span<const iovec> from);
  /// Bytes that were taken and have not gone out.
  virtual bool has_unsent() const { return false; }
  /// Sends them. Errors: as write.
  virtual wasi::Io<void> flush() { return {}; }
  /// Bytes may be there that poll(2) does not know of.
  virtual bool has_buffered() const { return false; }
  /// Nothing more is written. False: not now (Again).
  virtual bool shut_down();
  /// Makes closing a reset, so that the peer knows that something is missing.
  void reset_on_close();

 private:
  wasi::OwnedFd fd_;
};

}  // namespace skiff::host
