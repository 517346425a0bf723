// Types for the tests of this folder: a registry, one module's types, and their TypeInfos.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "engine/gc/type_info.h"
#include "engine/syntax/module.h"

namespace skiff::gc::testing {

inline SubType type_of(CompositeType::Kind kind, std::vector<ValType> storages,
                       std::optional<uint32_t> super = {}) {
  SubType t;
  t.final = false;
  t.super = super;
  t.comp.kind = kind;
  for (ValType s : storages) t.comp.fields.push_back({s, true});
  return t;
}
inline SubType structure(std::vector<ValType> storages, std::optional<uint32_t> super = {}) {
  return type_of(CompositeType::Kind::Struct, std::move(storages), super);
}
inline SubType array(ValType storage) { return type_of(CompositeType::Kind::Array, {storage}); }
inline SubType function() { return type_of(CompositeType::Kind::Func, {}); }

/// The types of one module, each in a group of its own.
class Types {
 public:
  explicit Types(std::vector<SubType> types) : table_(registry_), module_types_(enter(std::move(types))) {
    infos_ = table_.add(module_types_);
  }
  const TypeInfo* operator[](uint32_t i) const { return infos_[i]; }
  TypeTable& table() { return table_; }
  TypeRegistry& registry() { return registry_; }
  const ModuleTypes& module_types() const { return module_types_; }

 private:
  ModuleTypes enter(std::vector<SubType> types) {
    Module m;
    for (uint32_t i = 0; i < types.size(); ++i) m.rec_groups.push_back({i, 1});
    m.types = std::move(types);
    auto added = registry_.add(m);
    EXPECT_TRUE(added);
    return std::move(*added);
  }

  TypeRegistry registry_;
  TypeTable table_;
  ModuleTypes module_types_;
  ModuleTypeInfos infos_;
};

}  // namespace skiff::gc::testing
