// Bodies: the frame of a function (locals, fuel), lists of values, and statements.
#include "fuzz/gen_body.h"

#include "engine/binary/encode.h"

namespace skiff::fuzz {

BodyGen::BodyGen(Context& context, uint32_t func, uint32_t budget)
    : c(context), type_(context.signature(func)), budget_(budget) {
  for (ValType t : type_.params) locals_.push_back({t, true});
  for (uint32_t n = c.in.below(6); n > 0; --n) new_local(c.random_type());
}

// ---------------------------------------------------------------------------------------------------- locals

uint32_t BodyGen::new_local(ValType t) {
  locals_.push_back({t, t.is_defaultable()});
  return static_cast<uint32_t>(locals_.size() - 1);
}

uint32_t BodyGen::scratch(ValType t) {
  for (uint32_t local : scratch_)
    if (locals_[local].type == t) return local;
  scratch_.push_back(new_local(t));
  return scratch_.back();
}

void BodyGen::set_local(uint32_t local) {
  op(Op::LocalSet, local);
  locals_[local].set = true;
}

bool BodyGen::get_local(ValType t) {
  std::vector<uint32_t> fitting;
  for (uint32_t i = 0; i < locals_.size(); ++i)
    if (locals_[i].set && c.matches(locals_[i].type, t)) fitting.push_back(i);
  if (fitting.empty()) return false;
  op(Op::LocalGet, c.in.pick(fitting));
  return true;
}

// local.set or local.tee of a value on the stack, of type t exactly: a tee's type is then t again.
bool BodyGen::store_local(ValType t, Op o) {
  std::vector<uint32_t> fitting;
  for (uint32_t i = 0; i < locals_.size(); ++i)
    if (locals_[i].type == t) fitting.push_back(i);
  if (fitting.empty()) {
    if (locals_.size() >= 40) return false;
    fitting.push_back(new_local(t));
  }
  const uint32_t local = c.in.pick(fitting);
  op(o, local);
  locals_[local].set = true;
  return true;
}

BodyGen::SetLocals BodyGen::save() const {
  SetLocals saved;
  for (const Local& local : locals_) saved.push_back(local.set);
  return saved;
}

void BodyGen::restore(const SetLocals& saved) {
  for (size_t i = 0; i < locals_.size(); ++i)
    locals_[i].set = i < saved.size() ? saved[i] : locals_[i].type.is_defaultable();
}

// ---------------------------------------------------------------------------------------------------- values

void BodyGen::terminal(ValType t) {
  const bool exception = t == ValType::ref(HeapType::Exn, false);
  if ((exception || c.in.one_in(2)) && get_local(t)) return;
  if (exception) exception_ref(0);
  else c.constant(out_, t);
}

void BodyGen::values(std::span<const ValType> types) {
  for (ValType t : types) value(t);
}

void BodyGen::terminals(std::span<const ValType> types) {
  for (ValType t : types) c.constant(out_, t);
}

void BodyGen::discard(std::span<const ValType> types) {
  for (size_t i = 0; i < types.size(); ++i) op(Op::Drop);
}

void BodyGen::keep_one(std::span<const ValType> results, size_t keep) {
  discard(results.subspan(keep + 1));
  if (keep == 0) return;
  const uint32_t local = scratch(results[keep]);
  op(Op::LocalSet, local);
  discard(results.first(keep));
  op(Op::LocalGet, local);
}

void BodyGen::consume(std::span<const ValType> types) {
  for (size_t i = types.size(); i-- > 0;)
    if (c.in.one_in(4) || !store_local(types[i], Op::LocalSet)) op(Op::Drop);
}

void BodyGen::address_const(AddressType at, uint64_t v) {
  emit(out_, {.op = at == AddressType::I64 ? Op::I64Const : Op::I32Const, .bits = v});
}

void BodyGen::mask(AddressType at, uint64_t bits) {
  address_const(at, bits);
  op(at == AddressType::I64 ? Op::I64And : Op::I32And);
}

void BodyGen::select(ValType t) {
  if (!t.is_ref() && !(c.refs() && c.in.one_in(4))) return op(Op::Select);
  emit(out_, {.op = Op::SelectT, .types = {&t, 1}});
}

// -------------------------------------------------------------------------------------------------- the frame

// Counts fuel down; without any the function returns constants.
void BodyGen::tick() {
  op(Op::GlobalGet, c.fuel_global);
  op(Op::I32Eqz);
  emit(out_, {.op = Op::If});
  terminals(type_.results);
  op(Op::Return);
  op(Op::End);
  op(Op::GlobalGet, c.fuel_global);
  i32(1);
  op(Op::I32Sub);
  op(Op::GlobalSet, c.fuel_global);
}

CodeBytes BodyGen::run() {
  labels_.push_back({type_.results, save()});
  tick();
  statements();
  values(type_.results);
  op(Op::End);

  Writer body;
  // Runs of equal types, as the text format would write them: code survives a round trip byte for byte.
  std::vector<std::pair<uint32_t, ValType>> runs;
  for (size_t i = type_.params.size(); i < locals_.size(); ++i) {
    if (runs.empty() || runs.back().second != locals_[i].type) runs.emplace_back(0, locals_[i].type);
    ++runs.back().first;
  }
  body.u32(runs.size());
  for (const auto& [count, type] : runs) {
    body.u32(count);
    encode_val_type(body, type);
  }
  body.bytes(out_.view());
  return {c.keep(body.take()), 0};
}

void make_bodies(Context& c) {
  const uint32_t first = c.m.imported_funcs;
  const auto count = static_cast<uint32_t>(c.m.functions.size()) - first;
  for (uint32_t i = 0; i < count; ++i) {
    // The first functions get more, so that short inputs fill some of them.
    const uint32_t budget = c.options.max_nodes / (i + 2);
    c.m.functions[first + i].body = BodyGen(c, first + i, budget).run();
  }
}

// ------------------------------------------------------------------------------------------------- statements

void BodyGen::statements() {
  for (uint32_t n = c.in.below(depth_ < 2 ? 8 : 4); n > 0 && !spent(); --n) statement();
}

void BodyGen::cheap_statement() {
  std::vector<uint32_t> globals;
  for (uint32_t g = 0; g < c.m.globals.size(); ++g)
    if (c.m.globals[g].type.mut && g != c.fuel_global) globals.push_back(g);
  if (!globals.empty() && c.in.one_in(2)) {
    const uint32_t g = c.in.pick(globals);
    value(c.m.globals[g].type.type);
    return op(Op::GlobalSet, g);
  }
  const ValType t = c.random_type();
  value(t);
  if (c.in.one_in(3) || !store_local(t, Op::LocalSet)) op(Op::Drop);
}

void BodyGen::statement() {
  if (budget_ > 0) --budget_;
  ++depth_;
  bool done = true;
  switch (c.in.below(20)) {
    case 1:
    case 2:
    case 3: store_row(); break;
    case 4: structured({}); break;
    case 5: structured({}); break;
    case 6: if_else({}); break;
    case 7: done = br_if({}); break;
    case 8: done = br_table(); break;
    case 9: done = call({}); break;
    case 10: done = set_field(); break;
    case 11: done = array_bulk(); break;
    case 12: table_statement(); break;
    case 13: bulk_memory(); break;
    case 14: done = br_on(); break;
    case 15:
      value(ValType::I32);
      begin(Op::If, {}, {});
      abrupt();
      end();
      break;
    case 16:
      if (c.in.one_in(8)) abrupt();
      else done = false;
      break;
    default: done = false;
  }
  if (!done) cheap_statement();
  --depth_;
}

}  // namespace skiff::fuzz
