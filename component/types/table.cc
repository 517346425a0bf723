// TypeTable: value and function types are hash-consed by a hash with a secret start value, so that a
// component cannot be made to collide on purpose. Facts are computed from those of the parts, which are in
// the table already: adding a type costs no more than its own length. Spec: CanonicalABI.md, Alignment,
// Element Size, Flattening.
#include <algorithm>
#include <deque>
#include <random>
#include <type_traits>

#include "component/types/types.h"
#include "engine/base/check.h"

namespace skiff::component {
namespace {

constexpr uint64_t kHuge = ~uint64_t{0};

uint64_t saturating_add(uint64_t a, uint64_t b) { return a > kHuge - b ? kHuge : a + b; }
uint64_t saturating_mul(uint64_t a, uint64_t b) {
  uint64_t r;
  return __builtin_mul_overflow(a, b, &r) ? kHuge : r;
}
uint64_t align_up(uint64_t size, uint32_t align) {
  return size > kHuge - align ? kHuge : (size + align - 1) & ~uint64_t{align - 1};
}

// ------------------------------------------------------------------------------------------- hashing

class Hasher {
 public:
  explicit Hasher(uint64_t seed) : state_(seed) {}
  void add(uint64_t value) {
    const auto product = static_cast<unsigned __int128>(state_ ^ value) * 0x9E3779B97F4A7C15u;
    state_ =
        static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^ (state_ << 23 | state_ >> 41);
  }
  void add(const std::string& s) {
    add(uint64_t{s.size()});
    uint64_t word = 0;
    for (size_t i = 0; i < s.size(); ++i) {
      word = word << 8 | static_cast<uint8_t>(s[i]);
      if (i % 8 == 7) add(word), word = 0;
    }
    add(word);
  }
  void add(ValType t) { add(uint64_t{t.bits()}); }
  void add(const OptType& t) { add(t ? uint64_t{t->bits()} : uint64_t{1} << 40); }
  uint64_t value() const { return state_; }

  void parts(const RecordType& t) { fields(t.fields); }
  void parts(const VariantType& t) {
    add(uint64_t{t.cases.size()});
    for (const VariantCase& c : t.cases) add(c.label), add(c.type);
  }
  void parts(const ListType& t) {
    add(t.element);
    add(t.length ? uint64_t{*t.length} : uint64_t{1} << 40);
  }
  void parts(const MapType& t) { add(t.key), add(t.value); }
  void parts(const TupleType& t) {
    add(uint64_t{t.types.size()});
    for (ValType e : t.types) add(e);
  }
  void parts(const FlagsType& t) { labels(t.labels); }
  void parts(const EnumType& t) { labels(t.labels); }
  void parts(const OptionType& t) { add(t.type); }
  void parts(const ResultType& t) { add(t.ok), add(t.error); }
  void parts(const OwnType& t) { add(uint64_t{t.resource}); }
  void parts(const BorrowType& t) { add(uint64_t{t.resource}); }
  void parts(const StreamType& t) { add(t.element); }
  void parts(const FutureType& t) { add(t.element); }
  void parts(const FuncType& t) {
    add(uint64_t{t.async_});
    fields(t.params);
    add(t.result);
  }

 private:
  void fields(const std::vector<Field>& fields) {
    add(uint64_t{fields.size()});
    for (const Field& f : fields) add(f.label), add(f.type);
  }
  void labels(const std::vector<std::string>& labels) {
    add(uint64_t{labels.size()});
    for (const std::string& l : labels) add(l);
  }
  uint64_t state_;
};

template <class T>
constexpr bool kInterned = !std::is_same_v<T, ComponentType> && !std::is_same_v<T, InstanceType> &&
                           !std::is_same_v<T, ModuleType>;

bool equal(const TypeBody& a, const TypeBody& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&](const auto& x) {
        using T = std::decay_t<decltype(x)>;
        if constexpr (kInterned<T>) return x == *std::get_if<T>(&b);
        return false;
      },
      a);
}

// --------------------------------------------------------------------------------------------- facts

using Kind = skiff::ValType::Kind;

