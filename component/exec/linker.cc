// Linking by names, and calls from the host.
#include "component/exec/linker.h"

#include <algorithm>
#include <charconv>

#include "engine/base/check.h"

namespace skiff::component {
namespace {

struct Version {
  uint64_t major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
};

// The version of a name without pre-release; build metadata does not matter.
std::optional<Version> version_of(std::string_view name) {
  const size_t at = name.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view text = name.substr(at + 1);
  text = text.substr(0, text.find('+'));
  Version version;
  const char* p = text.data();
  const char* end = text.data() + text.size();
  for (uint64_t* part : {&version.major, &version.minor, &version.patch}) {
    const auto [next, error] = std::from_chars(p, end, *part);
    if (error != std::errc()) return std::nullopt;
    p = next;
    if (part == &version.patch) break;
    if (p == end || *p++ != '.') return std::nullopt;
  }
  return p == end ? std::optional(version) : std::nullopt;
}

}  // namespace

std::string_view compatible_name(std::string_view name) {
  const std::optional<Version> version = version_of(name);
  if (!version || (version->major == 0 && version->minor == 0)) return name;
  size_t end = name.find('.', name.rfind('@'));
  if (version->major == 0) end = name.find('.', end + 1);
  return name.substr(0, end);
}

void ComponentLinker::define(std::string_view instance, std::string_view name, Item item) {
  auto found = root_.exports.find(instance);
  if (found == root_.exports.end())
    found = root_.exports.emplace(std::string(instance), Item::of(ComponentInstancePtr(std::make_shared<InstanceItem>()))).first;
  // Instances that others may hold are not changed.
  std::shared_ptr<const InstanceItem>& known = found->second.instance;
  auto changed = known.use_count() == 1 ? std::const_pointer_cast<InstanceItem>(known)
                                        : std::make_shared<InstanceItem>(*known);
  changed->exports.insert_or_assign(std::string(name), std::move(item));
  known = std::move(changed);
}

const Item* ComponentLinker::find(std::string_view name) const {
  if (const Item* exact = root_.find(name)) return exact;
  const std::string_view prefix = compatible_name(name);
  if (prefix == name) return nullptr;
  const Item* best = nullptr;
  Version newest;
  for (auto it = root_.exports.lower_bound(prefix); it != root_.exports.end(); ++it) {
    if (std::string_view(it->first).substr(0, prefix.size()) != prefix) break;
    if (compatible_name(it->first) != prefix) continue;
    const std::optional<Version> version = version_of(it->first);
    if (version && (!best || *version > newest)) {
      best = &it->second;
      newest = *version;
    }
  }
  return best;
}

namespace {

// A type that is no resource, or an instance of nothing but those, needs nobody who provides it: what it would bring is
// in its type. Toolchains leave such imports in components; worlds that use types of interfaces have them.
std::optional<Item> instance_of_types(const TypeTable& types, const ExternType& type) {
  if (type.sort == Sort::Type && type.type.kind != AnyType::Kind::Resource) {
    Item item;
    item.sort = Sort::Type;
    return item;
  }
  if (type.sort != Sort::Instance) return std::nullopt;
  auto instance = std::make_shared<InstanceItem>();
  for (const NamedExtern& exported : types.get<InstanceType>(type.id).exports) {
    if (exported.type.sort != Sort::Type || exported.type.type.kind == AnyType::Kind::Resource) return std::nullopt;
    Item item;
    item.sort = Sort::Type;
    instance->exports.emplace(exported.name.name, std::move(item));
  }
  return Item::of(ComponentInstancePtr(std::move(instance)));
}

}  // namespace

Result<ComponentPre> ComponentLinker::prepare(ComponentPtr component) const {
  ComponentPre pre;
  pre.component_ = std::move(component);
  const CompiledComponent& compiled = *pre.component_;
  ResourceBindings bindings;
  for (const NamedExtern& import : compiled.type().imports) {
    const Item* item = find(import.name.name);
    const std::optional<Item> only_types =
        item ? std::nullopt : instance_of_types(*compiled.types(), import.type);
    if (only_types) item = &*only_types;
    if (!item) return fail(ErrorCode::UnknownImport, kNoOffset, kNoIndex, "`" + import.name.name + "`");
    Status status = match_item(compiled.engine().types(), *item, *compiled.types(), import.type, bindings);
    if (!status) {
      status.error().detail = "import `" + import.name.name + "`: " + status.error().detail;
      return std::unexpected(std::move(status.error()));
    }
    pre.imports_.emplace(import.name.name, *item);
  }
  return pre;
}

RunResult<ComponentInstancePtr> ComponentLinker::instantiate(ComponentStore& store, ComponentPtr component) const {
  Result<ComponentPre> pre = prepare(std::move(component));
  if (!pre) return std::unexpected(Failure{.error = std::move(pre.error())});
  return pre->instantiate(store);
}

RunResult<ComponentInstancePtr> ComponentPre::instantiate(ComponentStore& store) const {
  return instantiate_item(store, ComponentItem(component_), imports_);
}

// ---- calls from the host

Failure trap_failure(Store& core) {
  Failure failure;
  failure.kind = Failure::Kind::Trap;
  failure.trap = std::exchange(core.pending_trap(), Trap{});
  return failure;
}

namespace {

class HostSide final : public CallSide {
 public:
  explicit HostSide(std::span<const Val> args) : args(args.begin(), args.end()) {}
  bool on_start(std::vector<Val>& to) override {
    to = std::move(args);
    return true;
  }
  bool on_resolve(Val* value) override {
    if (value) result = std::move(*value);
    resolved = true;
    return true;
  }
  bool on_cancelled() override { return resolved = true; }

