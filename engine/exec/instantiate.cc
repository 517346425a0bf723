// Instantiation (Spec: exec-module): checks the imports, makes the instance's parts in the order of the
// specification, then writes the active segments and runs the start function.
//
// Until segments are written nothing outside can refer to the new instance, so an error before that takes it
// back without a trace. After that it stays in the store even when it traps: its functions may be in tables
// of others, and what segments have written remains written.
#include <memory>
#include <new>
#include <optional>

#include "engine/base/bits.h"
#include "engine/base/check.h"
#include "engine/exec/const_eval.h"
#include "engine/exec/instance.h"
#include "engine/exec/libcalls.h"
#include "engine/exec/link.h"
#include "engine/exec/memory.h"
#include "engine/exec/table.h"
#include "engine/valid/valid.h"

namespace skiff {
namespace {

// Hands out parts of one block: first to add up the size, then, with a base, to place them.
class Layout {
 public:
  explicit Layout(uint8_t* base = nullptr) : base_(base) {}
  template <class T>
  T* take(size_t n) {
    const size_t at = align_up(size_, alignof(T));
    size_ = at + n * sizeof(T);
    if (!base_) return nullptr;
    T* array = reinterpret_cast<T*>(base_ + at);
    std::uninitialized_value_construct_n(array, n);
    return array;
  }
  size_t size() const { return size_; }

 private:
  uint8_t* base_;
  size_t size_ = 0;
};

Failure trap_failure(TrapCode code, std::string detail) {
  Failure failure;
  failure.kind = Failure::Kind::Trap;
  failure.trap.code = code;
  failure.trap.detail = std::move(detail);
  return failure;
}

std::unexpected<Failure> error_failure(Error error) {
  return std::unexpected(Failure{.error = std::move(error)});
}

}  // namespace

class Instantiation {
 public:
  Instantiation(Store& store, ModulePtr module, std::span<const Extern> imports)
      : store_(store), module_(std::move(module)), info_(module_->info()), imports_(imports) {}

  RunResult<Instance*> run() {
    if (Status ok = check_imports(); !ok) return error_failure(std::move(ok).error());
    if (store_.usage_.instances >= store_.limits_.instances)
      return error_failure({ErrorCode::LimitExceeded, kNoOffset, kNoIndex, "instances of this store"});
    const StoreUsage usage = store_.usage_;
    instance_ = store_.adopt(std::unique_ptr<Instance>(new Instance(store_, module_)));
    if (RunResult<void> made = make(); !made) {
      store_.disown(instance_);
      store_.usage_ = usage;
      return std::unexpected(std::move(made).error());
    }
    if (RunResult<void> started = start(); !started) return std::unexpected(std::move(started).error());
    return instance_;
  }

 private:
  const Module& module() const { return info_.module; }

  // Spec: exec-module, steps 1 to 5.
  Status check_imports() const {
    const std::vector<Import>& wanted = module().imports;
    if (imports_.size() != wanted.size())
      return fail(
          ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
          "expected " + std::to_string(wanted.size()) + " imports, found " + std::to_string(imports_.size()));
    for (size_t i = 0; i < wanted.size(); ++i) SKIFF_TRY(check_import(info_, wanted[i], imports_[i]));
    return {};
  }

  // Allocates everything and evaluates initialisers.
  RunResult<void> make() {
    lay_out();
    take_imports();
    make_funcs();
    if (Status ok = make_memories(); !ok) return error_failure(std::move(ok).error());
    make_tags();
    evaluator_.emplace(*ctx_);
    if (RunResult<void> ok = make_globals(); !ok) return ok;
    if (RunResult<void> ok = make_tables(); !ok) return ok;
    if (RunResult<void> ok = make_segments(); !ok) return ok;
    store_.engine_.tier().bind(*instance_);
    return {};
  }

