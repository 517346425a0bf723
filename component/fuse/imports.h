// Imports: the imports of an adapter module, each made when it is first asked for. Since imported functions come
// before defined ones, indices of functions are final at once and those of the adapters themselves are not used.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "component/fuse/adapter.h"
#include "engine/syntax/module.h"

namespace skiff::component::fuse {

class Imports {
 public:
  explicit Imports(skiff::Module& module) : module_(module) {}

  uint32_t type(skiff::FuncType type) {
    for (uint32_t i = 0; i < module_.types.size(); ++i)
      if (module_.types[i].comp.func == type) return i;
    skiff::SubType sub;
    sub.comp.func = std::move(type);
    module_.types.push_back(std::move(sub));
    const auto index = static_cast<uint32_t>(module_.types.size() - 1);
    module_.rec_groups.push_back({index, 1});
    return index;
  }
  uint32_t func(uint32_t core, const skiff::FuncType& func_type) {
    return import({Source::Kind::Func, core}, ExternKind::Func, [&] {
      module_.functions.push_back({type(func_type), {}});
      return module_.imported_funcs++;
    });
  }
  uint32_t intrinsic(Intrinsic which);
  uint32_t memory(uint32_t core, skiff::MemoryType memory_type) {
    memory_type.limits = {};
    return import({Source::Kind::Memory, core}, ExternKind::Memory, [&] {
      module_.memories.push_back({memory_type});
      return module_.imported_memories++;
    });
  }
  uint32_t global(Source source) {
    const bool flag = source.kind == Source::Kind::MayEnter || source.kind == Source::Kind::MayLeave;
    return import(source, ExternKind::Global, [&] {
      const skiff::GlobalType global_type{flag ? skiff::ValType::I32 : skiff::ValType::I64,
                                          source.kind != Source::Kind::Call};
      module_.globals.push_back({global_type, {}});
      return module_.imported_globals++;
    });
  }
  uint32_t reps(uint32_t resource, uint32_t inst) {
    return import({Source::Kind::Reps, resource, inst}, ExternKind::Table, [&] {
      const auto elem = skiff::ValType::ref(skiff::HeapType::I31, true);
      module_.tables.push_back({skiff::TableType{elem, {}, AddressType::I32}, {}});
      return module_.imported_tables++;
    });
  }
  std::vector<Source> take() { return std::move(sources_); }

 private:
  template <class F>
  uint32_t import(Source source, ExternKind kind, F&& add) {
    const auto [found, fresh] = known_.try_emplace(source, 0);
    if (!fresh) return found->second;
    found->second = add();
    module_.imports.push_back({"", names_.emplace_back(std::to_string(sources_.size())), kind, found->second});
    sources_.push_back(source);
    return found->second;
  }

  skiff::Module& module_;
  std::map<Source, uint32_t> known_;
  std::deque<std::string> names_;
  std::vector<Source> sources_;
};

}  // namespace skiff::component::fuse
