// Which calls of a plan are fused, and their modules. A LowerOp becomes part of a module of adapters when the function is
// lifted in the same plan, by an instance that is neither around the caller nor within it. Adapters gather in one module
// until something needs one of them.
#include <algorithm>
#include <map>
#include <set>

#include "component/abi/shape.h"
#include "component/exec/plan.h"
#include "engine/base/check.h"

namespace skiff::component {
namespace {

constexpr size_t kMaxAdapters = 100;           // in a module
// Components can describe far more calls than anybody makes: what is beyond these stays interpreted.
constexpr uint64_t kMaxNodes = 10'000;         // parts of types of all adapters
constexpr uint64_t kMaxWork = 10'000'000;
constexpr size_t kMaxPath = 100;               // instances within each other

class Fusing {
 public:
  Fusing(Plan& plan, const TypeTable& types, Engine& engine) : plan_(plan), types_(types), engine_(engine) {
    for (const PlanOp& op : plan.ops) {
      if (const auto* made = std::get_if<MakeInstance>(&op)) parents_[made->result] = made->parent;
      if (const auto* lift = std::get_if<LiftOp>(&op)) {
        lifts_[lift->result] = lift;
        if (lift->options.async_ || types.get<FuncType>(lift->type).async_) busy_.insert(lift->inst);
      }
      if (const auto* lower = std::get_if<LowerOp>(&op))
        if (lower->options.async_ || types.get<FuncType>(lower->type).async_) busy_.insert(lower->inst);
      if (const auto* made = std::get_if<MakeResource>(&op)) implementers_[made->result] = made->inst;
      if (const auto* bound = std::get_if<BindResource>(&op)) bound_[{bound->inst, bound->id}] = bound->resource;
      if (const auto* builtin = std::get_if<BuiltinOp>(&op)) note(*builtin);
    }
  }

  Status run() {
    std::vector<PlanOp> ops = std::move(plan_.ops);
    plan_.ops.clear();
    // Maps refer to the operations themselves.
    for (PlanOp& op : ops) {
      if (needs_pending(op)) SKIFF_TRY(flush());
      const auto* lower = std::get_if<LowerOp>(&op);
      std::optional<fuse::Adapter> adapter = lower ? adapter_for(*lower) : std::nullopt;
      if (!adapter) {
        out_.push_back(&op);
        continue;
      }
      adapters_.push_back(std::move(*adapter));
      lowers_.push_back(*lower);
      pending_.insert(lower->result);
      if (adapters_.size() == kMaxAdapters) SKIFF_TRY(flush());
    }
    SKIFF_TRY(flush());
    for (auto& at : out_) plan_.ops.push_back(std::move(*at));
    return {};
  }

 private:
  void note(const BuiltinOp& op) {
    switch (op.kind) {
      case CanonKind::ResourceNew:
      case CanonKind::ResourceDrop:
      case CanonKind::ResourceRep: return;
      case CanonKind::ContextGet:
      case CanonKind::ContextSet: sees_threads_.insert(op.inst); break;
      default: break;
    }
    busy_.insert(op.inst);
  }

  bool pending(uint32_t core) const { return core != kNoSlot && pending_.contains(core); }
  bool pending(const PlanOptions& options) const {
    return pending(options.realloc) || pending(options.post_return) || pending(options.callback);
  }
  /// The operation uses the result of an adapter that has not been made yet.
  bool needs_pending(const PlanOp& op) const {
    if (pending_.empty()) return false;
    if (const auto* module = std::get_if<InstantiateModule>(&op))
      return std::any_of(module->args.begin(), module->args.end(), [this](const auto& arg) { return pending(arg.core); });
    if (const auto* resource = std::get_if<MakeResource>(&op)) return pending(resource->dtor);
    if (const auto* lift = std::get_if<LiftOp>(&op)) return pending(lift->core) || pending(lift->options);
    if (const auto* lower = std::get_if<LowerOp>(&op)) {
      const auto lift = lifts_.find(lower->func);
      return pending(lower->options) || (lift != lifts_.end() && pending(lift->second->core));
    }
    if (const auto* builtin = std::get_if<BuiltinOp>(&op)) return pending(builtin->options);
    return std::holds_alternative<InstantiateComponent>(op);
  }

  // Ancestors of an instance, itself first; one more than kMaxPath when there are more than that.
  std::vector<uint32_t> path(uint32_t inst) const {
    std::vector<uint32_t> out;
    for (uint32_t at = inst; at != kNoSlot && out.size() <= kMaxPath; at = parents_.at(at)) out.push_back(at);
    return out;
  }

  uint64_t nodes_of(TypeId type) const {
    const auto& func = types_.get<FuncType>(type);
    uint64_t nodes = 10;
    for (const Field& param : func.params) nodes += std::min(types_.facts(param.type).nodes, kMaxNodes);
    if (func.result) nodes += std::min(types_.facts(*func.result).nodes, kMaxNodes);
    return nodes;
  }

