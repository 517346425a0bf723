// Where the collector starts: root sources, host handles, native stacks.
//
// References inside heap objects are known precisely. Roots may be conservative: a word that looks like a
// pointer to a live object, or into one, keeps it alive. Objects never move, so that is all it can do.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/gc/object.h"

namespace skiff::gc {

class Heap;
class BlockSpace;

/// The collector's marking phase, as root sources see it. Does not recurse: what is marked waits on a
/// stack of bounded size; when that is full, marked objects are looked for in the bitmap later.
class Marker {
 public:
  /// A reference that is known to be one: null, i31 or object of this heap.
  void mark_ref(Ref ref) {
    if (ref != kNullRef && !is_i31(ref)) mark_object(to_object(ref));
  }
  /// Any word: a pointer to an object or into one marks it, everything else is ignored.
  void mark_word(uint64_t word);
  /// Every aligned word in [begin, end).
  void mark_range(const void* begin, const void* end);

 private:
  friend class Heap;
  struct Item {
    Object* object;
    uint64_t next;  // arrays: first element not yet scanned
  };
  Marker(BlockSpace& space, uint64_t max_items) : space_(space), max_items_(max_items) {}
  void mark_object(Object* object);
  void push(Item item);
  void drain();
  void empty_stack();
  void scan(Item item);
  void scan_array(ArrayObject* array, uint64_t next);
  void scan_overflow();

  BlockSpace& space_;
  std::vector<Item> stack_;
  uint64_t max_items_;
  bool overflowed_ = false;     // some marked object may have unmarked children
  uint32_t overflow_from_ = 0;  // ... and all such lie in this block or above
};

/// Something that holds references. Registered with Heap::add_roots.
class RootSource {
 public:
  virtual ~RootSource() = default;
  /// Marks all that it holds. Must not allocate on the heap.
  virtual void scan(Marker& marker) = 0;
};

/// Scans the calling thread's stack from here up to `stack_base`, and the callee-saved registers.
/// `stack_base`: above all frames that may hold references, such as __builtin_frame_address(0) of a function
/// that calls, not inlined, the outermost of these (its own frame may lie on either side of that address).
void scan_native_stack(Marker& marker, const void* stack_base);

/// Counted handles: how hosts hold references for longer than a call. A handle is a small number that
/// stays valid until released as often as it was created and retained.
class Handles final : public RootSource {
 public:
  using Id = uint32_t;

  /// A new handle with count 1.
  Id create(Ref ref);
  void retain(Id id);
  void release(Id id);
  Ref get(Id id) const;
  /// Handles in use.
  size_t live() const { return live_; }

  void scan(Marker& marker) override;

 private:
  static constexpr uint32_t kEnd = ~uint32_t{0};
  struct Entry {
    Ref ref = kNullRef;        // free entries: the next free one
    uint32_t count = 0;        // 0: free
  };
  Entry& entry(Id id);

  std::vector<Entry> entries_;
  uint32_t free_ = kEnd;
  size_t live_ = 0;
};

/// A handle that releases itself.
class Rooted {
 public:
  Rooted() = default;
  Rooted(Handles& handles, Ref ref) : handles_(&handles), id_(handles.create(ref)) {}
  Rooted(const Rooted& other) : handles_(other.handles_), id_(other.id_) {
    if (handles_) handles_->retain(id_);
  }
  Rooted(Rooted&& other) noexcept : handles_(other.handles_), id_(other.id_) { other.handles_ = nullptr; }
  Rooted& operator=(Rooted other) noexcept {
    std::swap(handles_, other.handles_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~Rooted() {
    if (handles_) handles_->release(id_);
  }
  /// Null when empty.
  Ref get() const { return handles_ ? handles_->get(id_) : kNullRef; }

 private:
  Handles* handles_ = nullptr;
  Handles::Id id_ = 0;
};

}  // namespace skiff::gc