  std::vector<Val> args;
  std::optional<Val> result;
  bool resolved = false;
};

// Runs other threads until the call has its result.
Outcome run_until_resolved(ComponentStore& store, const HostSide& side) {
  while (!side.resolved) {
    if (store.busy()) return store.trapped(CmTrap::WouldBlock);
    bool progressed = false;
    if (store.tick(progressed) != Outcome::Ok) return Outcome::Trap;
    if (progressed) {
      if (store.poll_host() != Outcome::Ok) return Outcome::Trap;
      continue;
    }
    if (store.wait_for_host && store.wait_for_host(true, progressed) != Outcome::Ok) return Outcome::Trap;
    if (!progressed) return store.trapped(CmTrap::Deadlock);
  }
  return Outcome::Ok;
}

}  // namespace

RunResult<void> call_with(ComponentStore& store, const Func& func, CallSide& side) {
  SKIFF_CHECK(!func.type().async_);
  const ComponentStore::Nesting nesting(store);
  if (func.call(store, borrowed(side), nullptr, nullptr) == Outcome::Ok) return {};
  return std::unexpected(trap_failure(store.core()));
}

RunResult<std::optional<Val>> call_func(ComponentStore& store, const Func& func, std::span<const Val> args) {
  auto refuse = [](std::string detail) {
    return std::unexpected(Failure{.error = {ErrorCode::InvalidArgument, kNoOffset, kNoIndex, std::move(detail)}});
  };
  const FuncType& type = func.type();
  if (args.size() != type.params.size())
    return refuse("expected " + std::to_string(type.params.size()) + " arguments, found " +
                  std::to_string(args.size()));
  for (size_t i = 0; i < args.size(); ++i) {
    std::string where;
    if (!conforms(*func.types(), type.params[i].type, args[i], where))
      return refuse("argument `" + type.params[i].label + "`: " + where);
  }
  const auto side = std::make_shared<HostSide>(args);
  Outcome outcome;
  {
    const ComponentStore::Nesting nesting(store);
    outcome = func.call(store, side, nullptr, nullptr);
  }
  if (outcome == Outcome::Ok) outcome = run_until_resolved(store, *side);
  if (outcome != Outcome::Ok) return std::unexpected(trap_failure(store.core()));
  return std::move(side->result);
}

}  // namespace skiff::component
