// Types of the text format (Spec: text-types): value and heap types, type definitions with recursive
// groups, limits, and type uses with the types that they imply.
#include <bit>

#include "engine/text/parser.h"

namespace skiff::text {
namespace {

std::optional<HeapType> abstract_heap_type(std::string_view keyword) {
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) \
  if (keyword == TEXT) return HeapType::ID;
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE
  return std::nullopt;
}

// Number and vector types, and shorthands like "funcref"; packed types only when `packed`.
std::optional<ValType> keyword_type(std::string_view keyword, bool packed) {
#define SKIFF_NUM_TYPE(ID, CODE, TEXT) \
  if (keyword == TEXT && (packed || !ValType::ID.is_packed())) return ValType::ID;
#include "engine/syntax/types.def"
#undef SKIFF_NUM_TYPE
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) \
  if (keyword == SHORT) return ValType::ref(HeapType::ID, true);
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE
  return std::nullopt;
}

}  // namespace

HeapType Parser::heap_type() {
  if (c_.at(TokenKind::Keyword)) {
    if (const auto t = abstract_heap_type(c_.text())) return c_.next(), *t;
  }
  const uint64_t offset = c_.peek().offset;
  const uint32_t i = index(types);
  // Larger ones cannot be represented, and no module may have them either.
  if (i >= HeapType::kAbstract) {
    c_.set_error(ErrorCode::UnknownType, offset, std::to_string(i));
    return HeapType::Any;
  }
  return HeapType::concrete(i);
}

bool Parser::at_ref_type() const {
  if (c_.at_form("ref")) return true;
  if (!c_.at(TokenKind::Keyword)) return false;
  const auto t = keyword_type(c_.text(), false);
  return t && t->is_ref();
}

ValType Parser::ref_type() {
  if (!at_ref_type()) return c_.unexpected(), ValType::FuncRef;
  return val_type();
}

ValType Parser::val_type() {
  if (c_.accept_form("ref")) {
    const bool nullable = c_.accept_keyword("null");
    const HeapType heap = heap_type();
    c_.expect_close();
    return ValType::ref(heap, nullable);
  }
  if (c_.at(TokenKind::Keyword)) {
    if (const auto t = keyword_type(c_.text(), false)) return c_.next(), *t;
  }
  c_.unexpected();
  return ValType::I32;
}

ValType Parser::storage_type() {
  if (c_.at(TokenKind::Keyword)) {
    if (const auto t = keyword_type(c_.text(), true)) return c_.next(), *t;
  }
  return val_type();
}

FieldType Parser::field_type() {
  if (!c_.accept_form("mut")) return {storage_type(), false};
  const FieldType field{storage_type(), true};
  c_.expect_close();
  return field;
}

GlobalType Parser::global_type() {
  if (!c_.accept_form("mut")) return {val_type(), false};
  const GlobalType type{val_type(), true};
  c_.expect_close();
  return type;
}

// `(field id? t)` or `(field t*)`, any number of them.
void Parser::struct_fields(std::vector<FieldType>& out) {
  const auto type = static_cast<uint32_t>(module_.types.size());
  NameMap names;
  while (c_.accept_form("field")) {
    while (c_.ok() && !c_.at(TokenKind::RParen)) {
      const uint64_t offset = c_.peek().offset;
      const Binder b = binder();
      const auto index = static_cast<uint32_t>(out.size());
      if (!b.id.empty() && !fields_[type].bind(b.id, index))
        c_.set_error(ErrorCode::DuplicateField, offset, "$" + std::string(b.id));
      if (b.name) names.entries.emplace_back(index, *b.name);
      out.push_back(field_type());
      if (!b.id.empty()) break;
    }
    c_.expect_close();
  }
  if (!names.entries.empty()) module_.names.fields.entries.emplace_back(type, std::move(names));
}

CompositeType Parser::composite_type() {
  CompositeType comp;
  if (c_.accept_form("func")) {
    Scope params;
    while (c_.accept_form("param")) {
      while (c_.ok() && !c_.at(TokenKind::RParen)) {
        const uint64_t offset = c_.peek().offset;
        const Binder b = binder();
        if (!b.id.empty() && !params.bind(b.id, 0))
          c_.set_error(ErrorCode::DuplicateLocal, offset, "$" + std::string(b.id));
        comp.func.params.push_back(val_type());
        if (!b.id.empty()) break;
      }
      c_.expect_close();
    }
    comp.func.results = results();
  } else if (c_.accept_form("struct")) {
    comp.kind = CompositeType::Kind::Struct;
    struct_fields(comp.fields);
  } else if (c_.accept_form("array")) {
    comp.kind = CompositeType::Kind::Array;
    comp.fields.push_back(field_type());
  } else {
    c_.unexpected();
  }
  c_.expect_close();
  return comp;
}

