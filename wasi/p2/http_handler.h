// HttpHandler: how the host gives requests to components that export wasi:http/incoming-handler, any 0.2.x. Handles go to
// the guest as core values: nothing is boxed.
// Thread: the handler any, calls as the store.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "component/exec/component.h"
#include "component/exec/linker.h"
#include "wasi/os/http.h"
#include "wasi/p2/p2.h"

namespace skiff::wasi {

class HttpHandler {
 public:
  /// Found once per component. Nothing: it exports no such interface. `face` outlives the handler; instances must have been
  /// linked with it.
  static std::optional<HttpHandler> find(const P2& face, const component::CompiledComponent& component);

  /// Calls `handle`, in a store that P2::attach has given its authority. When it returns the exchange has been answered,
  /// failed if the guest did not do it; its response's body goes on being written by the guest until then, and what
  /// is unfinished fails when the store's state is destroyed.
  /// Errors: traps; Resource when the store has too many resources; InvalidArgument for an export of another type.
  RunResult<void> call(component::ComponentStore& store, const component::InstanceItem& instance,
                       std::shared_ptr<HttpExchange> exchange) const;

 private:
  HttpHandler(const P2& face, std::string name) : face_(&face), name_(std::move(name)) {}
  const P2* face_;
  std::string name_;           // of the exported instance
};

}  // namespace skiff::wasi
