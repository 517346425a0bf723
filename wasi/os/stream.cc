// Streams in memory.
#include "wasi/os/stream.h"

#include <algorithm>
#include <cstring>

namespace skiff::wasi {

Io<size_t> NullStream::write(std::span<const iovec> from) {
  size_t n = 0;
  for (const iovec& v : from) n += v.iov_len;
  return n;
}

Io<size_t> MemoryInput::read(std::span<const iovec> into) {
  size_t total = 0;
  for (const iovec& v : into) {
    const size_t n = std::min(v.iov_len, bytes_.size() - position_);
    if (n != 0) std::memcpy(v.iov_base, bytes_.data() + position_, n);
    position_ += n;
    total += n;
  }
  return total;
}

Io<size_t> MemoryOutput::write(std::span<const iovec> from) {
  size_t total = 0;
  for (const iovec& v : from) {
    const size_t n = std::min(v.iov_len, limit_ - bytes_.size());
    bytes_.append(static_cast<const char*>(v.iov_base), n);
    total += n;
    if (n < v.iov_len) return total != 0 ? Io<size_t>(total) : io_fail(Errno::NoSpc);
  }
  return total;
}

}  // namespace skiff::wasi
