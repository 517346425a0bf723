// Activations: entering, trapping, and what is found on the stack.
#include "compiler/target/activation.h"

#include <algorithm>

#include "compiler/target/enter_stub.h"
#include "compiler/target/native_tier.h"
#include "engine/base/check.h"
#include "engine/exec/instance.h"
#include "engine/exec/signals.h"
#include "engine/gc/roots.h"
#include "engine/syntax/limits.h"

namespace skiff::compiler {
namespace {

// v128 takes two slots.
constexpr size_t kArgSlots = size_t{limits::kParams} * 2;
constexpr size_t kResultSlots = size_t{limits::kResults} * 2;

// Where claimed faults go on, on the stack of the code that faulted. In which instance that was is not known for
// certain; that which was called is likely.
[[noreturn]] void land(void* cookie) {
  const auto* act = static_cast<const Activation*>(cookie);
  const GuardScope& scope = *current_guard_scope();
  act->store->trap(TrapCode::MemoryOutOfBounds, {scope.fault_pc, scope.fault_fp}, *act->func->ctx);
}

Outcome enter(Activation& act, void* entry, void* ctx, Slot* values) {
  return skiff_native_call(entry, ctx, values, act.func->code, &act.frame);
}

}  // namespace

NativeStore::NativeStore(Store& store, CodeMap& code_map)
    : guard(store.engine().tunables().guard_pages),
      stack_size(store.engine().tunables().stack_size),
      store_(&store),
      code_map_(code_map),
      buffers_(std::make_unique<Slot[]>(kArgSlots + kResultSlots)) {
  reuse(store);
}

NativeStore::~NativeStore() {
  SKIFF_CHECK(innermost == nullptr);
  if (store_) (void)detach();
}

void NativeStore::reuse(Store& store) {
  store_ = &store;
  store.vm().native_store = this;
  store.vm().arg_buffer = buffers_.get();
  store.vm().result_buffer = buffers_.get() + kArgSlots;
}

bool NativeStore::detach() {
  VmStore& vm = store_->vm();
  vm.arg_buffer = vm.result_buffer = nullptr;
  vm.native_store = nullptr;
  store_ = nullptr;
  contexts_.clear();
  return !innermost && suspended_.empty();
}

namespace {

const Activation* outermost_of(const Activation* act) {
  while (act && act->previous) act = act->previous;
  return act;
}

}  // namespace

void NativeStore::scan_roots(gc::Marker& marker) {
  // Frames of generated code lie below the stub's. The buffers are empty whenever anything can collect.
  if (const Activation* outermost = outermost_of(innermost))
    gc::scan_native_stack(marker, reinterpret_cast<const void*>(outermost->frame));
  for (const Suspended* stack : suspended_)
    if (const Activation* outermost = outermost_of(stack->innermost))
      marker.mark_range(stack->suspended_at, reinterpret_cast<const void*>(outermost->frame));
}

Result<std::unique_ptr<TierStore::Stack>> NativeStore::new_stack(uint64_t) { return std::make_unique<Suspended>(); }

void NativeStore::save(Stack& stack) {
  auto& to = static_cast<Suspended&>(stack);
  to.innermost = innermost;
  to.position = suspended_.size();
  suspended_.push_back(&to);
}

void NativeStore::load(Stack& stack) {
  auto& from = static_cast<Suspended&>(stack);
  innermost = from.innermost;
  forget(stack);
}

void NativeStore::forget(Stack& stack) {
  auto& gone = static_cast<Suspended&>(stack);
  if (gone.position == Suspended::kNowhere) return;
  suspended_[gone.position] = suspended_.back();
  suspended_[gone.position]->position = gone.position;
  suspended_.pop_back();
  gone.position = Suspended::kNowhere;
}

void NativeStore::trap(TrapCode code, CodeSite site, const VmCtx& ctx) {
  (void)store_->trap(code);
  pass_trap(site, ctx);
}

void NativeStore::pass_trap(CodeSite site, const VmCtx& ctx) {
  const Activation& act = *innermost;
  add_frames(act, site, ctx.instance, store_->pending_trap());
  skiff_native_leave(act.frame, Outcome::Trap);
}

void NativeStore::raise(Ref exn) {
  (void)store_->throw_exception(exn);
  exception.exn = exn;
  code_map_.register_unwind_info();
  raise_native(exception);
}

NativeStore::Place NativeStore::place_of(uintptr_t pc) const {
  Place place;
  place.code = code_map_.find(pc);
  if (!place.code.image) return place;
  place.offset = place.code.image->wasm_offset(pc);
  if (place.offset != kNoOffset) place.func = function_at(*place.code.info, place.offset);
  return place;
}

// Frames do not say which instance they belong to. That only matters where a store has several of a module:
// then it is taken to be that of the frame inside, if it can be.
const Instance* NativeStore::instance_of(const LoadedImage* image, const Instance* inner) const {
  const Instance* found = nullptr;
  for (const Context& context : contexts_) {
    if (context.image != image) continue;
    if (context.ctx->instance == inner) return inner;
    if (!found) found = context.ctx->instance;
  }
  return found;
}

// Looks up only the frames that the trap keeps, but tells thunks from functions for all, to count.
void NativeStore::add_frames(const Activation& act, CodeSite site, const Instance* instance, Trap& trap) const {
  constexpr size_t kHalf = Trap::kMaxFrames / 2;
  auto add = [&](const Place& place) {
    instance = instance_of(place.code.image, instance);
    trap.add_frame({instance, place.func, place.offset});
  };
  size_t count = 0;
  Place last[kHalf];
  Place place;
  uintptr_t known_pc = 0;
  while (site.fp != act.frame) {
    // The same call again and again is what very deep stacks are made of.
    if (site.pc != known_pc) place = place_of(site.pc);
    known_pc = site.pc;
    if (place.func != kNoIndex) {
      if (count < kHalf) add(place);
      else last[count % kHalf] = place;
      ++count;
    }
    const CodeSite caller = caller_of(site.fp);
    const bool chained = caller.fp > site.fp && caller.fp <= act.frame;
    SKIFF_DCHECK(chained);
    if (!chained) break;  // better a short backtrace than none
    site = caller;
  }
  const size_t kept = std::min(count > kHalf ? count - kHalf : 0, kHalf);
  if (count > 2 * kHalf) trap.dropped_frames += count - 2 * kHalf;
  for (size_t i = count - kept; i < count; ++i) add(last[i % kHalf]);
}

namespace {

[[gnu::always_inline]] inline Outcome activate(FuncInst* self, void* entry, void* ctx, Slot* values) {
  VmStore& vm = *self->ctx->vm_store;
  NativeStore& native = NativeStore::of(vm);
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (here < vm.native_stack_limit) [[unlikely]] return vm.store->trap(TrapCode::StackExhausted);
  if (vm.interrupt.load(std::memory_order_relaxed)) [[unlikely]] {
    if (vm.store->must_stop()) return vm.store->trap(TrapCode::Interrupted);
  }
  Activation act{.store = &native, .previous = native.innermost, .func = self};
  const uintptr_t outer_limit = vm.native_stack_limit;
  if (!act.previous && here > native.stack_size) vm.native_stack_limit = std::max(outer_limit, here - native.stack_size);
  native.innermost = &act;
  Outcome outcome = Outcome::Ok;
  if (native.guard) {
    const GuardScope scope(land, &act);
    outcome = enter(act, entry, ctx, values);
  } else {
    outcome = enter(act, entry, ctx, values);
  }
  native.innermost = act.previous;
  vm.native_stack_limit = outer_limit;
  if (outcome == Outcome::Exception) [[unlikely]] vm.store->pending_exception() = native.exception.exn;
  return outcome;
}

}  // namespace

Outcome native_enter(FuncInst* self, VmCtx*, Slot* values) {
  return activate(self, self->native_entry, self->native_ctx, values);
}

Outcome native_enter_behind_thunk(FuncInst* self, VmCtx*, Slot* values) {
  const LoadedImage& image = *image_code(*self->ctx).image();
  const uint32_t imported = self->ctx->instance->info().module.imported_funcs;
  return activate(self, image.function(self->index - imported), self->ctx, values);
}

}  // namespace skiff::compiler
