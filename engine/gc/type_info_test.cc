// Layout, displays and lifetime of run-time types; the arithmetic of size classes.
#include "engine/gc/type_info.h"

#include <gtest/gtest.h>

#include "engine/gc/object.h"
#include "engine/gc/size_class.h"
#include "engine/gc/test_types.h"
#include "engine/syntax/limits.h"

namespace skiff::gc {
namespace {

using testing::array;
using testing::function;
using testing::structure;
using testing::Types;

TEST(TypeInfo, FieldsAreNaturallyAligned) {
  const ValType function_ref = ValType::ref(HeapType::concrete(0), true);
  const Types types({function(), structure({ValType::I8, ValType::I16, ValType::I8, ValType::AnyRef,
                                            ValType::V128, ValType::I32, ValType::FuncRef,
                                            ValType::ExternRef, function_ref})});
  EXPECT_EQ(types[0], nullptr);
  const TypeInfo& t = *types[1];
  const uint32_t expected[] = {8, 10, 12, 16, 32, 48, 56, 64, 72};
  ASSERT_EQ(t.field_count, std::size(expected));
  for (uint32_t i = 0; i < t.field_count; ++i) EXPECT_EQ(t.fields[i].offset, expected[i]) << i;
  EXPECT_EQ(t.size, 80u);
  EXPECT_EQ(kCellSizes[t.size_class], 80u);
  // Functions are no heap objects.
  ASSERT_EQ(t.ref_count, 2u);
  EXPECT_EQ(t.ref_offsets[0], 16u);
  EXPECT_EQ(t.ref_offsets[1], 64u);
  EXPECT_TRUE(t.has_refs());
}

TEST(TypeInfo, EmptyStructAndArrays) {
  const Types types({structure({}), array(ValType::I16), array(ValType::V128), array(ValType::ExnRef)});
  EXPECT_EQ(types[0]->size, 8u);
  EXPECT_EQ(kCellSizes[types[0]->size_class], 16u);
  EXPECT_EQ(types[1]->elem_size_log2, 1);
  EXPECT_EQ(types[2]->elem_size_log2, 4);
  EXPECT_FALSE(types[2]->elem_is_ref);
  EXPECT_TRUE(types[3]->elem_is_ref);
  EXPECT_EQ(types[3]->fields[0].storage, ValType::ExnRef);
}

TEST(TypeInfo, SubtypesAtEveryDepth) {
  std::vector<SubType> chain{structure({})};
  for (uint32_t i = 1; i <= limits::kSubtypingDepth; ++i) chain.push_back(structure({}, i - 1));
  chain.push_back(structure({ValType::I32}, 3));
  const Types types(chain);
  for (uint32_t i = 0; i <= limits::kSubtypingDepth; ++i)
    for (uint32_t k = 0; k <= limits::kSubtypingDepth; ++k)
      EXPECT_EQ(is_subtype(types[i], types[k]), k <= i) << i << ' ' << k;
  const TypeInfo* other = types[limits::kSubtypingDepth + 1];
  EXPECT_TRUE(is_subtype(other, types[3]));
  EXPECT_FALSE(is_subtype(other, types[4]));
  EXPECT_FALSE(is_subtype(types[20], other));
  EXPECT_FALSE(is_subtype(&kHostType, types[0]));
}

TEST(TypeInfo, ModulesShareAndReleaseTypes) {
  Types types({structure({ValType::I32}), structure({ValType::I32}, 0)});
  EXPECT_EQ(types.table().live_types(), 2u);
  {
    Module m;
    m.types = {structure({ValType::I64}), structure({ValType::I32})};
    m.rec_groups = {{0, 1}, {1, 1}};
    auto ids = types.registry().add(m);
    ASSERT_TRUE(ids);
    const ModuleTypeInfos infos = types.table().add(*ids);
    EXPECT_EQ(infos[1], types[0]);
    EXPECT_EQ(types.table().live_types(), 3u);
  }
  EXPECT_EQ(types.table().live_types(), 2u);
}

TEST(SizeClass, SmallestThatFits) {
  for (uint32_t bytes = 1; bytes <= kMaxCellSize; ++bytes) {
    const uint8_t c = size_class_of(bytes);
    ASSERT_LT(c, kClassCount);
    ASSERT_GE(kCellSizes[c], bytes);
    ASSERT_TRUE(c == 0 || kCellSizes[c - 1] < bytes);
  }
  EXPECT_EQ(size_class_of(kMaxCellSize + 1), kLargeClass);
  EXPECT_EQ(size_class_of(~uint64_t{0}), kLargeClass);
}

TEST(SizeClass, ReciprocalsAreExact) {
  for (uint32_t c = 0; c < kClassCount; ++c) {
    ASSERT_EQ(kCellSizes[c] % kGranule, 0u);
    for (uint32_t offset = 0; offset < kBlockSize; ++offset)
      ASSERT_EQ(cell_index(offset, c), offset / kCellSizes[c]);
  }
}

}  // namespace
}  // namespace skiff::gc
