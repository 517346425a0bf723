// The order of a component's definitions: imports; the shim, so that functions exist whose
// implementation comes later; local resources, whose destructors are such functions; the main
// module; adapters, which use its memory; the fixup, which fills the shim's table; what the modules
// want called at their start; exports.
#include "component/tools/new.h"

#include "component/binary/binary.h"
#include "component/tools/core_input.h"
#include "component/tools/glue.h"
#include "component/tools/module.h"
#include "component/tools/prune.h"
#include "component/tools/scope.h"
#include "component/tools/wit_names.h"
#include "component/valid/valid.h"

namespace skiff::component::tools {
namespace {

using Kind = CoreImportName::Kind;

std::unexpected<Error> lacks(std::string what) {
  return fail(ErrorCode::InvalidComponent, kNoOffset, kNoIndex, std::move(what));
}

// A destructor of a local resource.
struct Destructor {
  const CoreInput* input = nullptr;
  std::string name;
  uint32_t shim = 0;
};

class Assembler {
 public:
  Assembler(const Resolve& resolve, WorldId world, std::vector<CoreInput>& inputs)
      : r_(resolve), world_(world), inputs_(inputs), scope_(resolve, world, out_) {}

  Result<Component> run();

 private:
  void plan_shim();
  void define_resources();
  Status instantiate(CoreInput& input);
  Result<SortIdx> provide(CoreInput& input, const CoreUse& use);
  Result<uint32_t> main_function(const CoreUse& use);
  Result<uint32_t> transfer_function(const CoreInput& input, const CoreUse& use);
  Result<uint32_t> canon(CoreInput& input, const CoreUse& use);
  Result<uint32_t> payload_type(const CoreUse& use);
  Status fix_up();
  void start();
  Status export_all();
  Result<uint32_t> lift(const std::string& key, const Function& f);

  Result<std::vector<CanonOpt>> options(const CoreInput& input, Needs needs, bool lift);
  Result<uint32_t> memory();
  Result<uint32_t> memory_of(const CoreInput& input);
  uint32_t core_function(const CoreInput& input, const std::string& name) {
    const auto [slot, is_new] = core_functions_.try_emplace({input.instance, name}, 0);
    if (is_new) slot->second = out_.core_alias(Sort::CoreFunc, input.instance, name);
    return slot->second;
  }
  // Whether an import goes through the shim: what it is made of comes after the module.
  bool is_late(const CoreInput& input, const CoreUse& use) const {
    if (use.from == CoreUse::From::Adapter || use.from == CoreUse::From::Transfer) return true;
    if (input.is_main() || input.has_own_memory()) return use.needs.memory || use.needs.realloc;
    return use.needs.realloc && !input.find_function({"cabi_import_realloc"}).empty();
  }

