// The flattener: walks a component's definitions in order, with index spaces of slots instead of values, and
// goes into components where they are instantiated. Its work is bounded: definitions that instantiate each
// other can describe more instances than anything could hold.
#include <algorithm>
#include <deque>

#include "component/exec/plan.h"
#include "engine/base/check.h"

namespace skiff::component {
namespace {

constexpr uint64_t kMaxWork = 4'000'000;
constexpr uint32_t kMaxInstances = 100'000;
constexpr uint32_t kMaxDepth = 1'000;          // instantiations within each other

struct CoreInstance {
  uint32_t slot = kNoSlot;                     // of an instantiated module
  std::map<std::string, uint32_t, std::less<>> exports;  // else: slots
};

}  // namespace

// The index spaces of one instantiation.
struct PlanFrame {
  PlanFrame(const ComponentInfo& info, const PlanFrame* parent) : info(info), parent(parent) {}
  const ComponentInfo& info;
  const PlanFrame* const parent;               // of the scope around the definition
  const Captures* captures = nullptr;          // parent is null, and yet there is something outside
  uint32_t inst = 0;
  std::vector<uint32_t> core_funcs, core_tables, core_memories, core_globals, core_tags;
  std::vector<uint32_t> modules, funcs;
  std::vector<CoreInstance> core_instances;
  std::vector<PlanItem> types, values;
  std::vector<std::shared_ptr<const PlanComponent>> components;
  std::vector<std::shared_ptr<const PlanInstance>> instances;
  std::unordered_map<ResourceId, uint32_t> resources;  // slots
  size_t next_child = 0, next_module = 0, next_resource = 0;

  std::vector<uint32_t>& core_space(Sort sort) {
    switch (sort) {
      case Sort::CoreTable: return core_tables;
      case Sort::CoreMemory: return core_memories;
      case Sort::CoreGlobal: return core_globals;
      case Sort::CoreTag: return core_tags;
      default: return core_funcs;
    }
  }
};

namespace {

using Args = std::map<std::string, PlanItem, std::less<>>;

// Outer aliases of a definition that leave it, however deep inside they are.
void find_captures(const Component& component, uint32_t depth, std::vector<PlanComponent::Capture>& out) {
  for (const Definition& definition : component.definitions) {
    if (const auto* nested = std::get_if<ComponentDef>(&definition.def))
      find_captures(*nested->component, depth + 1, out);
    const auto* alias = std::get_if<AliasDef>(&definition.def);
    if (!alias || alias->kind != AliasDef::Kind::Outer || alias->count <= depth) continue;
    if (alias->sort == Sort::CoreModule || alias->sort == Sort::Component)
      out.push_back({alias->count - depth - 1, alias->sort, alias->index, {}});
  }
}

class Flattener {
 public:
  Flattener(const ModuleMap& modules) : modules_(modules) {}

  Result<Plan> run(const ComponentInfo& info, const Captures& captures) {
    PlanFrame& frame = frames_.emplace_back(info, nullptr);
    Captures outside = captures;
    for (PlanComponent::Capture& capture : outside) {
      capture.item.slot = capture.sort == Sort::CoreModule ? plan_.modules++ : plan_.components++;
      plan_.imports.push_back({{}, capture.item});
    }
    frame.captures = &outside;
    frame.inst = plan_.instances++;
    plan_.ops.push_back(MakeInstance{kNoSlot, frame.inst});
    // The root's imports become slots.
    Args args;
    const auto& type = info.types->get<ComponentType>(info.type);
    for (const NamedExtern& import : type.imports) {
      std::vector<std::string> path{import.name.name};
      args.emplace(import.name.name, SKIFF_TRY(leaf_item(*info.types, import.type, path, plan_.imports)));
    }
    const std::shared_ptr<const PlanInstance> result = SKIFF_TRY(evaluate(frame, args));
    for (const auto& [name, item] : result->exports) {
      PlanItem exported = item;
      SKIFF_TRY(close(exported));
      plan_.exports.emplace_back(name, std::move(exported));
    }
    return std::move(plan_);
  }

 private:
  Status spend(uint64_t work = 1) {
    work_ += work;
    if (work_ <= kMaxWork && plan_.instances <= kMaxInstances) return {};
    return fail(ErrorCode::LimitExceeded, kNoOffset, kNoIndex, "instances that a component describes");
  }

