// Handle tables: free entries are a list through Handle::number.
#include "component/abi/handles.h"

#include "engine/base/check.h"

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
  return index;
}

Handle HandleTable::remove(uint32_t index) {
  SKIFF_CHECK(get(index));
  Handle handle = std::exchange(entries_[index], Handle{.number = first_free_});
  first_free_ = index;
  --live_;
  return handle;
}

}  // namespace skiff::component
