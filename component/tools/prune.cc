// Marks types from the functions that stay, then drops the rest.
#include "component/tools/prune.h"

#include <unordered_set>
#include <vector>

#include "component/tools/wit_names.h"

namespace skiff::component::tools {
namespace {

class Pruner {
 public:
  Pruner(Resolve& resolve, WorldId world) : r_(resolve), w_(resolve[world]) {}

  void run(const UsedFunctions& used, const std::vector<TypeId>& used_types) {
    for (const TypeId id : used_types) mark(Type{id});
    for (const auto& [key, item] : w_.exports) {
      if (const auto* i = std::get_if<WorldInterface>(&item)) {
        whole_.insert(i->interface.index);
      } else if (const auto* f = std::get_if<Function>(&item)) {
        mark(*f);
      }
    }
    for (const uint32_t id : whole_) mark_all(r_.interfaces[id]);
    OrderedMap<WorldItem> kept;
    for (auto& [key, item] : w_.imports) mark_import(key, item, used);
    drain();
    for (auto& [key, item] : w_.imports)
      if (stays(key, item, used)) kept.insert(key, std::move(item));
    w_.imports = std::move(kept);
  }

 private:
  void mark(const Type& type) {
    if (const TypeId* id = std::get_if<TypeId>(&type))
      if (live_.insert(id->index).second) work_.push_back(*id);
  }
  void mark(const Function& f) {
    for (const Param& p : f.params) mark(p.type);
    if (f.result) mark(*f.result);
    if (f.kind != Function::Kind::Freestanding) mark(Type{f.resource});
  }
  void mark_all(const wit::Interface& i) {
    for (const auto& [name, id] : i.types) mark(Type{id});
    for (const auto& [name, f] : i.functions) mark(f);
  }
  void mark_import(const std::string& key, const WorldItem& item, const UsedFunctions& used) {
    if (const TypeId* id = std::get_if<TypeId>(&item)) return mark(Type{*id});
    if (const Function* f = std::get_if<Function>(&item)) {
      if (used.contains({"", key})) mark(*f);
      return;
    }
    const InterfaceId id = std::get<WorldInterface>(item).interface;
    if (whole_.contains(id.index)) return;
    for (const auto& [name, f] : r_[id].functions)
      if (used.contains({key, name})) mark(f);
  }
  void drain() {
    while (!work_.empty()) {
      const TypeId id = work_.back();
      work_.pop_back();
      const TypeBody& body = r_[id].body;
      each_type(body, [&](const Type& part) { mark(part); });
      if (const Own* own = std::get_if<Own>(&body)) mark(Type{own->resource});
      if (const Borrow* borrow = std::get_if<Borrow>(&body)) mark(Type{borrow->resource});
    }
  }
  // Cuts down an interface that stays.
  bool stays(const std::string& key, const WorldItem& item, const UsedFunctions& used) {
    if (std::holds_alternative<TypeId>(item)) return true;
    if (std::holds_alternative<Function>(item)) return used.contains({"", key});
    const InterfaceId id = std::get<WorldInterface>(item).interface;
    if (whole_.contains(id.index)) return true;
    wit::Interface& i = r_[id];
    OrderedMap<TypeId> types;
    for (const auto& [name, type] : i.types)
      if (live_.contains(type.index)) types.insert(name, type);
    OrderedMap<Function> functions;
    for (auto& [name, f] : i.functions)
      if (used.contains({key, name})) functions.insert(name, std::move(f));
    i.types = std::move(types);
    i.functions = std::move(functions);
    return !i.types.empty() || !i.functions.empty() || used.contains({key, ""});
  }

  Resolve& r_;
  World& w_;
  std::unordered_set<uint32_t> whole_;  // InterfaceIds
  std::unordered_set<uint32_t> live_;   // TypeIds
  std::vector<TypeId> work_;
};

}  // namespace

void prune_imports(wit::Resolve& resolve, wit::WorldId world, const UsedFunctions& used,
                   const std::vector<wit::TypeId>& used_types) {
  Pruner(resolve, world).run(used, used_types);
}

}  // namespace skiff::component::tools
