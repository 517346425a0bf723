// Instantiation (Spec: exec-module): checks the imports, makes the instance's parts in the order of the
// specification, then writes the active segments and runs the start function.
//
// Until segments are written nothing outside can refer to the new instance, so an error before that takes it
// back without a trace. After that it stays in the store even when it traps: its functions may be in tables
// of others, and what segments have written remains written.
//
// With a template (instance_template.h) the instance may be one that has been used before: then everything is already
// there, and only what depends on the store, on imports, or on objects is made again.
#include <algorithm>
#include <memory>
#include <new>
#include <optional>

#include "engine/base/bits.h"
#include "engine/base/check.h"
#include "engine/exec/const_eval.h"
#include "engine/exec/instance.h"
#include "engine/exec/instance_pre.h"
#include "engine/exec/instance_template.h"
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
  /// `imports` have been checked.
  Instantiation(Store& store, InstanceTemplate& made_from, std::span<const Extern> imports)
      : store_(store), module_(made_from.module()), info_(module_->info()), imports_(imports), template_(&made_from) {}

  RunResult<Instance*> run() {
    if (!template_)
      if (Status ok = check_imports(info_, imports_, {}); !ok) return error_failure(std::move(ok).error());
    if (store_.usage_.instances >= store_.limits_.instances)
      return error_failure({ErrorCode::LimitExceeded, kNoOffset, kNoIndex, "instances of this store"});
    const StoreUsage usage = store_.usage_;
    std::unique_ptr<Instance> recycled = template_ ? template_->take() : nullptr;
    const bool again = recycled != nullptr;
    if (!again) recycled.reset(new Instance(store_, module_));
    instance_ = store_.adopt(std::move(recycled));
    if (template_) instance_->template_ = template_->shared_from_this();
    if (RunResult<void> made = again ? make_again() : make(); !made) {
      store_.disown(instance_);
      store_.usage_ = usage;
      return std::unexpected(std::move(made).error());
    }
    if (RunResult<void> started = start(again); !started) return std::unexpected(std::move(started).error());
    return instance_;
  }

  // Spec: exec-module, steps 1 to 5. Imports that are in `hosts` are not looked at.
  static Status check_imports(const ModuleInfo& info, std::span<const Extern> imports,
                              std::span<const InstanceTemplate::Host> hosts) {
    const std::vector<Import>& wanted = info.module.imports;
    if (imports.size() != wanted.size())
      return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex,
                  "expected " + std::to_string(wanted.size()) + " imports, found " + std::to_string(imports.size()));
    for (size_t i = 0; i < wanted.size(); ++i)
      if (hosts.empty() || !hosts[i].fn) SKIFF_TRY(check_import(info, wanted[i], imports[i]));
    return {};
  }

 private:
  const Module& module() const { return info_.module; }

  // Allocates everything and evaluates initialisers.
  RunResult<void> make() {
    lay_out();
    make_hosts();
    take_imports();
    make_funcs();
    make_tags();
    evaluator_.emplace(*ctx_);
    if (RunResult<void> ok = make_globals(); !ok) return ok;
    if (template_) template_->look_at_segments(*evaluator_);
    if (Status ok = make_memories(); !ok) return error_failure(std::move(ok).error());
    if (RunResult<void> ok = make_tables(); !ok) return ok;
    make_datas();
    if (RunResult<void> ok = make_elems(); !ok) return ok;
    store_.engine_.tier().bind(*instance_);
    return {};
  }

  // For an instance that has been used before.
  RunResult<void> make_again() {
    ctx_ = instance_->ctx_;
    instance_->store_ = &store_;
    ctx_->vm_store = &store_.vm_;
    for (uint32_t i = 0; i < template_->host_count(); ++i) {
      instance_->hosts_[i].store = &store_;
      instance_->host_funcs_[i].native_vm_store = &store_.vm_;
    }
    take_imports();
    if (Status ok = restart_memories(); !ok) return error_failure(std::move(ok).error());
    if (!store_.engine_.tier().rebind(*instance_)) {
      make_hosts();
      make_funcs();
      store_.engine_.tier().bind(*instance_);
    }
    if (Status ok = restart_tables(); !ok) return error_failure(std::move(ok).error());
    if (template_->all_static()) return {};
    evaluator_.emplace(*ctx_);
    for (uint32_t i : template_->dynamic_globals())
      if (RunResult<void> ok = make_global(i); !ok) return ok;
    if (!template_->memories_static()) make_datas();
    if (template_->tables_static()) return {};
    for (uint32_t i = module().imported_tables; i < module().tables.size(); ++i)
      if (RunResult<Ref> init = table_init(i); !init) return std::unexpected(std::move(init).error());
      else std::fill_n(ctx_->tables[i]->elems, ctx_->tables[i]->length, *init);
    return make_elems();
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
    if (template_) {
      instance_->host_funcs_ = layout.take<FuncInst>(template_->host_count());
      instance_->hosts_ = layout.take<HostFunc>(template_->host_count());
      instance_->first_.globals = layout.take<GlobalInst>(m.globals.size() - m.imported_globals);
      instance_->first_.datas = layout.take<DataInst>(m.datas.size());
      instance_->first_.elems = layout.take<ElemInst>(m.elems.size());
    }
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

  // Host functions that are the instance's own.
  void make_hosts() {
    if (!template_) return;
    FuncInst* func = instance_->host_funcs_;
    HostFunc* host = instance_->hosts_;
    for (size_t i = 0; i < template_->hosts().size(); ++i) {
      const InstanceTemplate::Host& from = template_->hosts()[i];
      if (!from.fn) continue;
      *host = HostFunc{from.fn, from.data, &store_};
      Store::init_host_func(*func, *host, from.type_id);
      ctx_->funcs[module().imports[i].index] = func++;
      ++host;
    }
  }

  void take_imports() {
    size_t tables = 0, memories = 0;
    instance_->tables_.resize(std::max<size_t>(instance_->tables_.size(), module().imported_tables));
    instance_->memories_.resize(std::max<size_t>(instance_->memories_.size(), module().imported_memories));
    for (size_t i = 0; i < imports_.size(); ++i) {
      if (template_ && template_->hosts()[i].fn) continue;
      const uint32_t index = module().imports[i].index;
      const Extern& value = imports_[i];
      switch (value.kind) {
        case ExternKind::Func: ctx_->funcs[index] = value.func; break;
        case ExternKind::Table:
          ctx_->tables[index] = &value.table->inst;
          instance_->tables_[tables++] = value.table;
          break;
        case ExternKind::Memory: set_memory(memories++, value.memory); break;
        case ExternKind::Global: ctx_->globals[index] = value.global; break;
        case ExternKind::Tag: ctx_->tags[index] = value.tag; break;
      }
    }
  }

  void set_memory(size_t index, std::shared_ptr<LinearMemory> memory) {
    ctx_->memories[index] = memory->inst();
    if (index == 0) {
      ctx_->memory0 = memory->inst();
      ctx_->memory0_base = memory->inst()->base;
    }
    instance_->memories_[index] = std::move(memory);
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
    instance_->memories_.resize(module().memories.size());
    for (uint32_t i = module().imported_memories; i < module().memories.size(); ++i) {
      const uint32_t defined = i - module().imported_memories;
      const bool image = template_ && template_->memories_static();
      set_memory(i, SKIFF_TRY(store_.make_memory(module().memories[i].type, image ? template_->image(defined) : nullptr)));
    }
    return {};
  }

  Status restart_memories() {
    for (size_t i = module().imported_memories; i < instance_->memories_.size(); ++i) {
      LinearMemory& memory = *instance_->memories_[i];
      SKIFF_TRY(store_.charge_memory(memory.type()));
      if (!memory.begin_life())
        return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex, "pages of a linear memory");
      store_.watch(memory);
    }
    return {};
  }

  Status restart_tables() {
    for (const auto& table : instance_->own_tables_) {
      SKIFF_TRY(store_.charge_table(table->type));
      store_.watch(*table);
    }
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

  RunResult<void> make_globals() {
    for (uint32_t i = module().imported_globals; i < module().globals.size(); ++i) {
      if (RunResult<void> ok = make_global(i); !ok) return ok;
      if (store_.holds_objects(info_.globals[i].type)) instance_->object_globals_.push_back(i);
    }
    return {};
  }

  // A global can be read by the initialisers after it, and its object is a root from then on.
  RunResult<void> make_global(uint32_t i) {
    GlobalInst& global = instance_->defined_globals_[i - module().imported_globals];
    ctx_->globals[i] = &global;
    if (TrapCode trap = evaluator_->evaluate(module().globals[i].init, info_.globals[i].type, global.slots);
        trap != TrapCode::None)
      return std::unexpected(trap_failure(trap, "initialiser of global " + std::to_string(i)));
    return {};
  }

  RunResult<Ref> table_init(uint32_t i) {
    Slot init{.u64 = kNullRef};
    if (const std::optional<ConstExpr>& expr = module().tables[i].init)
      if (TrapCode trap = evaluator_->evaluate(*expr, info_.tables[i].elem, &init); trap != TrapCode::None)
        return std::unexpected(trap_failure(trap, "initialiser of table " + std::to_string(i)));
    return init.ref;
  }

  RunResult<void> make_tables() {
    for (uint32_t i = module().imported_tables; i < module().tables.size(); ++i) {
      RunResult<Ref> init = table_init(i);
      if (!init) return std::unexpected(std::move(init).error());
      Result<std::unique_ptr<TableObject>> table = store_.make_table(info_.tables[i], *init);
      if (!table) return error_failure(std::move(table).error());
      ctx_->tables[i] = &(*table)->inst;
      instance_->tables_.push_back(table->get());
      instance_->own_tables_.push_back(std::move(*table));
    }
    return {};
  }

  void make_datas() {
    const Module& m = module();
    for (size_t i = 0; i < m.datas.size(); ++i)
      ctx_->datas[i] = DataInst{m.datas[i].bytes.data(), m.datas[i].bytes.size()};
  }

  RunResult<void> make_elems() {
    const Module& m = module();
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
  RunResult<void> start(bool again) {
    const Module& m = module();
    if (!again || !template_->tables_static())
      if (RunResult<void> ok = write_elems(); !ok) return ok;
    const bool imaged = template_ && template_->memories_static();
    if (!imaged) {
      if (RunResult<void> ok = write_datas(); !ok) return ok;
    } else if (!again) {
      for (uint32_t i = 0; i < m.datas.size(); ++i)
        if (m.datas[i].active) libcall::data_drop(ctx_, i);
    }
    if (template_ && !again) keep_first_state();
    if (!m.start) return {};
    Slot none[1];
    return store_.call_slots(ctx_->funcs[*m.start], none);
  }

  RunResult<void> write_elems() {
    const Module& m = module();
    for (uint32_t i = 0; i < m.elems.size(); ++i) {
      const ElemSegment& segment = m.elems[i];
      if (segment.mode != ElemSegment::Mode::Active) continue;
      const uint64_t at =
          InstanceTemplate::offset_of(*evaluator_, segment.offset_expr, m.tables[segment.table].type.address);
      TrapCode trap = libcall::table_init(ctx_, i, segment.table, at, 0, ctx_->elems[i].length);
      if (trap != TrapCode::None)
        return std::unexpected(trap_failure(trap, "element segment " + std::to_string(i)));
      libcall::elem_drop(ctx_, i);
    }
    return {};
  }

  RunResult<void> write_datas() {
    const Module& m = module();
    for (uint32_t i = 0; i < m.datas.size(); ++i) {
      const DataSegment& segment = m.datas[i];
      if (!segment.active) continue;
      const uint64_t at =
          InstanceTemplate::offset_of(*evaluator_, segment.offset_expr, m.memories[segment.memory].type.address);
      TrapCode trap = libcall::memory_init(ctx_, i, segment.memory, at, 0, ctx_->datas[i].length);
      if (trap != TrapCode::None)
        return std::unexpected(trap_failure(trap, "data segment " + std::to_string(i)));
      libcall::data_drop(ctx_, i);
    }
    return {};
  }

  // Before any code has run. What is not static is made again in each life, and null or zero until then.
  void keep_first_state() {
    const Module& m = module();
    Instance::FirstState& first = instance_->first_;
    first.known = true;
    for (uint32_t i = m.imported_globals; i < m.globals.size(); ++i)
      if (!template_->dynamic_global(i))
        first.globals[i - m.imported_globals] = instance_->defined_globals_[i - m.imported_globals];
    if (template_->memories_static()) std::copy_n(ctx_->datas, m.datas.size(), first.datas);
    first.tables.resize(instance_->own_tables_.size());
    if (!template_->tables_static()) return;
    std::copy_n(ctx_->elems, m.elems.size(), first.elems);
    for (size_t i = 0; i < m.elems.size(); ++i)
      if (ctx_->elems[i].length == 0) instance_->elem_refs_[i].refs.reset();
    for (size_t i = 0; i < first.tables.size(); ++i) {
      const TableInst& table = instance_->own_tables_[i]->inst;
      first.tables[i] = std::make_unique<Ref[]>(table.length);
      std::copy_n(table.elems, table.length, first.tables[i].get());
    }
  }

  Store& store_;
  ModulePtr module_;
  const ModuleInfo& info_;
  std::span<const Extern> imports_;
  InstanceTemplate* template_ = nullptr;
  Instance* instance_ = nullptr;
  VmCtx* ctx_ = nullptr;
  std::optional<ConstEvaluator> evaluator_;  // once ctx_ is set
};

RunResult<Instance*> Store::instantiate(ModulePtr module, std::span<const Extern> imports) {
  return Instantiation(*this, std::move(module), imports).run();
}

RunResult<Instance*> InstancePre::instantiate(Store& store) const {
  if (store_ ? store_ != &store : &template_->module()->engine() != &store.engine())
    return error_failure({ErrorCode::InvalidArgument, kNoOffset, kNoIndex, "imports of another store"});
  return Instantiation(store, *template_, imports_).run();
}

RunResult<Instance*> InstancePre::instantiate(Store& store, std::span<const Extern> imports) const {
  if (Status ok = Instantiation::check_imports(template_->module()->info(), imports, template_->hosts()); !ok)
    return error_failure(std::move(ok).error());
  return Instantiation(store, *template_, imports).run();
}

}  // namespace skiff
