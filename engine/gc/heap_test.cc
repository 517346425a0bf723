// The heap under all its promises: garbage is freed and the rest is not, roots of every kind, limits, memory
// given back, finalisers, stress mode; and a random mutator checked against a model.
#include "engine/gc/heap.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "engine/gc/test_types.h"

namespace skiff::gc {
namespace {

using testing::array;
using testing::structure;
using testing::Types;

constexpr uint64_t kMiB = uint64_t{1} << 20;

/// References held by the test.
struct Precise : RootSource {
  std::vector<Ref> refs;
  void scan(Marker& marker) override {
    for (Ref r : refs) marker.mark_ref(r);
  }
};
struct Conservative : RootSource {
  std::vector<uint64_t> words;
  void scan(Marker& marker) override { marker.mark_range(words.data(), words.data() + words.size()); }
};

class HeapTest : public ::testing::Test {
 protected:
  enum : uint32_t { kPair, kLeaf, kRefs, kBytes, kV128s };
  HeapTest()
      : types_({structure({ValType::AnyRef, ValType::AnyRef, ValType::I64}), structure({ValType::I64}),
                array(ValType::AnyRef), array(ValType::I8), array(ValType::V128)}) {}

  Object* pair(Heap& heap, Ref a, Ref b, uint64_t value = 0) {
    Object* o = heap.allocate_struct(types_[kPair]);
    if (!o) return nullptr;
    EXPECT_EQ(get<Ref>(o, 8) | get<Ref>(o, 16) | get<uint64_t>(o, 24), 0u);
    set(o, 8, a), set(o, 16, b), set(o, 24, value);
    return o;
  }
  /// A list of n pairs, kept in root slot `slot` while it grows.
  void list(Heap& heap, Precise& roots, size_t slot, uint32_t n) {
    for (uint32_t i = 0; i < n; ++i) {
      Object* o = pair(heap, roots.refs[slot], kNullRef, i);
      ASSERT_NE(o, nullptr);
      roots.refs[slot] = to_ref(o);
    }
  }

