// Instance: a module instance (Spec: syntax-moduleinst). Owned by its store, alive as long as that: what it
// defines may be referenced from anywhere in the store. Its VmCtx and the arrays behind it are one
// allocation. One that was made by an InstancePre goes back to it when the store ends, and is used again.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/exec/store.h"

namespace skiff {

class InstanceTemplate;

class Instance {
 public:
  ~Instance();
  VmCtx& ctx() { return *ctx_; }
  Store& store() { return *store_; }
  const CompiledModule& compiled() const { return *module_; }
  const ModuleInfo& info() const { return module_->info(); }

  /// The export of that name, if there is one. O(log n) in the number of exports.
  std::optional<Extern> find_export(std::string_view name);
  /// The export's function, or null.
  FuncInst* find_func(std::string_view name);
  /// The exported memory, or null.
  LinearMemory* find_memory(std::string_view name);
  /// Export number i of the module.
  Extern export_at(uint32_t i);

  /// Owners of what ctx() points to, by module index, imports included.
  const std::shared_ptr<LinearMemory>& memory(uint32_t i) const { return memories_[i]; }
  TableObject& table(uint32_t i) const { return *tables_[i]; }

  // Spec: data.drop, elem.drop and friends are in libcalls.h.

  /// Forgets the references of an element segment.
  void drop_elem(uint32_t i);

 private:
  friend class Instantiation;
  friend class InstanceTemplate;
  friend class Store;
  Instance(Store& store, ModulePtr module);
  /// Puts everything that a guest could have changed back to how it was at first. False: this instance cannot be used
  /// again. Requires: made by an InstanceTemplate; the store ends.
  bool end_life();
  void scan_roots(gc::Marker& marker) const;

  /// References of an element segment; `objects`: they may be GC objects.
  struct ElemRefs {
    std::unique_ptr<Ref[]> refs;
    bool objects = false;
  };

  // What a table or an array of the context has at the beginning of each life.
  struct FirstState {
    bool known = false;                                 // instantiation came so far
    GlobalInst* globals = nullptr;                      // these in the block
    DataInst* datas = nullptr;
    ElemInst* elems = nullptr;
    std::vector<std::unique_ptr<Ref[]>> tables;         // own ones
  };

  Store* store_;
  ModulePtr module_;
  std::shared_ptr<InstanceTemplate> template_;          // while in use
  FuncInst* host_funcs_ = nullptr;                      // with a template: its host functions, in the block
  HostFunc* hosts_ = nullptr;
  FirstState first_;                                    // with a template
  VmCtx* ctx_ = nullptr;                                // start of the block that holds all arrays
  FuncInst* defined_funcs_ = nullptr;                   // arrays in that block
  GlobalInst* defined_globals_ = nullptr;
  TagInst* defined_tags_ = nullptr;
  std::vector<std::shared_ptr<LinearMemory>> memories_; // index order
  std::vector<TableObject*> tables_;                    // index order
  std::vector<std::unique_ptr<TableObject>> own_tables_;
  std::vector<ElemRefs> elem_refs_;
  std::vector<uint32_t> object_globals_;                // defined globals that may hold GC objects
};

}  // namespace skiff
