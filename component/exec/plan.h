// Plan: how a component is instantiated, as a list of operations on numbered slots. The flattener makes it
// by evaluating the component and all that it contains symbolically ("instantiation as function inlining"):
// what remains is to make core instances, resource types, lifted and lowered functions. Imports are slots
// that linking fills. Components that are themselves imports are instantiated by one operation, when they are
// known.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "component/fuse/adapter.h"
#include "component/types/component.h"
#include "component/types/types.h"
#include "component/valid/valid.h"
#include "engine/exec/engine.h"

namespace skiff::component {

inline constexpr uint32_t kNoSlot = ~uint32_t{0};

struct PlanInstance;
struct PlanComponent;

/// An item of which only the slot is known.
struct PlanItem {
  Sort sort = Sort::Func;
  uint32_t slot = kNoSlot;                     // modules, funcs, values; Type: of the resource; Component
  std::shared_ptr<const PlanInstance> instance;
  std::shared_ptr<const PlanComponent> component;
  ExternType type;                             // Types that are no resources, values
};
struct PlanInstance {
  std::map<std::string, PlanItem, std::less<>> exports;
};
struct PlanFrame;
/// A component definition with the place where it stands; or an imported one, which is a slot.
struct PlanComponent {
  const ComponentInfo* info = nullptr;
  const PlanFrame* frame = nullptr;            // only while flattening
  /// What it refers to outside of itself, when it leaves the plan: (scopes up, sort, index).
  struct Capture {
    uint32_t count = 0;
    Sort sort = Sort::Component;
    uint32_t index = 0;
    PlanItem item;
  };
  std::vector<Capture> captures;
};

struct PlanOptions {
  StringEncoding encoding = StringEncoding::Utf8;
  bool wide = false;
  bool async_ = false;
  skiff::MemoryType memory_type;               // with memory
  // Slots of core definitions.
  uint32_t memory = kNoSlot;
  uint32_t realloc = kNoSlot;
  uint32_t post_return = kNoSlot;
  uint32_t callback = kNoSlot;
};

// The operations. `inst`: slot of the component instance.
struct MakeInstance { uint32_t parent = kNoSlot, result = 0; };
struct InstantiateModule {
  struct Arg {
    std::string module, name;
    uint32_t core = 0;
  };
  uint32_t inst = 0, module = 0, result = 0;
  std::vector<Arg> args;                       // sorted by names
};
/// An export of a core instance.
struct AliasCore {
  uint32_t instance = 0;
  std::string name;
  uint32_t result = 0;
};
struct MakeResource {
  uint32_t inst = 0, dtor = kNoSlot;
  bool wide = false;
  uint32_t result = 0;
};
struct BindResource {
  uint32_t inst = 0;
  ResourceId id = 0;
  uint32_t resource = 0;
};
struct LiftOp {
  uint32_t inst = 0, core = 0;
  TypeId type = kNoType;
  PlanOptions options;
  uint32_t result = 0;
};
struct LowerOp {
  uint32_t inst = 0, func = 0;
  TypeId type = kNoType;
  uint32_t core_type = 0;                      // canonical
  PlanOptions options;
  uint32_t result = 0;
};
struct BuiltinOp {
  uint32_t inst = 0;
  CanonKind kind = CanonKind::TaskCancel;
  uint32_t resource = kNoSlot;
  OptType element;
  PlanOptions options;
  bool cancellable = false;
  bool wide = false;
  uint32_t number = 0;
  uint32_t table = kNoSlot;
  uint32_t start_type = 0;                     // canonical
  uint32_t core_type = 0;                      // canonical
  uint32_t result = 0;
};
/// Instantiates an imported component; `leaves` are filled from what it exports.
struct InstantiateComponent {
  struct Leaf {
    std::vector<std::string> path;
    PlanItem item;
  };
  uint32_t inst = 0, component = 0;
  std::vector<std::pair<std::string, PlanItem>> args;
  std::vector<Leaf> leaves;
};
/// Lowers lifted functions: instantiates a module of adapters for them (component/fuse).
struct FuseOp {
  ModulePtr module;
  std::vector<fuse::Source> imports;           // of the module; numbers are slots
  std::vector<LowerOp> lowers;                 // by adapter
};
using PlanOp = std::variant<MakeInstance, InstantiateModule, AliasCore, MakeResource, BindResource, LiftOp,
                            LowerOp, BuiltinOp, InstantiateComponent, FuseOp>;

struct Plan {
  std::vector<PlanOp> ops;
  uint32_t fused = 0;                          // adapters of its FuseOps
  // Number of slots of each kind.
  uint32_t instances = 0, core_instances = 0, cores = 0, funcs = 0, resources = 0, modules = 0, components = 0,
           values = 0;
  /// Modules that are part of the component.
  std::vector<std::pair<uint32_t, ModulePtr>> own_modules;
  using Leaf = InstantiateComponent::Leaf;
  std::vector<Leaf> imports;                   // what linking fills
  std::vector<std::pair<std::string, PlanItem>> exports;
};

/// Replaces LowerOps of functions that the plan itself lifts by FuseOps, where there are adapters for them.
/// Errors: those of compiling the adapters.
Status fuse_calls(Plan& plan, const TypeTable& types, Engine& engine);

/// Finds compiled modules by their info.
using ModuleMap = std::map<const ModuleInfo*, ModulePtr>;
/// What a component that left its plan refers to.
using Captures = std::vector<PlanComponent::Capture>;

/// Makes the plan of a component. `captures`: the slots of items that it finds outside of itself, which come first in
/// Plan::imports with empty paths. Errors: LimitExceeded, Unsupported.
Result<Plan> flatten(const ComponentInfo& info, const ModuleMap& modules, const Captures& captures = {});

}  // namespace skiff::component
