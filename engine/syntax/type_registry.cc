// Hash-consing of recursive type groups. A group's structure is hashed and compared with references into the
// group itself taken relative to it and all others by canonical id (Spec: type-equivalence). A group that
// is found again is known to be valid; a new one is entered first, so that its types have canonical ids,
// then checked in those, and taken out again if it fails.
//
// All bookkeeping (groups, hash table, free lists, reference counts) is under one mutex. Readers see only
// `slots`: chunks of atomic pointers to entries, which are published once and do not move.
// Groups refer to the groups that they mention, so that an entry never names a dead id. Mentioned groups are
// always older, hence there are no cycles. All work is linear in the size of the types added.
#include "engine/syntax/type_registry.h"

#include <array>
#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/base/check.h"
#include "engine/syntax/limits.h"
#include "engine/syntax/subtyping.h"

namespace skiff {
namespace {

constexpr uint32_t kChunkBits = 12;
constexpr uint32_t kChunkSize = 1u << kChunkBits;
constexpr uint32_t kMaxIds = HeapType::kAbstract;
constexpr uint32_t kHostIds = 1u << 16;  // kept free for host functions, whatever modules take
constexpr uint32_t kMaxChunks = (kMaxIds + kChunkSize - 1) / kChunkSize;

struct Entry : CanonType {
  uint32_t group = 0;
};

struct Group {
  uint64_t refs = 0;
  uint64_t hash = 0;
  std::vector<Entry> entries;      // fixed once made: pointers to them are published
  std::vector<uint32_t> mentions;  // other groups referred to; we hold a reference on each
};

// A 64-bit hash with a secret start value, so that a module cannot be made to collide on purpose.
class Hasher {
 public:
  explicit Hasher(uint64_t seed) : state_(seed) {}
  void add(uint64_t value) {
    const auto product = static_cast<unsigned __int128>(state_ ^ value) * 0x9E3779B97F4A7C15u;
    state_ =
        static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^ (state_ << 23 | state_ >> 41);
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_;
};

// The types that one group of a module consists of, and how to read the indices in them.
struct Candidate {
  std::span<const SubType> types;
  uint32_t first = 0;             // module index of types[0]
  std::span<const uint32_t> ids;  // canonical ids of the module types before `first`
  bool canonical = false;         // indices are canonical ids already (host functions)

  // Relative references are told from ids by a bit above the id range.
  static constexpr uint32_t kRelative = uint32_t{1} << 31;
  uint32_t resolve(uint32_t index) const {
    if (canonical) return index;
    return index >= first ? kRelative | (index - first) : ids[index];
  }
  uint32_t resolve(ValType t) const { return resolve(t.heap().index()); }
};

// Calls f(valtype) for each value type in a composite type.
template <class F>
void for_each_type(const CompositeType& comp, F&& f) {
  for (ValType t : comp.func.params) f(t);
  for (ValType t : comp.func.results) f(t);
  for (const FieldType& field : comp.fields) f(field.storage);
}

bool names_index(ValType t) { return t.is_ref() && t.heap().is_concrete(); }

std::string type_name(uint32_t index) { return "type " + std::to_string(index); }

}  // namespace

struct TypeRegistry::Impl {
  Impl() {
    std::random_device random;
    seed = (uint64_t{random()} << 32) | random();
  }
  ~Impl() {
    for (auto& chunk : chunks) delete[] chunk.load(std::memory_order_relaxed);
  }

  mutable std::mutex mutex;
  uint64_t seed = 0;
  std::array<std::atomic<std::atomic<const Entry*>*>, kMaxChunks> chunks{};
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<uint32_t> free_groups;
  std::unordered_multimap<uint64_t, uint32_t> by_hash;
  std::vector<uint32_t> free_ids;
  uint32_t next_id = 0;
  size_t live = 0;