  Types types_;
};

TEST_F(HeapTest, UnreachableCyclesAreFreed) {
  Heap heap;
  Precise roots;
  heap.add_roots(roots);
  Object* a = pair(heap, kNullRef, kNullRef, 1);
  Object* b = pair(heap, to_ref(a), make_i31(7), 2);
  set(a, 8, to_ref(b));
  roots.refs = {to_ref(a), kNullRef, make_i31(3)};
  heap.collect();
  EXPECT_EQ(heap.stats().live_objects, 2u);
  EXPECT_EQ(get<uint64_t>(b, 24), 2u);
  EXPECT_EQ(get<Ref>(b, 16), make_i31(7));
  roots.refs.clear();
  heap.collect();
  EXPECT_EQ(heap.stats().live_objects, 0u);
  EXPECT_EQ(heap.stats().used_bytes, 0u);
  EXPECT_EQ(heap.find(to_ref(a)), nullptr);
  heap.remove_roots(roots);
}

TEST_F(HeapTest, FreedCellsAreReusedAndZero) {
  Heap heap;
  Precise roots;
  heap.add_roots(roots);
  for (int i = 0; i < 10000; ++i) {
    Object* o = pair(heap, kNullRef, kNullRef, ~uint64_t{0});
    if (i % 2 == 0) roots.refs.push_back(to_ref(o));
  }
  heap.collect();
  const uint64_t used = heap.stats().used_bytes;
  for (int i = 0; i < 4000; ++i) pair(heap, kNullRef, kNullRef, 1);  // checks that cells are zero
  EXPECT_EQ(heap.stats().used_bytes, used);
  for (Ref r : roots.refs) EXPECT_EQ(get<uint64_t>(to_object(r), 24), ~uint64_t{0});
}

TEST_F(HeapTest, ConservativeRootsAndInteriorPointers) {
  Heap heap;
  Conservative roots;
  heap.add_roots(roots);
  const ArrayObject* large = heap.allocate_array(types_[kBytes], 300000);
  const ArrayObject* medium = heap.allocate_array(types_[kBytes], 5000);
  const Object* small = pair(heap, kNullRef, kNullRef);
  const Object* dead = pair(heap, kNullRef, kNullRef);
  roots.words = {to_ref(large) + 299999, to_ref(medium) + 4999, to_ref(small) + 25, ~uint64_t{0}, 0, 1, 4096};
  // Words around the heap and into unused cells and blocks.
  for (uint64_t cell = 1; cell < 40; ++cell) roots.words.push_back(to_ref(dead) + cell * 32);
  heap.collect();
  EXPECT_EQ(heap.find(to_ref(large)), large);
  EXPECT_EQ(heap.find(to_ref(large) + 200000), large);
  EXPECT_EQ(heap.find(to_ref(medium) + 4000), medium);
  EXPECT_EQ(heap.find(to_ref(small)), small);
  roots.words = {to_ref(small)};
  heap.collect();
  EXPECT_EQ(heap.stats().live_objects, 1u);
  EXPECT_EQ(heap.find(to_ref(dead)), nullptr);
  EXPECT_EQ(heap.find(to_ref(large)), nullptr);
}

struct NativeStack : RootSource {
  const void* base = nullptr;
  void scan(Marker& marker) override { scan_native_stack(marker, base); }
};

// Only this frame knows the object.
[[gnu::noinline]] void hold_across_collection(Heap& heap, const TypeInfo* type) {
  const Object* volatile held = heap.allocate_struct(type);
  heap.collect();
  EXPECT_EQ(heap.stats().live_objects, 1u);
  EXPECT_EQ(heap.find(to_ref(held)), held);
  EXPECT_EQ(held->type, type);
}

TEST_F(HeapTest, NativeStackKeepsObjects) {
  NativeStack stack;
  stack.base = __builtin_frame_address(0);
  Heap heap;
  heap.add_roots(stack);
  hold_across_collection(heap, types_[kLeaf]);
}

TEST_F(HeapTest, ArraysOfAllSizes) {
  HeapOptions options;
  options.min_growth = kMiB;
  Heap heap(options);
  Precise roots;
  heap.add_roots(roots);
  std::vector<uint32_t> lengths;
  for (uint32_t n = 0; n < 200000; n = n * 5 / 4 + 1) lengths.push_back(n);
  for (uint32_t n : lengths) {
    ArrayObject* a = heap.allocate_array(types_[kBytes], n);
    ASSERT_NE(a, nullptr);
    for (uint32_t i = 0; i < n; ++i) ASSERT_EQ(a->elements()[i], 0);
    std::memset(a->elements(), static_cast<int>(n), n);
    roots.refs.push_back(to_ref(a));
    std::memset(heap.allocate_array(types_[kBytes], n)->elements(), 0xEE, n);  // garbage
    EXPECT_EQ(to_ref(heap.allocate_array(types_[kV128s], n / 16)) % 16, 0u);
  }
  heap.collect();
  for (size_t k = 0; k < lengths.size(); ++k) {
    auto* a = static_cast<ArrayObject*>(to_object(roots.refs[k]));
    ASSERT_EQ(a->length, lengths[k]);
    for (uint32_t i = 0; i < a->length; ++i) ASSERT_EQ(a->elements()[i], static_cast<uint8_t>(lengths[k]));
  }
  EXPECT_GT(heap.stats().collections, 1u);
}

TEST_F(HeapTest, LongReferenceArraysAndSmallMarkStack) {
  HeapOptions options;
  options.max_mark_items = 16;
  Heap heap(options);
  Precise roots;
  heap.add_roots(roots);
  constexpr uint32_t kLength = 20000;
  roots.refs = {to_ref(heap.allocate_array(types_[kRefs], kLength)), kNullRef};
  for (uint32_t i = 0; i < kLength; ++i) {
    roots.refs[1] = to_ref(pair(heap, kNullRef, kNullRef, i));
    Object* o = pair(heap, roots.refs[1], kNullRef, i);
    set(to_object(roots.refs[0]), kElementsOffset + uint64_t{i} * 8, to_ref(o));
  }
  roots.refs[1] = kNullRef;
  list(heap, roots, 1, 50000);
  heap.collect();
  EXPECT_EQ(heap.stats().live_objects, 1u + 2 * kLength + 50000u);
  for (uint32_t i = 0; i < kLength; ++i) {
    const auto* o = to_object(get<Ref>(to_object(roots.refs[0]), kElementsOffset + uint64_t{i} * 8));
    ASSERT_EQ(get<uint64_t>(to_object(get<Ref>(o, 8)), 24), i);
  }
}

TEST_F(HeapTest, LimitIsKeptAndRecoverable) {
  HeapOptions options;
  options.limit = 8 * kMiB;
  Heap heap(options);
  Precise roots;
  heap.add_roots(roots);
  roots.refs = {kNullRef};
  uint32_t n = 0;
  for (Object* o; (o = pair(heap, roots.refs[0], kNullRef)); ++n) roots.refs[0] = to_ref(o);
  EXPECT_GT(n, 200000u);  // 8 MiB / 32 bytes, less what is lost
  EXPECT_LE(heap.stats().used_bytes, options.limit);
  EXPECT_EQ(heap.allocate_array(types_[kBytes], 100000), nullptr);
  EXPECT_EQ(heap.allocate_array(types_[kRefs], 0xFFFFFFFF), nullptr);
  EXPECT_EQ(heap.allocate_array(types_[kV128s], 0xFFFFFFFF), nullptr);
  roots.refs[0] = kNullRef;
  EXPECT_NE(heap.allocate_array(types_[kBytes], 4 << 20), nullptr);
  EXPECT_NE(pair(heap, kNullRef, kNullRef), nullptr);
}

TEST_F(HeapTest, GarbageDoesNotGrowTheHeap) {
  HeapOptions options;
  options.min_growth = kMiB;
  Heap heap(options);
  for (int i = 0; i < 1000000; ++i) pair(heap, kNullRef, kNullRef);
  for (int i = 0; i < 200; ++i) ASSERT_NE(heap.allocate_array(types_[kBytes], 200000), nullptr);
  EXPECT_GE(heap.stats().collections, 30u);
  EXPECT_LE(heap.stats().resident_bytes, 3 * kMiB);
}

TEST_F(HeapTest, MemoryGoesBackAfterAPeak) {
  HeapOptions options;
  options.min_growth = kMiB;
  Heap heap(options);
  Precise roots;
  heap.add_roots(roots);
  roots.refs = {kNullRef};
  list(heap, roots, 0, 1 << 20);
  heap.collect();
  EXPECT_GE(heap.stats().resident_bytes, 32 * kMiB);
  roots.refs[0] = kNullRef;
  heap.collect();
  EXPECT_EQ(heap.stats().used_bytes, 0u);
  EXPECT_LE(heap.stats().resident_bytes, kMiB);
  heap.shrink();
  EXPECT_EQ(heap.stats().resident_bytes, 0u);
  list(heap, roots, 0, 1000);  // discarded blocks are as good as new
  EXPECT_EQ(get<uint64_t>(to_object(roots.refs[0]), 24), 999u);
}

TEST_F(HeapTest, FinalizersRunOnce) {
  int counts[3] = {};
  const auto count = [](void* data) { ++*static_cast<int*>(data); };
  {
    Heap heap;
    Precise roots;
    heap.add_roots(roots);
    HostObject* kept = heap.allocate_host(&counts[0], count);
    roots.refs = {to_ref(pair(heap, to_ref(kept), kNullRef))};
    heap.allocate_host(&counts[1], count);
    heap.allocate_host(nullptr, nullptr);
    heap.collect();
    heap.collect();
    EXPECT_EQ(counts[0], 0);
    EXPECT_EQ(counts[1], 1);
    EXPECT_EQ(heap.stats().finalized, 1u);
    EXPECT_EQ(kept->data, &counts[0]);
    const Rooted rooted(heap.handles(), to_ref(heap.allocate_host(&counts[2], count)));
    heap.collect();
    EXPECT_EQ(counts[2], 0);
  }
  EXPECT_EQ(counts[0], 1);
  EXPECT_EQ(counts[1], 1);
  EXPECT_EQ(counts[2], 1);
}

TEST_F(HeapTest, Handles) {
  Heap heap;
  Rooted a(heap.handles(), to_ref(pair(heap, kNullRef, kNullRef)));
  {
    Rooted b(heap.handles(), to_ref(pair(heap, kNullRef, kNullRef)));
    Rooted c = a;
    heap.collect();
    EXPECT_EQ(heap.stats().live_objects, 2u);
    EXPECT_EQ(heap.handles().live(), 2u);
    a = Rooted();
    EXPECT_EQ(a.get(), kNullRef);
    a = std::move(c);
  }
  heap.collect();
  EXPECT_EQ(heap.stats().live_objects, 1u);
  const Handles::Id id = heap.handles().create(kNullRef);
  heap.handles().retain(id);
  heap.handles().release(id);
  EXPECT_EQ(heap.handles().get(id), kNullRef);
  heap.handles().release(id);
  EXPECT_EQ(heap.handles().live(), 1u);
  EXPECT_EQ(heap.handles().create(a.get()), id);
}

TEST_F(HeapTest, ExceptionPayloadIsPrecise) {
  Heap heap;
  Precise roots;
  heap.add_roots(roots);
  const int tag = 0;
  std::vector<uint64_t> slots(100);
  slots[0] = to_ref(pair(heap, kNullRef, kNullRef, 5));
  slots[99] = to_ref(pair(heap, kNullRef, kNullRef, 6));
  slots[50] = to_ref(pair(heap, kNullRef, kNullRef, 7));  // a number that looks like a pointer
  ExceptionObject* e = heap.allocate_exception(&tag, slots, [](uint32_t i) { return i == 0 || i == 99; });
  EXPECT_EQ(e->tag, &tag);
  roots.refs = {to_ref(e)};
  heap.collect();
  EXPECT_EQ(heap.stats().live_objects, 3u);
  EXPECT_EQ(e->slots()[50], slots[50]);
  EXPECT_EQ(get<uint64_t>(to_object(e->slots()[99]), 24), 6u);
}

TEST_F(HeapTest, StressModeCollectsAtEveryAllocation) {
  HeapOptions options;
  options.stress = true;
  Heap heap(options);
  Precise roots;
  heap.add_roots(roots);
  roots.refs = {kNullRef};
  list(heap, roots, 0, 300);
  EXPECT_EQ(heap.stats().collections, 300u);
  uint64_t expected = 300;
  for (Ref r = roots.refs[0]; r != kNullRef; r = get<Ref>(to_object(r), 8))
    ASSERT_EQ(get<uint64_t>(to_object(r), 24), --expected);
}

TEST_F(HeapTest, GeneratedCodeAllocatesFromRuns) {
  Heap heap;
  const TypeInfo* type = types_[kLeaf];
  auto* runs = reinterpret_cast<gc::Run*>(reinterpret_cast<uint8_t*>(&heap) + Heap::kRunsOffset);
  gc::Run& run = runs[type->size_class];
  EXPECT_EQ(run.cursor, run.limit);
  heap.allocate_struct(type);
  ASSERT_NE(run.cursor, run.limit);
  uint8_t* expected = run.cursor;
  EXPECT_EQ(heap.allocate_struct(type)->bytes(), expected);
}

TEST_F(HeapTest, RandomMutatorMatchesModel) {
  HeapOptions options;
  options.min_growth = kMiB / 4;
  options.limit = 64 * kMiB;
  Heap heap(options);
  Precise roots;
  heap.add_roots(roots);
  std::mt19937 random(1);
  // Arrays whose first element is an i31 with the array's number; the model knows length and links.
  struct Model {
    uint32_t number;
    std::vector<int> links;
  };
  std::vector<Model> model(200);
  roots.refs.resize(model.size());
  uint32_t next = 0;
  const auto check = [&](size_t slot) {
    if (roots.refs[slot] == kNullRef) return;
    const auto* a = static_cast<const ArrayObject*>(to_object(roots.refs[slot]));
    ASSERT_EQ(a->type, types_[kRefs]);
    ASSERT_EQ(a->length, model[slot].links.size() + 1);
    ASSERT_EQ(get<Ref>(a, kElementsOffset), make_i31(model[slot].number));
    for (uint32_t i = 0; i < model[slot].links.size(); ++i) {
      const Ref r = get<Ref>(a, kElementsOffset + 8 * (i + 1));
      const int link = model[slot].links[i];
      if (link < 0) ASSERT_EQ(r, kNullRef);
      else ASSERT_EQ(get<Ref>(to_object(r), kElementsOffset), make_i31(static_cast<uint32_t>(link)));
    }
  };
  for (int step = 0; step < 30000; ++step) {
    const size_t slot = random() % model.size();
    const uint32_t n = random() % 100 == 0 ? random() % 20000 : random() % 40;
    ArrayObject* a = heap.allocate_array(types_[kRefs], n + 1);
    ASSERT_NE(a, nullptr);
    model[slot] = {next, std::vector<int>(n, -1)};
    set(a, kElementsOffset, make_i31(next++));
    roots.refs[slot] = to_ref(a);
    for (uint32_t i = 0; i < n && i < 4; ++i) {
      const size_t other = random() % model.size();
      if (roots.refs[other] == kNullRef || other == slot) continue;
      set(a, kElementsOffset + 8 * (i + 1), roots.refs[other]);
      model[slot].links[i] = static_cast<int>(model[other].number);
    }
    if (step % 8 == 0) roots.refs[random() % model.size()] = kNullRef;
    check(random() % model.size());
    // Bound the graph: cut all links now and then.
    if (step % 1000 == 0) {
      for (size_t k = 0; k < model.size(); ++k) check(k);
      std::fill(roots.refs.begin(), roots.refs.end(), kNullRef);
    }
  }
  EXPECT_GT(heap.stats().collections, 10u);
}

}  // namespace
}  // namespace skiff::gc
