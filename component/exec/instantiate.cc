// The executor of plans: one function for each operation.
#include "component/exec/instantiate.h"

#include <algorithm>
#include <unordered_map>

#include "component/exec/canon.h"
#include "component/exec/fused.h"
#include "component/exec/host.h"
#include "engine/base/check.h"
#include "engine/exec/instance.h"
#include "engine/exec/memory.h"

namespace skiff::component {
namespace {

// A resource type that the store owns, or that somebody else keeps.
std::shared_ptr<ResourceType> unowned(ResourceType* type) {
  return std::shared_ptr<ResourceType>(std::shared_ptr<void>(), type);
}

Failure pending_failure(Store& core) {
  Failure failure;
  failure.kind = Failure::Kind::Trap;
  failure.trap = std::exchange(core.pending_trap(), Trap{});
  return failure;
}

// What the trampoline of a flat host function needs.
struct FlatBinding {
  LoweredFunc func;
  FlatHostFn fn;
  void* data;

  static Outcome entry(HostCall& call) {
    const auto& binding = *static_cast<const FlatBinding*>(call.data);
    if (!binding.func.inst().check_may_leave()) return Outcome::Trap;
    FlatCall flat(binding.func, call.values, binding.data);
    return binding.func.type().async_ ? flat.run_async(binding.fn) : binding.fn(flat);
  }
};

class Executor {
 public:
  Executor(ComponentStore& store, const ComponentItem& component, const Plan& plan, ComponentInstance* parent)
      : store_(store), core_(store.core()), component_(component), plan_(plan), parent_(parent) {
    instances_.resize(plan.instances);
    core_instances_.resize(plan.core_instances);
    cores_.resize(plan.cores);
    funcs_.resize(plan.funcs);
    resources_.resize(plan.resources);
    modules_.resize(plan.modules);
    components_.resize(plan.components);
    values_.resize(plan.values);
    for (const auto& [slot, module] : plan.own_modules) modules_[slot] = module;
  }

  RunResult<std::shared_ptr<const InstanceItem>> run(const ImportMap& imports) {
    size_t captured = 0;
    for (const Plan::Leaf& leaf : plan_.imports) {
      if (leaf.path.empty()) {
        fill(leaf.item, component_.captured()[captured++]);
        continue;
      }
      const auto found = imports.find(leaf.path[0]);
      SKIFF_CHECK(found != imports.end());
      fill(leaf.item, follow(found->second, leaf.path));
    }
    for (const PlanOp& op : plan_.ops) {
      auto done = std::visit([&](const auto& o) { return this->execute(o); }, op);
      if (!done) return std::unexpected(std::move(done.error()));
    }
    auto instance = std::make_shared<InstanceItem>();
    for (const auto& [name, item] : plan_.exports) instance->exports.emplace(name, make(item));
    return instance;
  }

 private:
  // ---- items

  static const Item& follow(const Item& root, const std::vector<std::string>& path) {
    const Item* item = &root;
    for (size_t i = 1; i < path.size(); ++i) {
      item = item->instance->find(path[i]);
      SKIFF_CHECK(item);
    }
    return *item;
  }

  void fill(const PlanItem& leaf, const Item& item) {
    switch (leaf.sort) {
      case Sort::Func: funcs_[leaf.slot] = item.func; return;
      case Sort::CoreModule: modules_[leaf.slot] = item.module; return;
      case Sort::Component: components_[leaf.slot] = item.component; return;
      case Sort::Value: values_[leaf.slot] = item.value; return;
      default:
        resources_[leaf.slot] = item.resource;
        return;
    }
  }

  Item make(const PlanItem& item) {
    Item made;
    made.sort = item.sort;
    made.types = component_.info().types;
    made.type = item.type;
    switch (item.sort) {
      case Sort::Func: made.func = funcs_[item.slot]; break;
      case Sort::CoreModule: made.module = modules_[item.slot]; break;
      case Sort::Value: made.value = values_[item.slot]; break;
      case Sort::Type:
        if (item.slot != kNoSlot) made.resource = resources_[item.slot];
        break;
      case Sort::Instance: {
        auto instance = std::make_shared<InstanceItem>();
        for (const auto& [name, exported] : item.instance->exports) instance->exports.emplace(name, make(exported));
        made.instance = std::move(instance);
        break;
      }
      default: made.component = make_component(item); break;
    }
    return made;
  }

  std::shared_ptr<const ComponentItem> make_component(const PlanItem& item) {
    if (!item.component->info) return components_[item.slot];
    std::vector<Item> captured;
    for (const PlanComponent::Capture& capture : item.component->captures) captured.push_back(make(capture.item));
    return std::make_shared<ComponentItem>(component_.root(), *item.component->info, item.component->captures,
                                           std::move(captured));
  }

  // ---- operations