  const Entry& entry(uint32_t id) const {
    const auto* chunk = chunks[id >> kChunkBits].load(std::memory_order_acquire);
    SKIFF_DCHECK(chunk != nullptr);
    const Entry* e = chunk[id & (kChunkSize - 1)].load(std::memory_order_acquire);
    SKIFF_DCHECK(e != nullptr);
    return *e;
  }

  // Everything below: Requires the mutex.
  uint64_t hash_of(const Candidate& c) const;
  bool equal(const Candidate& c, const Group& g, uint32_t group) const;
  bool same_ref(const Candidate& c, uint32_t resolved, uint32_t id, uint32_t group) const;
  bool same_type(const Candidate& c, ValType a, ValType b, uint32_t group) const;
  Result<uint32_t> intern(const Candidate& c);
  Result<uint32_t> enter(const Candidate& c, uint64_t hash);
  void fill(const Candidate& c, Group& g, uint32_t number);
  Status check_supers(Group& g, uint32_t first);
  bool comp_matches(const CompositeType& sub, const CompositeType& super) const;
  CompositeType::Kind comp_kind(uint32_t id) const;
  bool is_subtype(uint32_t sub, uint32_t super) const;
  std::atomic<const Entry*>& slot(uint32_t id);
  void release(std::span<const uint32_t> numbers);
  void remove(uint32_t number);
};

// ---------------------------------------------------------------------------------------------- hashing

uint64_t TypeRegistry::Impl::hash_of(const Candidate& c) const {
  Hasher h(seed);
  auto add_type = [&](ValType t) {
    if (names_index(t)) {
      h.add(static_cast<uint64_t>(t.kind()) << 32 | c.resolve(t));
    } else {
      h.add(uint64_t{1} << 48 | t.bits());
    }
  };
  h.add(c.types.size());
  for (const SubType& t : c.types) {
    h.add(uint64_t{t.final} << 32 | static_cast<uint32_t>(t.comp.kind));
    h.add(t.super ? c.resolve(*t.super) : ~uint64_t{0});
    h.add(t.comp.func.params.size());
    h.add(t.comp.func.results.size());
    h.add(t.comp.fields.size());
    for (ValType p : t.comp.func.params) add_type(p);
    for (ValType r : t.comp.func.results) add_type(r);
    for (const FieldType& f : t.comp.fields) {
      add_type(f.storage);
      h.add(f.mut);
    }
  }
  return h.value();
}

// `id` is a reference inside the stored group number `group`.
bool TypeRegistry::Impl::same_ref(const Candidate& c, uint32_t resolved, uint32_t id, uint32_t group) const {
  if (resolved & Candidate::kRelative)
    return groups[group]->entries[resolved & ~Candidate::kRelative].id == id;
  return resolved == id && entry(id).group != group;
}

bool TypeRegistry::Impl::same_type(const Candidate& c, ValType a, ValType b, uint32_t group) const {
  if (!names_index(a)) return a == b;
  return a.kind() == b.kind() && names_index(b) && same_ref(c, c.resolve(a), b.heap().index(), group);
}

bool TypeRegistry::Impl::equal(const Candidate& c, const Group& g, uint32_t group) const {
  if (c.types.size() != g.entries.size()) return false;
  auto same_list = [&](const std::vector<ValType>& a, const std::vector<ValType>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
      if (!same_type(c, a[i], b[i], group)) return false;
    return true;
  };
  for (size_t i = 0; i < c.types.size(); ++i) {
    const SubType& a = c.types[i];
    const SubType& b = g.entries[i].type;
    if (a.final != b.final || a.super.has_value() != b.super.has_value()) return false;
    if (a.super && !same_ref(c, c.resolve(*a.super), *b.super, group)) return false;
    if (a.comp.kind != b.comp.kind || a.comp.fields.size() != b.comp.fields.size()) return false;
    if (!same_list(a.comp.func.params, b.comp.func.params)) return false;
    if (!same_list(a.comp.func.results, b.comp.func.results)) return false;
    for (size_t k = 0; k < a.comp.fields.size(); ++k) {
      const FieldType &x = a.comp.fields[k], &y = b.comp.fields[k];
      if (x.mut != y.mut || !same_type(c, x.storage, y.storage, group)) return false;
    }
  }
  return true;
}

// ---------------------------------------------------------------------------------- entering and removing

// Finds or enters the group and takes one reference on it. The result is its number.
Result<uint32_t> TypeRegistry::Impl::intern(const Candidate& c) {
  const uint64_t hash = hash_of(c);
  auto [it, last] = by_hash.equal_range(hash);
  for (; it != last; ++it) {
    if (!equal(c, *groups[it->second], it->second)) continue;
    ++groups[it->second]->refs;
    return it->second;
  }
  return enter(c, hash);
}

Result<uint32_t> TypeRegistry::Impl::enter(const Candidate& c, uint64_t hash) {
  const size_t n = c.types.size();
  const uint32_t limit = c.canonical ? kMaxIds : kMaxIds - kHostIds;
  if (next_id > limit || n > free_ids.size() + (limit - next_id))
    return fail(ErrorCode::ImplementationLimit, kNoOffset, kNoIndex, "too many types in one engine");
  uint32_t number;
  if (!free_groups.empty()) {
    number = free_groups.back();
    free_groups.pop_back();
  } else {
    number = static_cast<uint32_t>(groups.size());
    groups.emplace_back();
  }
  groups[number] = std::make_unique<Group>();
  Group& g = *groups[number];
  g.refs = 1;
  g.hash = hash;
  fill(c, g, number);
  by_hash.emplace(hash, number);
  live += n;
  if (Status s = check_supers(g, c.first); !s) {
    release({&number, 1});
    return std::unexpected(std::move(s).error());
  }
  return number;
}

// Copies the candidate into the group with canonical ids, notes the groups mentioned, publishes the entries.
void TypeRegistry::Impl::fill(const Candidate& c, Group& g, uint32_t number) {
  g.entries.resize(c.types.size());
  for (Entry& e : g.entries) {
    if (!free_ids.empty()) {
      e.id = free_ids.back();
      free_ids.pop_back();
    } else {
      e.id = next_id++;
    }
    e.group = number;
  }
  std::unordered_map<uint32_t, bool> seen;
  auto resolve = [&](uint32_t index) {
    const uint32_t r = c.resolve(index);
    if (r & Candidate::kRelative) return g.entries[r & ~Candidate::kRelative].id;
    const uint32_t other = entry(r).group;
    if (seen.emplace(other, true).second) {
      g.mentions.push_back(other);
      ++groups[other]->refs;
    }
    return r;
  };
  auto canonical = [&](ValType& t) {
    if (names_index(t)) t = ValType::ref(HeapType::concrete(resolve(t.heap().index())), t.is_nullable_ref());
  };
  for (size_t i = 0; i < c.types.size(); ++i) {
    Entry& e = g.entries[i];
    e.type = c.types[i];
    if (e.type.super) e.type.super = resolve(*e.type.super);
    for (ValType& t : e.type.comp.func.params) canonical(t);
    for (ValType& t : e.type.comp.func.results) canonical(t);
    for (FieldType& f : e.type.comp.fields) {
      canonical(f.storage);
      e.defaultable &= f.storage.is_defaultable();
    }
  }
  for (Entry& e : g.entries) slot(e.id).store(&e, std::memory_order_release);
}

std::atomic<const Entry*>& TypeRegistry::Impl::slot(uint32_t id) {
  auto& chunk = chunks[id >> kChunkBits];
  if (chunk.load(std::memory_order_relaxed) == nullptr)
    chunk.store(new std::atomic<const Entry*>[kChunkSize] {}, std::memory_order_release);
  return chunk.load(std::memory_order_relaxed)[id & (kChunkSize - 1)];
}

// Drops one reference on each group, and what dies with it, without recursion.
void TypeRegistry::Impl::release(std::span<const uint32_t> numbers) {
  std::vector<uint32_t> dead;
  auto drop = [&](uint32_t number) {
    SKIFF_CHECK(groups[number] && groups[number]->refs > 0);
    if (--groups[number]->refs == 0) dead.push_back(number);
  };
  for (uint32_t number : numbers) drop(number);
  while (!dead.empty()) {
    const uint32_t number = dead.back();
    dead.pop_back();
    const std::vector<uint32_t> mentions = std::move(groups[number]->mentions);
    remove(number);
    for (uint32_t other : mentions) drop(other);
  }
}

void TypeRegistry::Impl::remove(uint32_t number) {
  const Group& g = *groups[number];
  auto [it, last] = by_hash.equal_range(g.hash);
  while (it != last && it->second != number) ++it;
  SKIFF_CHECK(it != last);
  by_hash.erase(it);
  for (const Entry& e : g.entries) {
    slot(e.id).store(nullptr, std::memory_order_release);
    free_ids.push_back(e.id);
  }
  live -= g.entries.size();
  groups[number].reset();
  free_groups.push_back(number);
}

// --------------------------------------------------------------------------------------------- subtyping

// Spec: valid-subtype. Computes depths and displays; `first` is the module index of the group's first type.
Status TypeRegistry::Impl::check_supers(Group& g, uint32_t first) {
  auto error = [&](ErrorCode code, size_t i, std::string detail) {
    return fail(code, kNoOffset, kNoIndex,
                type_name(first + static_cast<uint32_t>(i)) + " " + std::move(detail));
  };
  for (size_t i = 0; i < g.entries.size(); ++i) {
    Entry& e = g.entries[i];
    if (e.type.super) {
      const Entry& super = entry(*e.type.super);
      if (super.depth >= limits::kSubtypingDepth)
        return error(ErrorCode::ImplementationLimit, i, "has too many supertypes");
      if (super.type.final) return error(ErrorCode::SubType, i, "extends a final type");
      e.depth = super.depth + 1;
      e.display.reserve(e.depth + 1);
      e.display = super.display;
    }
    e.display.push_back(e.id);
  }
  for (size_t i = 0; i < g.entries.size(); ++i) {
    const SubType& t = g.entries[i].type;
    if (t.super && !comp_matches(t.comp, entry(*t.super).type.comp))
      return error(ErrorCode::SubType, i, "does not match its super type");
  }
  return {};
}

bool TypeRegistry::Impl::is_subtype(uint32_t sub, uint32_t super) const {
  if (sub == super) return true;
  const Entry &a = entry(sub), &b = entry(super);
  return b.depth < a.display.size() && a.display[b.depth] == super;
}

// Spec: match-comptype.
bool TypeRegistry::Impl::comp_matches(const CompositeType& sub, const CompositeType& super) const {
  if (sub.kind != super.kind) return false;
  if (sub.kind == CompositeType::Kind::Func) {
    if (sub.func.params.size() != super.func.params.size()) return false;
    if (sub.func.results.size() != super.func.results.size()) return false;
    for (size_t i = 0; i < sub.func.params.size(); ++i)
      if (!subtyping::val_matches(*this, super.func.params[i], sub.func.params[i])) return false;
    for (size_t i = 0; i < sub.func.results.size(); ++i)
      if (!subtyping::val_matches(*this, sub.func.results[i], super.func.results[i])) return false;
    return true;
  }
  if (sub.fields.size() < super.fields.size()) return false;
  for (size_t i = 0; i < super.fields.size(); ++i) {
    const FieldType &a = sub.fields[i], &b = super.fields[i];
    if (a.mut != b.mut) return false;
    if (b.mut ? a.storage != b.storage : !subtyping::val_matches(*this, a.storage, b.storage)) return false;
  }
  return true;
}

CompositeType::Kind TypeRegistry::Impl::comp_kind(uint32_t id) const { return entry(id).type.comp.kind; }

// --------------------------------------------------------------------------------------------- interface

TypeRegistry::TypeRegistry() : impl_(std::make_unique<Impl>()) {}
TypeRegistry::~TypeRegistry() = default;

namespace {

// Spec: valid-comptype, valid-subtype: every index in range, supertypes declared before.
Status check_indices(std::span<const SubType> types, uint32_t first) {
  const uint64_t limit = uint64_t{first} + types.size();
  for (size_t i = 0; i < types.size(); ++i) {
    const uint64_t self = first + i;
    uint32_t bad = kNoIndex;
    for_each_type(types[i].comp, [&](ValType t) {
      if (names_index(t) && t.heap().index() >= limit) bad = t.heap().index();
    });
    if (types[i].super && *types[i].super >= self) bad = *types[i].super;
    if (bad != kNoIndex)
      return fail(ErrorCode::UnknownType, kNoOffset, kNoIndex,
                  " " + std::to_string(bad) + " in " + type_name(static_cast<uint32_t>(self)));
  }
  return {};
}

}  // namespace

Result<ModuleTypes> TypeRegistry::add(const Module& module) {
  ModuleTypes result;
  result.registry_ = this;
  result.ids_.reserve(module.types.size());
  result.groups_.reserve(module.rec_groups.size());
  Status status;
  {
    std::lock_guard lock(impl_->mutex);
    for (const RecGroup& rec : module.rec_groups) {
      SKIFF_CHECK(rec.first == result.ids_.size() && rec.count <= module.types.size() - rec.first);
      const Candidate c{std::span(module.types).subspan(rec.first, rec.count), rec.first, result.ids_};
      status = check_indices(c.types, c.first);
      if (!status) break;
      Result<uint32_t> number = impl_->intern(c);
      if (!number) {
        status = std::unexpected(std::move(number).error());
        break;
      }
      result.groups_.push_back(*number);
      for (const Entry& e : impl_->groups[*number]->entries) result.ids_.push_back(e.id);
    }
  }
  if (!status) return std::unexpected(std::move(status).error());
  SKIFF_CHECK(result.ids_.size() == module.types.size());
  return result;
}

Result<ModuleTypes> TypeRegistry::add_group(std::span<const SubType> types, std::span<const uint32_t> known) {
  const Candidate c{types, static_cast<uint32_t>(known.size()), known};
  if (Status s = check_indices(c.types, c.first); !s) return std::unexpected(std::move(s).error());
  ModuleTypes result;
  std::lock_guard lock(impl_->mutex);
  Result<uint32_t> number = impl_->intern(c);
  if (!number) return std::unexpected(std::move(number).error());
  result.registry_ = this;
  result.groups_.push_back(*number);
  for (const Entry& e : impl_->groups[*number]->entries) result.ids_.push_back(e.id);
  return result;
}

uint32_t TypeRegistry::add_func_type(const FuncType& type) {
  SubType sub;
  sub.comp.func = type;
  std::lock_guard lock(impl_->mutex);
  const Result<uint32_t> number = impl_->intern(Candidate{{&sub, 1}, 0, {}, true});
  SKIFF_CHECK(number.has_value());
  return impl_->groups[*number]->entries[0].id;
}

const CanonType& TypeRegistry::get(uint32_t id) const { return impl_->entry(id); }

bool TypeRegistry::is_subtype(uint32_t sub, uint32_t super) const { return impl_->is_subtype(sub, super); }

size_t TypeRegistry::live_types() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->live;
}

void TypeRegistry::release(std::span<const uint32_t> groups) {
  std::lock_guard lock(impl_->mutex);
  impl_->release(groups);
}

ModuleTypes::ModuleTypes(ModuleTypes&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)),
      ids_(std::exchange(other.ids_, {})),
      groups_(std::exchange(other.groups_, {})) {}

ModuleTypes& ModuleTypes::operator=(ModuleTypes&& other) noexcept {
  std::swap(registry_, other.registry_);
  std::swap(ids_, other.ids_);
  std::swap(groups_, other.groups_);
  return *this;
}

ModuleTypes::~ModuleTypes() {
  if (registry_) registry_->release(groups_);
}

}  // namespace skiff