  void place(Layout& layout) {
    const Module& m = module();
    ctx_ = layout.take<VmCtx>(1);
    FuncInst** funcs = layout.take<FuncInst*>(m.functions.size());
    MemoryInst** memories = layout.take<MemoryInst*>(m.memories.size());
    TableInst** tables = layout.take<TableInst*>(m.tables.size());
    GlobalInst** globals = layout.take<GlobalInst*>(m.globals.size());
    TagInst** tags = layout.take<TagInst*>(m.tags.size());
    DataInst* datas = layout.take<DataInst>(m.datas.size());
    ElemInst* elems = layout.take<ElemInst>(m.elems.size());
    FuncInst* defined_funcs = layout.take<FuncInst>(m.functions.size() - m.imported_funcs);
    GlobalInst* defined_globals = layout.take<GlobalInst>(m.globals.size() - m.imported_globals);
    TagInst* defined_tags = layout.take<TagInst>(m.tags.size() - m.imported_tags);
    if (!ctx_) return;
    ctx_->vm_store = &store_.vm_;
    ctx_->instance = instance_;
    ctx_->funcs = funcs;
    ctx_->memories = memories;
    ctx_->tables = tables;
    ctx_->globals = globals;
    ctx_->tags = tags;
    ctx_->datas = datas;
    ctx_->elems = elems;
    ctx_->types = module_->gc_types();
    ctx_->type_ids = info_.types.ids().data();
    instance_->ctx_ = ctx_;
    instance_->defined_funcs_ = defined_funcs;
    instance_->defined_globals_ = defined_globals;
    instance_->defined_tags_ = defined_tags;
  }

  void lay_out() {
    Layout measure;
    place(measure);
    Layout real(static_cast<uint8_t*>(::operator new(measure.size(), std::align_val_t{16})));
    place(real);
  }

  void take_imports() {
    for (size_t i = 0; i < imports_.size(); ++i) {
      const uint32_t index = module().imports[i].index;
      const Extern& value = imports_[i];
      switch (value.kind) {
        case ExternKind::Func: ctx_->funcs[index] = value.func; break;
        case ExternKind::Table:
          ctx_->tables[index] = &value.table->inst;
          instance_->tables_.push_back(value.table);
          break;
        case ExternKind::Memory: add_memory(value.memory); break;
        case ExternKind::Global: ctx_->globals[index] = value.global; break;
        case ExternKind::Tag: ctx_->tags[index] = value.tag; break;
      }
    }
  }

  void add_memory(std::shared_ptr<LinearMemory> memory) {
    const size_t index = instance_->memories_.size();
    ctx_->memories[index] = memory->inst();
    if (index == 0) {
      ctx_->memory0 = memory->inst();
      ctx_->memory0_base = memory->inst()->base;
    }
    instance_->memories_.push_back(std::move(memory));
  }

  void make_funcs() {
    TierCode& code = module_->code();
    const uint32_t imported = module().imported_funcs;
    for (uint32_t i = imported; i < module().functions.size(); ++i) {
      const TierCode::Entry entry = code.entry(i);
      FuncInst& func = instance_->defined_funcs_[i - imported];
      func = FuncInst{entry.call, ctx_, entry.code, info_.func_types[i], i};
      func.native_ctx = ctx_;
      ctx_->funcs[i] = &func;
    }
  }

  Status make_memories() {
    for (uint32_t i = module().imported_memories; i < module().memories.size(); ++i)
      add_memory(SKIFF_TRY(store_.make_memory(module().memories[i].type)));
    return {};
  }

  void make_tags() {
    const uint32_t imported = module().imported_tags;
    for (uint32_t i = imported; i < module().tags.size(); ++i) {
      TagInst& tag = instance_->defined_tags_[i - imported];
      tag.type_id = info_.tag_types[i];
      ctx_->tags[i] = &tag;
    }
  }

  // A global can be read by the initialisers after it, and its object is a root from then on.
  RunResult<void> make_globals() {
    const uint32_t imported = module().imported_globals;
    for (uint32_t i = imported; i < module().globals.size(); ++i) {
      GlobalInst& global = instance_->defined_globals_[i - imported];
      const ValType type = info_.globals[i].type;
      if (TrapCode trap = evaluator_->evaluate(module().globals[i].init, type, global.slots);
          trap != TrapCode::None)
        return std::unexpected(trap_failure(trap, "initialiser of global " + std::to_string(i)));
      ctx_->globals[i] = &global;
      if (store_.holds_objects(type)) instance_->object_globals_.push_back(i);
    }
    return {};
  }

