// FunctionChecker: set up, stacks, indices, errors, and the generic rule for rows with a signature.
#include "engine/valid/checker.h"

#include <algorithm>
#include <array>

#include "engine/syntax/limits.h"

namespace skiff {
namespace {

// Operands pushed beyond the one per byte: none today, but cheap, and block entry relies on no exact count.
constexpr size_t kSlack = 16;

// Locals listed one by one when nobody but the checker needs them. A body of six bytes may declare 50,000.
constexpr size_t kNearLocals = 1024;

// The signature column of a row, as types. Bot stands for the address type of the immediate.
struct Signature {
  std::array<ValType, 5> operands{};
  std::array<ValType, 2> results{};
};

consteval ValType type_of_letter(char letter) {
  switch (letter) {
    case 'i': return ValType::I32;
    case 'l': return ValType::I64;
    case 'f': return ValType::F32;
    case 'd': return ValType::F64;
    case 'v': return ValType::V128;
    default: return ValType::Bot;  // a, t
  }
}

consteval std::array<Signature, kOpCount> make_signatures() {
  std::array<Signature, kOpCount> table{};
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& row = kOps[i];
    if (row.special()) continue;
    for (size_t k = 0; k < row.pops; ++k) table[i].operands[k] = type_of_letter(row.sig[k]);
    for (size_t k = 0; k < row.pushes; ++k) table[i].results[k] = type_of_letter(row.sig[row.pops + 1u + k]);
  }
  return table;
}
constexpr std::array<Signature, kOpCount> kSignatures = make_signatures();

// Lanes that a lane immediate may name. Load and store lanes follow from the width accessed, extract and
// replace from the shape in the text ("i16x8.extract_lane_s").
consteval std::array<uint8_t, kOpCount> make_lane_counts() {
  std::array<uint8_t, kOpCount> table{};
  for (size_t i = 0; i < kOpCount; ++i) {
    const OpInfo& row = kOps[i];
    if (row.imm == Imm::MemArgLane) {
      table[i] = static_cast<uint8_t>(16 >> row.width);
    } else if (row.imm == Imm::Lanes16) {
      table[i] = 32;
    } else if (row.imm == Imm::Lane) {
      size_t p = row.text.find('x') + 1;
      for (; row.text[p] != '.'; ++p) table[i] = static_cast<uint8_t>(table[i] * 10 + (row.text[p] - '0'));
    }
  }
  return table;
}
constexpr std::array<uint8_t, kOpCount> kLaneCounts = make_lane_counts();
static_assert(kLaneCounts[static_cast<size_t>(Op::I8x16ExtractLaneS)] == 16);
static_assert(kLaneCounts[static_cast<size_t>(Op::F64x2ReplaceLane)] == 2);
static_assert(kLaneCounts[static_cast<size_t>(Op::V128Load16Lane)] == 8);

bool is_atomic(Shape shape) {
  return shape == Shape::AtomicLoad || shape == Shape::AtomicStore || shape == Shape::AtomicRmw ||
         shape == Shape::AtomicCmpxchg || shape == Shape::AtomicNotify || shape == Shape::AtomicWait;
}

}  // namespace

// ------------------------------------------------------------------------------------------------ set up

FunctionChecker::FunctionChecker(const ModuleInfo& info, const CodeBytes& code, WalkScratch& scratch,
                                 ErrorCode end_error)
    : info_(info),
      module_(info.module),
      registry_(*info.registry),
      scratch_(scratch),
      reader_(code.bytes, code.offset, end_error),
      context_{info.module.features, info.module.data_count.has_value() || info.module.size == 0},
      instr_(scratch.instr),
      quick_memory_(!module_.memories.empty() && module_.memories[0].type.address == AddressType::I32) {
  instr_.offset = code.offset;
  scratch_.control.clear();
  scratch_.operands.reserve(code.bytes.size() + kSlack, 0);
  stack_ = base_ = sp_ = scratch_.operands.begin();
  room_end_ = stack_ + scratch_.operands.capacity();
}

bool FunctionChecker::enter_function(uint32_t func_index, bool all_locals) {
  header_.index = func_index;
  header_.type_id = info_.func_types[func_index];
  header_.type = &registry_.func_type(header_.type_id);
  if (!decode_locals(all_locals ? limits::kLocals : kNearLocals)) return false;
  header_.locals = locals_;
  top_ = &scratch_.control.push();
  *top_ = ControlFrame{};
  top_->info.results = header_.type->results;
  top_->delivered = true;
  top_->seen = kNoOffset;
  return true;
}

