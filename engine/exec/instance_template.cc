// Which parts of a module's first state are static; the idle instances.
#include "engine/exec/instance_template.h"

#include <algorithm>

#include "engine/base/bits.h"
#include "engine/base/check.h"
#include "engine/exec/memory.h"
#include "engine/exec/table.h"
#include "engine/valid/walker.h"

namespace skiff {
namespace {

// Tables of more elements are not put back element by element: such instances are not used again.
constexpr uint64_t kMaxTable = 1 << 16;

// Watches the instructions of a constant expression.
class StaticSink {
 public:
  StaticSink(const std::vector<bool>& own_func, const std::vector<bool>& dynamic_global)
      : own_func_(own_func), dynamic_global_(dynamic_global) {}
  bool is_static() const { return static_; }

  void begin(const FunctionHeader&) {}
  void instr(const Instr& instr, const ResolvedInstr&, const WalkView&) {
    switch (instr.op) {
      case Op::Nop:
      case Op::I32Const: case Op::I64Const: case Op::F32Const: case Op::F64Const: case Op::V128Const:
      case Op::I32Add: case Op::I32Sub: case Op::I32Mul:
      case Op::I64Add: case Op::I64Sub: case Op::I64Mul:
      case Op::RefNull: case Op::RefI31: case Op::AnyConvertExtern: case Op::ExternConvertAny: return;
      case Op::RefFunc: static_ &= own_func_[instr.index]; return;
      case Op::GlobalGet: static_ &= !dynamic_global_[instr.index]; return;
      default: static_ = false;  // opcodes are an open set; those that allocate
    }
  }
  void block_begin(const Instr&, const BlockInfo&, const WalkView&) {}
  void block_else(const Instr&, const ResolvedInstr&, const BlockInfo&, const WalkView&, bool) {}
  void block_end(const Instr&, const BlockInfo&, const WalkView&, bool) {}
  void end() {}

 private:
  const std::vector<bool>& own_func_;
  const std::vector<bool>& dynamic_global_;
  bool static_ = true;
};
static_assert(FunctionSink<StaticSink>);

}  // namespace

InstanceTemplate::InstanceTemplate(ModulePtr module, std::vector<Host> hosts)
    : module_(std::move(module)), info_(module_->info()), hosts_(std::move(hosts)), pool_(module_->engine().pool()) {
  const Module& m = info_.module;
  SKIFF_CHECK(hosts_.size() == m.imports.size());
  own_func_.assign(m.functions.size(), true);
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (hosts_[i].fn) ++host_count_;
    else if (m.imports[i].kind == ExternKind::Func) own_func_[m.imports[i].index] = false;
  }
  global_dynamic_.assign(m.globals.size(), true);
  for (uint32_t i = m.imported_globals; i < m.globals.size(); ++i) {
    global_dynamic_[i] = !is_static(m.globals[i].init, info_.globals[i].type);
    if (global_dynamic_[i]) dynamic_globals_.push_back(i);
  }
  for (size_t i = m.imported_memories; i < m.memories.size(); ++i) recyclable_ &= !m.memories[i].type.shared;
  for (size_t i = m.imported_tables; i < m.tables.size(); ++i) recyclable_ &= m.tables[i].type.limits.min <= kMaxTable;
  images_.resize(m.memories.size() - m.imported_memories);
  pool_->add(*this);
}

InstanceTemplate::~InstanceTemplate() {
  pool_->remove(*this);
  while (drop_one()) {
  }
}

bool InstanceTemplate::is_static(const ConstExpr& expr, ValType type) const {
  WalkScratch scratch;
  StaticSink sink(own_func_, global_dynamic_);
  const Status walked = walk_const_expr(info_, expr, type, scratch, sink);
  SKIFF_CHECK(walked.has_value());  // it was validated with its module
  return sink.is_static();
}

uint64_t InstanceTemplate::offset_of(ConstEvaluator& evaluator, const ConstExpr& expr, AddressType address) {
  Slot value;
  const TrapCode trap = evaluator.evaluate(expr, value_type(address), &value);
  SKIFF_CHECK(trap == TrapCode::None);  // integer expressions do not allocate
  return address == AddressType::I64 ? value.u64 : value.u32;
}

