// Instructions as text: one switch over Imm for what follows the keyword, and bodies line by line.
#include <algorithm>

#include "engine/text/numbers.h"
#include "engine/text/printer.h"

namespace skiff::text {

Status Printer::decode(Reader& reader, Instr& e) {
  const DecodeContext context{.features = m_.features, .has_data_count = true};
  if (!decode_instr(reader, context, buffers_, e)) return std::unexpected(reader.error());
  return {};
}

// A constant expression, folded when it is a single instruction, with a space in front of each.
Status Printer::const_expr(const ConstExpr& expr) {
  Reader reader(expr.bytes, expr.offset);
  blocks_.clear();
  label_depths_.clear();
  label_names_ = nullptr;
  for (;;) {
    Instr e;
    SKIFF_TRY(decode(reader, e));
    if (e.op == Op::End && blocks_.empty()) break;
    // Blocks are not constant, but nothing has checked that yet.
    const bool structured = info(e.op).shape == Shape::Control;
    if (e.op == Op::End && !blocks_.empty()) blocks_.pop_back();
    out_ += structured ? " " : " (";
    instr(e);
    if (!structured) out_ += ')';
    if (opens_block(e.op)) blocks_.push_back({e.op});
  }
  return {};
}

void Printer::instr(const Instr& e) {
  out_ += info(e.op).text;
  operands(e);
}

bool opens_block(Op op) {
  return op == Op::Block || op == Op::Loop || op == Op::If || op == Op::Try || op == Op::TryTable;
}

bool continues_block(Op op) { return op == Op::Else || op == Op::Catch || op == Op::CatchAll; }

bool ends_block(Op op) { return op == Op::End || op == Op::Delegate; }

// Takes the next label of the function into scope.
void Printer::open_label(Op op) {
  const std::string_view name = label_names_ ? label_names_->find(label_count_) : std::string_view{};
  ++label_count_;
  if (!name.empty()) label_depths_[name].push_back(static_cast<uint32_t>(blocks_.size()));
  blocks_.push_back({op, name});
}

void Printer::close_label() {
  const std::string_view name = blocks_.back().label;
  if (!name.empty()) {
    const auto it = label_depths_.find(name);
    it->second.pop_back();
    if (it->second.empty()) label_depths_.erase(it);
  }
  blocks_.pop_back();
}

// A label counted from the inside: its name if no inner label has the same.
void Printer::label(uint32_t depth) {
  if (depth < blocks_.size()) {
    const size_t at = blocks_.size() - 1 - depth;
    const std::string_view name = blocks_[at].label;
    if (!name.empty() && label_depths_.find(name)->second.back() == at) return append_id(out_, name);
  }
  out_ += std::to_string(depth);
}

// The branch hint for the instruction at `offset` of the body, if there is one.
void Printer::hint(uint32_t func, uint64_t offset) {
  const auto& hints = m_.branch_hints;
  while (next_hint_ < hints.size() && (hints[next_hint_].func < func ||
                                       (hints[next_hint_].func == func && hints[next_hint_].offset < offset)))
    ++next_hint_;
  if (next_hint_ == hints.size() || hints[next_hint_].func != func || hints[next_hint_].offset != offset)
    return;
  out_ += hints[next_hint_].likely ? "(@metadata.code.branch_hint \"\\01\") "
                                   : "(@metadata.code.branch_hint \"\\00\") ";
}

void Printer::instr_offset(const Instr& e) {
  if (!options_.offsets) return;
  out_.append("(;@").append(std::to_string(e.offset)).append(";) ");
}

void Printer::begin_body() {
  blocks_.clear();
  label_depths_.clear();
  label_count_ = 0;
}

Status Printer::end_body(const Reader& reader, uint32_t func) const {
  if (reader.at_end()) return {};
  return fail(ErrorCode::UnexpectedEnd, reader.offset(), func, "bytes behind the end of a body");
}

Status Printer::flat_body(Reader& reader, uint32_t func, uint64_t base) {
  begin_body();
  for (;;) {
    Instr e;
    const uint64_t offset = reader.offset();
    SKIFF_TRY(decode(reader, e));
    if (e.op == Op::End && blocks_.empty()) break;
    SKIFF_TRY(check_structure(e));
    // `else` and the like stand one level further out than what they separate.
    line(2 + blocks_.size() - (continues_block(e.op) || ends_block(e.op) ? 1 : 0));
    instr_offset(e);
    hint(func, offset - base);
    if (ends_block(e.op)) close_label();
    if (!opens_block(e.op)) {
      instr(e);
      if (continues_block(e.op)) blocks_.back().op = e.op;
      continue;
    }
    out_ += info(e.op).text;
    const std::string_view name = label_names_->find(label_count_);
    if (!name.empty()) out_ += ' ', append_id(out_, name);
    operands(e);
    open_label(e.op);
  }
  return end_body(reader, func);
}

// That a separator or end fits the block that it stands in.
Status Printer::check_structure(const Instr& e) const {
  if (!continues_block(e.op) && !ends_block(e.op)) return {};
  const Op open = blocks_.empty() ? Op::Nop : blocks_.back().op;
  const bool fits = e.op == Op::End        ? !blocks_.empty()
                    : e.op == Op::Else     ? open == Op::If
                    : e.op == Op::Delegate ? open == Op::Try
                                           : open == Op::Try || open == Op::Catch;
  if (fits) return {};
  return fail(ErrorCode::UnexpectedToken, e.offset, kNoIndex, std::string(info(e.op).text));
}

void Printer::block_type(const BlockType& block) {
  switch (block.kind) {
    case BlockType::Kind::Empty: return;
    case BlockType::Kind::Value:
      out_ += " (result ";
      val_type(block.value);
      out_ += ')';
      return;
    case BlockType::Kind::Index: return type_use(block.index, nullptr, nullptr);
  }
}

void Printer::memarg(const Instr& e) {
  if (e.memarg.memory != 0) out_ += ' ', reference(memories_, e.memarg.memory);
  if (e.memarg.offset != 0) out_.append(" offset=").append(std::to_string(e.memarg.offset));
  if (e.memarg.align != info(e.op).width && e.memarg.align < 64)
    out_.append(" align=").append(std::to_string(uint64_t{1} << e.memarg.align));
}

namespace {

const char* keyword_of(Catch::Kind kind) {
  switch (kind) {
    case Catch::Kind::Catch: return "catch";
    case Catch::Kind::CatchRef: return "catch_ref";
    case Catch::Kind::CatchAll: return "catch_all";
    case Catch::Kind::CatchAllRef: return "catch_all_ref";
  }
  return "";
}

}  // namespace

void Printer::operands(const Instr& e) {
  auto one = [&](const Identifiers& ids, uint32_t index) { out_ += ' ', reference(ids, index); };
  auto optional = [&](const Identifiers& ids, uint32_t index) {
    if (index != 0) one(ids, index);
  };
  auto both = [&](const Identifiers& ids) {
    if (e.index != 0 || e.index2 != 0) one(ids, e.index), one(ids, e.index2);
  };
  switch (info(e.op).imm) {
    case Imm::None:
    case Imm::Fence: return;
    case Imm::BlockType: return block_type(e.block);
    case Imm::Label: out_ += ' ', label(e.index); return;
    case Imm::LabelVec:
      for (uint32_t l : e.labels) out_ += ' ', label(l);
      return;
    case Imm::Func: return one(funcs_, e.index);
    case Imm::Type: return one(types_, e.index);
    case Imm::TypeTable: optional(tables_, e.index2); return type_use(e.index, nullptr, nullptr);
    case Imm::Local: return one(locals_, e.index);
    case Imm::Global: return one(globals_, e.index);
    case Imm::Table: return optional(tables_, e.index);
    case Imm::TableTable: return both(tables_);
    case Imm::ElemTable: return optional(tables_, e.index2), one(elems_, e.index);
    case Imm::Elem: return one(elems_, e.index);
    case Imm::Data: return one(datas_, e.index);
    case Imm::Memory: return optional(memories_, e.index);
    case Imm::MemoryMemory: return both(memories_);
    case Imm::DataMemory: return optional(memories_, e.index2), one(datas_, e.index);
    case Imm::MemArg: return memarg(e);
    case Imm::MemArgLane: memarg(e); [[fallthrough]];
    case Imm::Lane: out_ += ' ', out_ += std::to_string(e.lane); return;
    case Imm::Lanes16:
      for (uint8_t lane : e.bytes) out_ += ' ', out_ += std::to_string(lane);
      return;
    case Imm::V128:
      out_ += " i32x4";
      for (size_t i = 0; i < 4; ++i) {
        constexpr char kHex[] = "0123456789abcdef";
        out_ += " 0x";
        for (size_t j = 4; j-- != 0;)
          out_ += kHex[e.bytes[4 * i + j] >> 4], out_ += kHex[e.bytes[4 * i + j] & 15];
      }
      return;
    case Imm::I32: out_ += ' ', out_ += std::to_string(static_cast<int32_t>(e.bits)); return;
    case Imm::I64: out_ += ' ', out_ += std::to_string(static_cast<int64_t>(e.bits)); return;
    case Imm::F32: out_ += ' ', out_ += print_f32(static_cast<uint32_t>(e.bits)); return;
    case Imm::F64: out_ += ' ', out_ += print_f64(e.bits); return;
    case Imm::HeapType:
      out_ += ' ';
      if (e.op == Op::RefNull) return heap_type(e.type.heap());
      return val_type(ValType::ref(e.type.heap(), e.op == Op::RefTestNull || e.op == Op::RefCastNull));
    case Imm::SelectTypes:
      out_ += " (result";
      for (ValType t : e.types) out_ += ' ', val_type(t);
      out_ += ')';
      return;
    case Imm::TypeField: {
      one(types_, e.index);
      const auto ids = fields_.find(e.index);
      return ids == fields_.end() ? one(Identifiers(), e.index2) : one(ids->second, e.index2);
    }
    case Imm::TypeLength:
      one(types_, e.index);
      out_ += ' ', out_ += std::to_string(e.index2);
      return;
    case Imm::TypeData: return one(types_, e.index), one(datas_, e.index2);
    case Imm::TypeElem: return one(types_, e.index), one(elems_, e.index2);
    case Imm::TypeType: return one(types_, e.index), one(types_, e.index2);
    case Imm::BrOnCast:
      out_ += ' ', label(e.index);
      out_ += ' ', val_type(e.type);
      out_ += ' ', val_type(e.type2);
      return;
    case Imm::Tag: return one(tags_, e.index);
    case Imm::TryTable:
      block_type(e.block);
      for (const Catch& c : e.catches) {
        out_.append(" (").append(keyword_of(c.kind));
        if (c.has_tag()) one(tags_, c.tag);
        out_ += ' ', label(c.label);
        out_ += ')';
      }
      return;
  }
}

}  // namespace skiff::text