  fuse::Side side(uint32_t inst, TypeId type, const PlanOptions& options) const {
    fuse::Side side;
    side.type = type;
    side.encoding = options.encoding;
    side.inst = inst;
    if (options.memory != kNoSlot) side.memory = options.memory;
    if (options.realloc != kNoSlot) side.realloc = options.realloc;
    side.memory_type = options.memory_type;
    side.sees_threads = sees_threads_.contains(inst);
    return side;
  }

  std::optional<fuse::Adapter> adapter_for(const LowerOp& lower) {
    const auto found = lifts_.find(lower.func);
    if (found == lifts_.end()) return std::nullopt;
    const LiftOp& lift = *found->second;
    if (lower.options.async_ || lift.options.async_ || nodes_ > kMaxNodes || work_ > kMaxWork) return std::nullopt;
    fuse::Adapter adapter;
    adapter.caller = side(lower.inst, lower.type, lower.options);
    adapter.callee = side(lift.inst, lift.type, lift.options);
    adapter.func = lift.core;
    if (lift.options.post_return != kNoSlot) adapter.post_return = lift.options.post_return;
    const std::vector<uint32_t> callers = path(lower.inst), callees = path(lift.inst);
    work_ += 10 + callers.size() * callees.size() + types_.get<FuncType>(lift.type).params.size();
    if (callers.size() > kMaxPath || callees.size() > kMaxPath) return std::nullopt;
    auto contains = [](const std::vector<uint32_t>& in, uint32_t inst) {
      return std::find(in.begin(), in.end(), inst) != in.end();
    };
    if (contains(callers, lift.inst) || contains(callees, lower.inst)) return std::nullopt;
    for (const uint32_t inst : callees)
      if (!contains(callers, inst)) adapter.entered.push_back(inst);
    if (!fuse::can_fuse(types_, adapter)) return std::nullopt;
    nodes_ += nodes_of(lift.type);
    bool needs_task = false, takes_handles = false;
    for (const Field& param : types_.get<FuncType>(lift.type).params) {
      const TypeFacts& facts = types_.facts(param.type);
      adapter.lends |= facts.has_borrow;
      const auto* borrow = types_.get_if<BorrowType>(param.type);
      takes_handles |= facts.has_handle && !borrow;
      const std::optional<uint32_t> resource = borrow ? implemented(lift.inst, *borrow) : std::nullopt;
      if (resource) adapter.implemented.emplace_back(borrow->resource, *resource);
      else needs_task |= facts.has_borrow;
    }
    if (takes_handles || !engine_.features().has(Feature::Gc)) adapter.implemented.clear();
    adapter.quiet = !busy_.contains(lift.inst) && !needs_task;
    return adapter;
  }

  // The slot of a borrow type's resource when the instance defines that.
  std::optional<uint32_t> implemented(uint32_t inst, const BorrowType& borrow) const {
    const auto resource = bound_.find({inst, borrow.resource});
    if (resource == bound_.end()) return std::nullopt;
    const auto made = implementers_.find(resource->second);
    if (made == implementers_.end() || made->second != inst) return std::nullopt;
    return resource->second;
  }

  Status flush() {
    if (adapters_.empty()) return {};
    const bool exceptions = engine_.features().has(Feature::Exceptions);
    fuse::AdapterModule made = fuse::make_adapters(types_, adapters_, exceptions);
    FuseOp op;
    op.imports = std::move(made.imports);
    op.lowers = std::move(lowers_);
    op.module = SKIFF_TRY(compile_module(engine_, SharedBytes::own(std::move(made.binary))));
    plan_.fused += static_cast<uint32_t>(op.lowers.size());
    made_.push_back(std::make_unique<PlanOp>(std::move(op)));
    out_.push_back(made_.back().get());
    adapters_.clear();
    lowers_.clear();
    pending_.clear();
    return {};
  }

  Plan& plan_;
  const TypeTable& types_;
  Engine& engine_;
  std::map<uint32_t, uint32_t> parents_;       // of component instances
  std::map<uint32_t, const LiftOp*> lifts_;    // by func
  std::map<uint32_t, uint32_t> implementers_;  // of resources
  std::map<std::pair<uint32_t, ResourceId>, uint32_t> bound_;
  std::set<uint32_t> busy_;                    // instances whose tasks can be seen by what they do
  std::set<uint32_t> sees_threads_;            // ... even by realloc
  uint64_t nodes_ = 0, work_ = 0;
  std::vector<PlanOp*> out_;
  std::vector<std::unique_ptr<PlanOp>> made_;
  // Of the module in the making.
  std::vector<fuse::Adapter> adapters_;
  std::vector<LowerOp> lowers_;
  std::set<uint32_t> pending_;                 // core slots
};

}  // namespace

Status fuse_calls(Plan& plan, const TypeTable& types, Engine& engine) {
  if (!engine.features().has(Feature::MultiMemory)) return {};
  return Fusing(plan, types, engine).run();
}

}  // namespace skiff::component
