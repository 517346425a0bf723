// BodyParser: instruction sequences of the text format to bytes of the binary format (Spec: text-instr).
// Folded instructions and blocks are kept on an explicit stack, so that nesting costs heap, not native
// stack. A folded operator whose operands come first waits, already encoded, in a side buffer.
#pragma once

#include "engine/binary/decode_instr.h"
#include "engine/syntax/instr.h"
#include "engine/text/parser.h"

namespace skiff::text {

class BodyParser {
 public:
  /// For a function body: `locals` binds its parameters and locals; the bytes follow what `out` holds.
  BodyParser(Parser& parser, Writer& out, uint32_t func, const Scope& locals);
  /// For a constant expression.
  BodyParser(Parser& parser, Writer& out);

  /// Instructions up to the ")" that ends the surrounding form (left there), then `end`.
  void sequence();
  /// Exactly one folded instruction, then `end`.
  void folded_expr();

  /// Label names by order of appearance, for the name section.
  NameMap take_label_names() { return std::move(label_names_); }
  std::vector<BranchHint> take_hints() { return std::move(hints_); }

 private:
  // clang-format off
  enum class Kind : uint8_t {
    Fold,                                           // (op operand*
    Block,                                          // (block ...   also loop and try_table
    IfCondition, Then, AfterThen, Else, AfterElse,  // (if condition (then ...) (else ...))
    TryHead, Do, AfterDo, Catch, AfterCatch,        // (try (do ...) (catch ...)) of legacy exceptions
    CatchAll, TryEnd, TryDelegated,
    PlainBlock, PlainIf, PlainElse, PlainTry, PlainCatch, PlainCatchAll,
  };
  // clang-format on
  enum class Hint : uint8_t { None, Unlikely, Likely };
  struct Frame {
    Kind kind;
    Hint hint = Hint::None;  // of the waiting instruction
    size_t waiting = 0;      // where its bytes begin in waiting_
    std::string_view label = {};
    uint32_t source = 0;  // of the waiting instruction
  };

  void run(bool single);
  void open();
  void open_folded();
  void open_clause(Frame& frame);
  void close();
  void plain();
  void plain_end();
  void plain_else();
  void plain_catch(Op op);
  void plain_delegate();
  void check_label();
  void hint();

  std::optional<Op> operator_here();
  void block_head(Instr& e, std::string_view& label);
  void block_type(Instr& e);
  void catches(Instr& e);
  void immediates(Instr& e);
  void memarg(Instr& e, bool lane);
  uint8_t lane_index();
  void shuffle_lanes(Instr& e);
  void v128_const(Instr& e);
  void v128_lane(std::string_view shape, uint8_t* out);
  size_t count_numbers() const;
  void number(Instr& e);
  void cast_target(Instr& e);
  void select_types(Instr& e);
  uint32_t label_index();
  uint32_t local_index();

  void emit(const Instr& e, Hint hint);
  void emit(Op op);
  void wait(const Instr& e, Frame frame);
  void emit_waiting(Frame& frame);
  void note(Hint hint, uint32_t source);
  void push_label(std::string_view id);
  Hint take_pending_hint();

  Parser& p_;
  TokenCursor& c_;
  Writer& out_;
  std::optional<uint32_t> func_;
  const Scope* locals_ = nullptr;
  std::vector<Frame> frames_;
  Writer waiting_;
  LabelStack labels_;
  uint32_t label_count_ = 0;
  NameMap label_names_;
  std::vector<BranchHint> hints_;
  Hint pending_hint_ = Hint::None;
  uint32_t here_ = 0;  // where the instruction being read begins in the source
  InstrBuffers buffers_;
};

}  // namespace skiff::text
