// Entering the interpreter from the host, leaving it again, and unwinding: who catches an exception, which
// frames a trap passes.
#include "engine/interp/activation.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/os_memory.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/gc/roots.h"

namespace skiff::interp {
namespace {

const FuncCode& code_of(const LazyFunc& func) { return *func.lowered.load(std::memory_order_acquire); }

// Where memory faults of handlers go on, on the stack of the handler.
void land(void* cookie) {
  auto* act = static_cast<Activation*>(cookie);
  act->trap_code = TrapCode::MemoryOutOfBounds;
  std::longjmp(act->landing, 1);
}

// Nothing here lives in locals across the jump.
[[gnu::noinline]] void run_guarded(Activation& act) {
  const GuardScope scope(land, &act);
  if (setjmp(act.landing) == 0)
    run_code(act, kLower.words());
  else
    run_code(act, kRaise.words());
}

// A frame and where it is in its function. A position beyond the code: nowhere yet.
struct Position {
  const FrameHeader* header;
  uint32_t word;
};

uint32_t word_of(const FrameHeader& header, Pc pc) {
  const FuncCode& code = code_of(*header.func);
  return pc >= code.entry && pc < code.entry + code.words ? static_cast<uint32_t>(pc - code.entry) : 0;
}

// The frames of an activation, innermost first.
class Walk {
 public:
  explicit Walk(const Activation& act) : fp_(act.fp), pc_(act.fault_pc) {}
  bool done() const { return fp_ == nullptr; }
  Slot* fp() const { return fp_; }
  Position position() const { return {&header_of(fp_), word_of(header_of(fp_), pc_)}; }
  void next() {
    const FrameHeader& header = header_of(fp_);
    pc_ = reinterpret_cast<Pc>(header.ret & ~uintptr_t{1}) - 1;  // within the calling instruction
    fp_ = header.caller;
  }

 private:
  Slot* fp_;
  Pc pc_;
};

// Decoding offsets takes time linear in the function, so only for the frames that a trap keeps.
void add_frames(const Activation& act, Trap& trap) {
  constexpr size_t kHalf = Trap::kMaxFrames / 2;
  auto add = [&](const Position& p) {
    const FuncCode& code = code_of(*p.header->func);
    trap.add_frame({p.header->ctx->instance, p.header->func->index, code.offset_of(p.word)});
  };
  size_t count = 0;
  Position last[kHalf];
  for (Walk walk(act); !walk.done(); walk.next(), ++count) {
    if (count < kHalf)
      add(walk.position());
    else
      last[count % kHalf] = walk.position();
  }
  const size_t kept = std::min(count > kHalf ? count - kHalf : 0, kHalf);
  if (count > 2 * kHalf) trap.dropped_frames += count - 2 * kHalf;
  for (size_t i = count - kept; i < count; ++i) add(last[i % kHalf]);
}

const CatchClause* find_clause(const Position& p, const TagInst* tag) {
  uint32_t max_depth = ~uint32_t{0};
  for (const CatchClause& clause : code_of(*p.header->func).clauses) {
    if (p.word < clause.begin || p.word >= clause.end || clause.depth > max_depth) continue;
    switch (clause.kind) {
      case CatchClause::Kind::Delegate: max_depth = clause.delegate_to; break;
      case CatchClause::Kind::All: return &clause;
      case CatchClause::Kind::Tag:
        if (p.header->ctx->tags[clause.tag] == tag) return &clause;
        break;
    }
  }
  return nullptr;
}

}  // namespace

uint64_t FuncCode::offset_of(uint32_t pos) const {
  uint64_t offset = body_offset;
  uint64_t at = 0;
  auto take = [](const uint8_t*& p) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t b = *p++;
      value |= uint64_t{b & 0x7Fu} << shift;
      if (b < 0x80) return value;
    }
  };
  const uint8_t* end = offsets.data() + offsets.size();
  for (const uint8_t* p = offsets.data(); p != end;) {
    at += take(p);
    const uint64_t delta = take(p);
    if (at > pos) break;
    offset += delta;
  }
  return offset;
}

size_t FuncCode::bytes() const {
  return sizeof *this + words * sizeof(Word) + offsets.capacity() + clauses.capacity() * sizeof(CatchClause);
}

const FuncCode kNotLowered{.frame_slots = kHeaderSlots, .entry = kLower.words()};
const FuncCode kDiverted{.frame_slots = kHeaderSlots, .entry = kElsewhere.words()};

Pc unwind(Activation& act) {
  Store& store = *act.store;
  // Whoever asked for attention may let the guest go on, at the instruction that noticed, which has done nothing yet.
  if (act.trap_code == TrapCode::Interrupted && !store.must_stop()) {
    act.trap_code = TrapCode::None;
    return act.fault_pc;
  }
  if (act.trap_code != TrapCode::None) {
    act.outcome = store.trap(act.trap_code);
    act.trap_code = TrapCode::None;
  }
  if (act.outcome == Outcome::Trap) {
    add_frames(act, store.pending_trap());
    return kExit.words();
  }
  const Ref exn = store.pending_exception();
  const TagInst* tag = libcall::exception_tag(exn);
  for (Walk walk(act); !walk.done(); walk.next()) {
    const Position position = walk.position();
    const CatchClause* clause = find_clause(position, tag);
    if (!clause) continue;
    Slot* fp = walk.fp();
    if (clause->kind == CatchClause::Kind::Tag) libcall::exception_payload(exn, fp + clause->payload);
    if (clause->keep_exn) fp[clause->exn].ref = exn;
    store.pending_exception() = kNullRef;
    act.outcome = Outcome::Ok;
    act.fp = fp;
    return code_of(*position.header->func).entry + clause->target;
  }
  return kExit.words();
}

