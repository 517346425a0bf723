// P3HttpHandler: how the host gives requests to components that export wasi:http/handler, any 0.3.x.
// Thread: the handler any, calls as the store.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "component/exec/component.h"
#include "component/exec/linker.h"
#include "wasi/os/http.h"
#include "wasi/p3/p3.h"

namespace skiff::wasi {

class P3HttpHandler {
 public:
  /// Found once per component. Nothing: it exports no such interface. `face` outlives the handler; instances must have been
  /// linked with it.
  static std::optional<P3HttpHandler> find(const P3& face, const component::CompiledComponent& component);

  /// Calls `handle`, in a store that attach has given its authority, and runs what has to run until the exchange is answered
  /// and the response's body has ended. Whatever the guest does, it has been answered or failed by then.
  /// Errors: traps; LimitExceeded when the store has too many resources; InvalidArgument for an export of another type.
  RunResult<void> call(component::ComponentStore& store, const component::InstanceItem& instance,
                       std::shared_ptr<HttpExchange> exchange) const;

 private:
  P3HttpHandler(const P3& face, std::string name) : face_(&face), name_(std::move(name)) {}
  const P3* face_;
  std::string name_;           // of the exported instance
};

}  // namespace skiff::wasi