  RunResult<void> execute(const MakeInstance& op) {
    if (store_.instance_count() >= store_.limits().instances)
      return std::unexpected(Failure{.error = {ErrorCode::LimitExceeded, kNoOffset, kNoIndex, "component instances"}});
    ComponentInstance* parent = op.parent == kNoSlot ? parent_ : instances_[op.parent];
    instances_[op.result] = store_.new_instance(parent, component_.info().types);
    return {};
  }

  RunResult<void> execute(const InstantiateModule& op) {
    const ModulePtr& module = modules_[op.module];
    std::vector<Extern> imports;
    for (const Import& import : module->module().imports) {
      const auto found = std::lower_bound(op.args.begin(), op.args.end(), import, [](const auto& a, const Import& b) {
        return std::tie(a.module, a.name) < std::tie(b.module, b.name);
      });
      SKIFF_CHECK(found != op.args.end() && found->module == import.module && found->name == import.name);
      imports.push_back(cores_[found->core]);
    }
    // Start functions run as sync tasks.
    std::optional<Failure> failure;
    ComponentInstance& inst = *instances_[op.inst];
    const Outcome outcome = run_sync_task(inst, nullptr, [&] {
      RunResult<Instance*> made = core_.instantiate(module, imports);
      if (made) return core_instances_[op.result] = *made, Outcome::Ok;
      failure = std::move(made.error());
      return Outcome::Trap;
    });
    if (outcome == Outcome::Ok) return {};
    return std::unexpected(failure ? std::move(*failure) : pending_failure(core_));
  }

  RunResult<void> execute(const AliasCore& op) {
    const std::optional<Extern> found = core_instances_[op.instance]->find_export(op.name);
    SKIFF_CHECK(found);
    cores_[op.result] = *found;
    return {};
  }

  RunResult<void> execute(const MakeResource& op) {
    FuncInst* dtor = op.dtor == kNoSlot ? nullptr : cores_[op.dtor].func;
    resources_[op.result] = unowned(store_.new_resource(instances_[op.inst], dtor, op.wide));
    return {};
  }

  RunResult<void> execute(const BindResource& op) {
    SKIFF_CHECK(resources_[op.resource]);
    instances_[op.inst]->bind_resource(op.id, resources_[op.resource].get());
    store_.keep(resources_[op.resource]);
    return {};
  }

  CanonicalOptions options(const PlanOptions& plan) {
    auto func = [&](uint32_t slot) { return slot == kNoSlot ? nullptr : cores_[slot].func; };
    CanonicalOptions out;
    out.lift.encoding = plan.encoding;
    out.lift.wide = plan.wide;
    if (plan.memory != kNoSlot) {
      out.lift.memory = cores_[plan.memory].memory.get();
      store_.keep(cores_[plan.memory].memory);
    }
    out.realloc = func(plan.realloc);
    out.post_return = func(plan.post_return);
    out.callback = func(plan.callback);
    out.async_ = plan.async_;
    return out;
  }

  RunResult<void> execute(const LiftOp& op) {
    funcs_[op.result] = std::make_shared<LiftedFunc>(*instances_[op.inst], cores_[op.core].func,
                                                     component_.info().types, op.type, options(op.options));
    store_.keep(component_.root());
    return {};
  }

  RunResult<void> execute(const LowerOp& op) {
    ComponentInstance& inst = *instances_[op.inst];
    const FuncPtr& callee = funcs_[op.func];
    LoweredFunc func(inst, callee, component_.info().types->get<FuncType>(op.type), options(op.options));
    Extern& result = cores_[op.result];
    const FlatHostFn flat = callee->flat_host();
    if (flat) {
      auto binding = std::make_shared<FlatBinding>(FlatBinding{std::move(func), flat, callee->flat_data()});
      result.func = core_.new_host_func(op.core_type, FlatBinding::entry, binding.get());
      store_.keep(std::move(binding));
      return {};
    }
    auto lowered = std::make_shared<LoweredFunc>(std::move(func));
    result.func = core_.new_host_func(op.core_type, LoweredFunc::entry, lowered.get());
    store_.keep(std::move(lowered));
    return {};
  }

  // What an import of a module of adapters gets.
  Extern fused_import(const fuse::Source& source, std::span<const std::shared_ptr<FusedCall>> calls) {
    using Kind = fuse::Source::Kind;
    if (source.kind == Kind::Func || source.kind == Kind::Memory) return cores_[source.number];
    Extern made;
    if (source.kind == Kind::Intrinsic) {
      made.func = store_.fuse_intrinsic(static_cast<fuse::Intrinsic>(source.number));
      return made;
    }
    if (source.kind == Kind::Reps) {
      made.kind = ExternKind::Table;
      made.table = instances_[source.other]->handles.mirror(resources_[source.number].get());
      return made;
    }
    made.kind = ExternKind::Global;
    made.global_type = {skiff::ValType::I64, source.kind != Kind::Call};
    switch (source.kind) {
      case Kind::MayEnter: made.global = &instances_[source.number]->may_enter.global; break;
      case Kind::MayLeave: made.global = &instances_[source.number]->may_leave.global; break;
      case Kind::Current: made.global = store_.current_fused_global(); return made;
      case Kind::Call: made.global = &calls[source.number]->id_global; return made;
      default: made.global = &calls[source.number]->previous; return made;
    }
    made.global_type.type = skiff::ValType::I32;
    return made;
  }