void push(FlatTypes& flat, Kind kind) {
  if (flat.count < FlatTypes::kMax) flat.kinds[flat.count] = kind;
  if (flat.count <= FlatTypes::kMax) ++flat.count;
}

void append(FlatTypes& flat, const FlatTypes& more) {
  if (!more.fits()) {
    flat.count = FlatTypes::kMax + 1;
    return;
  }
  for (uint32_t i = 0; i < more.count; ++i) push(flat, more.kinds[i]);
}

// Spec: CanonicalABI.md join.
Kind join(Kind a, Kind b) {
  if (a == b) return a;
  if ((a == Kind::I32 && b == Kind::F32) || (a == Kind::F32 && b == Kind::I32)) return Kind::I32;
  return Kind::I64;
}

uint32_t pointer_size(int wide) { return wide ? 8 : 4; }
Kind pointer_kind(int wide) { return wide ? Kind::I64 : Kind::I32; }

TypeFacts scalar(uint32_t size, Kind kind) {
  TypeFacts f;
  for (int wide = 0; wide < 2; ++wide) {
    f.size[wide] = f.align[wide] = size;
    push(f.flat[wide], kind);
  }
  return f;
}

// A pointer and a length.
TypeFacts range() {
  TypeFacts f;
  for (int wide = 0; wide < 2; ++wide) {
    f.size[wide] = 2 * pointer_size(wide);
    f.align[wide] = pointer_size(wide);
    push(f.flat[wide], pointer_kind(wide));
    push(f.flat[wide], pointer_kind(wide));
  }
  f.has_pointer = true;
  return f;
}

// What does not depend on the representation.
void absorb(TypeFacts& f, const TypeFacts& part) {
  f.depth = std::max(f.depth, part.depth + 1);
  f.nodes = saturating_add(f.nodes, part.nodes);
  f.has_borrow |= part.has_borrow;
  f.has_handle |= part.has_handle;
  f.has_pointer |= part.has_pointer;
  f.has_resource |= part.has_resource;
}

TypeFacts primitive_facts(Primitive p) {
  uint32_t size = 0;
  std::string_view flat;
  switch (p) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  case Primitive::ID: size = SIZE, flat = FLAT; break;
#include "component/types/primitives.def"
  }
  if (size == 0) return range();
  TypeFacts f = scalar(size, flat == "i64"   ? Kind::I64
                             : flat == "f32" ? Kind::F32
                             : flat == "f64" ? Kind::F64
                                             : Kind::I32);
  f.has_handle = p == Primitive::ErrorContext;
  return f;
}

uint32_t discriminant_size(size_t cases) { return cases <= 0x100 ? 1 : cases <= 0x10000 ? 2 : 4; }

}  // namespace

struct TypeTable::Impl {
  struct Entry {
    TypeBody body;
    TypeFacts facts;
  };
  std::deque<Entry> entries;  // never move
  std::unordered_multimap<uint64_t, TypeId> by_hash;
  std::array<TypeFacts, 256> primitives;
  TypeFacts none;             // of externs without a type of the table
  TypeFacts resource;
  uint32_t resources = 0;
  uint64_t seed = 0;

