// Tables: growth, limits, hostile sizes.
#include "engine/exec/table.h"

#include "engine/exec/libcalls.h"
#include "engine/exec/exec_test_support.h"
#include "engine/syntax/limits.h"

namespace skiff {
namespace {

constexpr uint64_t kNo = ~uint64_t{0};

TEST(Table, GrowKeepsElementsAndFillsNewOnes) {
  auto table = TableObject::create({ValType::ExternRef, {2, 1000}}, make_i31(7));
  ASSERT_TRUE(table.has_value());
  TableObject& t = **table;
  EXPECT_EQ(t.inst.elems[1], make_i31(7));
  EXPECT_EQ(t.grow(0, kNullRef), 2u);
  for (uint64_t n = 2; n < 1000; ++n) ASSERT_EQ(t.grow(1, make_i31(static_cast<uint32_t>(n))), n);
  EXPECT_EQ(t.grow(1, kNullRef), kNo);
  EXPECT_EQ(t.grow(kNo, kNullRef), kNo);
  EXPECT_EQ(t.inst.elems[0], make_i31(7));
  EXPECT_EQ(t.inst.elems[999], make_i31(999));
}

TEST(Table, HostileSizes) {
  for (uint64_t min : {limits::kTableElements + 1, uint64_t{0xFFFF'FFFF}, kNo}) {
    auto table = TableObject::create({ValType::FuncRef, {min, {}}}, kNullRef);
    ASSERT_FALSE(table.has_value());
    EXPECT_EQ(table.error().code, ErrorCode::LimitExceeded);
  }
  auto table = TableObject::create({ValType::FuncRef, {0, {}}}, kNullRef);
  EXPECT_EQ((*table)->grow(limits::kTableElements + 1, kNullRef), kNo);
  EXPECT_EQ((*table)->grow(1, kNullRef), 0u);
}

TEST(Table, StoreLimits) {
  testing::World world(testing::return_ok, testing::test_config(), {.table_elements = 10});
  auto t = world.store->new_table({ValType::FuncRef, {4, {}}}, kNullRef);
  ASSERT_TRUE(t.has_value());
  EXPECT_EQ((*t)->grow(7, kNullRef), kNo);
  EXPECT_EQ((*t)->grow(5, kNullRef), 4u);
  EXPECT_EQ(world.failure("(table 2 funcref)"), "limit exceeded: table elements of this store");
  EXPECT_EQ(world.store->usage().table_elements, 9u);
  world.make("(table 1 funcref)");
}

TEST(Table, BulkOperations) {
  testing::World world;
  Instance& i = world.make(R"((table $t 4 funcref) (table $u 2 funcref)
    (elem $e func $f $g $f) (func $f) (func $g)
    (type $ft (func)) (type $other (func (param i32))))");
  VmCtx* ctx = &i.ctx();
  const Ref f = libcall::ref_func(ctx, 0), g = libcall::ref_func(ctx, 1);
  EXPECT_EQ(libcall::table_init(ctx, 0, 0, 1, 0, 4), TrapCode::TableOutOfBounds);
  EXPECT_EQ(libcall::table_init(ctx, 0, 0, 2, 0, 3), TrapCode::TableOutOfBounds);
  EXPECT_EQ(ctx->tables[0]->elems[2], kNullRef);  // nothing written
  EXPECT_EQ(libcall::table_init(ctx, 0, 0, 1, 0, 3), TrapCode::None);
  EXPECT_EQ(libcall::table_copy(ctx, 0, 0, 0, 1, 3), TrapCode::None);  // overlapping
  EXPECT_EQ(ctx->tables[0]->elems[0], f);
  EXPECT_EQ(ctx->tables[0]->elems[1], g);
  EXPECT_EQ(libcall::table_copy(ctx, 1, 0, 0, 2, kNo), TrapCode::TableOutOfBounds);
  EXPECT_EQ(libcall::table_copy(ctx, 1, 0, 3, 0, 0), TrapCode::TableOutOfBounds);
  EXPECT_EQ(libcall::table_fill(ctx, 1, 2, f, 0), TrapCode::None);
  EXPECT_EQ(libcall::table_fill(ctx, 1, 1, f, 2), TrapCode::TableOutOfBounds);
  libcall::elem_drop(ctx, 0);
  EXPECT_EQ(libcall::table_init(ctx, 0, 0, 0, 0, 1), TrapCode::TableOutOfBounds);
  EXPECT_EQ(libcall::table_init(ctx, 0, 0, 0, 0, 0), TrapCode::None);

  FuncInst* func = nullptr;
  const uint32_t ft = i.info().types.id(0), other = i.info().types.id(1);
  EXPECT_EQ(libcall::resolve_indirect(ctx, 0, ft, 0, func), TrapCode::None);
  EXPECT_EQ(func, ctx->funcs[0]);
  EXPECT_EQ(libcall::resolve_indirect(ctx, 0, other, 0, func), TrapCode::IndirectCallTypeMismatch);
  EXPECT_EQ(libcall::resolve_indirect(ctx, 0, ft, 4, func), TrapCode::UndefinedElement);
  EXPECT_EQ(libcall::resolve_indirect(ctx, 1, ft, 0, func), TrapCode::UninitializedElement);
}

}  // namespace
}  // namespace skiff
