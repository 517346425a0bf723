// Finding them takes one pass over all code, for the instructions that write tables.
#include "compiler/llvm/static_tables.h"

#include <algorithm>
#include <set>

#include "engine/base/check.h"
#include "engine/binary/decode_instr.h"
#include "engine/binary/decode_parts.h"

namespace skiff::llvm_tier {
namespace {

// Bounds on what hostile modules can ask for: an array costs 8 bytes an element, and a table may be declared larger than
// what fills it; pairs of types are compared.
constexpr uint64_t kFreeElements = 4096, kElementsPerItem = 4;
constexpr size_t kMaxComparisons = 1u << 22;

/// The instruction that an expression consists of, besides its end.
std::optional<Instr> single_instr(const Module& module, const ConstExpr& expr) {
  Reader reader(expr.bytes, expr.offset);
  const DecodeContext context{module.features};
  InstrBuffers buffers;
  Instr instr, end;
  if (!decode_instr(reader, context, buffers, instr) || !decode_instr(reader, context, buffers, end)) return {};
  if (end.op != Op::End) return {};
  return instr;
}

/// The table that an instruction writes, or kNoIndex.
uint32_t written_table(const Instr& instr) {
  switch (instr.op) {
    case Op::TableSet:
    case Op::TableGrow:
    case Op::TableFill:
    case Op::TableCopy: return instr.index;
    case Op::TableInit: return instr.index2;
    default: return kNoIndex;
  }
}

}  // namespace

StaticTables::StaticTables(const ModuleInfo& info)
    : info_(info), elements_(info.tables.size()), served_(info.tables.size()) {
  const Module& m = info.module;
  uint64_t room = kFreeElements;
  for (const ElemSegment& segment : m.elems) room += kElementsPerItem * segment.size();
  std::vector<bool> candidates(info.tables.size());
  for (uint32_t t = m.imported_tables; t < info.tables.size(); ++t) {
    const uint64_t length = info.tables[t].limits.min;
    candidates[t] = !m.tables[t].init && length <= room;
    if (candidates[t]) room -= length;
  }
  for (const Export& e : m.exports)
    if (e.kind == ExternKind::Table) candidates[e.index] = false;
  if (std::find(candidates.begin(), candidates.end(), true) == candidates.end()) return;
  drop_written(candidates);
  for (size_t t = 0; t < candidates.size(); ++t)
    if (candidates[t]) elements_[t].emplace(info.tables[t].limits.min, kNoIndex);
  // A segment that may be out of bounds ends instantiation, and those behind it are never copied; what is in imported
  // tables by then may still be called.
  for (const ElemSegment& segment : m.elems)
    if (segment.mode == ElemSegment::Mode::Active && (segment.table < m.imported_tables || !fill(segment))) return;
  for (uint32_t i = 0; i < info.types.size(); ++i) numbers_.try_emplace(info.types.id(i), i + 1);
  for (uint32_t t = 0; t < elements_.size(); ++t) {
    if (elements_[t]) served_[t] = served_by(t);
    if (served_[t]) tables_.push_back(t);
  }
}

// False where it may fail. A table that it makes unknown is a candidate no more.
bool StaticTables::fill(const ElemSegment& segment) {
  const Module& m = info_.module;
  const std::optional<Instr> offset = single_instr(m, segment.offset_expr);
  if (!offset || (offset->op != Op::I32Const && offset->op != Op::I64Const)) return false;
  const uint64_t first = offset->bits;
  const uint64_t length = info_.tables[segment.table].limits.min;
  if (first > length || segment.size() > length - first) return false;
  std::optional<std::vector<uint32_t>>& elements = elements_[segment.table];
  for (size_t i = 0; i < segment.size() && elements; ++i) {
    uint32_t& element = (*elements)[first + i];
    if (!segment.uses_exprs) {
      element = segment.funcs[i];
      continue;
    }
    const std::optional<Instr> item = single_instr(m, segment.exprs[i]);
    if (item && item->op == Op::RefFunc) element = item->index;
    else if (item && item->op == Op::RefNull) element = kNoIndex;
    else elements.reset();
  }
  return true;
}

void StaticTables::drop_written(std::vector<bool>& candidates) const {
  const Module& m = info_.module;
  const DecodeContext context{m.features};
  InstrBuffers buffers;
  Instr instr;
  for (uint32_t f = m.imported_funcs; f < m.functions.size(); ++f) {
    const CodeBytes& body = m.functions[f].body;
    Reader reader(body.bytes, body.offset);
    detail::skip_locals(reader, m.features);
    while (!reader.at_end() && decode_instr(reader, context, buffers, instr)) {
      const uint32_t table = written_table(instr);
      if (table < candidates.size()) candidates[table] = false;
    }
  }
}

std::optional<std::vector<bool>> StaticTables::served_by(uint32_t table) const {
  std::set<std::pair<uint32_t, bool>> inside;  // type, imported
  for (uint32_t func : *elements_[table])
    if (func != kNoIndex) inside.emplace(info_.func_types[func], func < info_.module.imported_funcs);
  if (inside.size() * numbers_.size() > kMaxComparisons) return {};
  std::vector<bool> served(info_.types.size() + 1);
  for (const auto& [type, number] : numbers_) {
    if (info_.module.types[number - 1].comp.kind != CompositeType::Kind::Func) continue;
    served[number] = std::none_of(inside.begin(), inside.end(), [&](const auto& element) {
      const auto [other, imported] = element;
      if (other == type) return imported;
      // An imported function's own type may be a subtype of what the module knows of it.
      return info_.registry->is_subtype(other, type) || (imported && info_.registry->is_subtype(type, other));
    });
  }
  return served;
}

bool StaticTables::serves(uint32_t table, uint32_t type_id) const {
  return table < served_.size() && served_[table] && (*served_[table])[type_number(type_id)];
}

}  // namespace skiff::llvm_tier