// Do all tables and element segments hold the same references in each life?
bool InstanceTemplate::elems_static() const {
  const Module& m = info_.module;
  for (size_t i = m.imported_tables; i < m.tables.size(); ++i)
    if (m.tables[i].init && !is_static(*m.tables[i].init, info_.tables[i].elem)) return false;
  for (size_t i = 0; i < m.elems.size(); ++i) {
    const ElemSegment& segment = m.elems[i];
    if (segment.mode == ElemSegment::Mode::Declarative) continue;
    for (uint32_t func : segment.funcs)
      if (!own_func_[func]) return false;
    for (const ConstExpr& expr : segment.exprs)
      if (!is_static(expr, info_.elem_types[i])) return false;
  }
  return true;
}

// Is an active segment written to the same place of an own table, without a trap?
bool InstanceTemplate::elem_in_place(const ElemSegment& segment, ConstEvaluator& evaluator) const {
  const Module& m = info_.module;
  const TableType& type = m.tables[segment.table].type;
  if (segment.table < m.imported_tables || !is_static(segment.offset_expr, value_type(type.address))) return false;
  return in_bounds(offset_of(evaluator, segment.offset_expr, type.address), segment.size(), type.limits.min);
}

// Where an active segment is written if that is the same place of an own memory, without a trap.
std::optional<uint64_t> InstanceTemplate::data_in_place(const DataSegment& segment, ConstEvaluator& evaluator) const {
  const Module& m = info_.module;
  const MemoryType& type = m.memories[segment.memory].type;
  if (segment.memory < m.imported_memories || type.shared) return std::nullopt;
  if (!is_static(segment.offset_expr, value_type(type.address))) return std::nullopt;
  const uint64_t at = offset_of(evaluator, segment.offset_expr, type.address);
  // No memory of so many pages can be had: instantiation will say so.
  const uint64_t pages = std::min(type.limits.min, ~uint64_t{0} >> type.page_size_log2);
  if (!in_bounds(at, segment.bytes.size(), pages << type.page_size_log2)) return std::nullopt;
  return at;
}

void InstanceTemplate::look_at_data(ConstEvaluator& evaluator) {
  const Module& m = info_.module;
  std::vector<std::vector<MemoryImage::Part>> parts(images_.size());
  for (const DataSegment& segment : m.datas) {
    if (!segment.active) continue;
    const std::optional<uint64_t> at = data_in_place(segment, evaluator);
    if (!at) return;
    if (!segment.bytes.empty()) parts[segment.memory - m.imported_memories].push_back({*at, segment.bytes});
  }
  std::vector<std::shared_ptr<const MemoryImage>> images(images_.size());
  for (size_t i = 0; i < images.size(); ++i)
    if (!parts[i].empty() && !(images[i] = MemoryImage::make(parts[i]))) return;
  images_ = std::move(images);
  memories_static_ = true;
}

void InstanceTemplate::look_at_segments(ConstEvaluator& evaluator) {
  std::call_once(once_, [&] {
    bool in_place = true;
    for (const ElemSegment& segment : info_.module.elems)
      if (segment.mode == ElemSegment::Mode::Active) in_place = in_place && elem_in_place(segment, evaluator);
    tables_static_ = in_place && elems_static();
    // A trap of an element segment comes before any data segment is written.
    if (in_place) look_at_data(evaluator);
  });
}

std::unique_ptr<Instance> InstanceTemplate::take() {
  std::unique_ptr<Instance> instance = idle_.take([](const auto&) { return true; });
  if (instance) pool_->leave(reserved_by(*instance));
  return instance;
}

uint64_t InstanceTemplate::reserved_by(const Instance& instance) const {
  uint64_t sum = 0;
  for (size_t i = info_.module.imported_memories; i < instance.memories_.size(); ++i)
    sum += instance.memories_[i]->reserved();
  return sum;
}

void InstanceTemplate::give(std::unique_ptr<Instance> instance) {
  if (!recyclable_ || !instance->end_life()) return;
  if (pool_->admit(reserved_by(*instance), *this)) idle_.give(std::move(instance));
}

bool InstanceTemplate::drop_one() { return take() != nullptr; }

}  // namespace skiff
