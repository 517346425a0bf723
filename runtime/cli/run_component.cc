// Running a component as a command: WASI 0.2 over the context, its `run`, its exit code.
#include "runtime/cli/run_component.h"

#include "engine/base/check.h"
#include "wasi/p2/p2.h"

namespace skiff::cli {
namespace {

using component::ComponentStore;
using component::InstanceItem;
using component::Item;

constexpr std::string_view kRun = "wasi:cli/run@0.2";

// The function `run` of the export wasi:cli/run, whatever 0.2.x it says.
const Item* find_run(const InstanceItem& exports) {
  for (const auto& [name, item] : exports.exports) {
    if (item.sort != component::Sort::Instance) continue;
    if (component::compatible_name(name) != kRun) continue;
    if (const Item* run = item.instance->find("run")) return run;
  }
  return nullptr;
}

// Everything of one run, destroyed in the right order: the component store before the state of WASI.
struct Running {
  wasi::P2 p2;
  std::unique_ptr<wasi::P2State, void (*)(wasi::P2State*)> state{nullptr, nullptr};
  std::unique_ptr<ComponentStore> store;
};

}  // namespace

bool is_command(const component::CompiledComponent& component) {
  for (const component::NamedExtern& e : component.type().exports) {
    if (e.type.sort != component::Sort::Instance || component::compatible_name(e.name.name) != kRun) continue;
    const auto& instance = component.types()->get<component::InstanceType>(e.type.id);
    const auto found = instance.by_name.find("run");
    if (found == instance.by_name.end()) continue;
    const component::ExternType& run = instance.exports[found->second].type;
    if (run.sort != component::Sort::Func) continue;
    // run: func() -> result
    const auto& type = component.types()->get<component::FuncType>(run.id);
    const auto* result = type.result ? component.types()->get_if<component::ResultType>(*type.result) : nullptr;
    if (type.params.empty() && result && !result->ok && !result->error) return true;
  }
  return false;
}

RunResult<int> run_command(Store& core, component::ComponentPtr component, wasi::Ctx& ctx) {
  Running running;
  auto store = ComponentStore::create(core);
  if (!store) return std::unexpected(Failure{.error = std::move(store).error()});
  running.store = std::move(*store);
  running.state = running.p2.attach(*running.store, ctx);
  component::ComponentLinker linker;
  running.p2.define(linker);
  const auto instance = linker.instantiate(*running.store, std::move(component));
  if (!instance) return std::unexpected(instance.error());
  const Item* run = find_run(**instance);
  SKIFF_CHECK(run && run->sort == component::Sort::Func);
  const auto result = component::call_func(*running.store, *run->func, {});
  if (!result) return std::unexpected(result.error());
  const bool failed = *result && (*result)->case_index() != 0;
  return failed ? 1 : 0;
}

}  // namespace skiff::cli