// Spec: binary-local. Lists the types of the first `listed` locals one by one, and all in runs. Counts to the
// end before it refuses what is merely too large for us.
bool FunctionChecker::decode_locals(size_t listed) {
  const std::vector<ValType>& params = header_.type->params;
  scratch_.locals.assign(params.begin(), params.end());
  scratch_.runs.clear();
  uint64_t total = params.size();
  const uint32_t groups = reader_.count();
  for (uint32_t i = 0; i < groups && reader_.ok(); ++i) {
    instr_.offset = reader_.offset();
    const uint32_t n = reader_.u32();
    ValType type = decode_val_type(reader_, context_.features);
    if (!reader_.ok()) return false;
    total += n;
    if (total - params.size() > UINT32_MAX) return error(ErrorCode::TooManyLocals);
    if (!resolve(type)) return false;
    if (n == 0 || total > limits::kLocals) continue;
    scratch_.runs.push_back({static_cast<uint32_t>(total), type});
    if (scratch_.locals.size() < listed)
      scratch_.locals.insert(scratch_.locals.end(), std::min<size_t>(n, listed - scratch_.locals.size()),
                             type);
    tracks_locals_ |= !type.is_defaultable();
  }
  if (!reader_.ok()) return false;
  if (total > limits::kLocals) return error(ErrorCode::ImplementationLimit, "locals");
  locals_ = scratch_.locals;
  local_count_ = static_cast<uint32_t>(total);
  scratch_.trail.clear();
  if (tracks_locals_) {
    scratch_.start_tracking(local_count_);
    for (uint32_t i = 0; i < params.size(); ++i) set_initialised(i);
    scratch_.trail.clear();
  }
  return true;
}

bool FunctionChecker::local_type(uint32_t index, ValType& type) {
  if (!has_index(index, local_count_, ErrorCode::UnknownLocal)) return false;
  if (index < locals_.size()) {
    type = locals_[index];
  } else {
    type = std::upper_bound(scratch_.runs.begin(), scratch_.runs.end(), index,
                            [](uint32_t x, const LocalRun& run) { return x < run.end; })
               ->type;
  }
  return true;
}

void FunctionChecker::enter_const_expr(ValType expected) {
  constant_ = true;
  scratch_.trail.clear();
  top_ = &scratch_.control.push();
  *top_ = ControlFrame{};
  top_->value = expected;
  top_->info.results = {&top_->value, 1};
  top_->delivered = true;
}

bool FunctionChecker::finish() {
  if (reader_.ok() && !reader_.at_end())
    reader_.set_error(ErrorCode::SectionSizeMismatch, "code after the end of the expression");
  return reader_.ok();
}

Error FunctionChecker::take_error() {
  Error e = reader_.error();
  if (!constant_) e.func = header_.index;
  return e;
}

// ----------------------------------------------------------------------------------------------- indices

bool FunctionChecker::has_index(uint32_t index, size_t size, ErrorCode unknown) {
  return index < size || error(unknown, " " + std::to_string(index));
}

bool FunctionChecker::data_index(uint32_t index) {
  // The data section comes after the code; its count is known before.
  const size_t count = module_.data_count ? *module_.data_count : module_.datas.size();
  return has_index(index, count, ErrorCode::UnknownData);
}

bool FunctionChecker::resolve(ValType& type) {
  if (!type.is_ref() || !type.heap().is_concrete()) return true;
  if (!has_index(type.heap().index(), info_.types.size(), ErrorCode::UnknownType)) return false;
  type = info_.types.canonical(type);
  return true;
}

bool FunctionChecker::resolve_func_type(uint32_t index, uint32_t& id) {
  if (!has_index(index, info_.types.size(), ErrorCode::UnknownType)) return false;
  id = info_.types.id(index);
  if (registry_.get(id).type.comp.kind == CompositeType::Kind::Func) return true;
  return error(ErrorCode::TypeMismatch, "type " + std::to_string(index) + " is not a function type");
}

// ------------------------------------------------------------------------------------------------- stack

bool FunctionChecker::matches_slow(ValType sub, ValType super) const {
  return skiff::matches(registry_, sub, super);
}

bool FunctionChecker::push_list(std::span<const ValType> types) {
  const size_t room = static_cast<size_t>(room_end_ - sp_);
  if (types.size() + reader_.remaining() + kSlack > room) [[unlikely]] {
    const size_t used = height();
    if (used + types.size() > limits::kOperands)
      return error(ErrorCode::ImplementationLimit, "operands on the stack");
    const size_t base = static_cast<size_t>(base_ - stack_);
    scratch_.operands.reserve(used + types.size() + reader_.remaining() + kSlack, used);
    stack_ = scratch_.operands.begin();
    base_ = stack_ + base;
    sp_ = stack_ + used;
    room_end_ = stack_ + scratch_.operands.capacity();
  }
  for (ValType t : types) *sp_++ = t;
  return true;
}