  const Resolve& r_;
  WorldId world_;
  std::vector<CoreInput>& inputs_;
  ComponentBuilder out_;
  RootScope scope_;
  std::vector<skiff::FuncType> shims_;
  std::unordered_map<uint32_t, Destructor> destructors_;  // by TypeId
  std::vector<uint32_t> shim_functions_;                  // core functions
  uint32_t shim_instance_ = 0;
  std::optional<uint32_t> memory_, realloc_instance_;
  std::map<uint32_t, uint32_t> transfer_instances_;  // by instance of the adapter
  std::map<std::pair<uint32_t, std::string>, uint32_t> core_functions_;  // by instance and name
};

// ---- planning

void Assembler::plan_shim() {
  for (CoreInput& input : inputs_)
    for (CoreUse& use : input.uses) {
      if (!is_late(input, use)) continue;
      use.shim = static_cast<uint32_t>(shims_.size());
      shims_.push_back(*use.type);
    }
  for (const auto& [key, item] : r_[world_].exports) {
    const auto* i = std::get_if<WorldInterface>(&item);
    if (!i) continue;
    for (const auto& [name, id] : r_[i->interface].types) {
      if (!std::holds_alternative<wit::Resource>(r_[id].body)) continue;
      for (const CoreInput& input : inputs_) {
        const std::vector<std::string> names = destructor_names(input.export_key(key), name);
        const std::string found = input.find_function({names[0], names[1]});
        if (found.empty() || destructors_.contains(id.index)) continue;
        destructors_[id.index] = {&input, found, static_cast<uint32_t>(shims_.size())};
        shims_.push_back({{skiff::ValType::I32}, {}});
      }
    }
  }
}

void Assembler::define_resources() {
  for (const auto& [key, item] : r_[world_].exports) {
    const auto* i = std::get_if<WorldInterface>(&item);
    if (!i) continue;
    for (const auto& [name, id] : r_[i->interface].types) {
      if (!std::holds_alternative<wit::Resource>(r_[id].body)) continue;
      ResourceDef def{skiff::ValType::I32, std::nullopt};
      if (const auto found = destructors_.find(id.index); found != destructors_.end())
        def.dtor = shim_functions_[found->second.shim];
      scope_.define_resource(id, out_.type({def}));
    }
  }
}

// ---- imports of core modules

Result<uint32_t> Assembler::memory() {
  if (memory_) return *memory_;
  for (const char* name : {"memory", "cm32p2_memory"}) {
    const auto found = inputs_[0].exports.find(name);
    if (found == inputs_[0].exports.end() || found->second->kind != ExternKind::Memory) continue;
    memory_ = out_.core_alias(Sort::CoreMemory, inputs_[0].instance, name);
    return *memory_;
  }
  return lacks("the module must export its memory as `memory`");
}

// Where what a module passes to functions lies.
Result<uint32_t> Assembler::memory_of(const CoreInput& input) {
  if (input.has_own_memory()) return out_.core_alias(Sort::CoreMemory, input.instance, "memory");
  return memory();
}

Result<std::vector<CanonOpt>> Assembler::options(const CoreInput& input, Needs needs, bool lift) {
  std::vector<CanonOpt> out;
  if (!needs.memory && !needs.realloc) return out;
  if (input.strings != StringEncoding::Utf8)
    out.push_back({input.strings == StringEncoding::Utf16 ? CanonOpt::Kind::Utf16
                                                          : CanonOpt::Kind::Latin1Utf16});
  out.push_back({CanonOpt::Kind::Memory, SKIFF_TRY(memory_of(input))});
  if (!needs.realloc) return out;
  const char* first = lift ? "cabi_export_realloc" : "cabi_import_realloc";
  for (const CoreInput* from : {&input, static_cast<const CoreInput*>(&inputs_[0])}) {
    const std::string name = from->find_function({first, "cabi_realloc", "cm32p2_realloc"});
    if (name.empty() || (input.has_own_memory() && from != &input)) continue;
    out.push_back({CanonOpt::Kind::Realloc, core_function(*from, name)});
    return out;
  }
  return lacks("the module must export `cabi_realloc`: lists and strings are given to it");
}

Result<uint32_t> Assembler::canon(CoreInput& input, const CoreUse& use) {
  CanonDef def;
  const CoreImportName& n = use.name;
  def.options = SKIFF_TRY(options(input, use.needs, false));
  switch (n.kind) {
    case Kind::Lower:
      def.kind = CanonKind::Lower;
      def.func = scope_.import_function(use.key, n.name);
      if (n.async_) def.options.push_back({CanonOpt::Kind::Async});
      break;
    case Kind::TaskReturn:
      def.kind = CanonKind::TaskReturn;
      scope_.enter_exports();
      if (use.function->result) def.result = SKIFF_TRY(scope_.value(*use.function->result));
      break;
    case Kind::ResourceDrop:
    case Kind::ResourceNew:
    case Kind::ResourceRep:
      def.kind = n.kind == Kind::ResourceDrop  ? CanonKind::ResourceDrop
                 : n.kind == Kind::ResourceNew ? CanonKind::ResourceNew
                                               : CanonKind::ResourceRep;
      def.type = n.exported && !n.key.empty() ? scope_.local_resource(use.resource)
                                              : scope_.import_resource(use.key, use.resource);
      break;
    case Kind::Payload:
      def.kind = n.builtin;
      def.async_ = n.async_;
      if (n.async_) def.options.push_back({CanonOpt::Kind::Async});
      def.type = SKIFF_TRY(payload_type(use));
      break;
    case Kind::Builtin:
      def.kind = n.builtin;
      def.async_ = n.async_;
      def.cancellable = n.cancellable;
      def.number = n.number;
      def.value_type = skiff::ValType::I32;
      if (use.needs.memory) def.memory = SKIFF_TRY(memory_of(input)), def.options.clear();
      break;
  }
  return out_.canon(std::move(def));
}

// The future or stream that a built-in is about.
Result<uint32_t> Assembler::payload_type(const CoreUse& use) {
  if (!use.payload) {
    const bool stream = use.name.builtin >= CanonKind::StreamNew &&
                        use.name.builtin <= CanonKind::StreamDropWritable;
    return stream ? out_.type({StreamDef{}}) : out_.type({FutureDef{}});
  }
  if (use.name.exported) {
    scope_.enter_exports();
  } else {
    scope_.enter_imports();
  }
  return scope_.type_index(*use.payload);
}

// What an adapter imports of the main module: an export of its, or what stands in for it.
Result<uint32_t> Assembler::main_function(const CoreUse& use) {
  const std::string name(use.import->name);
  if (!inputs_[0].find_function({name}).empty()) return core_function(inputs_[0], name);
  if (name != "cabi_realloc") {
    const uint32_t module = out_.core_module(trap_module({*use.type}));
    return out_.core_alias(Sort::CoreFunc, out_.core_instance(module, {}), "0");
  }
  if (!realloc_instance_) {
    const uint32_t env =
        out_.core_exports({{"memory", {Sort::CoreMemory, SKIFF_TRY(memory())}, 0}});
    realloc_instance_ = out_.core_instance(out_.core_module(realloc_module()),
                                           {{"env", {Sort::CoreInstance, env}, 0}});
  }
  return out_.core_alias(Sort::CoreFunc, *realloc_instance_, name);
}

// What copies between an adapter's own memory and the main module's.
Result<uint32_t> Assembler::transfer_function(const CoreInput& input, const CoreUse& use) {
  const auto [found, is_new] = transfer_instances_.try_emplace(input.instance, 0);
  if (is_new) {
    const uint32_t main =
        out_.core_exports({{"memory", {Sort::CoreMemory, SKIFF_TRY(memory())}, 0}});
    const uint32_t own =
        out_.core_exports({{"memory", {Sort::CoreMemory, SKIFF_TRY(memory_of(input))}, 0}});
    found->second = out_.core_instance(out_.core_module(transfer_module()),
                                       {{"main", {Sort::CoreInstance, main}, 0},
                                        {"adapter", {Sort::CoreInstance, own}, 0}});
  }
  return out_.core_alias(Sort::CoreFunc, found->second, std::string(use.import->name));
}

Result<SortIdx> Assembler::provide(CoreInput& input, const CoreUse& use) {
  if (use.from == CoreUse::From::MainMemory) return SortIdx{Sort::CoreMemory, SKIFF_TRY(memory())};
  if (use.shim) return SortIdx{Sort::CoreFunc, shim_functions_[*use.shim]};
  if (use.from == CoreUse::From::Main)
    return SortIdx{Sort::CoreFunc, SKIFF_TRY(main_function(use))};
  return SortIdx{Sort::CoreFunc, SKIFF_TRY(canon(input, use))};
}

Status Assembler::instantiate(CoreInput& input) {
  std::map<std::string_view, std::vector<CoreInlineExport>> by_module;
  std::map<std::pair<std::string_view, std::string_view>, bool> seen;
  for (const CoreUse& use : input.uses) {
    if (std::exchange(seen[{use.import->module, use.import->name}], true))
      return lacks("the module imports `" + std::string(use.import->module) + "` `" +
                   std::string(use.import->name) + "` twice");
    const SortIdx value = SKIFF_TRY(provide(input, use));
    by_module[use.import->module].push_back({std::string(use.import->name), value, 0});
  }
  std::vector<CoreInstantiateArg> args;
  for (auto& [name, exports] : by_module)
    args.push_back(
        {std::string(name), {Sort::CoreInstance, out_.core_exports(std::move(exports))}, 0});
  input.instance = out_.core_instance(out_.core_module(std::move(input.binary)), std::move(args));
  return {};
}

// ---- after the modules

Status Assembler::fix_up() {
  if (shims_.empty()) return {};
  std::vector<CoreInlineExport> exports;
  exports.push_back(
      {"$imports",
       {Sort::CoreTable, out_.core_alias(Sort::CoreTable, shim_instance_, "$imports")},
       0});
  for (CoreInput& input : inputs_)
    for (const CoreUse& use : input.uses) {
      if (!use.shim) continue;
      uint32_t function = 0;
      if (use.from == CoreUse::From::Adapter)
        function = core_function(inputs_[use.adapter], std::string(use.import->name));
      else if (use.from == CoreUse::From::Transfer)
        function = SKIFF_TRY(transfer_function(input, use));
      else
        function = SKIFF_TRY(canon(input, use));
      exports.push_back({std::to_string(*use.shim), {Sort::CoreFunc, function}, 0});
    }
  for (const auto& [id, destructor] : destructors_)
    exports.push_back({std::to_string(destructor.shim),
                       {Sort::CoreFunc, core_function(*destructor.input, destructor.name)},
                       0});
  const uint32_t args = out_.core_exports(std::move(exports));
  out_.core_instance(out_.core_module(fixup_module(shims_)), {{"", {Sort::CoreInstance, args}, 0}});
  return {};
}

void Assembler::start() {
  const std::string name = inputs_[0].find_function({"_initialize", "cm32p2_initialize"});
  if (name.empty()) return;
  const uint32_t args =
      out_.core_exports({{"", {Sort::CoreFunc, core_function(inputs_[0], name)}, 0}});
  out_.core_instance(out_.core_module(start_module()), {{"", {Sort::CoreInstance, args}, 0}});
}

// ---- exports

Result<uint32_t> Assembler::lift(const std::string& key, const Function& f) {
  for (const CoreInput& input : inputs_)
    for (const CoreExportNames& names : core_export_names(input.export_key(key), f.name)) {
      CanonDef def;
      def.kind = CanonKind::Lift;
      std::string found = input.find_function({names.function, "[async-lift]" + names.function,
                                               "[async-lift-stackful]" + names.function});
      if (found.empty()) continue;
      const bool async_ = found != names.function;
      def.core_func = core_function(input, found);
      def.options = SKIFF_TRY(options(input, needs_of_lift(r_, f, async_), true));
      if (async_) {
        def.options.push_back({CanonOpt::Kind::Async});
        const std::string callback = input.find_function({"[callback]" + found});
        if (!callback.empty())
          def.options.push_back({CanonOpt::Kind::Callback, core_function(input, callback)});
      } else if (!input.find_function({names.post_return}).empty()) {
        def.options.push_back(
            {CanonOpt::Kind::PostReturn, core_function(input, names.post_return)});
      }
      def.type = SKIFF_TRY(scope_.function_type(f));
      return out_.lift(std::move(def));
    }
  return lacks("the module does not export `" + core_export_names(key, f.name)[0].function +
               "`, which world `" + r_.name_of(world_) + "` requires");
}

Status Assembler::export_all() {
  scope_.enter_exports();
  for (const auto& [key, item] : r_[world_].exports) {
    if (const Function* f = std::get_if<Function>(&item)) {
      ExternName name = plain_name(key);
      name.external_id = f->attributes.external_id;
      const uint32_t function = SKIFF_TRY(lift("", *f));
      out_.export_(std::move(name), {Sort::Func, function});
      continue;
    }
    const WorldInterface& i = std::get<WorldInterface>(item);
    std::vector<uint32_t> functions;
    for (const auto& [name, f] : r_[i.interface].functions)
      functions.push_back(SKIFF_TRY(lift(key, f)));
    const uint32_t instance = SKIFF_TRY(wrap_interface(r_, i.interface, scope_, functions, out_));
    ExternName name = plain_name(key);
    name.implements = r_.implements(key, i);
    name.external_id = i.attributes.external_id;
    scope_.exported(i.interface, out_.export_(std::move(name), {Sort::Instance, instance}));
  }
  return {};
}

Result<Component> Assembler::run() {
  plan_shim();
  if (!shims_.empty()) {
    shim_instance_ = out_.core_instance(out_.core_module(shim_module(shims_)), {});
    for (size_t i = 0; i < shims_.size(); ++i)
      shim_functions_.push_back(out_.core_alias(Sort::CoreFunc, shim_instance_, std::to_string(i)));
  }
  define_resources();
  for (CoreInput& input : inputs_) SKIFF_TRY(instantiate(input));
  SKIFF_TRY(fix_up());
  start();
  SKIFF_TRY(export_all());
  return out_.take();
}

// ---- inputs

// Decodes a core module; its world is added to `world`.
Result<CoreInput> read_input(std::string name, const SharedBytes& binary, Features features,
                             std::optional<wit::DecodedWorld>& world) {
  CoreInput input;
  input.name = std::move(name);
  TypeRegistry registry;
  SKIFF_TRY(validate_module(SKIFF_TRY(decode_module(binary, features)), registry));
  input.module = SKIFF_TRY(decode_module(binary, features));
  std::optional<wit::DecodedWorld> own = SKIFF_TRY(module_world(input.module));
  if (own) {
    input.strings = own->strings;
    if (world) {
      SKIFF_TRY(merge_world(*world, *own));
    } else {
      world = std::move(own);
    }
  } else if (!input.is_main()) {
    return lacks("adapter `" + input.name + "` has no custom section `component-type`");
  }
  input.binary = SKIFF_TRY(without_worlds(binary.bytes));
  for (const Export& e : input.module.exports) input.exports.emplace(e.name, &e);
  return input;
}

std::vector<wit::TypeId> used_types(const std::vector<CoreInput>& inputs) {
  std::vector<wit::TypeId> used;
  for (const CoreInput& input : inputs)
    for (const CoreUse& use : input.uses)
      if (use.from == CoreUse::From::World && use.name.kind == Kind::ResourceDrop) {
        used.push_back(use.resource);
      } else if (use.payload) {
        used.push_back(*use.payload);
      }
  return used;
}

UsedFunctions used_functions(const std::vector<CoreInput>& inputs) {
  UsedFunctions used;
  for (const CoreInput& input : inputs)
    for (const CoreUse& use : input.uses)
      if (use.from == CoreUse::From::World && use.name.kind == Kind::Lower)
        used.insert({use.key, use.name.name});
  return used;
}

}  // namespace

Status check_component(const std::vector<uint8_t>& binary, Features features) {
  std::shared_ptr<const Component> component =
      SKIFF_TRY(decode_component(SharedBytes::own(binary), features));
  TypeRegistry registry;
  PlainModules modules(registry, features);
  SKIFF_TRY(validate_component(std::move(component), registry, modules, {features}));
  return {};
}

Result<std::vector<uint8_t>> new_component(SharedBytes module, const NewOptions& options) {
  std::optional<wit::DecodedWorld> world;
  std::vector<CoreInput> inputs;
  inputs.reserve(1 + options.adapters.size());
  inputs.push_back(SKIFF_TRY(read_input("", module, options.features, world)));
  for (const Adapter& adapter : options.adapters)
    inputs.push_back(SKIFF_TRY(read_input(adapter.name, adapter.binary, options.features, world)));
  if (!world)
    return lacks(
        "the module has no custom section `component-type`; `skiff component embed` adds "
        "one");
  SKIFF_TRY(resolve_uses(world->resolve, world->world, inputs));
  Resolve pruned = world->resolve;
  prune_imports(pruned, world->world, used_functions(inputs), used_types(inputs));
  // The functions that uses point to are those of the unpruned world, which stays as it is; ids of
  // types mean the same in both.
  const Component component = SKIFF_TRY(Assembler(pruned, world->world, inputs).run());
  std::vector<uint8_t> binary = encode_component(component);
  SKIFF_TRY(check_component(binary, options.features));
  return binary;
}

}  // namespace skiff::component::tools