  // Core functions may have types that are equal to those expected only by what they consist of.
  bool can_link(const FuseOp& op) const {
    const ModuleInfo& info = op.module->info();
    for (size_t i = 0; i < op.imports.size(); ++i) {
      if (op.imports[i].kind != fuse::Source::Kind::Func) continue;
      const Function& func = info.module.functions[info.module.imports[i].index];
      if (cores_[op.imports[i].number].func->type_id != info.types.id(func.type)) return false;
    }
    return true;
  }

  RunResult<void> execute(const FuseOp& op) {
    if (!store_.limits().fused_calls || !can_link(op)) {
      for (const LowerOp& lower : op.lowers)
        if (RunResult<void> done = execute(lower); !done) return done;
      return {};
    }
    std::vector<std::shared_ptr<FusedCall>> calls;
    for (const LowerOp& lower : op.lowers) {
      const auto callee = std::static_pointer_cast<const LiftedFunc>(funcs_[lower.func]);
      calls.push_back(std::make_shared<FusedCall>(instances_[lower.inst], options(lower.options), *callee));
      store_.keep(callee);
      store_.keep(calls.back());
    }
    std::vector<Extern> imports;
    for (const fuse::Source& source : op.imports) {
      imports.push_back(fused_import(source, calls));
      if (source.kind == fuse::Source::Kind::Reps && !imports.back().table)
        return std::unexpected(Failure{.error = {ErrorCode::OutOfMemory, kNoOffset, kNoIndex, "handles"}});
    }
    RunResult<Instance*> instance = core_.instantiate(op.module, imports);
    if (!instance) return std::unexpected(std::move(instance.error()));
    for (uint32_t i = 0; i < op.lowers.size(); ++i)
      cores_[op.lowers[i].result] = *(*instance)->find_export(std::to_string(i));
    return {};
  }

  RunResult<void> execute(const BuiltinOp& op) {
    auto builtin = std::make_shared<Builtin>();
    builtin->inst = instances_[op.inst];
    builtin->kind = op.kind;
    if (op.resource != kNoSlot) builtin->resource = resources_[op.resource].get();
    builtin->element = op.element;
    builtin->options = options(op.options);
    builtin->cancellable = op.cancellable;
    builtin->number = op.number;
    builtin->wide = op.wide;
    if (op.table != kNoSlot) builtin->table = cores_[op.table].table;
    builtin->core_type = op.start_type;
    if (op.kind == CanonKind::ThreadNewIndirect) {
      builtin->inst->makes_threads = true;
      const skiff::FuncType& start = store_.core().engine().types().func_type(op.start_type);
      builtin->wide = !start.params.empty() && start.params[0] == skiff::ValType::I64;
    }
    cores_[op.result].func = core_.new_host_func(op.core_type, builtin_entry(op.kind), builtin.get());
    store_.keep(std::move(builtin));
    return {};
  }

  RunResult<void> execute(const InstantiateComponent& op) {
    ImportMap imports;
    for (const auto& [name, item] : op.args) imports.emplace(name, make(item));
    auto made = instantiate_item(store_, *components_[op.component], imports, instances_[op.inst]);
    if (!made) return std::unexpected(std::move(made.error()));
    for (const Plan::Leaf& leaf : op.leaves) {
      const Item* exported = (*made)->find(leaf.path[0]);
      SKIFF_CHECK(exported);
      fill(leaf.item, follow(*exported, leaf.path));
    }
    return {};
  }

  ComponentStore& store_;
  Store& core_;
  const ComponentItem& component_;
  const Plan& plan_;
  ComponentInstance* const parent_;
  std::vector<ComponentInstance*> instances_;
  std::vector<Instance*> core_instances_;
  std::vector<Extern> cores_;
  std::vector<FuncPtr> funcs_;
  std::vector<std::shared_ptr<ResourceType>> resources_;
  std::vector<ModulePtr> modules_;
  std::vector<std::shared_ptr<const ComponentItem>> components_;
  std::vector<Val> values_;
};

}  // namespace

RunResult<std::shared_ptr<const InstanceItem>> instantiate_item(ComponentStore& store,
                                                                const ComponentItem& component,
                                                                const ImportMap& imports,
                                                                ComponentInstance* parent) {
  Result<std::shared_ptr<const Plan>> plan = component.plan();
  if (!plan) return std::unexpected(Failure{.error = std::move(plan.error())});
  store.keep(component.root());
  const ComponentStore::Nesting nesting(store);
  return Executor(store, component, **plan, parent).run(imports);
}

}  // namespace skiff::component
