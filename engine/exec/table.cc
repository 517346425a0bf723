// Tables grow geometrically. Fresh elements come zeroed from the system where it can, so that a large table
// of nulls costs only what is touched.
#include "engine/exec/table.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/syntax/limits.h"

namespace skiff {

Result<std::unique_ptr<TableObject>> TableObject::create(const TableType& type, Ref init) {
  const uint64_t n = type.limits.min;
  if (n > limits::kTableElements)
    return fail(ErrorCode::LimitExceeded, kNoOffset, kNoIndex,
                "a table of " + std::to_string(n) + " elements; the maximum is " +
                    std::to_string(limits::kTableElements));
  std::unique_ptr<TableObject> table(new TableObject);
  table->type = type;
  if (n > 0) {
    table->inst.elems = static_cast<Ref*>(std::calloc(n, sizeof(Ref)));
    if (!table->inst.elems)
      return fail(ErrorCode::OutOfMemory, kNoOffset, kNoIndex,
                  "a table of " + std::to_string(n) + " elements");
    table->capacity_ = n;
    table->inst.length = n;
    if (init != kNullRef) std::fill_n(table->inst.elems, n, init);
  }
  return table;
}

TableObject::~TableObject() { std::free(inst.elems); }

bool TableObject::set_capacity(uint64_t n) {
  void* moved = std::realloc(inst.elems, n * sizeof(Ref));
  if (!moved) return false;
  inst.elems = static_cast<Ref*>(moved);
  capacity_ = n;
  return true;
}

bool TableObject::restart(const Ref* image, Ref init) {
  constexpr uint64_t kSpare = 1024;
  const uint64_t n = type.limits.min;
  if (capacity_ > n + kSpare) {
    inst.length = 0;
    if (!set_capacity(std::max<uint64_t>(n, 1))) return false;
  }
  if (image) std::copy_n(image, n, inst.elems);
  else std::fill_n(inst.elems, n, init);
  inst.length = n;
  return true;
}

uint64_t TableObject::grow(uint64_t delta, Ref init) {
  const uint64_t old = inst.length;
  const uint64_t max = std::min(type.limits.max.value_or(~uint64_t{0}), limits::kTableElements);
  if (old > max || delta > max - old) return ~uint64_t{0};
  if (delta == 0) return old;
  const uint64_t wanted = old + delta;
  if (may_grow && !may_grow(wanted)) return ~uint64_t{0};
  if (wanted > capacity_) {
    const uint64_t generous = std::min(max, std::max(wanted, capacity_ + capacity_ / 2));
    if (!set_capacity(generous) && !set_capacity(wanted)) return ~uint64_t{0};
  }
  std::fill_n(inst.elems + old, delta, init);
  inst.length = wanted;
  return old;
}

}  // namespace skiff
