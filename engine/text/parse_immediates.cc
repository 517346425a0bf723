// What follows an opcode in the text format: one switch over Imm, as in the binary decoder and encoder.
#include <bit>
#include <cstring>

#include "engine/text/keywords.h"
#include "engine/text/numbers.h"
#include "engine/text/parse_instr.h"

namespace skiff::text {

// Label, block type and catch clauses of a block. Its own label is not in scope yet.
void BodyParser::block_head(Instr& e, std::string_view& label) {
  label = p_.optional_id();
  block_type(e);
  if (e.op == Op::TryTable) catches(e);
}

// Spec: text-blocktype. The forms without index are used where nothing names a type.
void BodyParser::block_type(Instr& e) {
  const size_t begin = c_.position();
  if (!c_.at_form("type") && !c_.at_form("param")) {
    const std::vector<ValType> results = p_.results();
    if (c_.at_form("param")) return c_.unexpected();
    if (results.size() <= 1) {
      e.block.kind = results.empty() ? BlockType::Kind::Empty : BlockType::Kind::Value;
      if (!results.empty()) e.block.value = results[0];
      return;
    }
    c_.seek(begin);
  }
  e.block.kind = BlockType::Kind::Index;
  e.block.index = p_.type_use_without_names().index;
}

void BodyParser::catches(Instr& e) {
  static constexpr std::pair<std::string_view, Catch::Kind> kClauses[] = {
      {"catch", Catch::Kind::Catch},
      {"catch_ref", Catch::Kind::CatchRef},
      {"catch_all", Catch::Kind::CatchAll},
      {"catch_all_ref", Catch::Kind::CatchAllRef},
  };
  buffers_.catches.clear();
  for (bool found = true; c_.ok() && found;) {
    found = false;
    for (const auto& [keyword, kind] : kClauses) {
      if (!c_.accept_form(keyword)) continue;
      Catch clause{kind};
      if (clause.has_tag()) clause.tag = p_.index(p_.tags);
      clause.label = label_index();
      c_.expect_close();
      buffers_.catches.push_back(clause);
      found = true;
      break;
    }
  }
  e.catches = buffers_.catches;
}

uint32_t BodyParser::label_index() {
  if (!c_.at(TokenKind::Id)) return static_cast<uint32_t>(p_.nat(32));
  const std::string_view id = p_.id_text(c_.peek());
  const auto found = labels_.find(id);
  if (!found) return c_.set_error(ErrorCode::UnknownLabelName, "$" + std::string(id)), 0;
  c_.next();
  return *found;
}

uint32_t BodyParser::local_index() {
  if (!c_.at(TokenKind::Id)) return static_cast<uint32_t>(p_.nat(32));
  const std::string_view id = p_.id_text(c_.peek());
  const auto found = locals_ ? locals_->find(id) : std::nullopt;
  if (!found) return c_.set_error(ErrorCode::UnknownLocalName, "$" + std::string(id)), 0;
  c_.next();
  return *found;
}

void BodyParser::immediates(Instr& e) {
  // An optional index, and two that come together or not at all.
  auto optional = [&](const IndexSpace& space) { return p_.at_index() ? p_.index(space) : 0; };
  auto both = [&](const IndexSpace& space) {
    if (!p_.at_index()) return;
    e.index = p_.index(space);
    e.index2 = p_.index(space);
  };
  // `segment` or `table segment`.
  auto segment_of = [&](const IndexSpace& segments, const IndexSpace& targets) {
    if (p_.at_index() && p_.at_index(1)) e.index2 = p_.index(targets);
    e.index = p_.index(segments);
  };
  auto uses_data = [&] { p_.uses_data_index_ = true; };

  switch (info(e.op).imm) {
    case Imm::None:
      if (e.op == Op::Select && c_.at_form("result")) select_types(e);
      return;
    case Imm::Fence: return;
    case Imm::Label: e.index = label_index(); return;
    case Imm::LabelVec:
      buffers_.labels.clear();
      do buffers_.labels.push_back(label_index());
      while (c_.ok() && p_.at_index());
      e.labels = buffers_.labels;
      return;
    case Imm::Func: e.index = p_.index(p_.funcs); return;
    case Imm::Type: e.index = p_.index(p_.types); return;
    case Imm::TypeTable:
      e.index2 = optional(p_.tables);
      e.index = p_.type_use_without_names().index;
      return;
    case Imm::Local: e.index = local_index(); return;
    case Imm::Global: e.index = p_.index(p_.globals); return;
    case Imm::Table: e.index = optional(p_.tables); return;
    case Imm::TableTable: both(p_.tables); return;
    case Imm::ElemTable: segment_of(p_.elems, p_.tables); return;
    case Imm::Elem: e.index = p_.index(p_.elems); return;
    case Imm::Data: uses_data(), e.index = p_.index(p_.datas); return;
    case Imm::Memory: e.index = optional(p_.memories); return;
    case Imm::MemoryMemory: both(p_.memories); return;
    case Imm::DataMemory: uses_data(), segment_of(p_.datas, p_.memories); return;
    case Imm::MemArg: memarg(e, false); return;
    case Imm::MemArgLane:
      memarg(e, true);
      e.lane = lane_index();
      return;
    case Imm::Lane: e.lane = lane_index(); return;
    case Imm::Lanes16: shuffle_lanes(e); return;
    case Imm::V128: v128_const(e); return;
    case Imm::I32:
    case Imm::I64:
    case Imm::F32:
    case Imm::F64: number(e); return;
    case Imm::HeapType:
      if (e.op == Op::RefNull)
        e.type = ValType::ref(p_.heap_type(), true);
      else
        cast_target(e);
      return;
    case Imm::SelectTypes: select_types(e); return;
    case Imm::TypeField:
      e.index = p_.index(p_.types);
      e.index2 = p_.field_index(e.index);
      return;
    case Imm::TypeLength:
      e.index = p_.index(p_.types);
      e.index2 = static_cast<uint32_t>(p_.nat(32));
      return;
    case Imm::TypeData:
      uses_data();
      e.index = p_.index(p_.types);
      e.index2 = p_.index(p_.datas);
      return;
    case Imm::TypeElem:
      e.index = p_.index(p_.types);
      e.index2 = p_.index(p_.elems);
      return;
    case Imm::TypeType:
      e.index = p_.index(p_.types);
      e.index2 = p_.index(p_.types);
      return;
    case Imm::BrOnCast:
      e.index = label_index();
      e.type = p_.ref_type();
      e.type2 = p_.ref_type();
      return;
    case Imm::Tag: e.index = p_.index(p_.tags); return;
    case Imm::BlockType:
    case Imm::TryTable: return;  // block_head's
  }
}

// ref.test and ref.cast have one keyword and two opcodes, by the nullability of the target.
void BodyParser::cast_target(Instr& e) {
  e.type = p_.ref_type();
  if (!e.type.is_nullable_ref()) return;
  if (e.op == Op::RefTest) e.op = Op::RefTestNull;
  if (e.op == Op::RefCast) e.op = Op::RefCastNull;
}

void BodyParser::select_types(Instr& e) {
  e.op = Op::SelectT;
  buffers_.types = p_.results();
  e.types = buffers_.types;
}

// `memory? offset=n? align=n?`; before a lane index a number alone is the lane.
void BodyParser::memarg(Instr& e, bool lane) {
  auto keyed = [&](std::string_view key, size_t ahead = 0) {
    return c_.kind(ahead) == TokenKind::Keyword && c_.text(c_.peek(ahead)).starts_with(key);
  };
  const bool has_memory =
      c_.at(TokenKind::Id) || (c_.at(TokenKind::Nat) && (!lane || c_.kind(1) == TokenKind::Nat ||
                                                         keyed("offset=", 1) || keyed("align=", 1)));
  if (has_memory) e.memarg.memory = p_.index(p_.memories);
  e.memarg.align = info(e.op).width;
  auto value_of = [&](std::string_view key) -> uint64_t {
    const std::string_view digits = c_.text().substr(key.size());
    if (classify_number(digits) != NumberKind::Nat) return c_.unexpected(), 1;
    const auto value = parse_unsigned(digits, 64);
    if (!value) return c_.set_error(ErrorCode::I64OutOfRange), 1;
    return *value;
  };
  if (keyed("offset=")) {
    e.memarg.offset = value_of("offset=");
    c_.next();
  }
  if (keyed("align=")) {
    const uint64_t align = value_of("align=");
    if (!std::has_single_bit(align)) return c_.set_error(ErrorCode::AlignmentPowerOfTwo);
    e.memarg.align = static_cast<uint32_t>(std::countr_zero(align));
    c_.next();
  }
}

uint8_t BodyParser::lane_index() { return static_cast<uint8_t>(p_.nat(8)); }

// How many number literals, of any kind, come next.
size_t BodyParser::count_numbers() const {
  size_t n = 0;
  while (c_.kind(n) == TokenKind::Nat || c_.kind(n) == TokenKind::Int || c_.kind(n) == TokenKind::Float) ++n;
  return n;
}

void BodyParser::shuffle_lanes(Instr& e) {
  if (count_numbers() != e.bytes.size()) return c_.set_error(ErrorCode::InvalidLaneLength);
  for (uint8_t& lane : e.bytes) {
    if (!c_.at(TokenKind::Nat)) return c_.set_error(ErrorCode::I8OutOfRange);
    lane = lane_index();
  }
}

// A lane of v128.const as its little-endian bytes.
void BodyParser::v128_lane(std::string_view shape, uint8_t* out) {
  const bool is_float = shape[0] == 'f';
  if (!c_.at(TokenKind::Nat) && !c_.at(TokenKind::Int) && !(is_float && c_.at(TokenKind::Float)))
    return c_.unexpected();
  const unsigned bits = shape[1] == '8' ? 8 : shape[1] == '1' ? 16 : shape[1] == '3' ? 32 : 64;
  std::optional<uint64_t> value;
  if (!is_float)
    value = parse_integer(c_.text(), bits);
  else if (bits == 32)
    value = parse_f32_bits(c_.text());
  else
    value = parse_f64_bits(c_.text());
  if (!value) {
    const ErrorCode code = is_float     ? ErrorCode::ConstantOutOfRange
                           : bits == 8  ? ErrorCode::I8OutOfRange
                           : bits == 16 ? ErrorCode::I16OutOfRange
                           : bits == 32 ? ErrorCode::I32OutOfRange
                                        : ErrorCode::I64OutOfRange;
    return c_.set_error(code);
  }
  c_.next();
  std::memcpy(out, &*value, bits / 8);
}

void BodyParser::v128_const(Instr& e) {
  static constexpr std::pair<std::string_view, size_t> kShapes[] = {
      {"i8x16", 16}, {"i16x8", 8}, {"i32x4", 4}, {"i64x2", 2}, {"f32x4", 4}, {"f64x2", 2},
  };
  for (const auto& [shape, lanes] : kShapes) {
    if (!c_.accept_keyword(shape)) continue;
    const size_t found = count_numbers();
    const bool bad_word = c_.kind(found) == TokenKind::Keyword && !is_keyword(c_.text(c_.peek(found)));
    if (c_.kind(found) == TokenKind::Reserved || bad_word) {
      c_.seek(c_.position() + found);
      return c_.unexpected();
    }
    if (found != lanes) return c_.set_error(ErrorCode::WrongNumberOfLanes);
    for (size_t i = 0; c_.ok() && i < lanes; ++i) v128_lane(shape, e.bytes.data() + i * (16 / lanes));
    return;
  }
  c_.unexpected();
}

void BodyParser::number(Instr& e) {
  const bool is_float = info(e.op).imm == Imm::F32 || info(e.op).imm == Imm::F64;
  const bool is_32 = info(e.op).imm == Imm::F32 || info(e.op).imm == Imm::I32;
  if (!c_.at(TokenKind::Nat) && !c_.at(TokenKind::Int) && !(is_float && c_.at(TokenKind::Float)))
    return c_.unexpected();
  std::optional<uint64_t> bits;
  if (!is_float)
    bits = parse_integer(c_.text(), is_32 ? 32 : 64);
  else if (is_32)
    bits = parse_f32_bits(c_.text());
  else
    bits = parse_f64_bits(c_.text());
  if (!bits) {
    return c_.set_error(is_float ? ErrorCode::ConstantOutOfRange
                        : is_32  ? ErrorCode::I32OutOfRange
                                 : ErrorCode::I64OutOfRange);
  }
  e.bits = *bits;
  c_.next();
}

}  // namespace skiff::text
