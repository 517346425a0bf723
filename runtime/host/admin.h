// AdminFront: what the server tells about itself, on a listener of its own: /metrics for Prometheus, /healthz (the
// process runs), /readyz (it takes requests).
// Thread: one.
#pragma once

#include <functional>

#include "runtime/host/shard.h"

namespace skiff::host {

class AdminFront final : public Front {
 public:
  /// `routes`: the present ones.
  AdminFront(Loop& loop, ServerState& state, std::function<RoutesPtr()> routes)
      : Front(loop, state), routes_(std::move(routes)) {}
  void handle(std::shared_ptr<Exchange> exchange) override;
  void over(Exchange&, uint16_t, bool) override {}

 private:
  std::string metrics() const;
  std::function<RoutesPtr()> routes_;
};

}  // namespace skiff::host
