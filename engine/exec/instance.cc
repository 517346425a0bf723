// What an instance exports and what the collector must see of it. Making one is in instantiate.cc.
#include "engine/exec/instance.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "engine/base/check.h"
#include "engine/exec/memory.h"
#include "engine/exec/table.h"
#include "engine/gc/heap.h"

namespace skiff {

Instance::Instance(Store& store, ModulePtr module) : store_(&store), module_(std::move(module)) {}

Instance::~Instance() {
  // may_grow refers to the store, which may end before whoever else holds the memory.
  for (size_t i = info().module.imported_memories; i < memories_.size(); ++i)
    if (memories_[i]) memories_[i]->may_grow = nullptr;
  if (ctx_) ::operator delete(static_cast<void*>(ctx_), std::align_val_t{16});
}

bool Instance::end_life() {
  if (!first_.known) return false;
  const Module& m = info().module;
  for (uint32_t i = 0; i < m.imported_memories; ++i) memories_[i].reset();
  for (size_t i = m.imported_memories; i < memories_.size(); ++i) {
    // Whoever else still holds it may go on using it.
    if (memories_[i].use_count() != 1) return false;
    std::atomic_thread_fence(std::memory_order_acquire);
    memories_[i]->may_grow = nullptr;
    memories_[i]->end_life();
  }
  for (size_t i = 0; i < own_tables_.size(); ++i) {
    own_tables_[i]->may_grow = nullptr;
    if (!own_tables_[i]->restart(first_.tables[i].get(), kNullRef)) return false;
  }
  std::copy_n(first_.globals, m.globals.size() - m.imported_globals, defined_globals_);
  std::copy_n(first_.datas, m.datas.size(), ctx_->datas);
  std::copy_n(first_.elems, m.elems.size(), ctx_->elems);
  return true;
}

Extern Instance::export_at(uint32_t i) {
  const Export& e = info().module.exports[i];
  Extern out;
  out.kind = e.kind;
  switch (e.kind) {
    case ExternKind::Func: out.func = ctx_->funcs[e.index]; break;
    case ExternKind::Table: out.table = tables_[e.index]; break;
    case ExternKind::Memory: out.memory = memories_[e.index]; break;
    case ExternKind::Global:
      out.global = ctx_->globals[e.index];
      out.global_type = info().globals[e.index];
      break;
    case ExternKind::Tag: out.tag = ctx_->tags[e.index]; break;
  }
  return out;
}

std::optional<Extern> Instance::find_export(std::string_view name) {
  const std::optional<uint32_t> i = module_->find_export(name);
  if (!i) return std::nullopt;
  return export_at(*i);
}

FuncInst* Instance::find_func(std::string_view name) {
  const std::optional<uint32_t> i = module_->find_export(name);
  if (!i) return nullptr;
  const Export& e = info().module.exports[*i];
  return e.kind == ExternKind::Func ? ctx_->funcs[e.index] : nullptr;
}

LinearMemory* Instance::find_memory(std::string_view name) {
  const std::optional<uint32_t> i = module_->find_export(name);
  if (!i) return nullptr;
  const Export& e = info().module.exports[*i];
  return e.kind == ExternKind::Memory ? memories_[e.index].get() : nullptr;
}

void Instance::drop_elem(uint32_t i) {
  ctx_->elems[i] = ElemInst{};
  if (!template_) elem_refs_[i].refs.reset();
}

void Instance::scan_roots(gc::Marker& marker) const {
  for (uint32_t i : object_globals_) marker.mark_ref(ctx_->globals[i]->slots[0].ref);
  for (const auto& table : own_tables_)
    if (table->holds_objects) marker.mark_range(table->inst.elems, table->inst.elems + table->inst.length);
  for (size_t i = 0; i < elem_refs_.size(); ++i) {
    const ElemInst& segment = ctx_->elems[i];
    if (elem_refs_[i].objects) marker.mark_range(segment.elems, segment.elems + segment.length);
  }
}

}  // namespace skiff