  Impl() {
    std::random_device random;
    seed = uint64_t{random()} << 32 | random();
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) primitives[CODE] = primitive_facts(Primitive::ID);
#include "component/types/primitives.def"
    resource.has_resource = true;
  }

  const TypeFacts& of(ValType t) const {
    return t.is_primitive() ? primitives[static_cast<uint8_t>(t.primitive())] : entries[t.id()].facts;
  }

  // Spec: elem_size_record, flatten_record over the types that `next` calls its argument with.
  template <class Each>
  TypeFacts record(Each&& each) const {
    TypeFacts f;
    each([&](ValType t) {
      const TypeFacts& part = of(t);
      absorb(f, part);
      for (int wide = 0; wide < 2; ++wide) {
        f.size[wide] = saturating_add(align_up(f.size[wide], part.align[wide]), part.size[wide]);
        f.align[wide] = std::max(f.align[wide], part.align[wide]);
        append(f.flat[wide], part.flat[wide]);
      }
    });
    for (int wide = 0; wide < 2; ++wide) f.size[wide] = align_up(f.size[wide], f.align[wide]);
    return f;
  }

  // Spec: elem_size_variant, flatten_variant.
  template <class Each>
  TypeFacts variant(size_t cases, Each&& each) const {
    TypeFacts f;
    FlatTypes payload[2];
    uint64_t largest[2] = {0, 0};
    const uint32_t tag = discriminant_size(cases);
    f.nodes = saturating_add(f.nodes, cases);
    uint32_t align[2] = {1, 1};
    each([&](const OptType& t) {
      if (!t) return;
      const TypeFacts& part = of(*t);
      absorb(f, part);
      for (int wide = 0; wide < 2; ++wide) {
        align[wide] = std::max(align[wide], part.align[wide]);
        largest[wide] = std::max(largest[wide], part.size[wide]);
        if (!part.flat[wide].fits()) payload[wide].count = FlatTypes::kMax + 1;
        if (!payload[wide].fits()) continue;
        for (uint32_t i = 0; i < part.flat[wide].count; ++i) {
          Kind& kind = payload[wide].kinds[i];
          kind = i < payload[wide].count ? join(kind, part.flat[wide].kinds[i]) : part.flat[wide].kinds[i];
        }
        payload[wide].count = std::max(payload[wide].count, part.flat[wide].count);
      }
    });
    for (int wide = 0; wide < 2; ++wide) {
      f.align[wide] = std::max(tag, align[wide]);
      f.size[wide] =
          align_up(saturating_add(align_up(tag, align[wide]), largest[wide]), f.align[wide]);
      push(f.flat[wide], Kind::I32);
      append(f.flat[wide], payload[wide]);
    }
    return f;
  }

  TypeFacts compute(const RecordType& t) const {
    return record([&](auto&& add) {
      for (const Field& field : t.fields) add(field.type);
    });
  }
  TypeFacts compute(const TupleType& t) const {
    return record([&](auto&& add) {
      for (ValType e : t.types) add(e);
    });
  }
  TypeFacts compute(const VariantType& t) const {
    return variant(t.cases.size(), [&](auto&& add) {
      for (const VariantCase& c : t.cases) add(c.type);
    });
  }
  TypeFacts compute(const EnumType& t) const {
    return variant(t.labels.size(), [](auto&&) {});
  }
  TypeFacts compute(const OptionType& t) const {
    return variant(2, [&](auto&& add) { add(OptType(t.type)); });
  }
  TypeFacts compute(const ResultType& t) const {
    return variant(2, [&](auto&& add) {
      add(t.ok);
      add(t.error);
    });
  }
  TypeFacts compute(const FlagsType& t) const {
    const size_t n = t.labels.size();
    TypeFacts f = scalar(n <= 8 ? 1 : n <= 16 ? 2 : 4, Kind::I32);
    f.nodes = saturating_add(f.nodes, n);
    return f;
  }
  TypeFacts compute(const ListType& t) const {
    const TypeFacts& element = of(t.element);
    TypeFacts f;
    if (!t.length) {
      f = range();
    } else {
      for (int wide = 0; wide < 2; ++wide) {
        f.size[wide] = saturating_mul(element.size[wide], *t.length);
        f.align[wide] = element.align[wide];
        for (uint32_t i = 0; i < *t.length && f.flat[wide].fits(); ++i)
          append(f.flat[wide], element.flat[wide]);
      }
    }
    absorb(f, element);
    return f;
  }
  TypeFacts compute(const MapType& t) const {
    TypeFacts f = range();
    absorb(f, of(t.key));
    absorb(f, of(t.value));
    return f;
  }
  TypeFacts handle() const {
    TypeFacts f = scalar(4, Kind::I32);
    f.has_handle = true;
    return f;
  }
  TypeFacts compute(const OwnType&) const {
    TypeFacts f = handle();
    f.has_resource = true;
    return f;
  }
  TypeFacts compute(const BorrowType&) const {
    TypeFacts f = handle();
    f.has_resource = f.has_borrow = true;
    return f;
  }
  // The elements travel by themselves: they give the handle no pointers.
  TypeFacts channel(const OptType& element) const {
    TypeFacts f = handle();
    if (element) absorb(f, of(*element));
    f.has_pointer = false;
    return f;
  }
  TypeFacts compute(const StreamType& t) const { return channel(t.element); }
  TypeFacts compute(const FutureType& t) const { return channel(t.element); }
  TypeFacts compute(const FuncType& t) const {
    TypeFacts f;
    for (const Field& p : t.params) absorb(f, of(p.type));
    if (t.result) absorb(f, of(*t.result));
    return f;
  }

  const TypeFacts& of(const AnyType& t) const {
    switch (t.kind) {
      case AnyType::Kind::Value: return of(t.value);
      case AnyType::Kind::Func:
      case AnyType::Kind::Component:
      case AnyType::Kind::Instance: return entries[t.id].facts;
      case AnyType::Kind::Resource: return resource;
    }
    return none;
  }
  const TypeFacts& of(const ExternType& t) const {
    if (t.sort == Sort::Type) return of(t.type);
    if (t.sort == Sort::Value) return of(t.value);
    return t.id == kNoType ? none : entries[t.id].facts;
  }
  TypeFacts compute(const ComponentType& t) const {
    TypeFacts f;
    for (const NamedExtern& e : t.imports) absorb(f, of(e.type));
    for (const NamedExtern& e : t.exports) absorb(f, of(e.type));
    return f;
  }
  TypeFacts compute(const InstanceType& t) const {
    TypeFacts f;
    for (const NamedExtern& e : t.exports) absorb(f, of(e.type));
    return f;
  }
  TypeFacts compute(const ModuleType& t) const {
    TypeFacts f;
    f.nodes += t.imports.size() + t.exports.size();
    return f;
  }
};

