// Control structure of instruction sequences: the stack of open blocks and folded instructions. What
// follows an opcode is parsed in parse_immediates.cc.
#include "engine/text/parse_instr.h"

#include "engine/base/check.h"
#include "engine/binary/encode.h"
#include "engine/text/keywords.h"

namespace skiff::text {

BodyParser::BodyParser(Parser& parser, Writer& out, uint32_t func, const Scope& locals)
    : p_(parser), c_(parser.cursor()), out_(out), func_(func), locals_(&locals) {}

BodyParser::BodyParser(Parser& parser, Writer& out) : p_(parser), c_(parser.cursor()), out_(out) {}

void BodyParser::sequence() {
  run(false);
  here_ = c_.peek().offset;
  emit(Op::End);
}

void BodyParser::folded_expr() {
  if (!c_.at(TokenKind::LParen)) return c_.unexpected();
  run(true);
  emit(Op::End);
}

void BodyParser::run(bool single) {
  while (c_.ok()) {
    switch (c_.kind()) {
      case TokenKind::LParen: open(); break;
      case TokenKind::RParen:
        if (pending_hint_ != Hint::None)
          return c_.set_error(ErrorCode::MalformedBranchHintAnnotation, "misplaced");
        if (frames_.empty()) return;
        close();
        break;
      case TokenKind::Keyword: plain(); break;
      case TokenKind::Annot: hint(); break;
      case TokenKind::Id:
      case TokenKind::Nat:
      case TokenKind::Int:
      case TokenKind::Float:
      case TokenKind::String:
      case TokenKind::Reserved:
      case TokenKind::Error:
      case TokenKind::End: return c_.unexpected();
    }
    if (single && frames_.empty()) return;
  }
}

// Folded forms -----------------------------------------------------------------------------------

void BodyParser::open() {
  if (!frames_.empty()) {
    switch (frames_.back().kind) {
      case Kind::IfCondition:
        if (c_.at_form("then")) return open_clause(frames_.back());
        break;
      case Kind::AfterThen:
      case Kind::TryHead:
      case Kind::AfterDo:
      case Kind::AfterCatch: return open_clause(frames_.back());
      case Kind::AfterElse:
      case Kind::TryEnd:
      case Kind::TryDelegated: return c_.unexpected();
      case Kind::Fold:
      case Kind::Block:
      case Kind::Then:
      case Kind::Else:
      case Kind::Do:
      case Kind::Catch:
      case Kind::CatchAll:
      case Kind::PlainBlock:
      case Kind::PlainIf:
      case Kind::PlainElse:
      case Kind::PlainTry:
      case Kind::PlainCatch:
      case Kind::PlainCatchAll: break;
    }
  }
  open_folded();
}

// At the "(" of a clause of a folded `if` or `try`.
void BodyParser::open_clause(Frame& frame) {
  here_ = c_.peek().offset;
  const bool catches = frame.kind == Kind::AfterDo || frame.kind == Kind::AfterCatch;
  if (frame.kind == Kind::IfCondition && c_.accept_form("then")) {
    emit_waiting(frame);
    push_label(frame.label);
    frame.kind = Kind::Then;
  } else if (frame.kind == Kind::AfterThen && c_.accept_form("else")) {
    emit(Op::Else);
    frame.kind = Kind::Else;
  } else if (frame.kind == Kind::TryHead && c_.accept_form("do")) {
    frame.kind = Kind::Do;
  } else if (catches && c_.accept_form("catch")) {
    Instr e;
    e.op = Op::Catch;
    e.index = p_.index(p_.tags);
    emit(e, Hint::None);
    frame.kind = Kind::Catch;
  } else if (catches && c_.accept_form("catch_all")) {
    emit(Op::CatchAll);
    frame.kind = Kind::CatchAll;
  } else if (frame.kind == Kind::AfterDo && c_.accept_form("delegate")) {
    labels_.pop();
    Instr e;
    e.op = Op::Delegate;
    e.index = label_index();
    emit(e, Hint::None);
    c_.expect_close();
    frame.kind = Kind::TryDelegated;
  } else {
    c_.unexpected();
  }
}

// The operator at a keyword, if there is one and it is enabled; moves behind it.
std::optional<Op> BodyParser::operator_here() {
  const auto op = c_.at(TokenKind::Keyword) ? find_op(c_.text()) : std::nullopt;
  if (!op) return c_.unexpected(), std::nullopt;
  here_ = c_.peek().offset;
  if (!p_.module().features.has(info(*op).feature)) {
    // Catch clauses of try_table share their keywords with legacy instructions: out of place, not unknown.
    if (*op == Op::Catch || *op == Op::CatchAll) return c_.unexpected(), std::nullopt;
    c_.set_error(ErrorCode::UnknownOperator, std::string(c_.text()) + " (feature " +
                                                 std::string(name_of(info(*op).feature)) + " is off)");
    return std::nullopt;
  }
  return op;
}

void BodyParser::open_folded() {
  c_.next();
  const auto op = operator_here();
  if (!op) return;
  Instr e;
  e.op = *op;
  switch (*op) {
    case Op::Else:
    case Op::End:
    case Op::Catch:
    case Op::CatchAll:
    case Op::Delegate: return c_.unexpected();
    case Op::Block:
    case Op::Loop:
    case Op::Try:
    case Op::TryTable: {
      c_.next();
      Frame frame{*op == Op::Try ? Kind::TryHead : Kind::Block};
      block_head(e, frame.label);
      emit(e, take_pending_hint());
      push_label(frame.label);
      frames_.push_back(frame);
      return;
    }
    case Op::If: {
      c_.next();
      Frame frame{Kind::IfCondition};
      block_head(e, frame.label);
      return wait(e, frame);
    }
    default: break;
  }
  c_.next();
  immediates(e);
  if (c_.accept(TokenKind::RParen)) return emit(e, take_pending_hint());
  wait(e, Frame{Kind::Fold});
}

// At a ")" that closes a form of this sequence.
void BodyParser::close() {
  Frame& frame = frames_.back();
  here_ = c_.peek().offset;
  switch (frame.kind) {
    case Kind::Fold: emit_waiting(frame); break;
    case Kind::AfterThen:
    case Kind::AfterElse:
    case Kind::Block:
    case Kind::AfterDo:
    case Kind::AfterCatch:
    case Kind::TryEnd:
      labels_.pop();
      emit(Op::End);
      break;
    case Kind::TryDelegated: break;
    // The ends of clauses.
    case Kind::Then: c_.next(), frame.kind = Kind::AfterThen; return;
    case Kind::Else: c_.next(), frame.kind = Kind::AfterElse; return;
    case Kind::Do: c_.next(), frame.kind = Kind::AfterDo; return;
    case Kind::Catch: c_.next(), frame.kind = Kind::AfterCatch; return;
    case Kind::CatchAll: c_.next(), frame.kind = Kind::TryEnd; return;
    case Kind::IfCondition:
    case Kind::TryHead:
    case Kind::PlainBlock:
    case Kind::PlainIf:
    case Kind::PlainElse:
    case Kind::PlainTry:
    case Kind::PlainCatch:
    case Kind::PlainCatchAll: return c_.unexpected();
  }
  c_.next();
  frames_.pop_back();
}

// Plain forms ------------------------------------------------------------------------------------

// At a keyword.
void BodyParser::plain() {
  const auto op = operator_here();
  if (!op) return;
  if (!frames_.empty()) {
    // Within these only folded instructions and clauses may stand.
    switch (frames_.back().kind) {
      case Kind::Fold:
      case Kind::IfCondition:
      case Kind::AfterThen:
      case Kind::AfterElse:
      case Kind::TryHead:
      case Kind::AfterDo:
      case Kind::AfterCatch:
      case Kind::TryEnd:
      case Kind::TryDelegated: return c_.unexpected();
      case Kind::Block:
      case Kind::Then:
      case Kind::Else:
      case Kind::Do:
      case Kind::Catch:
      case Kind::CatchAll:
      case Kind::PlainBlock:
      case Kind::PlainIf:
      case Kind::PlainElse:
      case Kind::PlainTry:
      case Kind::PlainCatch:
      case Kind::PlainCatchAll: break;
    }
  }
  Instr e;
  e.op = *op;
  switch (*op) {
    case Op::End: return plain_end();
    case Op::Else: return plain_else();
    case Op::Catch:
    case Op::CatchAll: return plain_catch(*op);
    case Op::Delegate: return plain_delegate();
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: {
      c_.next();
      Frame frame{*op == Op::If ? Kind::PlainIf : *op == Op::Try ? Kind::PlainTry : Kind::PlainBlock};
      block_head(e, frame.label);
      emit(e, take_pending_hint());
      push_label(frame.label);
      frames_.push_back(frame);
      return;
    }
    default: break;
  }
  c_.next();
  immediates(e);
  emit(e, take_pending_hint());
}

// `end $label` and `else $label` must repeat the label of their block, if they have one.
void BodyParser::check_label() {
  if (!c_.at(TokenKind::Id)) return;
  const uint64_t offset = c_.peek().offset;
  if (p_.optional_id() != labels_.top()) c_.set_error(ErrorCode::MismatchingLabel, offset);
}

void BodyParser::plain_end() {
  if (frames_.empty()) return c_.unexpected();
  switch (frames_.back().kind) {
    case Kind::PlainBlock:
    case Kind::PlainIf:
    case Kind::PlainElse:
    case Kind::PlainTry:
    case Kind::PlainCatch:
    case Kind::PlainCatchAll: break;
    default: return c_.unexpected();
  }
  c_.next();
  check_label();
  labels_.pop();
  frames_.pop_back();
  emit(Op::End);
}

void BodyParser::plain_else() {
  if (frames_.empty() || frames_.back().kind != Kind::PlainIf) return c_.unexpected();
  c_.next();
  check_label();
  frames_.back().kind = Kind::PlainElse;
  emit(Op::Else);
}

void BodyParser::plain_catch(Op op) {
  if (frames_.empty()) return c_.unexpected();
  Frame& frame = frames_.back();
  if (frame.kind != Kind::PlainTry && frame.kind != Kind::PlainCatch) return c_.unexpected();
  c_.next();
  Instr e;
  e.op = op;
  if (op == Op::Catch) e.index = p_.index(p_.tags);
  frame.kind = op == Op::Catch ? Kind::PlainCatch : Kind::PlainCatchAll;
  emit(e, Hint::None);
}

// `delegate l` ends a try without catches; its label counts from outside of the try.
void BodyParser::plain_delegate() {
  if (frames_.empty() || frames_.back().kind != Kind::PlainTry) return c_.unexpected();
  c_.next();
  labels_.pop();
  frames_.pop_back();
  Instr e;
  e.op = Op::Delegate;
  e.index = label_index();
  emit(e, Hint::None);
}

// Emitting ---------------------------------------------------------------------------------------

void BodyParser::push_label(std::string_view id) {
  labels_.push(id);
  if (!id.empty() && func_) label_names_.entries.emplace_back(label_count_, p_.arena().store(id));
  ++label_count_;
}

// Before an instruction goes to out_.
void BodyParser::note(Hint hint, uint32_t source) {
  if (SourceMap* map = p_.source_map(); map && func_)
    map->entries.push_back({*func_, source, out_.size()});
  if (hint == Hint::None) return;
  hints_.push_back({func_.value_or(0), static_cast<uint32_t>(out_.size()), hint == Hint::Likely});
}

void BodyParser::emit(const Instr& e, Hint hint) {
  if (!c_.ok()) return;
  note(hint, here_);
  encode_instr(out_, e);
}

void BodyParser::emit(Op op) {
  Instr e;
  e.op = op;
  emit(e, Hint::None);
}

// Keeps an operator until its operands have been emitted.
void BodyParser::wait(const Instr& e, Frame frame) {
  frame.waiting = waiting_.size();
  frame.hint = take_pending_hint();
  frame.source = here_;
  if (c_.ok()) encode_instr(waiting_, e);
  frames_.push_back(frame);
}

void BodyParser::emit_waiting(Frame& frame) {
  note(frame.hint, frame.source);
  out_.bytes(waiting_.view().subspan(frame.waiting));
  waiting_.truncate(frame.waiting);
}

BodyParser::Hint BodyParser::take_pending_hint() { return std::exchange(pending_hint_, Hint::None); }

// `(@metadata.code.branch_hint "\00")`: for the next instruction.
void BodyParser::hint() {
  if (!func_ || !c_.text().ends_with("branch_hint")) return c_.unexpected();
  if (pending_hint_ != Hint::None)
    return c_.set_error(ErrorCode::MalformedBranchHintAnnotation, "duplicate annotation");
  c_.next();
  std::string bytes;
  while (c_.at_string()) bytes += c_.expect_string();
  if (bytes.size() != 1 || static_cast<uint8_t>(bytes[0]) > 1 || !c_.at(TokenKind::RParen))
    return c_.set_error(ErrorCode::MalformedBranchHintAnnotation, "malformed hint");
  c_.next();
  pending_hint_ = bytes[0] == 1 ? Hint::Likely : Hint::Unlikely;
}

}  // namespace skiff::text
