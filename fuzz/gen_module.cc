// The generator's module level: imports, memories, tables, globals, segments, exports and constant
// expressions.
#include "engine/binary/encode.h"
#include "fuzz/gen_context.h"

namespace skiff::fuzz {

void emit(Writer& out, const Instr& instr) { encode_instr(out, instr); }

ByteSpan Context::keep(std::vector<uint8_t> bytes) {
  arena_->bytes.push_back(std::move(bytes));
  return arena_->bytes.back();
}

std::string_view Context::name(std::string text) {
  arena_->names.push_back(std::move(text));
  return arena_->names.back();
}

// ---------------------------------------------------------------------------------- constant expressions

void Context::constant_array(Writer& out, uint32_t type) {
  const ValType element = fields(type)[0].storage;
  if (element.is_defaultable()) {
    emit(out, {.op = Op::I32Const, .bits = in.below(6)});
    emit(out, {.op = Op::ArrayNewDefault, .index = type});
    return;
  }
  constant(out, element.unpacked());
  emit(out, {.op = Op::ArrayNewFixed, .index = type, .index2 = 1});
}

// A non-null reference.   Requires: inhabited(heap)
void Context::constant_heap(Writer& out, HeapType heap) {
  if (heap.is_concrete()) {
    const uint32_t index = heap.index();
    switch (type(index).comp.kind) {
      case CompositeType::Kind::Array: return constant_array(out, index);
      case CompositeType::Kind::Struct: {
        bool defaultable = true;
        for (const FieldType& field : fields(index)) defaultable &= field.storage.is_defaultable();
        if (defaultable && !in.one_in(2)) return emit(out, {.op = Op::StructNewDefault, .index = index});
        for (const FieldType& field : fields(index)) constant(out, field.storage.unpacked());
        return emit(out, {.op = Op::StructNew, .index = index});
      }
      case CompositeType::Kind::Func: break;
    }
  }
  if (heap == HeapType::Struct) return constant_heap(out, HeapType::concrete(structs[0]));
  if (heap == HeapType::Array) return constant_heap(out, HeapType::concrete(arrays[0]));
  if (heap == HeapType::Func || heap.is_concrete()) {
    std::vector<uint32_t> fitting;
    for (uint32_t f = 0; f < m.functions.size(); ++f)
      if (heap_matches(HeapType::concrete(m.functions[f].type), heap)) fitting.push_back(f);
    return emit(out, {.op = Op::RefFunc, .index = in.pick(fitting)});
  }
  emit(out, {.op = Op::I32Const, .bits = static_cast<uint32_t>(in.integer())});
  emit(out, {.op = Op::RefI31});
  if (heap == HeapType::Extern) emit(out, {.op = Op::ExternConvertAny});
}

void Context::constant(Writer& out, ValType t) {
  switch (t.kind()) {
    case ValType::Kind::I64: return emit(out, {.op = Op::I64Const, .bits = in.integer()});
    case ValType::Kind::F32: return emit(out, {.op = Op::F32Const, .bits = in.float_bits()});
    case ValType::Kind::F64: return emit(out, {.op = Op::F64Const, .bits = in.double_bits()});
    case ValType::Kind::V128: {
      Instr instr{.op = Op::V128Const};
      const bool floats = in.one_in(2);
      for (size_t i = 0; i < 16; i += 4) {
        const uint64_t lane = floats ? in.float_bits() : in.integer();
        for (size_t k = 0; k < 4; ++k) instr.bytes[i + k] = static_cast<uint8_t>(lane >> (8 * k));
      }
      return emit(out, instr);
    }
    case ValType::Kind::Ref:
    case ValType::Kind::RefNull:
      if (t.is_nullable_ref() && (!inhabited(t.heap()) || !in.one_in(2)))
        return emit(out, {.op = Op::RefNull, .type = ValType::ref(t.heap(), true)});
      return constant_heap(out, t.heap());
    default: return emit(out, {.op = Op::I32Const, .bits = static_cast<uint32_t>(in.integer())});
  }
}

// add, sub, mul of constants and immutable globals.   Requires: t is i32 or i64
void Context::extended_constant(Writer& out, ValType t) {
  static constexpr Op kSmall[] = {Op::I32Add, Op::I32Sub, Op::I32Mul};
  static constexpr Op kLarge[] = {Op::I64Add, Op::I64Sub, Op::I64Mul};
  constant(out, t);
  constant(out, t);
  emit(out, {.op = (t == ValType::I32 ? kSmall : kLarge)[in.below(3)]});
}

ConstExpr Context::const_expr(ValType t) {
  Writer out;
  std::vector<uint32_t> globals;
  for (uint32_t g = 0; g < m.globals.size(); ++g) {
    const bool visible = gc() || g < m.imported_globals;
    if (visible && !m.globals[g].type.mut && matches(m.globals[g].type.type, t)) globals.push_back(g);
  }
  if (!globals.empty() && in.one_in(3)) {
    emit(out, {.op = Op::GlobalGet, .index = in.pick(globals)});
  } else if ((t == ValType::I32 || t == ValType::I64) && has(Feature::ExtendedConst) && in.one_in(3)) {
    extended_constant(out, t);
  } else {
    constant(out, t);
  }
  emit(out, {.op = Op::End});
  return {keep(out.take()), 0};
}

ConstExpr Context::const_address(AddressType at, uint64_t value) {
  Writer out;
  emit(out, {.op = at == AddressType::I64 ? Op::I64Const : Op::I32Const, .bits = value});
  emit(out, {.op = Op::End});
  return {keep(out.take()), 0};
}

// -------------------------------------------------------------------------------------------- index spaces

namespace {

MemoryType random_memory(Context& c) {
  MemoryType t;
  const bool bytes = c.has(Feature::CustomPageSizes) && c.in.one_in(4);
  t.page_size_log2 = bytes ? 0 : 16;
  if (c.has(Feature::Memory64) && c.in.one_in(3)) t.address = AddressType::I64;
  t.limits.min = bytes ? c.in.bits(2) : 1;
  if (c.in.one_in(4)) t.limits.min = c.options.trap_free ? 2 : 0;
  t.shared = c.has(Feature::Threads) && c.in.one_in(5);
  if (t.shared || c.in.one_in(2)) t.limits.max = t.limits.min + (bytes ? c.in.bits(2) : c.in.below(3));
  return t;
}

}  // namespace

void Context::make_imports() {
  const auto add = [&](ExternKind kind, size_t index) {
    m.imports.push_back({.module = "env", .name = name("i" + std::to_string(m.imports.size())), .kind = kind,
                         .index = static_cast<uint32_t>(index)});
  };
  for (uint32_t n = in.below(3); n > 0; --n) {
    add(ExternKind::Func, m.functions.size());
    m.functions.emplace_back();
  }
  m.imported_funcs = static_cast<uint32_t>(m.functions.size());
  if (in.one_in(4)) {
    add(ExternKind::Memory, 0);
    m.memories.push_back({random_memory(*this)});
  }
  m.imported_memories = static_cast<uint32_t>(m.memories.size());
  for (uint32_t n = in.below(3); n > 0; --n) {
    add(ExternKind::Global, m.globals.size());
    m.globals.push_back({{random_number(), in.one_in(2)}, {}});
  }
  m.imported_globals = static_cast<uint32_t>(m.globals.size());
}

void Context::make_memories() {
  const uint32_t wanted = has(Feature::MultiMemory) ? in.between(1, 3) : 1;
  while (m.memories.size() < wanted) m.memories.push_back({random_memory(*this)});
}

void Context::make_call_table() {
  call_table = static_cast<uint32_t>(m.tables.size());
  const uint64_t size = m.functions.size() + (options.trap_free ? 0 : 1);
  Table table;
  table.type = {ValType::FuncRef, {size, {}}, AddressType::I32};
  if (in.one_in(2)) table.type.limits.max = size;
  m.tables.push_back(table);
}

void Context::make_tables() {
  const uint32_t others = refs() ? in.below(4) : 0;
  // The first form of segments, the only one before bulk memory, knows table 0 and memory 0 only.
  const uint32_t before = has(Feature::BulkMemory) ? in.below(others + 1) : 0;
  for (uint32_t i = 0; i < others; ++i) {
    if (i == before) make_call_table();
    Table table;
    table.type.elem = random_ref();
    if (has(Feature::Memory64) && in.one_in(3)) table.type.address = AddressType::I64;
    table.type.limits.min = in.below(10) + (options.trap_free ? 1 : 0);
    if (in.one_in(2)) table.type.limits.max = table.type.limits.min + in.below(10);
    const bool strict = !table.type.elem.is_nullable_ref();
    if (strict || (has(Feature::FunctionReferences) && in.one_in(3)))
      table.init = const_expr(table.type.elem);
    m.tables.push_back(table);
  }
  if (before == others) make_call_table();
}

void Context::make_globals() {
  fuel_global = static_cast<uint32_t>(m.globals.size());
  m.globals.push_back({{ValType::I32, true}, const_address(AddressType::I32, kFuel)});
  for (uint32_t n = in.below(7); n > 0; --n) {
    GlobalType type{random_type(), !in.one_in(3)};
    // The expression sees the globals before this one.
    const ConstExpr init = const_expr(type.type);
    m.globals.push_back({type, init});
  }
}

// A segment of references to exprs or functions.
void Context::make_elem(uint32_t i) {
  ElemSegment e;
  const uint32_t n = in.below(6);
  const uint32_t mode = in.below(3);
  const uint32_t table = in.below(m.tables.size());
  const Table& target = m.tables[table];
  const bool fits = table != call_table && (!options.trap_free || target.type.limits.min >= n);
  if (mode == 1 && fits) {
    e.mode = ElemSegment::Mode::Active;
    e.table = table;
    e.type = target.type.elem;
    const uint64_t last = target.type.limits.min >= n ? target.type.limits.min - n : 0;
    const uint64_t at = in.below(last + 1) + (options.trap_free ? 0 : in.one_in(64));
    e.offset_expr = const_address(target.type.address, at);
  } else {
    e.mode = mode == 2 ? ElemSegment::Mode::Declarative : ElemSegment::Mode::Passive;
    e.type = random_ref();
  }
  e.uses_exprs = true;
  if (i % 2 == 0 && e.mode != ElemSegment::Mode::Active) {
    e.uses_exprs = false;
    e.type = ValType::ref(HeapType::Func, false);
    for (uint32_t k = 0; k < n; ++k) e.funcs.push_back(in.below(m.functions.size()));
  } else {
    for (uint32_t k = 0; k < n; ++k) e.exprs.push_back(const_expr(e.type));
  }
  m.elems.push_back(std::move(e));
}

void Context::make_data() {
  DataSegment d;
  std::vector<uint8_t> bytes(in.below(40));
  for (uint8_t& b : bytes) b = in.u8();
  const uint32_t memory = has(Feature::BulkMemory) ? in.below(m.memories.size()) : 0;
  const uint64_t room = memory_bytes(memory);
  if ((!has(Feature::BulkMemory) || in.one_in(2)) && room >= bytes.size()) {
    d.active = true;
    d.memory = memory;
    const uint64_t at = in.below(room - bytes.size() + 1) + (options.trap_free ? 0 : in.one_in(64));
    d.offset_expr = const_address(m.memories[memory].type.address, at);
  } else if (!has(Feature::BulkMemory)) {
    return;
  }
  d.bytes = keep(std::move(bytes));
  m.datas.push_back(d);
}

void Context::make_segments() {
  ElemSegment all;
  all.mode = ElemSegment::Mode::Active;
  all.table = call_table;
  all.type = ValType::ref(HeapType::Func, false);
  all.offset_expr = const_address(AddressType::I32, 0);
  for (uint32_t f = 0; f < m.functions.size(); ++f) all.funcs.push_back(f);
  m.elems.push_back(std::move(all));
  if (refs() && has(Feature::BulkMemory))
    for (uint32_t n = in.below(4); n > 0; --n) make_elem(n);
  if (!m.memories.empty())
    for (uint32_t n = in.below(4); n > 0; --n) make_data();
  if (has(Feature::BulkMemory) && !m.datas.empty()) m.data_count = static_cast<uint32_t>(m.datas.size());
}

void Context::make_exports() {
  const auto add = [&](const char* prefix, ExternKind kind, size_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      const bool fuel = kind == ExternKind::Global && i == fuel_global;
      const std::string text = fuel ? "fuel" : prefix + std::to_string(i);
      m.exports.push_back({.name = name(text), .kind = kind, .index = i});
    }
  };
  add("f", ExternKind::Func, m.functions.size());
  add("m", ExternKind::Memory, m.memories.size());
  add("t", ExternKind::Table, m.tables.size());
  add("g", ExternKind::Global, m.globals.size());
  add("e", ExternKind::Tag, m.tags.size());
}

Context::Context(ByteSpan entropy, const GenOptions& generate)
    : in(entropy), options(generate), arena_(std::make_shared<Arena>()) {
  m.features = options.features;
  m.storage.push_back(arena_);
}

// ----------------------------------------------------------------------------------------------- interface

GenOptions options_of(ByteSpan entropy) {
  GenOptions options;
  const uint8_t mode = entropy.empty() ? 0 : entropy[0];
  options.trap_free = mode % 2 == 0;
  options.max_nodes = mode & 0x40 ? 1500 : mode & 0x20 ? 500 : 150;
  return options;
}

Module generate(ByteSpan entropy, const GenOptions& options) {
  Context c(entropy.empty() ? entropy : entropy.subspan(1), options);
  c.make_types();
  c.make_imports();
  c.make_signatures();
  c.make_tags();
  c.make_memories();
  c.make_tables();
  c.make_globals();
  c.make_segments();
  c.make_exports();
  make_bodies(c);
  return std::move(c.m);
}

std::vector<uint8_t> generate_binary(ByteSpan entropy, const GenOptions& options) {
  return encode_module(generate(entropy, options));
}

}  // namespace skiff::fuzz