  // An item that is not known before run time, of a known type: slots for it or its parts, noted in `leaves`.
  Result<PlanItem> leaf_item(const TypeTable& types, const ExternType& type, std::vector<std::string>& path,
                             std::vector<Plan::Leaf>& leaves) {
    SKIFF_TRY(spend());
    PlanItem item;
    item.sort = type.sort;
    item.type = type;
    switch (type.sort) {
      case Sort::Func: item.slot = plan_.funcs++; break;
      case Sort::CoreModule: item.slot = plan_.modules++; break;
      case Sort::Value: item.slot = plan_.values++; break;
      case Sort::Component: {
        item.slot = plan_.components++;
        item.component = std::make_shared<PlanComponent>();
        break;
      }
      case Sort::Type:
        if (type.type.kind != AnyType::Kind::Resource) return item;
        item.slot = plan_.resources++;
        break;
      default: {
        auto instance = std::make_shared<PlanInstance>();
        for (const NamedExtern& exported : types.get<InstanceType>(type.id).exports) {
          path.push_back(exported.name.name);
          instance->exports.emplace(exported.name.name,
                                    SKIFF_TRY(leaf_item(types, exported.type, path, leaves)));
          path.pop_back();
        }
        item.instance = std::move(instance);
        return item;
      }
    }
    leaves.push_back({path, item});
    return item;
  }

  // Makes a component definition independent of its frame, for leaving the plan.
  Status close(PlanItem& item) {
    if (item.sort == Sort::Instance) {
      auto instance = std::make_shared<PlanInstance>(*item.instance);
      for (auto& [name, exported] : instance->exports) SKIFF_TRY(close(exported));
      item.instance = std::move(instance);
    }
    if (item.sort != Sort::Component || !item.component->info) return {};
    SKIFF_TRY(spend());
    auto component = std::make_shared<PlanComponent>(*item.component);
    find_captures(*component->info->syntax, 0, component->captures);
    for (PlanComponent::Capture& capture : component->captures) {
      SKIFF_TRY(spend());
      capture.item = outer(*component->frame, capture.count, capture.sort, capture.index);
      SKIFF_TRY(close(capture.item));
    }
    component->frame = nullptr;
    item.component = std::move(component);
    return {};
  }

  // What index `index` means `count` scopes around a frame.
  PlanItem outer(const PlanFrame& from, uint32_t count, Sort sort, uint32_t index) {
    const PlanFrame* frame = &from;
    for (; count && frame->parent; --count) frame = frame->parent;
    if (count) {
      for (const PlanComponent::Capture& capture : *frame->captures)
        if (capture.count == count - 1 && capture.sort == sort && capture.index == index) return capture.item;
      // Types leave no trace.
      PlanItem item;
      item.sort = sort;
      return item;
    }
    return item_of(*frame, {sort, index});
  }

  static PlanItem item_of(const PlanFrame& frame, const SortIdx& at) {
    PlanItem item;
    item.sort = at.sort;
    switch (at.sort) {
      case Sort::CoreModule: item.slot = frame.modules[at.index]; break;
      case Sort::Func: item.slot = frame.funcs[at.index]; break;
      case Sort::Value: return frame.values[at.index];
      case Sort::Type: return frame.types[at.index];
      case Sort::Instance: item.instance = frame.instances[at.index]; break;
      case Sort::Component:
        item.component = frame.components[at.index];
        item.slot = item.component->info ? kNoSlot : component_slots_of(*item.component);
        break;
      default: break;
    }
    return item;
  }
  // An imported component keeps its slot in its only capture.
  static uint32_t component_slots_of(const PlanComponent& component) {
    return component.captures.empty() ? kNoSlot : component.captures[0].item.slot;
  }

  Status bind(PlanFrame& frame, const AnyType& type, uint32_t slot) {
    if (type.kind != AnyType::Kind::Resource) return {};
    SKIFF_CHECK(slot != kNoSlot);
    if (!frame.resources.emplace(type.id, slot).second) return {};
    SKIFF_TRY(spend());
    plan_.ops.push_back(BindResource{frame.inst, type.id, slot});
    return {};
  }

  // The frame's own names for the resources of an instance.
  Status bind_instance(PlanFrame& frame, TypeId type, const PlanInstance& instance) {
    if (!frame.info.types->facts(type).has_resource) return {};
    for (const NamedExtern& exported : frame.info.types->get<InstanceType>(type).exports) {
      if (exported.type.sort != Sort::Type && exported.type.sort != Sort::Instance) continue;
      SKIFF_TRY(spend());
      const auto found = instance.exports.find(exported.name.name);
      SKIFF_CHECK(found != instance.exports.end());
      if (exported.type.sort == Sort::Type) SKIFF_TRY(bind(frame, exported.type.type, found->second.slot));
      else SKIFF_TRY(bind_instance(frame, exported.type.id, *found->second.instance));
    }
    return {};
  }