TypeTable::TypeTable() : impl_(std::make_unique<Impl>()) {}
TypeTable::~TypeTable() = default;

TypeId TypeTable::add(TypeBody body) {
  const auto id = static_cast<TypeId>(impl_->entries.size());
  SKIFF_CHECK(id < uint32_t{1} << 31);
  const bool interned =
      std::visit([](const auto& t) { return kInterned<std::decay_t<decltype(t)>>; }, body);
  if (interned) {
    Hasher hasher(impl_->seed);
    hasher.add(uint64_t{body.index()});
    std::visit(
        [&](const auto& t) {
          if constexpr (kInterned<std::decay_t<decltype(t)>>) hasher.parts(t);
        },
        body);
    auto [it, last] = impl_->by_hash.equal_range(hasher.value());
    for (; it != last; ++it)
      if (equal(impl_->entries[it->second].body, body)) return it->second;
    impl_->by_hash.emplace(hasher.value(), id);
  } else if (auto* instance = std::get_if<InstanceType>(&body)) {
    instance->by_name.clear();
    for (uint32_t i = 0; i < instance->exports.size(); ++i)
      instance->by_name.emplace(instance->exports[i].name.name, i);
  }
  TypeFacts facts = std::visit([&](const auto& t) { return impl_->compute(t); }, body);
  impl_->entries.push_back({std::move(body), facts});
  return id;
}

const TypeBody& TypeTable::body(TypeId id) const {
  SKIFF_CHECK(id < impl_->entries.size());
  return impl_->entries[id].body;
}

const TypeFacts& TypeTable::facts(ValType type) const { return impl_->of(type); }
const TypeFacts& TypeTable::facts(TypeId id) const {
  SKIFF_CHECK(id < impl_->entries.size());
  return impl_->entries[id].facts;
}
const TypeFacts& TypeTable::facts(const AnyType& type) const { return impl_->of(type); }
const TypeFacts& TypeTable::facts(const ExternType& type) const { return impl_->of(type); }

size_t TypeTable::size() const { return impl_->entries.size(); }
ResourceId TypeTable::new_resource() { return impl_->resources++; }
uint32_t TypeTable::resources() const { return impl_->resources; }

}  // namespace skiff::component
