// Checked access to guest memory, and the end of a host call.
#include "wasi/p1/guest.h"

#include <limits.h>

#include <algorithm>

#include "engine/base/utf8.h"

namespace skiff::wasi {

Io<void> Guest::iovecs(uint32_t p, uint32_t count, IoVecs& vecs) {
  const std::span<uint8_t> array = SKIFF_IO_TRY(bytes(p, uint64_t{count} * 8));
  vecs.count = std::min(count, IoVecs::kMax);
  for (size_t i = 0; i < vecs.count; ++i) {
    const uint64_t entry = load_unaligned<uint64_t>(array.data() + i * 8);
    const auto buffer = SKIFF_IO_TRY(bytes(static_cast<uint32_t>(entry), entry >> 32));
    vecs.vecs[i] = {buffer.data(), buffer.size()};
  }
  return {};
}

Io<std::string> Guest::path(uint32_t p, uint32_t n) {
  const std::span<uint8_t> text = SKIFF_IO_TRY(bytes(p, n));
  if (text.size() >= PATH_MAX) return io_fail(Errno::NameTooLong);
  std::string path(reinterpret_cast<const char*>(text.data()), text.size());
  if (!is_utf8(path)) return io_fail(Errno::IlSeq);
  if (path.find('\0') != path.npos) return io_fail(Errno::Inval);
  return path;
}

Outcome Guest::finish(const Io<void>& done, Slot* result) {
  if (exits_) return store_.exit(status_);
  if (missing_)
    return store_.trap(TrapCode::HostError,
                       "WASI needs the calling module to export its memory as \"memory\"");
  if (!done && done.error() == Errno::Canceled && interrupt().asked())
    return store_.trap(TrapCode::Interrupted);
  result->u64 = static_cast<uint64_t>(done ? Errno::Success : done.error());
  return Outcome::Ok;
}

}  // namespace skiff::wasi
