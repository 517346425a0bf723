// The registry of canonical types: equality across modules, subtyping, errors, freeing, threads.
#include "engine/syntax/type_registry.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/syntax/limits.h"

namespace skiff {
namespace {

ValType ref(uint32_t index) { return ValType::ref(HeapType::concrete(index), true); }

SubType func(std::vector<ValType> params, std::vector<ValType> results) {
  SubType t;
  t.comp.func = {std::move(params), std::move(results)};
  return t;
}

SubType structure(std::vector<FieldType> fields, std::optional<uint32_t> super = {}, bool final = false) {
  SubType t;
  t.final = final;
  t.super = super;
  t.comp.kind = CompositeType::Kind::Struct;
  t.comp.fields = std::move(fields);
  return t;
}

Module module_of(std::vector<std::vector<SubType>> groups) {
  Module m;
  for (auto& group : groups) {
    m.rec_groups.push_back({static_cast<uint32_t>(m.types.size()), static_cast<uint32_t>(group.size())});
    for (auto& t : group) m.types.push_back(std::move(t));
  }
  return m;
}

ModuleTypes add(TypeRegistry& r, const Module& m) {
  auto types = r.add(m);
  EXPECT_TRUE(types) << types.error().message();
  return std::move(*types);
}

TEST(TypeRegistry, EqualGroupsOfTwoModulesShareIds) {
  TypeRegistry r;
  // The same recursive pair at different module indices.
  auto a = add(r, module_of({{structure({{ref(1)}}), structure({{ref(0)}})}}));
  auto b = add(r, module_of({{func({}, {})}, {structure({{ref(2)}}), structure({{ref(1)}})}}));
  EXPECT_EQ(a.id(0), b.id(1));
  EXPECT_EQ(a.id(1), b.id(2));
  EXPECT_NE(a.id(0), a.id(1));
  EXPECT_EQ(r.live_types(), 3u);
  EXPECT_EQ(a.canonical(ref(1)), ref(a.id(1)));
}

TEST(TypeRegistry, GroupsOutsideModules) {
  TypeRegistry r;
  auto m = add(r, module_of({{func({}, {})}, {structure({{ref(0)}, {ref(1)}})}}));
  const uint32_t known[] = {m.id(1), m.id(0)};
  // The module's struct, its function type being index 1 here and the struct itself index 2.
  const SubType group[] = {structure({{ref(1)}, {ref(2)}})};
  auto g = r.add_group(group, known);
  ASSERT_TRUE(g);
  EXPECT_EQ(g->id(0), m.id(1));
  EXPECT_EQ(r.live_types(), 2u);
  const SubType bad[] = {structure({{ref(3)}})};
  auto none = r.add_group(bad, known);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::UnknownType);
}

TEST(TypeRegistry, IsoRecursiveNotEquiRecursive) {
  TypeRegistry r;
  // A self-reference is not the same as a reference to an earlier equal-looking type.
  auto m = add(r, module_of({{structure({{ref(0)}})}, {structure({{ref(0)}})}, {structure({{ref(2)}})}}));
  EXPECT_NE(m.id(0), m.id(1));
  EXPECT_EQ(m.id(0), m.id(2));
  // Nor is a type alone equal to the same one inside a larger group.
  auto n = add(r, module_of({{func({}, {}), func({}, {})}, {func({}, {})}}));
  EXPECT_NE(n.id(0), n.id(2));
  EXPECT_NE(n.id(0), n.id(1));
}

TEST(TypeRegistry, SubtypesByDisplay) {
  TypeRegistry r;
  auto m = add(r, module_of({{structure({})},
                             {structure({{ValType::I32}}, 0)},
                             {structure({{ValType::I32}, {ValType::I64}}, 1)},
                             {structure({{ValType::I32}}, 0)}}));
  EXPECT_TRUE(r.is_subtype(m.id(2), m.id(0)));
  EXPECT_TRUE(r.is_subtype(m.id(2), m.id(1)));
  EXPECT_FALSE(r.is_subtype(m.id(0), m.id(2)));
  EXPECT_EQ(m.id(1), m.id(3));
  EXPECT_EQ(r.get(m.id(2)).depth, 2u);
}

TEST(TypeRegistry, RejectsBadSupertypes) {
  TypeRegistry r;
  auto code = [&](Module m) {
    auto types = r.add(m);
    return types ? ErrorCode::Unsupported : types.error().code;
  };
  EXPECT_EQ(code(module_of({{structure({}, {}, true)}, {structure({}, 0)}})), ErrorCode::SubType);
  EXPECT_EQ(code(module_of({{structure({{ValType::I32}})}, {structure({}, 0)}})), ErrorCode::SubType);
  EXPECT_EQ(code(module_of({{structure({{ValType::I32, true}})}, {structure({{ValType::I32}}, 0)}})),
            ErrorCode::SubType);
  EXPECT_EQ(code(module_of({{structure({{ValType::AnyRef}})}, {structure({{ValType::I31Ref}}, 0)}})),
            ErrorCode::Unsupported);
  EXPECT_EQ(
      code(module_of({{structure({{ValType::AnyRef, true}})}, {structure({{ValType::I31Ref, true}}, 0)}})),
      ErrorCode::SubType);
  EXPECT_EQ(code(module_of({{structure({}, 0)}})), ErrorCode::UnknownType);
  EXPECT_EQ(code(module_of({{func({ref(1)}, {})}, {func({}, {})}})), ErrorCode::UnknownType);
  EXPECT_EQ(r.live_types(), 0u) << "failed modules leave nothing behind";
}

TEST(TypeRegistry, FunctionsAreContravariantInParameters) {
  TypeRegistry r;
  SubType base = func({ValType::I31Ref}, {ValType::AnyRef});
  base.final = false;
  SubType good = func({ValType::AnyRef}, {ValType::I31Ref});
  good.super = 0;
  SubType bad = func({ValType::NullRef}, {ValType::AnyRef});
  bad.super = 0;
  EXPECT_TRUE(r.add(module_of({{base}, {good}})));
  EXPECT_FALSE(r.add(module_of({{base}, {bad}})));
}

TEST(TypeRegistry, DepthLimit) {
  TypeRegistry r;
  std::vector<std::vector<SubType>> groups{{structure({})}};
  for (uint32_t i = 0; i < limits::kSubtypingDepth; ++i) groups.push_back({structure({}, i)});
  EXPECT_TRUE(r.add(module_of(groups)));
  groups.push_back({structure({}, limits::kSubtypingDepth)});
  auto deep = r.add(module_of(groups));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, ErrorCode::ImplementationLimit);
}

