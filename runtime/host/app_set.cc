// Building sets of applications.
#include "runtime/host/app_set.h"

namespace skiff::host {

std::expected<RoutesPtr, std::string> AppSet::build(const HostFile& file) {
  std::map<std::string, Entry> entries;
  auto routes = std::make_shared<Routes>();
  for (const HostApp& wanted : file.apps) {
    const auto known = entries_.find(wanted.name);
    Entry entry{wanted.identity, nullptr};
    if (known != entries_.end() && known->second.identity == wanted.identity) {
      entry.app = known->second.app;
    } else {
      auto spec = make_(wanted);
      if (!spec) return std::unexpected(wanted.name + ": " + spec.error());
      entry.app = std::make_shared<App>(std::move(*spec), loader_);
      if (wanted.preload || (known != entries_.end() && known->second.app->loaded())) {
        if (const Status loaded = entry.app->load_now(); !loaded)
          return std::unexpected(wanted.name + ": " + loaded.error().message());
      }
    }
    for (const auto& [host, prefix] : wanted.routes) routes->add(host, prefix, entry.app);
    entries.emplace(wanted.name, std::move(entry));
  }
  for (const auto& [name, entry] : entries_) {
    const auto now = entries.find(name);
    if (now == entries.end() || now->second.app != entry.app) replaced_.push_back(entry.app);
  }
  entries_ = std::move(entries);
  return routes;
}

void AppSet::retire_replaced() {
  for (const AppPtr& app : replaced_) app->let_go();
  replaced_.clear();
}

}  // namespace skiff::host
