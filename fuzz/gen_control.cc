// Control: blocks with parameters and results, loops, conditionals, exception handlers, branches, calls and
// tail calls, and the producers that any type has.
#include "fuzz/gen_body.h"

namespace skiff::fuzz {

// ---------------------------------------------------------------------------------------------------- blocks

void BodyGen::begin(Op o, const Types& params, const Types& results, std::span<const Catch> catches) {
  Instr instr{.op = o, .catches = catches};
  const bool index = !params.empty() || results.size() > 1 || (c.has(Feature::MultiValue) && c.in.one_in(8));
  if (index) instr.block = {BlockType::Kind::Index, {}, c.func_type(params, results)};
  else if (!results.empty()) instr.block = {BlockType::Kind::Value, results[0], 0};
  emit(out_, instr);
  labels_.push_back({o == Op::Loop ? params : results, save()});
}

// else, catch, catch_all.
void BodyGen::begin_part(Op o, uint32_t tag) {
  op(o, tag);
  restore(labels_.back().before);
  labels_.back().legacy_catch = o != Op::Else;
}

void BodyGen::end() {
  op(Op::End);
  restore(labels_.back().before);
  labels_.pop_back();
}

BodyGen::Types BodyGen::block_params() {
  return c.has(Feature::MultiValue) && c.in.one_in(3) ? c.random_types(2) : Types();
}

// Results of a block, one of them t.
BodyGen::Types BodyGen::results_with(ValType t, size_t& at) {
  Types results;
  if (c.has(Feature::MultiValue) && c.in.one_in(3)) results = c.random_types(2);
  at = c.in.below(results.size() + 1);
  results.insert(results.begin() + static_cast<std::ptrdiff_t>(at), t);
  return results;
}

// block or loop.
void BodyGen::block(Op o, const Types& results) {
  const Types params = block_params();
  values(params);
  begin(o, params, results);
  if (o == Op::Loop) tick();
  consume(params);
  statements();
  values(results);
  end();
}

// block or loop whose operands stay where they are and come out as its results.
void BodyGen::block_through(Op o) {
  const Types params = c.random_types(3);
  values(params);
  begin(o, params, params);
  if (o == Op::Loop) tick();
  statements();
  end();
  consume(params);
}

void BodyGen::if_else(const Types& results) {
  const Types params = block_params();
  values(params);
  value(ValType::I32);
  begin(Op::If, params, results);
  consume(params);
  statements();
  values(results);
  if (!params.empty() || !results.empty() || c.in.one_in(2)) {
    begin_part(Op::Else);
    labels_.back().legacy_catch = false;
    consume(params);
    statements();
    values(results);
  }
  end();
}

// The handler is the code behind the inner of two blocks around the try_table:
//   block $done  block $handler  try_table (catch $handler)  values  end  br $done  end  values  end
void BodyGen::try_table(const Types& results) {
  if (!c.has(Feature::Exceptions)) return block(Op::Block, results);
  using Kind = Catch::Kind;
  static constexpr Kind kKinds[] = {Kind::CatchAll, Kind::Catch, Kind::CatchAllRef, Kind::CatchRef};
  Catch first{.kind = kKinds[c.in.below(c.has(Feature::FunctionReferences) ? 4 : 2)]};
  Types payload;
  if (first.has_tag()) {
    first.tag = c.in.below(c.m.tags.size());
    // Several values need a block type that has several results; tag 0 has none.
    if (!c.has(Feature::MultiValue)) first.tag = 0;
    payload = c.tag_type(first.tag).params;
  }
  if (first.has_ref()) payload.push_back(ValType::ref(HeapType::Exn, false));
  begin(Op::Block, {}, results);
  begin(Op::Block, {}, payload);
  std::vector<Catch> catches = {first};
  bool all = !first.has_tag();
  const std::vector<uint32_t> plain = labels_taking({});
  if (!all && !plain.empty()) {
    catches.push_back({Catch::Kind::CatchAll, 0, c.in.pick(plain)});
    all = true;
  }
  catchers_ += all;
  begin(Op::TryTable, {}, results, catches);
  statements();
  if (c.in.one_in(3)) throw_something();
  values(results);
  end();
  catchers_ -= all;
  op(Op::Br, 1);
  end();
  consume(payload);
  statements();
  values(results);
  end();
}

void BodyGen::legacy_try(const Types& results) {
  if (!c.has(Feature::LegacyExceptions)) return try_table(results);
  const bool all = c.in.one_in(2);
  begin(Op::Try, {}, results);
  catchers_ += all;
  statements();
  if (c.in.one_in(3)) throw_something();
  values(results);
  catchers_ -= all;
  if (!all && c.in.one_in(3)) {
    restore(labels_.back().before);
    labels_.pop_back();
    return op(Op::Delegate, c.in.below(labels_.size()));
  }
  for (uint32_t n = c.m.tags.empty() ? 0 : c.in.below(3); n > 0; --n) {
    const uint32_t tag = c.in.below(c.m.tags.size());
    begin_part(Op::Catch, tag);
    consume(Types(c.tag_type(tag).params));
    statements();
    values(results);
  }
  if (all) {
    begin_part(Op::CatchAll);
    statements();
    values(results);
  }
  end();
}

void BodyGen::structured(const Types& results) {
  switch (c.in.below(8)) {
    case 0:
    case 1: return block(Op::Block, results);
    case 2:
    case 3: return block(Op::Loop, results);
    case 4: return if_else(results);
    case 5: return try_table(results);
    case 6: return legacy_try(results);
    default:
      if (c.has(Feature::MultiValue)) block_through(c.in.one_in(2) ? Op::Loop : Op::Block);
      return block(Op::Block, results);
  }
}

// --------------------------------------------------------------------------------------------------- branches

// Relative indices of the labels that take exactly these types.
std::vector<uint32_t> BodyGen::labels_taking(const Types& types) const {
  std::vector<uint32_t> found;
  for (size_t i = 0; i < labels_.size(); ++i)
    if (labels_[i].types == types) found.push_back(label_of(i));
  return found;
}

// With t: leaves one value of type t, what the branch would have taken.
bool BodyGen::br_if(std::optional<ValType> t) {
  std::vector<size_t> fitting;
  for (size_t i = 0; i < labels_.size(); ++i) {
    const Types& types = labels_[i].types;
    if (!t || (types.size() == 1 && c.matches(types[0], *t))) fitting.push_back(i);
  }
  if (fitting.empty()) return false;
  const size_t target = c.in.pick(fitting);
  const Types types = labels_[target].types;
  values(types);
  value(ValType::I32);
  op(Op::BrIf, label_of(target));
  if (!t) consume(types);
  return true;
}

// In a block of its own, which it can leave by index 0 and others.
bool BodyGen::br_table() {
  begin(Op::Block, {}, {});
  const Types types = labels_[labels_.size() - 1 - c.in.below(labels_.size())].types;
  values(types);
  value(ValType::I32);
  const std::vector<uint32_t> fitting = labels_taking(types);
  std::vector<uint32_t> targets(c.in.between(1, 6));
  for (uint32_t& target : targets) target = c.in.pick(fitting);
  if (c.in.one_in(2)) mask(AddressType::I32, 7);
  emit(out_, {.op = Op::BrTable, .labels = targets});
  end();
  return true;
}

void BodyGen::br_on_cast(Op o, uint32_t label, ValType from, ValType to) {
  emit(out_, {.op = o, .index = label, .type = from, .type2 = to});
}

// br_on_null, br_on_non_null, br_on_cast, br_on_cast_fail to labels that are there.
bool BodyGen::br_on() {
  if (!c.has(Feature::FunctionReferences)) return false;
  const size_t i = c.in.below(labels_.size());
  const Types types = labels_[i].types;
  if (types.empty()) {
    value(c.random_ref().with_null(true));
    op(Op::BrOnNull, label_of(i));
    op(Op::Drop);
    return true;
  }
  const ValType last = types.back();
  if (!last.is_ref()) return false;
  const auto rest = std::span(types).first(types.size() - 1);
  values(rest);
  const uint32_t kind = c.gc() ? c.in.below(3) : 0;
  if (kind == 0) {
    value(last.with_null(true));
    op(Op::BrOnNonNull, label_of(i));
    discard(rest);
    return true;
  }
  const ValType from = kind == 1 ? ValType::ref(super_of(last.heap()), true) : last;
  value(from);
  br_on_cast(kind == 1 ? Op::BrOnCast : Op::BrOnCastFail, label_of(i), from, last);
  discard(types);
  return true;
}

bool BodyGen::rethrow() {
  std::vector<uint32_t> handlers;
  for (size_t i = 0; i < labels_.size(); ++i)
    if (labels_[i].legacy_catch) handlers.push_back(label_of(i));
  if (handlers.empty()) return false;
  op(Op::Rethrow, c.in.pick(handlers));
  return true;
}

// In trap-free code only where it is caught.
bool BodyGen::throw_something() {
  if (!c.has(Feature::Exceptions) || (trap_free() && catchers_ == 0)) return false;
  if (c.in.one_in(4) && rethrow()) return true;
  if (c.refs() && c.in.one_in(4)) {
    if (trap_free() && !get_local(ValType::ref(HeapType::Exn, false))) return false;
    if (!trap_free()) value(ValType::ExnRef);
    op(Op::ThrowRef);
    return true;
  }
  if (c.m.tags.empty()) return false;
  const uint32_t tag = c.in.below(c.m.tags.size());
  values(Types(c.tag_type(tag).params));
  op(Op::Throw, tag);
  return true;
}

// Makes the rest of the block unreachable.
void BodyGen::abrupt() {
  switch (c.in.below(6)) {
    case 0:
    case 1: {
      const size_t i = c.in.below(labels_.size());
      values(Types(labels_[i].types));
      return op(Op::Br, label_of(i));
    }
    case 2:
      if (throw_something()) return;
      break;
    case 3:
      if (tail_call()) return;
      break;
    case 4:
      if (!trap_free()) return op(Op::Unreachable);
      break;
    default: break;
  }
  values(type_.results);
  op(Op::Return);
}

// ------------------------------------------------------------------------------------------------------ calls

// Arguments and the call, directly, through the table of functions, or through a reference.
void BodyGen::call_kind(uint32_t func, bool tail) {
  const uint32_t type = c.m.functions[func].type;
  values(Types(c.signature(func).params));
  const uint32_t kind = c.in.below(3);
  if (kind == 1) {
    uint32_t other = func;
    for (uint32_t f = 0; f < c.m.functions.size(); ++f)
      if (c.m.functions[f].type == type && c.in.one_in(2)) other = f;
    if (!trap_free() && c.in.one_in(6)) {
      value(ValType::I32);
      mask(AddressType::I32, 15);
    } else if (other != func) {
      i32(func);
      i32(other);
      value(ValType::I32);
      op(Op::Select);
    } else {
      i32(func);
    }
    return op(tail ? Op::ReturnCallIndirect : Op::CallIndirect, type, c.call_table);
  }
  if (kind == 2 && c.has(Feature::FunctionReferences)) {
    value(ValType::ref(HeapType::concrete(type), !trap_free() && c.in.one_in(4)));
    return op(tail ? Op::ReturnCallRef : Op::CallRef, type);
  }
  op(tail ? Op::ReturnCall : Op::Call, func);
}

// With t: of its results keeps one of that type.
bool BodyGen::call(std::optional<ValType> t) {
  std::vector<std::pair<uint32_t, size_t>> fitting;
  for (uint32_t f = 0; f < c.m.functions.size(); ++f) {
    const Types& results = c.signature(f).results;
    if (!t) fitting.emplace_back(f, 0);
    for (size_t i = 0; t && i < results.size(); ++i)
      if (c.matches(results[i], *t)) fitting.emplace_back(f, i);
  }
  if (fitting.empty()) return false;
  const auto [func, at] = c.in.pick(fitting);
  const Types results = c.signature(func).results;
  call_kind(func, false);
  if (t) keep_one(results, at);
  else consume(results);
  return true;
}

bool BodyGen::tail_call() {
  if (!c.has(Feature::TailCall)) return false;
  std::vector<uint32_t> fitting;
  for (uint32_t f = 0; f < c.m.functions.size(); ++f)
    if (c.all_match(c.signature(f).results, type_.results)) fitting.push_back(f);
  if (fitting.empty()) return false;
  call_kind(c.in.pick(fitting), true);
  return true;
}

// --------------------------------------------------------------------------------------- values of any type

bool BodyGen::general(ValType t) {
  size_t at = 0;
  switch (c.in.below(12)) {
    case 0: return get_local(t);
    case 1:
      value(t);
      store_local(t, Op::LocalTee);
      return true;
    case 2: {
      std::vector<uint32_t> fitting;
      for (uint32_t g = 0; g < c.m.globals.size(); ++g)
        if (c.matches(c.m.globals[g].type.type, t)) fitting.push_back(g);
      if (fitting.empty()) return false;
      op(Op::GlobalGet, c.in.pick(fitting));
      return true;
    }
    case 3:
    case 4: {
      const Types results = results_with(t, at);
      structured(results);
      keep_one(results, at);
      return true;
    }
    case 5: {
      const Types results = results_with(t, at);
      if_else(results);
      keep_one(results, at);
      return true;
    }
    case 6:
    case 7: return call(t);
    case 8:
      if (t.is_ref() && !c.refs()) return false;
      value(t);
      value(t);
      value(ValType::I32);
      select(t);
      return true;
    case 9: return br_if(t);
    case 10:
      statement();
      value(t);
      return true;
    default:
      if (!c.in.one_in(6)) return false;
      abrupt();
      return true;
  }
}

}  // namespace skiff::fuzz
