// The walker's stacks: operand types, control frames, locals. Buffers are reused, so that walking many
// functions allocates nothing in the steady state.
//
// Operands are bare words without bounds checks: a walk keeps room for one more operand per byte of code that
// it has not read yet, which is what any instruction but those with lists of types can push (checker.h).
// Control frames never move, so that BlockInfo's spans into them stay valid while the block is open.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/base/check.h"
#include "engine/binary/decode_instr.h"
#include "engine/valid/sink.h"

namespace skiff {

/// Spec: valid control frame (appendix, validation algorithm), with what delivery to a sink needs.
struct ControlFrame {
  BlockInfo info;
  ValType value;             // what info.results points to for a block type of one value type
  Op part = Op::Block;       // info.op, then Else, Catch or CatchAll in the later parts of a block
  bool unreachable = false;  // the operand stack is polymorphic: after br, return ...
  bool delivered = false;    // entered reachably: the sink knows of it
  bool end_reached = false;  // a branch or an earlier part reaches its end
  uint32_t initialised = 0;  // height of the trail of initialised locals at entry
  uint64_t seen = 0;         // offset of the last br_table that checked this label
};

/// Types of operands, in one growing array.
class OperandStack {
 public:
  ValType* begin() { return begin_; }
  size_t capacity() const { return capacity_; }
  /// Makes room for `n` operands in all, keeping the first `keep`.
  void reserve(size_t n, size_t keep) {
    if (n <= capacity_) return;
    const size_t capacity = n + n / 2;
    auto bytes = std::make_unique_for_overwrite<std::byte[]>(capacity * sizeof(ValType));
    auto* begin = reinterpret_cast<ValType*>(bytes.get());
    if (keep != 0) std::memcpy(begin, begin_, keep * sizeof(ValType));
    bytes_ = std::move(bytes);
    begin_ = begin;
    capacity_ = capacity;
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;  // uninitialised on purpose: most of it is never touched
  ValType* begin_ = nullptr;
  size_t capacity_ = 0;
};

/// Control frames in chunks.
class ControlStack {
 public:
  uint32_t size() const { return size_; }
  void clear() { size_ = 0; }
  ControlFrame& push() {
    if (size_ == chunks_.size() * kChunk) [[unlikely]]
      grow();
    return at(size_++);
  }
  void pop() { --size_; }
  /// Spec: label `depth`; 0 is the innermost. Requires: depth < size().
  ControlFrame& label(uint32_t depth) { return at(size_ - 1 - depth); }

 private:
  static constexpr uint32_t kChunk = 32;
  [[gnu::noinline]] void grow() { chunks_.push_back(std::make_unique<ControlFrame[]>(kChunk)); }
  ControlFrame& at(uint32_t i) { return chunks_[i / kChunk][i % kChunk]; }
  std::vector<std::unique_ptr<ControlFrame[]>> chunks_;
  uint32_t size_ = 0;
};

/// Locals of one type; `end` is the index after the last one.
struct LocalRun {
  uint32_t end = 0;
  ValType type;
};

/// Buffers of a walk. Thread: one walk at a time; any number of walks one after the other.
struct WalkScratch {
  OperandStack operands;
  ControlStack control;
  std::vector<ValType> locals;
  std::vector<LocalRun> runs;         // declared locals, without the parameters
  std::vector<uint32_t> initialised;  // by local: == generation once it is set; not cleared between walks
  uint32_t generation = 0;
  std::vector<uint32_t> trail;  // locals in the order of their initialisation
  InstrBuffers buffers;
  Instr instr;

  /// Forgets which locals are initialised, in constant time.
  void start_tracking(uint32_t locals) {
    if (++generation == 0) {
      initialised.assign(initialised.size(), 0);
      generation = 1;
    }
    if (initialised.size() < locals) initialised.resize(locals);
  }
};

}  // namespace skiff
