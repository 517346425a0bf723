// The heap's cost per object: short-lived garbage, binary trees, a long list, arrays; and pause times.
#include <benchmark/benchmark.h>

#include "engine/gc/heap.h"

namespace skiff::gc {
namespace {

// Run-time types by hand: the bench needs no registry.
constexpr uint32_t kNodeRefs[] = {8, 16};
constexpr TypeInfo make_node() {
  TypeInfo t;
  t.kind = Kind::Struct;
  t.size = 24;
  t.size_class = size_class_of(24);
  t.ref_count = 2;
  t.ref_offsets = kNodeRefs;
  return t;
}
constexpr TypeInfo kNode = make_node();
constexpr TypeInfo make_bytes() {
  TypeInfo t;
  t.kind = Kind::Array;
  return t;
}
constexpr TypeInfo kBytes = make_bytes();

struct Roots : RootSource {
  std::vector<Ref> refs;
  void scan(Marker& marker) override {
    for (Ref r : refs) marker.mark_ref(r);
  }
};

Ref node(Heap& heap, Ref a, Ref b) {
  Object* o = heap.allocate_struct(&kNode);
  set(o, 8, a);
  set(o, 16, b);
  return to_ref(o);
}

// Complete tree of 2^depth - 1 nodes; what is being built is kept in roots.refs.
Ref tree(Heap& heap, Roots& roots, int depth) {
  if (depth == 1) return node(heap, kNullRef, kNullRef);
  roots.refs.push_back(tree(heap, roots, depth - 1));
  roots.refs.push_back(tree(heap, roots, depth - 1));
  const Ref result = node(heap, roots.refs[roots.refs.size() - 2], roots.refs.back());
  roots.refs.resize(roots.refs.size() - 2);
  return result;
}

void report(benchmark::State& state, const Heap& heap, int64_t objects) {
  state.SetItemsProcessed(objects);
  const auto seconds = benchmark::Counter::kIsRate | benchmark::Counter::kInvert;
  state.counters["per_object"] = benchmark::Counter(static_cast<double>(objects), seconds);
  state.counters["collections"] = static_cast<double>(heap.stats().collections);
  state.counters["max_pause_us"] = static_cast<double>(heap.stats().max_pause_ns) / 1000;
}

void BM_Garbage(benchmark::State& state) {
  Heap heap;
  for (auto _ : state) benchmark::DoNotOptimize(node(heap, kNullRef, kNullRef));
  report(state, heap, state.iterations());
}
BENCHMARK(BM_Garbage);

// Short-lived trees while a long-lived one of 2^20 nodes stays.
void BM_BinaryTrees(benchmark::State& state) {
  Heap heap;
  Roots roots;
  heap.add_roots(roots);
  roots.refs.push_back(tree(heap, roots, 20));
  const int depth = static_cast<int>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(tree(heap, roots, depth));
  report(state, heap, state.iterations() * ((int64_t{1} << depth) - 1));
}
BENCHMARK(BM_BinaryTrees)->Arg(4)->Arg(10)->Arg(16);

void BM_List(benchmark::State& state) {
  Heap heap;
  Roots roots;
  heap.add_roots(roots);
  roots.refs = {kNullRef};
  for (auto _ : state) {
    roots.refs[0] = kNullRef;
    for (int i = 0; i < 1 << 20; ++i) roots.refs[0] = node(heap, roots.refs[0], kNullRef);
  }
  report(state, heap, state.iterations() << 20);
}
BENCHMARK(BM_List)->Unit(benchmark::kMillisecond);

void BM_ByteArrays(benchmark::State& state) {
  Heap heap;
  const auto length = static_cast<uint32_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(heap.allocate_array(&kBytes, length));
  report(state, heap, state.iterations());
  state.SetBytesProcessed(state.iterations() * length);
}
BENCHMARK(BM_ByteArrays)->Arg(16)->Arg(1000)->Arg(20000)->Arg(1 << 20);

}  // namespace
}  // namespace skiff::gc

BENCHMARK_MAIN();