  // A new index for an item.
  Status push(PlanFrame& frame, const PlanItem& item) {
    const ComponentInfo& info = frame.info;
    switch (item.sort) {
      case Sort::CoreModule: frame.modules.push_back(item.slot); return {};
      case Sort::Func: frame.funcs.push_back(item.slot); return {};
      case Sort::Value: frame.values.push_back(item); return {};
      case Sort::Component: {
        std::shared_ptr<const PlanComponent> component = item.component;
        if (!component->info && component->captures.empty()) {
          auto imported = std::make_shared<PlanComponent>();
          imported->captures.push_back({0, Sort::Component, 0, item});
          component = std::move(imported);
        }
        frame.components.push_back(std::move(component));
        return {};
      }
      case Sort::Type: {
        frame.types.push_back(item);
        const AnyType& type = info.type_space[frame.types.size() - 1];
        frame.types.back().type.type = type;
        return bind(frame, type, item.slot);
      }
      case Sort::Instance:
        frame.instances.push_back(item.instance);
        return bind_instance(frame, info.instances[frame.instances.size() - 1], *item.instance);
      default: break;
    }
    SKIFF_CHECK(!"a component sort");
    return {};
  }

  Result<std::shared_ptr<const PlanInstance>> evaluate(PlanFrame& frame, const Args& args) {
    if (++depth_ > kMaxDepth)
      return fail(ErrorCode::LimitExceeded, kNoOffset, kNoIndex, "depth of instantiations");
    auto exports = std::make_shared<PlanInstance>();
    for (const Definition& definition : frame.info.syntax->definitions) {
      SKIFF_TRY(spend());
      SKIFF_TRY(std::visit([&](const auto& def) { return this->define(frame, args, *exports, def); },
                           definition.def));
    }
    --depth_;
    return exports;
  }

  // ---- one function for each kind of definition

  Status define(PlanFrame& frame, const Args&, PlanInstance&, const CoreModuleDef&) {
    const ModuleInfo* info = frame.info.module_defs[frame.next_module++];
    const auto [found, fresh] = module_slots_.try_emplace(info, plan_.modules);
    if (fresh) plan_.own_modules.emplace_back(plan_.modules++, modules_.at(info));
    frame.modules.push_back(found->second);
    return {};
  }

  Result<uint32_t> core_export(CoreInstance& instance, const std::string& name) {
    if (const auto found = instance.exports.find(name); found != instance.exports.end()) return found->second;
    SKIFF_CHECK(instance.slot != kNoSlot);
    SKIFF_TRY(spend());
    plan_.ops.push_back(AliasCore{instance.slot, name, plan_.cores});
    instance.exports.emplace(name, plan_.cores);
    return plan_.cores++;
  }

  Status define(PlanFrame& frame, const Args&, PlanInstance&, const CoreInstanceDef& def) {
    CoreInstance made;
    if (!def.module) {
      for (const CoreInlineExport& exported : def.exports)
        made.exports.emplace(exported.name, frame.core_space(exported.value.sort)[exported.value.index]);
      frame.core_instances.push_back(std::move(made));
      return {};
    }
    InstantiateModule op;
    op.inst = frame.inst;
    op.module = frame.modules[*def.module];
    const auto& type = frame.info.types->get<ModuleType>(frame.info.core_modules[*def.module]);
    for (const CoreImport& import : type.imports) {
      SKIFF_TRY(spend());
      const auto arg = std::find_if(def.args.begin(), def.args.end(),
                                    [&](const CoreInstantiateArg& a) { return a.name == import.module; });
      SKIFF_CHECK(arg != def.args.end());
      const uint32_t core = SKIFF_TRY(core_export(frame.core_instances[arg->value.index], import.name));
      op.args.push_back({import.module, import.name, core});
    }
    std::sort(op.args.begin(), op.args.end(), [](const auto& a, const auto& b) {
      return std::tie(a.module, a.name) < std::tie(b.module, b.name);
    });
    op.result = made.slot = plan_.core_instances++;
    plan_.ops.push_back(std::move(op));
    frame.core_instances.push_back(std::move(made));
    return {};
  }

  Status define(PlanFrame&, const Args&, PlanInstance&, const CoreTypeDef&) { return {}; }

  Status define(PlanFrame& frame, const Args&, PlanInstance&, const ComponentDef&) {
    auto component = std::make_shared<PlanComponent>();
    component->info = frame.info.children[frame.next_child++].get();
    component->frame = &frame;
    frame.components.push_back(std::move(component));
    return {};
  }

