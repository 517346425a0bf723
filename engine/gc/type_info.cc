// Layout of structs and arrays, and the reference-counted table of TypeInfos.
//
// Every module holds all its types, supertypes included (they are types of the same module), so a TypeInfo
// that is alive has a living display.
#include "engine/gc/type_info.h"

#include <utility>

#include "engine/base/bits.h"
#include "engine/base/check.h"
#include "engine/gc/object.h"
#include "engine/gc/size_class.h"

namespace skiff::gc {

constinit const TypeInfo kHostType = [] {
  TypeInfo t;
  t.kind = Kind::Host;
  t.size_class = size_class_of(sizeof(HostObject));
  t.size = sizeof(HostObject);
  return t;
}();
constinit const TypeInfo kExceptionType = [] {
  TypeInfo t;
  t.kind = Kind::Exception;
  return t;
}();

bool may_point_to_object(ValType type, const TypeRegistry& registry) {
  if (!type.is_ref()) return false;
  const HeapType heap = type.heap();
  if (heap.is_concrete()) return registry.get(heap.index()).type.comp.kind != CompositeType::Kind::Func;
  return heap != HeapType::Func && heap != HeapType::NoFunc;
}

struct TypeTable::Entry {
  TypeInfo info;
  uint64_t references = 0;
  std::vector<FieldLayout> fields;
  std::vector<uint32_t> ref_offsets;
  std::vector<const TypeInfo*> more_display;
};

namespace {

/// Lays out the fields one after the other, each naturally aligned. A subtype's fields start with its
/// supertype's in the same storage sizes, hence at the same offsets.
uint32_t lay_out(const CompositeType& type, const TypeRegistry& registry, std::vector<FieldLayout>& fields,
                 std::vector<uint32_t>& ref_offsets) {
  uint32_t offset = kFieldsOffset;
  fields.reserve(type.fields.size());
  for (const FieldType& field : type.fields) {
    const uint32_t size = field.storage.size();
    offset = align_up(offset, size);
    fields.push_back({offset, field.storage});
    if (may_point_to_object(field.storage, registry)) ref_offsets.push_back(offset);
    offset += size;
  }
  return offset;
}

}  // namespace

const TypeInfo* TypeTable::acquire(uint32_t id) {
  const CanonType& type = registry_.get(id);
  const CompositeType& comp = type.type.comp;
  if (comp.kind == CompositeType::Kind::Func) return nullptr;
  std::unique_ptr<Entry>& slot = entries_[id];
  if (slot) {
    ++slot->references;
    return &slot->info;
  }
  slot = std::make_unique<Entry>();
  slot->references = 1;
  TypeInfo& info = slot->info;
  info.id = id;
  info.depth = type.depth;
  if (comp.kind == CompositeType::Kind::Struct) {
    info.kind = Kind::Struct;
    info.size = lay_out(comp, registry_, slot->fields, slot->ref_offsets);
    info.size_class = size_class_of(info.size);
    info.ref_count = static_cast<uint32_t>(slot->ref_offsets.size());
  } else {
    const ValType elem = comp.fields[0].storage;
    info.kind = Kind::Array;
    info.elem_size_log2 = static_cast<uint8_t>(std::countr_zero(elem.size()));
    info.elem_is_ref = may_point_to_object(elem, registry_);
    slot->fields.push_back({kElementsOffset, elem});
  }
  info.field_count = static_cast<uint32_t>(slot->fields.size());
  info.fields = slot->fields.data();
  info.ref_offsets = slot->ref_offsets.data();
  for (uint32_t i = 0; i <= type.depth; ++i) {
    const TypeInfo* super = i == type.depth ? &info : nullptr;
    if (!super) {
      const auto it = entries_.find(type.display[i]);
      SKIFF_CHECK(it != entries_.end());  // supertypes come before in the same module
      super = &it->second->info;
    }
    if (i < kInlineDisplay) info.display[i] = super;
    else slot->more_display.push_back(super);
  }
  info.more_display = slot->more_display.data();
  return &info;
}

ModuleTypeInfos TypeTable::add(const ModuleTypes& types) {
  ModuleTypeInfos result;
  result.table_ = this;
  result.infos_.reserve(types.size());
  const std::lock_guard lock(mutex_);
  for (uint32_t id : types.ids()) result.infos_.push_back(acquire(id));
  return result;
}

void TypeTable::release(std::span<const TypeInfo* const> infos) {
  const std::lock_guard lock(mutex_);
  for (const TypeInfo* info : infos) {
    if (!info) continue;
    const auto it = entries_.find(info->id);
    SKIFF_CHECK(it != entries_.end() && &it->second->info == info);
    if (--it->second->references == 0) entries_.erase(it);
  }
}

TypeTable::TypeTable(const TypeRegistry& registry) : registry_(registry) {}

TypeTable::~TypeTable() { SKIFF_CHECK(entries_.empty()); }

size_t TypeTable::live_types() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

ModuleTypeInfos::ModuleTypeInfos(ModuleTypeInfos&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)), infos_(std::move(other.infos_)) {}

ModuleTypeInfos& ModuleTypeInfos::operator=(ModuleTypeInfos&& other) noexcept {
  if (this == &other) return *this;
  if (table_) table_->release(infos_);
  table_ = std::exchange(other.table_, nullptr);
  infos_ = std::move(other.infos_);
  return *this;
}

ModuleTypeInfos::~ModuleTypeInfos() {
  if (table_) table_->release(infos_);
}

}  // namespace skiff::gc
