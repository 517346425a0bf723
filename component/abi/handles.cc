// Handle tables: free entries are a list through Handle::number.
#include "component/abi/handles.h"

#include <algorithm>
#include <bit>

#include "engine/base/check.h"
#include "engine/gc/ref.h"

namespace skiff::component {

uint32_t HandleTable::add(Handle handle) {
  SKIFF_DCHECK(handle.kind != Handle::Kind::Free);
  uint32_t index = first_free_;
  if (index) {
    first_free_ = entries_[index].number;
    entries_[index] = std::move(handle);
  } else {
    if (entries_.empty()) entries_.emplace_back();
    if (live_ >= limit_ || entries_.size() > kMaxLength) return 0;
    index = static_cast<uint32_t>(entries_.size());
    entries_.push_back(std::move(handle));
  }
  ++live_;
  if (!mirrors_.empty()) reflect(index);
  return index;
}

Handle HandleTable::remove(uint32_t index) {
  SKIFF_CHECK(get(index));
  Handle handle = std::exchange(entries_[index], Handle{.number = first_free_});
  first_free_ = index;
  --live_;
  if (!mirrors_.empty()) reflect(index);
  return handle;
}

TableObject* HandleTable::mirror(const ResourceType* type) {
  for (const Mirror& mirror : mirrors_)
    if (mirror.type == type) return mirror.table.get();
  TableType table_type;
  table_type.elem = skiff::ValType::ref(HeapType::I31, true);
  auto table = TableObject::create(table_type, kNullRef);
  if (!table) return nullptr;
  TableObject* made = mirrors_.emplace_back(type, std::move(*table)).table.get();
  for (uint32_t i = 1; i < entries_.size(); ++i) reflect(i);
  return made;
}

// Brings the mirrors up to date with an entry.
void HandleTable::reflect(uint32_t index) {
  constexpr uint32_t kMaxReflected = 1 << 16, kFirst = 32;
  const Handle& handle = entries_[index];
  for (Mirror& mirror : mirrors_) {
    const bool ours = handle.is_resource() && handle.type == mirror.type && handle.rep < uint32_t{1} << 31;
    TableInst& table = mirror.table->inst;
    if (index >= table.length) {
      if (!ours || index >= kMaxReflected) continue;
      const uint64_t length = std::max(kFirst, std::bit_ceil(index + 1));
      if (mirror.table->grow(length - table.length, kNullRef) == ~uint64_t{0}) continue;
    }
    table.elems[index] = ours ? make_i31(static_cast<uint32_t>(handle.rep)) : kNullRef;
  }
}

}  // namespace skiff::component