  Status define(PlanFrame& frame, const Args&, PlanInstance&, const InstanceDef& def) {
    PlanItem made;
    made.sort = Sort::Instance;
    if (!def.component) {
      auto instance = std::make_shared<PlanInstance>();
      for (const InlineExport& exported : def.exports)
        instance->exports.emplace(exported.name.name, item_of(frame, exported.value));
      made.instance = std::move(instance);
      return push(frame, made);
    }
    Args args;
    for (const InstantiateArg& arg : def.args) args.emplace(arg.name, item_of(frame, arg.value));
    const PlanComponent& component = *frame.components[*def.component];
    if (component.info) {
      PlanFrame& inner = frames_.emplace_back(*component.info, component.frame);
      inner.captures = &no_captures_;
      inner.inst = plan_.instances++;
      plan_.ops.push_back(MakeInstance{frame.inst, inner.inst});
      made.instance = SKIFF_TRY(evaluate(inner, args));
    } else {
      made = SKIFF_TRY(instantiate_imported(frame, component, args, *def.component));
    }
    return push(frame, made);
  }

  Result<PlanItem> instantiate_imported(PlanFrame& frame, const PlanComponent& component, Args& args,
                                        uint32_t index) {
    InstantiateComponent op;
    op.inst = frame.inst;
    op.component = component_slots_of(component);
    for (auto& [name, item] : args) {
      SKIFF_TRY(close(item));
      op.args.emplace_back(name, item);
    }
    // Its exports, by what its type says.
    const auto& type = frame.info.types->get<ComponentType>(frame.info.components[index]);
    auto instance = std::make_shared<PlanInstance>();
    for (const NamedExtern& exported : type.exports) {
      std::vector<std::string> path{exported.name.name};
      instance->exports.emplace(exported.name.name,
                                SKIFF_TRY(leaf_item(*frame.info.types, exported.type, path, op.leaves)));
    }
    plan_.ops.push_back(std::move(op));
    PlanItem made;
    made.sort = Sort::Instance;
    made.instance = std::move(instance);
    return made;
  }

  Status define(PlanFrame& frame, const Args&, PlanInstance&, const AliasDef& def) {
    switch (def.kind) {
      case AliasDef::Kind::CoreExport: {
        const uint32_t core = SKIFF_TRY(core_export(frame.core_instances[def.index], def.name));
        frame.core_space(def.sort).push_back(core);
        return {};
      }
      case AliasDef::Kind::Export: {
        const auto& exports = frame.instances[def.index]->exports;
        const auto found = exports.find(def.name);
        SKIFF_CHECK(found != exports.end());
        return push(frame, found->second);
      }
      case AliasDef::Kind::Outer:
        if (def.sort == Sort::CoreType) return {};
        return push(frame, outer(frame, def.count, def.sort, def.index));
    }
    return {};
  }

  Status define(PlanFrame& frame, const Args&, PlanInstance&, const TypeDef& def) {
    PlanItem item;
    item.sort = Sort::Type;
    if (const auto* resource = std::get_if<ResourceDef>(&def.type)) {
      item.slot = plan_.resources++;
      MakeResource op{frame.inst, kNoSlot, resource->rep == skiff::ValType::I64, item.slot};
      if (resource->dtor) op.dtor = frame.core_funcs[*resource->dtor];
      plan_.ops.push_back(op);
      AnyType defined;
      defined.kind = AnyType::Kind::Resource;
      defined.id = frame.info.defined_resources[frame.next_resource++];
      SKIFF_TRY(bind(frame, defined, item.slot));
    }
    return push(frame, item);
  }

  PlanOptions options_of(const PlanFrame& frame, const std::vector<CanonOpt>& options) {
    PlanOptions out;
    for (const CanonOpt& option : options) {
      switch (option.kind) {
        case CanonOpt::Kind::Utf8: out.encoding = StringEncoding::Utf8; break;
        case CanonOpt::Kind::Utf16: out.encoding = StringEncoding::Utf16; break;
        case CanonOpt::Kind::Latin1Utf16: out.encoding = StringEncoding::Latin1Utf16; break;
        case CanonOpt::Kind::Memory: set_memory(frame, option.index, out); break;
        case CanonOpt::Kind::Realloc: out.realloc = frame.core_funcs[option.index]; break;
        case CanonOpt::Kind::PostReturn: out.post_return = frame.core_funcs[option.index]; break;
        case CanonOpt::Kind::Async: out.async_ = true; break;
        case CanonOpt::Kind::Callback: out.callback = frame.core_funcs[option.index]; break;
      }
    }
    return out;
  }
  static void set_memory(const PlanFrame& frame, uint32_t index, PlanOptions& out) {
    out.memory = frame.core_memories[index];
    out.memory_type = frame.info.core_memories[index];
    out.wide = out.memory_type.address == AddressType::I64;
  }

