// Parts become nested components. They are instantiated in an order in which providers come first;
// the imports of the whole are those of all parts that no part provides, by way of WIT.
#include "component/tools/compose.h"

#include <algorithm>

#include "component/binary/binary.h"
#include "component/tools/module.h"
#include "component/tools/new.h"
#include "component/tools/prune.h"
#include "component/tools/scope.h"
#include "component/tools/wit_names.h"
#include "component/valid/valid.h"
#include "component/wit/decode.h"
#include "component/wit/version.h"

namespace skiff::component::tools {
namespace {

std::unexpected<Error> wrong(std::string what) {
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, std::move(what));
}

struct Node {
  std::string name;
  std::shared_ptr<const Component> syntax;
  std::unique_ptr<ComponentInfo> info;
  /// By import: the node and the name of its export.
  std::map<std::string, std::pair<size_t, std::string>> from;
  std::optional<uint32_t> instance;

  const ComponentType& type() const { return info->types->get<ComponentType>(info->type); }
};

class Composer {
 public:
  Composer(const ComposeOptions& options)
      : options_(options), modules_(registry_, options.features) {}

  Result<std::vector<uint8_t>> run(const Part& main, const std::vector<Part>& others);

 private:
  Status read(const Part& part);
  Status link();
  Status order();
  Result<wit::DecodedWorld> open_imports();
  Status instantiate(Node& node, RootScope& scope, ComponentBuilder& out);

  const ComposeOptions& options_;
  TypeRegistry registry_;
  PlainModules modules_;
  std::vector<Node> nodes_;    // the main one first
  std::vector<size_t> order_;  // providers first
};

Status Composer::read(const Part& part) {
  Node node;
  node.name = part.name;
  node.syntax = SKIFF_TRY(decode_component(part.binary, options_.features));
  node.info = SKIFF_TRY(validate_component(node.syntax, registry_, modules_, {options_.features}));
  nodes_.push_back(std::move(node));
  return {};
}

// Finds for each import the other part that exports it.
Status Composer::link() {
  std::vector<bool> useful(nodes_.size());
  for (size_t i = 0; i < (options_.link_others ? nodes_.size() : 1); ++i)
    for (const NamedExtern& import : nodes_[i].type().imports)
      for (size_t j = 1; j < nodes_.size(); ++j) {
        if (j == i) continue;
        for (const NamedExtern& e : nodes_[j].type().exports) {
          if (e.type.sort == Sort::Type || !wit::names_compatible(import.name.name, e.name.name))
            continue;
          if (e.type.sort != import.type.sort)
            return fail(ErrorCode::IncompatibleImportType, kNoOffset, kNoIndex,
                        "`" + import.name.name + "` of " + nodes_[i].name + " is no " +
                            std::string(text_of(e.type.sort)) + ", as " + nodes_[j].name +
                            " exports it");
          const auto [slot, is_new] = nodes_[i].from.try_emplace(import.name.name, j, e.name.name);
          if (!is_new && slot->second.first != j)
            return wrong("`" + import.name.name + "` is exported by " +
                         nodes_[slot->second.first].name + " and by " + nodes_[j].name);
          if (is_new || slot->second.second != import.name.name) slot->second.second = e.name.name;
          useful[j] = true;
        }
      }
  for (size_t j = 1; j < nodes_.size(); ++j)
    if (!useful[j]) return wrong(nodes_[j].name + " exports nothing that is imported");
  return {};
}

// Sorts by repeatedly taking those all of whose providers are taken.
Status Composer::order() {
  std::vector<bool> done(nodes_.size());
  while (order_.size() < nodes_.size()) {
    const size_t before = order_.size();
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const bool ready =
          !done[i] && std::all_of(nodes_[i].from.begin(), nodes_[i].from.end(),
                                  [&](const auto& f) { return done[f.second.first]; });
      if (!ready) continue;
      done[i] = true;
      order_.push_back(i);
    }
    if (order_.size() == before) {
      std::string names;
      for (size_t i = 0; i < nodes_.size(); ++i)
        if (!done[i]) names += (names.empty() ? "" : ", ") + nodes_[i].name;
      return wrong("these need each other in a circle: " + names);
    }
  }
  return {};
}

// The imports that stay, as a world. Interfaces that parts provide stay where others need their
// types.
Result<wit::DecodedWorld> Composer::open_imports() {
  std::optional<wit::DecodedWorld> all;
  std::vector<std::string> open;
  for (const size_t i : order_) {
    Result<wit::DecodedWorld> world = wit::decode_component_world(*nodes_[i].info);
    if (!world) {
      Error error = std::move(world).error();
      error.detail = nodes_[i].name + ": " + error.detail;
      return std::unexpected(std::move(error));
    }
    World& w = world->resolve[world->world];
    w.exports = {};
    for (const auto& [key, item] : w.imports)
      if (!nodes_[i].from.contains(key)) open.push_back(key);
    if (all) {
      SKIFF_TRY(merge_world(*all, *world));
    } else {
      all = std::move(*world);
    }
  }
  UsedFunctions used;
  std::vector<TypeId> used_types;
  for (const std::string& key : open) {
    const WorldItem* item = all->resolve[all->world].imports.find(key);
    const auto* i = item ? std::get_if<WorldInterface>(item) : nullptr;
    if (!i) {
      used.insert({"", key});
      continue;
    }
    used.insert({key, ""});
    const wit::Interface& interface = all->resolve[i->interface];
    for (const auto& [name, f] : interface.functions) used.insert({key, name});
    for (const auto& [name, id] : interface.types) used_types.push_back(id);
  }
  prune_imports(all->resolve, all->world, used, used_types);
  return std::move(*all);
}

Status Composer::instantiate(Node& node, RootScope& scope, ComponentBuilder& out) {
  std::vector<InstantiateArg> args;
  for (const NamedExtern& import : node.type().imports) {
    const std::string& name = import.name.name;
    if (const auto from = node.from.find(name); from != node.from.end()) {
      const uint32_t instance = *nodes_[from->second.first].instance;
      const Sort sort = import.type.sort;
      args.push_back({name, {sort, out.alias(sort, instance, from->second.second)}, 0});
      continue;
    }
    const std::optional<SortIdx> open = scope.find_import(name);
    if (!open)
      return wrong("`" + name + "` of " + node.name + " cannot be imported by the composition");
    args.push_back({name, *open, 0});
  }
  const uint32_t component = out.add(Sort::Component, ComponentDef{node.syntax});
  node.instance = out.instance(component, std::move(args));
  return {};
}

Result<std::vector<uint8_t>> Composer::run(const Part& main, const std::vector<Part>& others) {
  SKIFF_TRY(read(main));
  for (const Part& part : others) SKIFF_TRY(read(part));
  SKIFF_TRY(link());
  SKIFF_TRY(order());
  const wit::DecodedWorld world = SKIFF_TRY(open_imports());
  ComponentBuilder out;
  RootScope scope(world.resolve, world.world, out);
  for (const size_t i : order_) SKIFF_TRY(instantiate(nodes_[i], scope, out));
  for (const NamedExtern& e : nodes_[0].type().exports) {
    const Sort sort = e.type.sort;
    out.export_(e.name, {sort, out.alias(sort, *nodes_[0].instance, e.name.name)});
  }
  std::vector<uint8_t> binary = encode_component(out.take());
  SKIFF_TRY(check_component(binary, options_.features));
  return binary;
}

}  // namespace

Result<std::vector<uint8_t>> compose(const Part& main, const std::vector<Part>& others,
                                     const ComposeOptions& options) {
  return Composer(options).run(main, others);
}

}  // namespace skiff::component::tools