  RunResult<void> make_tables() {
    for (uint32_t i = module().imported_tables; i < module().tables.size(); ++i) {
      Slot init{.u64 = kNullRef};
      if (const std::optional<ConstExpr>& expr = module().tables[i].init)
        if (TrapCode trap = evaluator_->evaluate(*expr, info_.tables[i].elem, &init); trap != TrapCode::None)
          return std::unexpected(trap_failure(trap, "initialiser of table " + std::to_string(i)));
      Result<std::unique_ptr<TableObject>> table = store_.make_table(info_.tables[i], init.ref);
      if (!table) return error_failure(std::move(table).error());
      ctx_->tables[i] = &(*table)->inst;
      instance_->tables_.push_back(table->get());
      instance_->own_tables_.push_back(std::move(*table));
    }
    return {};
  }

  RunResult<void> make_segments() {
    const Module& m = module();
    for (size_t i = 0; i < m.datas.size(); ++i)
      ctx_->datas[i] = DataInst{m.datas[i].bytes.data(), m.datas[i].bytes.size()};
    instance_->elem_refs_.resize(m.elems.size());
    for (uint32_t i = 0; i < m.elems.size(); ++i) {
      // Spec: a declarative segment is dropped at once; its expressions cannot trap, so nobody misses them.
      if (m.elems[i].mode == ElemSegment::Mode::Declarative) continue;
      if (RunResult<void> ok = make_elem(i); !ok) return ok;
    }
    return {};
  }

  // Made in place: the references that are already there are roots while the next ones are evaluated.
  RunResult<void> make_elem(uint32_t i) {
    const ElemSegment& segment = module().elems[i];
    const size_t n = segment.size();
    Instance::ElemRefs& to = instance_->elem_refs_[i];
    to.refs = std::make_unique<Ref[]>(n);
    to.objects = store_.holds_objects(info_.elem_types[i]);
    ctx_->elems[i] = ElemInst{to.refs.get(), n};
    for (size_t k = 0; k < n; ++k) {
      if (!segment.uses_exprs) {
        to.refs[k] = libcall::ref_func(ctx_, segment.funcs[k]);
        continue;
      }
      Slot value;
      if (TrapCode trap = evaluator_->evaluate(segment.exprs[k], info_.elem_types[i], &value);
          trap != TrapCode::None)
        return std::unexpected(trap_failure(trap, "element segment " + std::to_string(i)));
      to.refs[k] = value.ref;
    }
    return {};
  }

  // Spec: exec-module, from the element segments on. Each active segment is written and dropped.
  RunResult<void> start() {
    const Module& m = module();
    for (uint32_t i = 0; i < m.elems.size(); ++i) {
      const ElemSegment& segment = m.elems[i];
      if (segment.mode != ElemSegment::Mode::Active) continue;
      const uint64_t at = offset_of(segment.offset_expr, m.tables[segment.table].type.address);
      TrapCode trap = libcall::table_init(ctx_, i, segment.table, at, 0, ctx_->elems[i].length);
      if (trap != TrapCode::None)
        return std::unexpected(trap_failure(trap, "element segment " + std::to_string(i)));
      libcall::elem_drop(ctx_, i);
    }
    for (uint32_t i = 0; i < m.datas.size(); ++i) {
      const DataSegment& segment = m.datas[i];
      if (!segment.active) continue;
      const uint64_t at = offset_of(segment.offset_expr, m.memories[segment.memory].type.address);
      TrapCode trap = libcall::memory_init(ctx_, i, segment.memory, at, 0, ctx_->datas[i].length);
      if (trap != TrapCode::None)
        return std::unexpected(trap_failure(trap, "data segment " + std::to_string(i)));
      libcall::data_drop(ctx_, i);
    }
    if (!m.start) return {};
    Slot none[1];
    return store_.call_slots(ctx_->funcs[*m.start], none);
  }

  uint64_t offset_of(const ConstExpr& expr, AddressType address) {
    Slot value;
    const TrapCode trap = evaluator_->evaluate(expr, value_type(address), &value);
    SKIFF_CHECK(trap == TrapCode::None);  // integer expressions do not allocate
    return address == AddressType::I64 ? value.u64 : value.u32;
  }

  Store& store_;
  ModulePtr module_;
  const ModuleInfo& info_;
  std::span<const Extern> imports_;
  Instance* instance_ = nullptr;
  VmCtx* ctx_ = nullptr;
  std::optional<ConstEvaluator> evaluator_;  // once ctx_ is set
};

RunResult<Instance*> Store::instantiate(ModulePtr module, std::span<const Extern> imports) {
  return Instantiation(*this, std::move(module), imports).run();
}

}  // namespace skiff
