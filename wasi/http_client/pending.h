// What the guest has while it waits for a response.
#pragma once

#include <limits>

#include "wasi/http_client/transfer.h"
#include "wasi/os/clock.h"

namespace skiff::wasi {

class Transfer::Pending final : public HttpPending {
 public:
  explicit Pending(Transfer& transfer) : transfer_(&transfer) {}
  ~Pending() override;
  void give(HttpResult<HttpResponse> result) {
    transfer_ = nullptr;
    resolve(std::move(result));
  }

 private:
  Transfer* transfer_;      // null: resolved
};

/// The host's monotonic clock; the last moment where that is past its end.
inline uint64_t deadline_from_now(uint64_t ns) {
  const uint64_t now = host_monotonic_ns();
  return ns > std::numeric_limits<uint64_t>::max() - now ? std::numeric_limits<uint64_t>::max() : now + ns;
}

}  // namespace skiff::wasi
