// Values of number and vector types, by rows of opcodes.def, and accesses to memory.
#include "engine/base/check.h"
#include "fuzz/gen_body.h"

namespace skiff::fuzz {
namespace {

constexpr ValType type_of(char letter) {
  switch (letter) {
    case 'l': return ValType::I64;
    case 'f': return ValType::F32;
    case 'd': return ValType::F64;
    case 'v': return ValType::V128;
    default: return ValType::I32;
  }
}

// Rows that are generated from their signature alone.
constexpr bool plain_row(const OpInfo& row) {
  if (row.special() || row.shape == Shape::Const || row.shape == Shape::AtomicWait) return false;
  // Bulk operators and sizes are done by hand.
  return row.imm != Imm::Memory && row.imm != Imm::Table && row.imm != Imm::Data && row.imm != Imm::Elem;
}

constexpr bool in_bucket(const OpInfo& row, char letter) {
  if (!plain_row(row)) return false;
  if (letter == ':') return row.pushes == 0;
  return row.pushes != 0 && row.sig.substr(row.pops + 1).find(letter) != std::string_view::npos;
}

struct Bucket {
  std::array<Op, kOpCount> ops{};
  size_t size = 0;
};

// Rows with a result of that type; ':' for those without results.
consteval Bucket make_bucket(char letter) {
  Bucket b;
  for (size_t i = 0; i < kOpCount; ++i)
    if (in_bucket(kOps[i], letter)) b.ops[b.size++] = static_cast<Op>(i);
  return b;
}
constexpr Bucket kI32 = make_bucket('i'), kI64 = make_bucket('l'), kF32 = make_bucket('f'),
                 kF64 = make_bucket('d'), kV128 = make_bucket('v'), kStores = make_bucket(':');

constexpr const Bucket& bucket(ValType t) {
  switch (t.kind()) {
    case ValType::Kind::I64: return kI64;
    case ValType::Kind::F32: return kF32;
    case ValType::Kind::F64: return kF64;
    case ValType::Kind::V128: return kV128;
    default: return kI32;
  }
}

constexpr bool is_division(Op o) {
  switch (o) {
    case Op::I32DivS:
    case Op::I32DivU:
    case Op::I32RemS:
    case Op::I32RemU:
    case Op::I64DivS:
    case Op::I64DivU:
    case Op::I64RemS:
    case Op::I64RemU: return true;
    default: return false;
  }
}

// Arithmetic whose NaN results may have any payload.
constexpr bool makes_nans(const OpInfo& row) {
  if (!row.name.starts_with("F32") && !row.name.starts_with("F64")) return false;
  if (row.shape != Shape::Unary && row.shape != Shape::Binary && row.shape != Shape::Ternary) return false;
  if (row.name.ends_with("Convert") || row.sig.back() == 'i') return false;
  for (std::string_view end : {"Ceil", "Floor", "Trunc", "Nearest", "Sqrt", "Add", "Sub", "Mul", "Div", "Min",
                               "Max", "DemoteF64", "PromoteF32", "DemoteF64x2Zero", "PromoteLowF32x4", "Madd",
                               "Nmadd"})
    if (row.name.ends_with(end)) return true;
  return false;
}
static_assert(makes_nans(info(Op::F32x4RelaxedMadd)) && makes_nans(info(Op::F32DemoteF64)));
static_assert(!makes_nans(info(Op::F32x4Pmin)) && !makes_nans(info(Op::F64Neg)));

constexpr bool is_atomic(const OpInfo& row) {
  return row.shape == Shape::AtomicLoad || row.shape == Shape::AtomicStore || row.shape == Shape::AtomicRmw ||
         row.shape == Shape::AtomicCmpxchg || row.shape == Shape::AtomicNotify;
}

// Lanes that a lane immediate can name.
constexpr uint32_t lane_count(const OpInfo& row) {
  if (row.imm == Imm::MemArgLane) return 16u >> row.width;
  if (row.name.starts_with("I8x16")) return 16;
  if (row.name.starts_with("I16x8")) return 8;
  return row.name.find("32x4") != std::string_view::npos ? 4 : 2;
}

}  // namespace

void BodyGen::value(ValType t) {
  if (spent()) return terminal(t);
  --budget_;
  ++depth_;
  if (!c.in.one_in(4) || !general(t)) {
    if (t.is_ref()) reference(t);
    else number(t);
  }
  --depth_;
}

// ------------------------------------------------------------------------------------------- rows of the table

void BodyGen::number(ValType t) {
  switch (c.in.below(8)) {
    case 0: return terminal(t);
    case 1:
      if (get_local(t)) return;
      break;
    case 2:
      if (get_field(t)) return;
      break;
    case 3:
      if (t == ValType::I32 && i32_of_ref()) return;
      if (size_of(t)) return;
      break;
    default: break;
  }
  const Bucket& b = bucket(t);
  uint32_t first = c.in.below(b.size);
  // Atomic rows are many; most code should be other code.
  if (is_atomic(info(b.ops[first])) && !c.in.one_in(3)) first = c.in.below(b.size);
  for (size_t i = 0; i < b.size; ++i)
    if (row(b.ops[(first + i) % b.size], t)) return;
  terminal(t);
}

// One operator with its operands, and of its results the first of type `wanted` (Bot: it has none). False
// when it cannot be had.
bool BodyGen::row(Op o, ValType wanted) {
  const OpInfo& r = info(o);
  if (!c.has(r.feature)) return false;
  if (trap_free() && r.traps == Trapping::MayTrap && r.shape == Shape::Unary) return false;
  Instr instr{.op = o};
  const bool memory = r.imm == Imm::MemArg || r.imm == Imm::MemArgLane;
  const uint64_t width = r.shape == Shape::AtomicNotify ? 4 : uint64_t{1} << r.width;
  if (memory && !choose_memory(width, instr.memarg.memory)) return false;
  operands(r, instr);
  emit(out_, instr);
  if (c.options.canonical_nans && makes_nans(r)) canonicalise(o);
  if (r.pushes < 2) return true;
  Types results;
  size_t at = 0;
  for (char letter : r.sig.substr(r.pops + 1u)) results.push_back(type_of(letter));
  if (c.in.one_in(2)) at = results.size() - 1;
  SKIFF_CHECK(results[at] == wanted);
  keep_one(results, at);
  return true;
}

void BodyGen::operands(const OpInfo& r, Instr& instr) {
  const bool memory = r.imm == Imm::MemArg || r.imm == Imm::MemArgLane;
  for (char letter : r.sig.substr(0, r.pops)) {
    if (letter == 'a' && memory) memory_operand(r, instr);
    else value(type_of(letter));
  }
  if (trap_free() && is_division(instr.op)) guard_divisor(instr.op);
  switch (r.imm) {
    case Imm::Lane:
    case Imm::MemArgLane: instr.lane = static_cast<uint8_t>(c.in.below(lane_count(r))); break;
    case Imm::Lanes16:
      for (uint8_t& lane : instr.bytes) lane = static_cast<uint8_t>(c.in.below(32));
      break;
    default: break;
  }
}

// A positive odd divisor: neither 0 nor -1.
void BodyGen::guard_divisor(Op o) {
  if (info(o).sig[0] == 'i') {
    mask(AddressType::I32, 0x7FFFFFFF);
    i32(1);
    return op(Op::I32Or);
  }
  mask(AddressType::I64, 0x7FFFFFFFFFFFFFFF);
  address_const(AddressType::I64, 1);
  op(Op::I64Or);
}

// Replaces x by x == x ? x : canonical NaN.
void BodyGen::canonicalise(Op o) {
  const OpInfo& r = info(o);
  const ValType t = type_of(r.sig.back());
  const bool single = r.name.starts_with("F32");
  const uint32_t local = scratch(t);
  op(Op::LocalTee, local);
  if (t.is_vec()) {
    Instr nan{.op = Op::V128Const};
    const uint64_t lane = single ? 0x7FC000007FC00000 : 0x7FF8000000000000;
    for (size_t i = 0; i < 16; ++i) nan.bytes[i] = static_cast<uint8_t>(lane >> (i % 8 * 8));
    emit(out_, nan);
  } else {
    emit(out_, single ? Instr{.op = Op::F32Const, .bits = 0x7FC00000}
                      : Instr{.op = Op::F64Const, .bits = 0x7FF8000000000000});
  }
  op(Op::LocalGet, local);
  op(Op::LocalGet, local);
  if (t.is_vec()) {
    op(single ? Op::F32x4Eq : Op::F64x2Eq);
    op(Op::V128Bitselect);
  } else {
    op(single ? Op::F32Eq : Op::F64Eq);
    op(Op::Select);
  }
  // Other code may read that local later.
  op(Op::LocalTee, local);
}

// ---------------------------------------------------------------------------------------------------- memories

// A memory, in trap-free code one with at least 4 times `bytes` accessible ones.
bool BodyGen::choose_memory(uint64_t bytes, uint32_t& memory, std::optional<AddressType> at) {
  std::vector<uint32_t> fitting;
  for (uint32_t i = 0; i < c.m.memories.size(); ++i)
    if ((!trap_free() || c.memory_bytes(i) >= 4 * bytes) && (!at || c.m.memories[i].type.address == *at))
      fitting.push_back(i);
  if (fitting.empty()) return false;
  memory = c.in.pick(fitting);
  return true;
}

// The address of an access, and its offset and alignment. Mostly in bounds, in trap-free code always:
// offset + mask + width <= size.
void BodyGen::memory_operand(const OpInfo& r, Instr& instr) {
  const AddressType at = c.m.memories[instr.memarg.memory].type.address;
  const uint64_t width = uint64_t{1} << (r.shape == Shape::AtomicNotify ? 2 : r.width);
  const uint64_t size = c.memory_bytes(instr.memarg.memory);
  const bool atomic = is_atomic(r);
  const auto log2 = static_cast<uint32_t>(std::countr_zero(width));
  instr.memarg.align = atomic ? log2 : c.in.below(log2 + 1);
  value(value_type(at));

  const bool inside = trap_free() || !c.in.one_in(8);
  if (!inside) {
    instr.memarg.offset = c.in.integer();
    if (at == AddressType::I32) instr.memarg.offset &= 0xFFFFFFFF;
    if (c.in.one_in(2)) mask(at, 0xFFFF);
    return;
  }
  const uint64_t half = Context::floor_power(size / 2);
  uint64_t bits = half == 0 ? 0 : half - 1;
  if (atomic && (trap_free() || !c.in.one_in(16))) bits &= ~(width - 1);
  mask(at, bits);
  const uint64_t room = size - half >= width ? size - half - width : 0;
  uint64_t offset = c.in.below(static_cast<size_t>(std::min<uint64_t>(room + 1, 65536)));
  if (atomic && (trap_free() || !c.in.one_in(16))) offset &= ~(width - 1);
  if (!trap_free() && c.in.one_in(16)) offset += width;
  instr.memarg.offset = offset;
}

void BodyGen::store_row() {
  const uint32_t first = c.in.below(kStores.size);
  for (size_t i = 0; i < kStores.size; ++i)
    if (row(kStores.ops[(first + i) % kStores.size], ValType::Bot)) return;
}

// memory.size, memory.grow, table.size, of address type t.
bool BodyGen::size_of(ValType t) {
  if (t != ValType::I32 && t != ValType::I64) return false;
  const AddressType at = t == ValType::I64 ? AddressType::I64 : AddressType::I32;
  uint32_t i = 0;
  if (c.refs() && c.in.one_in(3)) {
    i = c.in.below(c.m.tables.size());
    if (c.m.tables[i].type.address != at) return false;
    op(Op::TableSize, i);
    return true;
  }
  if (!choose_memory(0, i, at)) return false;
  if (c.in.one_in(2)) {
    op(Op::MemorySize, i);
    return true;
  }
  value(t);
  if (!c.in.one_in(4)) mask(at, c.m.memories[i].type.page_size_log2 == 0 ? 0xFF : 1);
  op(Op::MemoryGrow, i);
  return true;
}

// A length, below `limit` in trap-free code and mostly otherwise.
void BodyGen::bulk_length(AddressType at, uint64_t limit) {
  value(value_type(at));
  if (trap_free() || !c.in.one_in(16)) mask(at, limit == 0 ? 0 : Context::floor_power(limit) - 1);
}

// memory.fill, memory.copy, memory.init, data.drop.
void BodyGen::bulk_memory() {
  uint32_t a = 0, b = 0;
  if (!c.has(Feature::BulkMemory) || !choose_memory(64, a) || !choose_memory(64, b)) return cheap_statement();
  const auto place = [&](uint32_t memory) {
    const AddressType at = c.m.memories[memory].type.address;
    value(value_type(at));
    const uint64_t half = Context::floor_power(c.memory_bytes(memory) / 2);
    if (trap_free() || !c.in.one_in(8)) mask(at, half == 0 ? 0 : half - 1);
  };
  const AddressType to = c.m.memories[a].type.address, from = c.m.memories[b].type.address;
  const uint64_t room = std::min(c.memory_bytes(a), c.memory_bytes(b)) / 2;
  const uint64_t limit = std::min<uint64_t>(room, c.in.one_in(4) ? 65536 : 64);
  switch (c.in.below(3)) {
    case 0:
      place(a);
      value(ValType::I32);
      bulk_length(to, limit);
      return op(Op::MemoryFill, a);
    case 1:
      place(a);
      place(b);
      bulk_length(to == AddressType::I64 ? from : to, limit);
      return op(Op::MemoryCopy, a, b);
    default: break;
  }
  if (c.m.datas.empty()) return cheap_statement();
  const uint32_t d = c.in.below(c.m.datas.size());
  const DataSegment& data = c.m.datas[d];
  if (!trap_free() && c.in.one_in(4)) return op(Op::DataDrop, d);
  const auto size = data.active && trap_free() ? uint32_t{0} : static_cast<uint32_t>(data.bytes.size());
  const uint32_t start = c.in.below(size + 1);
  place(a);
  i32(start + (trap_free() ? 0 : c.in.one_in(32)));
  i32(c.in.below(size - start + 1));
  op(Op::MemoryInit, d, a);
}

}  // namespace skiff::fuzz
