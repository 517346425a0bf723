// Streams that are not host files: what the embedder may give a guest as standard input and output.
// NullStream reads as empty and swallows output; MemoryInput and MemoryOutput are for embedders and tests.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>

#include "wasi/os/errno.h"

namespace skiff::wasi {

class Stream {
 public:
  virtual ~Stream() = default;
  /// Bytes read; 0 at the end.
  virtual Io<size_t> read(std::span<const iovec>) { return io_fail(Errno::BadF); }
  /// Bytes taken.
  virtual Io<size_t> write(std::span<const iovec>) { return io_fail(Errno::BadF); }
  virtual bool readable() const { return false; }
  virtual bool writable() const { return false; }
};

class NullStream final : public Stream {
 public:
  Io<size_t> read(std::span<const iovec>) override { return size_t{0}; }
  Io<size_t> write(std::span<const iovec> from) override;
  bool readable() const override { return true; }
  bool writable() const override { return true; }
};

class MemoryInput final : public Stream {
 public:
  explicit MemoryInput(std::string bytes) : bytes_(std::move(bytes)) {}
  Io<size_t> read(std::span<const iovec> into) override;
  bool readable() const override { return true; }

 private:
  std::string bytes_;
  size_t position_ = 0;
};

/// Keeps what is written, up to `limit` bytes; then NoSpc.
class MemoryOutput final : public Stream {
 public:
  explicit MemoryOutput(size_t limit = size_t{64} << 20) : limit_(limit) {}
  Io<size_t> write(std::span<const iovec> from) override;
  bool writable() const override { return true; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  size_t limit_;
};

}  // namespace skiff::wasi
