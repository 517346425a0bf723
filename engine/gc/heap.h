// Heap: the garbage-collected objects of one store. Non-moving, size-segregated mark-sweep.
//
// Memory. Blocks of 64 KiB in one address range (block_space.h). A block holds cells of one size class, or
// is part of a large object. A size class allocates by bumping a cursor through a run of free cells; when
// the run is used up, refill() finds the next one in the class's current block, in another block with free
// cells, or in a fresh block. All cells of a run count as allocated from then on, and are zero.
//
// Collection. Starts when enough was allocated since the last one (GrowthPolicy), when the limit is
// reached, or on demand; always inside an allocation or collect(). Marks from the root sources (roots.h),
// then what is marked is what is allocated: bitmaps change places, and cells are swept lazily, when
// refill() comes across them. Blocks without a live cell are free for every class; memory beyond what the
// next cycle will need goes back to the system.
//
// Liveness. There are no weak references. An object may live longer than it is reachable (roots are
// conservative); host objects are finalised once, some time after they became unreachable.
//
// Generated code may allocate by itself: see Run. No barriers, no stack maps.
// Thread: one at a time, with its store.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/gc/block_space.h"
#include "engine/gc/object.h"
#include "engine/gc/roots.h"
#include "engine/gc/size_class.h"
#include "engine/gc/type_info.h"

namespace skiff::gc {

/// Units: bytes.
struct HeapOptions {
  uint64_t limit = uint64_t{1} << 32;            // of blocks in use; allocation beyond it fails
  uint64_t min_growth = uint64_t{4} << 20;       // allocate at least this much between collections
  uint32_t growth_percent = 100;                 // ... or this part of what the last one left alive
  bool stress = false;                           // collect at every allocation (tests)
  uint64_t max_mark_items = uint64_t{1} << 22;   // bound of the mark stack
};

/// Units: bytes, nanoseconds.
struct HeapStats {
  uint64_t used_bytes = 0;         // blocks in use
  uint64_t resident_bytes = 0;     // blocks in use or kept for reuse
  uint64_t allocated_bytes = 0;    // ever
  uint64_t collections = 0;
  uint64_t live_bytes = 0;         // after the last collection
  uint64_t live_objects = 0;
  uint64_t finalized = 0;
  uint64_t last_pause_ns = 0;
  uint64_t total_pause_ns = 0;
  uint64_t max_pause_ns = 0;
};

/// Free cells of one size class that the next allocations take: the cell at `cursor` is free while
/// cursor < limit. Generated code: object = cursor; if (object == limit) call the slow path;
/// cursor += cell size; store the type (and an array's length). The rest of the cell is zero.
struct Run {
  uint8_t* cursor = nullptr;
  uint8_t* limit = nullptr;
};
static_assert(sizeof(Run) == 16);

class Heap {
 public:
  explicit Heap(HeapOptions options = {});
  ~Heap();
  Heap(const Heap&) = delete;

  // Allocation. The new object's payload is zero. Null when the limit is reached even after a collection
  // (TrapCode::OutOfMemory). Any allocation may collect: every reference the caller still needs must be
  // reachable from a root source.

  /// Requires: type->kind is Struct.
  Object* allocate_struct(const TypeInfo* type) {
    return allocate(type, type->size, type->size_class);
  }
  /// Requires: type->kind is Array.
  ArrayObject* allocate_array(const TypeInfo* type, uint32_t length) {
    const uint64_t bytes = kElementsOffset + (uint64_t{length} << type->elem_size_log2);
    auto* array = static_cast<ArrayObject*>(allocate(type, bytes, size_class_of(bytes)));
    if (array) [[likely]] array->length = length;
    return array;
  }
  /// An exception with its payload. `is_ref(i)`: slot i may point to an object.
  template <class IsRef>
  ExceptionObject* allocate_exception(const void* tag, std::span<const uint64_t> slots, IsRef is_ref) {
    ExceptionObject* exception = allocate_exception(tag, static_cast<uint32_t>(slots.size()));
    if (!exception) return nullptr;
    for (uint32_t i = 0; i < slots.size(); ++i) {
      exception->slots()[i] = slots[i];
      if (is_ref(i)) exception->bitmap()[i / 64] |= uint64_t{1} << (i % 64);
    }
    return exception;
  }
  /// When null is returned, `finalizer` is not called.
  HostObject* allocate_host(void* data, Finalizer finalizer);

  /// Collects now.
  void collect();
  /// Collects and gives all free memory back to the system (a store that will be idle).
  void shrink();

  /// Forgets all objects and handles, finalising host objects, for another store's use; keeps the root sources and a
  /// little of the memory. What comes from it later is zero, as always.
  void reset();

  /// The source must outlive its registration.
  void add_roots(RootSource& source) { roots_.push_back(&source); }
  void remove_roots(RootSource& source) { std::erase(roots_, &source); }
  Handles& handles() { return handles_; }

  /// The object that a word points to or into, or null (debugging, tests). Between collections this may
  /// also be a cell of a run that is not allocated yet; its type is null.
  Object* find(uint64_t word) const;
  HeapStats stats() const;

  /// For generated code: run of size class c, kRunsOffset + c * sizeof(Run) from the heap's address.
  Run* runs() { return runs_; }

 private:
  struct SizeClass {
    uint32_t block = BlockSpace::kNone;  // current block
    uint32_t next_cell = 0;              // first cell of it not yet looked at
    std::vector<uint32_t> partial;       // blocks with free cells since the last collection
  };

  Object* allocate(const TypeInfo* type, uint64_t bytes, uint8_t c) {
    if (c != kLargeClass) [[likely]] {
      Run& run = runs_[c];
      if (run.cursor != run.limit) [[likely]] {
        auto* object = reinterpret_cast<Object*>(run.cursor);
        run.cursor += kCellSizes[c];
        object->type = type;
        return object;
      }
    }
    return allocate_slow(type, bytes, c);
  }
  Object* allocate_slow(const TypeInfo* type, uint64_t bytes, uint8_t c);
  ExceptionObject* allocate_exception(const void* tag, uint32_t slot_count);
  bool refill(uint8_t c);
  bool find_run(uint8_t c);
  bool next_block(uint8_t c);
  void* take_large(uint64_t bytes);
  uint32_t take_blocks(uint32_t count);
  bool collection_due(uint64_t bytes) const;
  void retire_runs();
  void mark();
  void split_dead_hosts();
  void sweep_blocks();
  void adjust();
  void run_finalizers();

  Run runs_[kClassCount];
  BlockSpace space_;
  HeapOptions options_;
  SizeClass classes_[kClassCount];
  std::vector<RootSource*> roots_;
  Handles handles_;
  std::vector<HostObject*> hosts_;
  std::vector<HostObject> dead_hosts_;   // copies, their finalizers still to be called
  uint64_t since_collection_ = 0;        // bytes handed out
  uint64_t threshold_ = 0;               // collect when since_collection_ reaches it
  bool busy_ = false;                    // collecting or finalising: no allocation
  HeapStats stats_;

 public:
  static constexpr uint32_t kRunsOffset = 0;
};

}  // namespace skiff::gc