bool FunctionChecker::top_matches(std::span<const ValType> types) {
  const ValType* p = sp_;
  for (size_t i = types.size(); i-- > 0;) {
    if (p == base_) return top_->unreachable || underflow(types[i]);
    const ValType found = *--p;
    if (!matches(found, types[i])) return mismatch(types[i], found);
  }
  return true;
}

bool FunctionChecker::pop_list(std::span<const ValType> types) {
  if (!top_matches(types)) return false;
  const size_t here = static_cast<size_t>(sp_ - base_);
  sp_ -= here < types.size() ? here : types.size();
  return true;
}

bool FunctionChecker::pop_ref(ValType& found) {
  if (!pop_any(found)) return false;
  if (found.is_ref() || found.is_bot()) return true;
  return error(ErrorCode::TypeMismatch, "expected a reference, found " + to_string(found));
}

void FunctionChecker::set_initialised(uint32_t local) {
  if (scratch_.initialised[local] == scratch_.generation) return;
  scratch_.initialised[local] = scratch_.generation;
  scratch_.trail.push_back(local);
}

void FunctionChecker::reset_initialised(uint32_t trail_height) {
  while (scratch_.trail.size() > trail_height) {
    scratch_.initialised[scratch_.trail.back()] = 0;
    scratch_.trail.pop_back();
  }
}

// ------------------------------------------------------------------------------------------------ errors

bool FunctionChecker::error(ErrorCode code, std::string detail) {
  reader_.set_error_at(code, instr_.offset, std::move(detail));
  return false;
}

bool FunctionChecker::mismatch(ValType expected, ValType found) {
  return error(ErrorCode::TypeMismatch, "expected " + to_string(expected) + ", found " + to_string(found));
}

bool FunctionChecker::underflow(ValType expected) {
  const std::string what = expected.is_bot() ? "an operand" : to_string(expected);
  return error(ErrorCode::TypeMismatch, "expected " + what + ", found nothing");
}

// ------------------------------------------------------------------------------------------ generic rule

bool FunctionChecker::check_instr() {
  if (constant_ && !check_constant()) return false;
  return (this->*kRules[static_cast<size_t>(instr_.op)])();
}

bool FunctionChecker::check_signature() {
  const OpInfo& row = info(instr_.op);
  const Signature& signature = kSignatures[static_cast<size_t>(instr_.op)];
  ValType address = ValType::Bot;
  if (row.imm != Imm::None && !check_immediate(row, address)) return false;
  for (size_t i = row.pops; i-- > 0;) {
    const ValType operand = signature.operands[i];
    if (!pop(operand.is_bot() ? address : operand)) return false;
  }
  for (size_t i = 0; i < row.pushes; ++i) {
    const ValType result = signature.results[i];
    push(result.is_bot() ? address : result);
  }
  return true;
}

// Checks the immediate of a row with a signature, and yields the address type that the signature means.
bool FunctionChecker::check_immediate(const OpInfo& row, ValType& address) {
  switch (row.imm) {
    case Imm::MemArg:
      if (!check_memarg(row)) return false;
      break;
    case Imm::MemArgLane:
      if (!check_memarg(row) || !check_lanes(row)) return false;
      break;
    case Imm::Lane:
    case Imm::Lanes16: return check_lanes(row);
    case Imm::Memory:
      if (!memory_index(instr_.index)) return false;
      resolved_.address = module_.memories[instr_.index].type.address;
      break;
    case Imm::Table:
      if (!table_index(instr_.index)) return false;
      resolved_.address = info_.tables[instr_.index].address;
      break;
    case Imm::Data: return data_index(instr_.index);
    case Imm::Elem: return elem_index(instr_.index);
    default: return true;  // constants, fence: nothing to check
  }
  resolved_.address2 = resolved_.address;
  address = value_type(resolved_.address);
  return true;
}

// Spec: valid-memarg.
bool FunctionChecker::check_memarg(const OpInfo& row) {
  const MemArg& m = instr_.memarg;
  if (!memory_index(m.memory)) return false;
  resolved_.address = module_.memories[m.memory].type.address;
  if (m.align > row.width) return error(ErrorCode::AlignmentTooLarge);
  if (m.align != row.width && is_atomic(row.shape)) return error(ErrorCode::AlignmentNotNatural);
  if (resolved_.address == AddressType::I32 && m.offset > UINT32_MAX)
    return error(ErrorCode::OffsetOutOfRange);
  return true;
}

bool FunctionChecker::check_lanes(const OpInfo& row) {
  const uint8_t count = kLaneCounts[static_cast<size_t>(instr_.op)];
  if (row.imm == Imm::Lanes16) {
    for (uint8_t lane : instr_.bytes)
      if (lane >= count) return error(ErrorCode::InvalidLaneIndex, " " + std::to_string(lane));
    return true;
  }
  return instr_.lane < count || error(ErrorCode::InvalidLaneIndex, " " + std::to_string(instr_.lane));
}

}  // namespace skiff