SubType Parser::sub_type() {
  SubType type;
  if (!c_.accept_form("sub")) {
    type.comp = composite_type();
    return type;
  }
  type.final = c_.accept_keyword("final");
  while (c_.ok() && at_index()) {
    const uint64_t offset = c_.peek().offset;
    const uint32_t super = index(types);
    if (type.super) c_.set_error(ErrorCode::SubType, offset, "more than one supertype");
    type.super = super;
  }
  type.comp = composite_type();
  c_.expect_close();
  return type;
}

void Parser::type_definition() {
  if (!c_.accept_form("type")) return c_.unexpected();
  skip_binder();
  SubType type = sub_type();
  c_.expect_close();
  module_.types.push_back(std::move(type));
}

void Parser::rec_group() {
  const auto first = static_cast<uint32_t>(module_.types.size());
  if (c_.accept_form("rec")) {
    while (c_.ok() && c_.at(TokenKind::LParen)) type_definition();
    c_.expect_close();
  } else {
    type_definition();
  }
  const auto count = static_cast<uint32_t>(module_.types.size()) - first;
  module_.rec_groups.push_back({first, count});
  if (c_.ok() && count == 1) note_func_type(first);
}

size_t Parser::FuncTypeHash::operator()(const FuncType& type) const {
  uint64_t h = type.params.size();
  auto mix = [&](const std::vector<ValType>& types) {
    for (ValType t : types) h = (h ^ t.bits()) * 0x9E3779B97F4A7C15u, h ^= h >> 29;
  };
  mix(type.params);
  h = (h ^ 0xFF) * 0x9E3779B97F4A7C15u;
  mix(type.results);
  return h;
}

// Remembers a type that type uses may refer to without naming it.
void Parser::note_func_type(uint32_t index) {
  const SubType& type = module_.types[index];
  if (type.comp.kind == CompositeType::Kind::Func && type.final && !type.super)
    func_types_.try_emplace(type.comp.func, index);
}

const FuncType* Parser::func_type(uint32_t index) const {
  if (index >= module_.types.size()) return nullptr;
  const CompositeType& comp = module_.types[index].comp;
  return comp.kind == CompositeType::Kind::Func ? &comp.func : nullptr;
}

uint32_t Parser::find_or_add(const FuncType& type) {
  const auto [it, inserted] = func_types_.try_emplace(type, types.count);
  if (inserted) {
    SubType sub;
    sub.comp.func = type;
    module_.types.push_back(std::move(sub));
    module_.rec_groups.push_back({types.count, 1});
    ++types.count;
  }
  return it->second;
}

std::vector<ValType> Parser::results() {
  std::vector<ValType> out;
  while (c_.accept_form("result")) {
    while (c_.ok() && !c_.at(TokenKind::RParen)) out.push_back(val_type());
    c_.expect_close();
  }
  return out;
}

TypeUse Parser::type_use_without_names() {
  return type_use([&](const Binder& b) {
    if (!b.id.empty() || b.name) c_.set_error(ErrorCode::UnexpectedToken, "identifier of a parameter");
  });
}

// Gives a type use its index. Spec: text-typeuse.
void Parser::resolve(TypeUse& use, uint64_t offset) {
  const bool has_inline = !use.inline_type.params.empty() || !use.inline_type.results.empty();
  if (!use.is_explicit) {
    use.index = find_or_add(use.inline_type);
  } else if (use.index >= types.count) {
    if (!forward_type_ || use.index > *forward_type_) forward_type_ = use.index;
    if (has_inline) forward_type_inline_ = true, forward_offset_ = offset;
  } else if (has_inline) {
    const FuncType* type = func_type(use.index);
    if (!type || *type != use.inline_type) c_.set_error(ErrorCode::InlineFunctionType, offset);
  }
}

AddressType Parser::address_type() {
  if (c_.accept_keyword("i64")) return AddressType::I64;
  c_.accept_keyword("i32");
  return AddressType::I32;
}

// Sizes beyond the address type's range are for validation to reject, since there are 64-bit ones.
Limits Parser::limits() {
  const unsigned bits = module_.features.has(Feature::Memory64) ? 64 : 32;
  Limits limits;
  limits.min = nat(bits);
  if (c_.at(TokenKind::Nat)) limits.max = nat(bits);
  return limits;
}

TableType Parser::table_type() {
  TableType type;
  type.address = address_type();
  type.limits = limits();
  type.elem = ref_type();
  return type;
}

uint8_t Parser::page_size() {
  if (!c_.accept_form("pagesize")) return 16;
  const uint64_t offset = c_.peek().offset;
  const uint64_t size = nat(64);
  if (c_.ok() && !std::has_single_bit(size)) c_.set_error(ErrorCode::MalformedPageSize, offset);
  c_.expect_close();
  return static_cast<uint8_t>(size == 0 ? 0 : std::countr_zero(size));
}

MemoryType Parser::memory_type() {
  MemoryType type;
  type.address = address_type();
  type.limits = limits();
  type.shared = c_.accept_keyword("shared");
  type.page_size_log2 = page_size();
  return type;
}

}  // namespace skiff::text