Outcome interp_call(FuncInst* self, VmCtx*, Slot* values) {
  VmStore& vm = *self->ctx->vm_store;
  Store& store = *vm.store;
  auto& stacks = static_cast<InterpStore&>(*vm.interp_store);
  const auto* func = static_cast<const LazyFunc*>(self->code);
  Slot* base = stacks.top();
  Slot* fp = base + func->param_slots;
  const uint32_t room = std::max(func->param_slots, func->result_slots) + kHeaderSlots;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (here < vm.native_stack_limit || base + room > stacks.limit())
    return store.trap(TrapCode::StackExhausted);
  std::copy_n(values, func->param_slots, base);
  header_of(fp) = {reinterpret_cast<uintptr_t>(kExit.words()), nullptr, func, self->ctx};

  Activation act;
  act.fp = fp;
  act.limit = stacks.limit();
  act.store = &store;
  act.previous = stacks.innermost;
  stacks.innermost = &act;
  if (vm.interrupt.load(std::memory_order_relaxed) && store.must_stop()) {
    act.fp = nullptr;
    act.outcome = store.trap(TrapCode::Interrupted);
  } else if (stacks.guard) {
    run_guarded(act);
  } else {
    run_code(act, kLower.words());
  }
  stacks.innermost = act.previous;
  if (act.outcome == Outcome::Ok) std::copy_n(base, func->result_slots, values);
  return act.outcome;
}

Result<std::unique_ptr<InterpStore>> InterpStore::create(Store& store) {
  const uint64_t stack_size = store.engine().tunables().stack_size;
  // The last page stays inaccessible: no check may fail to see the end, but if one did, it would fault.
  const uint64_t page = os_page_size();
  const uint64_t size = (std::max(stack_size, uint64_t{64} << 10) + page - 1) & ~(page - 1);
  uint8_t* base = os_reserve(size + page);
  if (!base) return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex, "address space for a stack");
  std::unique_ptr<InterpStore> stacks(
      new InterpStore(store, reinterpret_cast<Slot*>(base), reinterpret_cast<Slot*>(base + size)));
  if (!os_commit(base, size)) return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex, "a stack");
  store.vm().interp_store = stacks.get();
  return stacks;
}

InterpStore::~InterpStore() {
  if (vm_) vm_->interp_store = nullptr;
  os_release(reinterpret_cast<uint8_t*>(base_),
             static_cast<uint64_t>(limit_ - base_) * sizeof(Slot) + os_page_size());
}

// The stack keeps what guests have left there; it is written before it is read.
bool InterpStore::detach() {
  if (innermost || base_ != first_base_ || !suspended_.empty()) return false;
  vm_->interp_store = nullptr;
  vm_ = nullptr;
  return true;
}

void InterpStore::reuse(Store& store) {
  vm_ = &store.vm();
  vm_->interp_store = this;
}

Slot* InterpStore::top_of(const Activation* act, Slot* base) {
  for (; act; act = act->previous)
    if (act->fp) return act->fp + code_of(*header_of(act->fp).func).frame_slots;
  return base;
}

Slot* InterpStore::top() const { return top_of(innermost, base_); }

void InterpStore::scan_roots(gc::Marker& marker) {
  marker.mark_range(base_, top());
  for (const Suspended* stack : suspended_) marker.mark_range(stack->base, top_of(stack->innermost, stack->base));
}

Result<std::unique_ptr<TierStore::Stack>> InterpStore::new_stack(uint64_t size) {
  auto stack = std::make_unique<Suspended>();
  if (size == 0) return stack;
  const uint64_t page = os_page_size();
  size = (std::max(size, uint64_t{64} << 10) + page - 1) & ~(page - 1);
  uint8_t* base = os_reserve(size + page);
  if (!base) return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex, "address space for a stack");
  stack->base = reinterpret_cast<Slot*>(base);
  stack->limit = reinterpret_cast<Slot*>(base + size);
  stack->owned = true;
  if (!os_commit(base, size)) return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex, "a stack");
  return stack;
}

InterpStore::Suspended::~Suspended() {
  if (owned)
    os_release(reinterpret_cast<uint8_t*>(base),
               static_cast<uint64_t>(limit - base) * sizeof(Slot) + os_page_size());
}

void InterpStore::save(Stack& stack) {
  auto& to = static_cast<Suspended&>(stack);
  to.base = base_;
  to.limit = limit_;
  to.innermost = innermost;
  to.position = suspended_.size();
  suspended_.push_back(&to);
}

void InterpStore::load(Stack& stack) {
  auto& from = static_cast<Suspended&>(stack);
  base_ = from.base;
  limit_ = from.limit;
  innermost = from.innermost;
  forget(stack);
}

void InterpStore::forget(Stack& stack) {
  auto& gone = static_cast<Suspended&>(stack);
  if (gone.position == Suspended::kNowhere) return;
  suspended_[gone.position] = suspended_.back();
  suspended_[gone.position]->position = gone.position;
  suspended_.pop_back();
  gone.position = Suspended::kNowhere;
}

}  // namespace skiff::interp