  Status define(PlanFrame& frame, const Args&, PlanInstance&, const CanonDef& def) {
    const ComponentInfo& info = frame.info;
    if (def.kind == CanonKind::Lift) {
      plan_.ops.push_back(LiftOp{frame.inst, frame.core_funcs[def.core_func], info.type_space[def.type].id,
                                 options_of(frame, def.options), plan_.funcs});
      frame.funcs.push_back(plan_.funcs++);
      return {};
    }
    const uint32_t core_type = info.core_funcs[frame.core_funcs.size()];
    const uint32_t result = plan_.cores++;
    if (def.kind == CanonKind::Lower)
      plan_.ops.push_back(LowerOp{frame.inst, frame.funcs[def.func], info.funcs[def.func], core_type,
                                  options_of(frame, def.options), result});
    else
      plan_.ops.push_back(SKIFF_TRY(builtin(frame, def, core_type, result)));
    frame.core_funcs.push_back(result);
    return {};
  }

  Result<BuiltinOp> builtin(PlanFrame& frame, const CanonDef& def, uint32_t core_type, uint32_t result) {
    const ComponentInfo& info = frame.info;
    BuiltinOp op;
    op.inst = frame.inst;
    op.kind = def.kind;
    op.options = options_of(frame, def.options);
    op.options.async_ |= def.async_;
    op.cancellable = def.cancellable;
    op.number = def.number;
    op.core_type = core_type;
    op.result = result;
    switch (def.kind) {
      case CanonKind::ResourceNew:
      case CanonKind::ResourceDrop:
      case CanonKind::ResourceRep: op.resource = frame.types[def.type].slot; break;
      case CanonKind::TaskReturn:
        if (def.result) {
          const auto* primitive = std::get_if<Primitive>(&def.result->type);
          op.element = primitive ? ValType(*primitive) : info.type_space[std::get<uint32_t>(def.result->type)].value;
        }
        break;
      case CanonKind::ContextGet:
      case CanonKind::ContextSet: op.wide = def.value_type == skiff::ValType::I64; break;
      case CanonKind::WaitableSetWait:
      case CanonKind::WaitableSetPoll: set_memory(frame, def.memory, op.options); break;
      case CanonKind::ThreadNewIndirect:
        op.table = frame.core_tables[def.core_table];
        op.start_type = info.core_types[def.core_type].canonical;
        break;
      case CanonKind::ThreadSpawnRef:
      case CanonKind::ThreadSpawnIndirect:
      case CanonKind::ThreadAvailableParallelism:
        return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "threads that share memory, in components");
      default: break;
    }
    if (def.kind >= CanonKind::StreamNew && def.kind <= CanonKind::FutureDropWritable) {
      const ValType type = info.type_space[def.type].value;
      if (const auto* stream = info.types->get_if<StreamType>(type)) op.element = stream->element;
      if (const auto* future = info.types->get_if<FutureType>(type)) op.element = future->element;
    }
    return op;
  }

  Status define(PlanFrame&, const Args&, PlanInstance&, const StartDef&) {
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "start functions of components");
  }
  Status define(PlanFrame&, const Args&, PlanInstance&, const ValueDef&) {
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "value definitions of components");
  }

  Status define(PlanFrame& frame, const Args& args, PlanInstance&, const ImportDef& def) {
    const auto found = args.find(def.name.name);
    SKIFF_CHECK(found != args.end());
    return push(frame, found->second);
  }

  Status define(PlanFrame& frame, const Args&, PlanInstance& exports, const ExportDef& def) {
    const PlanItem item = item_of(frame, def.value);
    exports.exports.emplace(def.name.name, item);
    return push(frame, item);
  }

  const ModuleMap& modules_;
  Plan plan_;
  std::deque<PlanFrame> frames_;               // components refer to theirs
  std::map<const ModuleInfo*, uint32_t> module_slots_;
  const Captures no_captures_;
  uint64_t work_ = 0;
  uint32_t depth_ = 0;
};

}  // namespace

Result<Plan> flatten(const ComponentInfo& info, const ModuleMap& modules, const Captures& captures) {
  return Flattener(modules).run(info, captures);
}

}  // namespace skiff::component