TEST(TypeRegistry, FreesWithTheLastModule) {
  TypeRegistry r;
  const Module m = module_of({{structure({})}, {func({ref(0)}, {})}});
  {
    auto a = add(r, m);
    {
      auto b = add(r, m);
      EXPECT_EQ(r.live_types(), 2u);
    }
    EXPECT_EQ(r.live_types(), 2u);
    ModuleTypes moved = std::move(a);
    EXPECT_EQ(moved.size(), 2u);
  }
  EXPECT_EQ(r.live_types(), 0u);
}

TEST(TypeRegistry, HostTypesKeepWhatTheyMention) {
  TypeRegistry r;
  uint32_t host, target;
  {
    auto m = add(r, module_of({{structure({})}, {structure({{ref(0)}})}}));
    target = m.id(1);
    host = r.add_func_type({{ref(target)}, {}});
    EXPECT_EQ(host, r.add_func_type({{ref(target)}, {}}));
  }
  EXPECT_EQ(r.live_types(), 3u);
  EXPECT_EQ(r.func_type(host).params[0], ref(target));
  auto again = add(r, module_of({{structure({})}, {structure({{ref(0)}})}, {func({ref(1)}, {})}}));
  EXPECT_EQ(again.id(2), host);
}

TEST(TypeRegistry, HugeGroupIsLinear) {
  TypeRegistry r;
  std::vector<SubType> group;
  for (uint32_t i = 0; i < 100'000; ++i) group.push_back(structure({{ref(99'999 - i)}}));
  const Module m = module_of({std::move(group)});
  auto a = add(r, m);
  auto b = add(r, m);
  EXPECT_EQ(a.id(77), b.id(77));
  EXPECT_EQ(r.live_types(), 100'000u);
}

TEST(TypeRegistry, ThreadsAddReadAndRelease) {
  TypeRegistry r;
  auto work = [&](uint32_t seed) {
    for (uint32_t round = 0; round < 200; ++round) {
      const uint32_t width = (seed + round) % 7;
      Module m = module_of({{structure({})},
                            {structure(std::vector<FieldType>(width, FieldType{ref(0)}), 0)},
                            {func({ref(1)}, {ref(0)})}});
      auto types = r.add(m);
      ASSERT_TRUE(types);
      EXPECT_TRUE(r.is_subtype(types->id(1), types->id(0)));
      EXPECT_EQ(r.get(types->id(1)).type.comp.fields.size(), width);
      EXPECT_EQ(r.func_type(types->id(2)).params[0], ref(types->id(1)));
    }
  };
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < 4; ++i) threads.emplace_back(work, i * 3);
  for (auto& t : threads) t.join();
  EXPECT_EQ(r.live_types(), 0u);
}

}  // namespace
}  // namespace skiff
