// Folded bodies: operators with their operands inside, blocks as forms. Folding never changes the order
// of instructions, so it needs no types: an operator takes the forms in front of it as operands when
// there are enough of them that leave exactly one value each; otherwise it stands alone.
//
// Forms are a tree whose depth is bounded (kMaxBlocks, kMaxDepth), which bounds the recursion over it;
// deeper blocks are printed in the plain form and deeper operands in front of their operator.
#include <algorithm>

#include "engine/base/reader.h"
#include "engine/text/printer.h"

namespace skiff::text {
namespace {

constexpr size_t kMaxBlocks = 200;
constexpr uint32_t kMaxDepth = 200;
constexpr uint32_t kUnknown = ~uint32_t{0};

struct Form {
  std::string head;         // what follows "("
  std::string prefix = {};  // hint and offset, in front of "("
  std::vector<Form> children = {};
  uint32_t results = 0;  // values that it leaves, kUnknown
  uint32_t depth = 1;
  bool plain = false;  // without parentheses and children

  void add(std::vector<Form> forms) {
    for (Form& form : forms) {
      depth = std::max(depth, form.depth + 1);
      children.push_back(std::move(form));
    }
  }
};

struct Arity {
  uint32_t pops = 0;
  uint32_t pushes = kUnknown;
};

}  // namespace

class Folder {
 public:
  Folder(Printer& printer, uint32_t func, uint64_t base) : p_(printer), func_(func), base_(base) {}

  Status run(Reader& reader) {
    scopes_.emplace_back();
    for (;;) {
      Instr e;
      const uint64_t offset = reader.offset();
      SKIFF_TRY(p_.decode(reader, e));
      if (e.op == Op::End && p_.blocks_.empty()) break;
      SKIFF_TRY(p_.check_structure(e));
      add(e, prefix(e, offset));
    }
    for (const Form& form : scopes_[0].forms) print(form, 2);
    return {};
  }

 private:
  // An open block: its own form, and the forms of the clause that is being read.
  struct Scope {
    Form block;
    std::vector<Form> forms;
    const char* clause = nullptr;  // "then", "do", ...: what the forms go into, null: the block itself
    std::string clause_head;
  };

  template <class Print>
  std::string capture(Print print) {
    const size_t begin = p_.out_.size();
    print();
    std::string text = p_.out_.substr(begin);
    p_.out_.resize(begin);
    return text;
  }

  std::string prefix(const Instr& e, uint64_t offset) {
    return capture([&] { p_.instr_offset(e), p_.hint(func_, offset - base_); });
  }

  // True inside of a block that was too deep to be a form.
  bool in_plain() const { return p_.blocks_.size() >= scopes_.size(); }

  void add(const Instr& e, std::string prefix) {
    if (opens_block(e.op)) return open(e, std::move(prefix));
    if (ends_block(e.op) || continues_block(e.op)) {
      if (in_plain()) return plain_separator(e, std::move(prefix));
      return e.op == Op::End ? close() : e.op == Op::Delegate ? delegate(e) : next_clause(e);
    }
    const Arity a = arity(e);
    Form form{capture([&] { p_.instr(e); }), std::move(prefix)};
    form.results = a.pushes;
    form.add(take_operands(a.pops));
    scopes_.back().forms.push_back(std::move(form));
  }

  // The last n forms, if each leaves one value; else none.
  std::vector<Form> take_operands(uint32_t n) {
    std::vector<Form>& forms = scopes_.back().forms;
    std::vector<Form> taken;
    if (n > forms.size()) return taken;
    const auto begin = forms.end() - static_cast<ptrdiff_t>(n);
    auto fits = [](const Form& f) { return f.results == 1 && f.depth < kMaxDepth && !f.plain; };
    if (!std::all_of(begin, forms.end(), fits)) return taken;
    taken.assign(std::make_move_iterator(begin), std::make_move_iterator(forms.end()));
    forms.erase(begin, forms.end());
    return taken;
  }

  void open(const Instr& e, std::string prefix) {
    std::string head = capture([&] {
      p_.out_ += info(e.op).text;
      const std::string_view name = p_.label_names_->find(p_.label_count_);
      if (!name.empty()) p_.out_ += ' ', append_id(p_.out_, name);
      p_.operands(e);
    });
    const bool plain = in_plain() || scopes_.size() > kMaxBlocks;
    p_.open_label(e.op);
    Form form{std::move(head), std::move(prefix)};
    if (plain) {
      form.plain = true;
      form.results = kUnknown;
      scopes_.back().forms.push_back(std::move(form));
      return;
    }
    form.results = result_count(e.block);
    if (e.op == Op::If) form.add(take_operands(1));
    Scope scope{std::move(form), {}, nullptr, {}};
    if (e.op == Op::If) scope.clause = "then";
    if (e.op == Op::Try) scope.clause = "do";
    scopes_.push_back(std::move(scope));
  }

  void plain_separator(const Instr& e, std::string prefix) {
    if (ends_block(e.op))
      p_.close_label();
    else
      p_.blocks_.back().op = e.op;
    Form form{capture([&] { p_.instr(e); }), std::move(prefix)};
    form.plain = true;
    form.results = kUnknown;
    scopes_.back().forms.push_back(std::move(form));
  }

  // Puts the forms read so far into their clause.
  void finish_clause() {
    Scope& scope = scopes_.back();
    if (!scope.clause) return scope.block.add(std::exchange(scope.forms, {}));
    Form clause{scope.clause + scope.clause_head};
    clause.add(std::exchange(scope.forms, {}));
    std::vector<Form> one;
    one.push_back(std::move(clause));
    scope.block.add(std::move(one));
  }

  void next_clause(const Instr& e) {
    finish_clause();
    Scope& scope = scopes_.back();
    scope.clause = info(e.op).text.data();
    scope.clause_head = capture([&] { p_.operands(e); });
    p_.blocks_.back().op = e.op;
  }

  void close() {
    finish_clause();
    p_.close_label();
    finish_block();
  }

  void delegate(const Instr& e) {
    finish_clause();
    p_.close_label();
    std::vector<Form> one;
    one.push_back(Form{capture([&] { p_.instr(e); })});
    scopes_.back().block.add(std::move(one));
    finish_block();
  }

  void finish_block() {
    Form block = std::move(scopes_.back().block);
    scopes_.pop_back();
    scopes_.back().forms.push_back(std::move(block));
  }

  uint32_t result_count(const BlockType& block) const {
    if (block.kind != BlockType::Kind::Index) return block.kind == BlockType::Kind::Value ? 1 : 0;
    const FuncType* type = p_.func_type(block.index);
    return type ? size32(type->results) : kUnknown;
  }

  static uint32_t size32(const auto& v) { return static_cast<uint32_t>(v.size()); }

  Arity call_arity(uint32_t type_index, uint32_t extra) const {
    const FuncType* type = p_.func_type(type_index);
    return type ? Arity{size32(type->params) + extra, size32(type->results)} : Arity{};
  }

  uint32_t func_type_of(uint32_t func) const {
    return func < p_.m_.functions.size() ? p_.m_.functions[func].type : kUnknown;
  }

  // How many operands to put inside and how many values remain. Only a matter of looks.
  Arity arity(const Instr& e) const {
    if (!info(e.op).special()) return {info(e.op).pops, info(e.op).pushes};
    switch (e.op) {
      case Op::Call: return call_arity(func_type_of(e.index), 0);
      case Op::CallIndirect:
      case Op::CallRef: return call_arity(e.index, 1);
      case Op::ReturnCall: return {call_arity(func_type_of(e.index), 0).pops, kUnknown};
      case Op::ReturnCallIndirect:
      case Op::ReturnCallRef: return {call_arity(e.index, 1).pops, kUnknown};
      case Op::Throw:
        return {e.index < p_.m_.tags.size() ? call_arity(p_.m_.tags[e.index].type.type, 0).pops : 0,
                kUnknown};
      case Op::Return: {
        const FuncType* type = p_.func_type(func_type_of(func_));
        return {type ? size32(type->results) : 0, kUnknown};
      }
      case Op::StructNew: {
        const bool known = e.index < p_.m_.types.size();
        return {known ? size32(p_.m_.types[e.index].comp.fields) : 0, 1};
      }
      case Op::ArrayNewFixed: return {e.index2, 1};
      case Op::LocalGet:
      case Op::GlobalGet:
      case Op::RefNull:
      case Op::RefFunc:
      case Op::StructNewDefault: return {0, 1};
      case Op::LocalTee:
      case Op::TableGet:
      case Op::RefIsNull:
      case Op::RefAsNonNull:
      case Op::StructGet:
      case Op::StructGetS:
      case Op::StructGetU:
      case Op::ArrayNewDefault:
      case Op::RefTest:
      case Op::RefTestNull:
      case Op::RefCast:
      case Op::RefCastNull:
      case Op::AnyConvertExtern:
      case Op::ExternConvertAny:
      case Op::RefI31:
      case Op::I31GetS:
      case Op::I31GetU:
      case Op::ArrayLen: return {1, 1};
      case Op::LocalSet:
      case Op::GlobalSet:
      case Op::Drop: return {1, 0};
      case Op::BrIf:
      case Op::BrTable:
      case Op::BrOnNull:
      case Op::BrOnNonNull:
      case Op::BrOnCast:
      case Op::BrOnCastFail:
      case Op::ThrowRef: return {1, kUnknown};
      case Op::RefEq:
      case Op::ArrayNew:
      case Op::ArrayNewData:
      case Op::ArrayNewElem:
      case Op::ArrayGet:
      case Op::ArrayGetS:
      case Op::ArrayGetU:
      case Op::TableGrow: return {2, 1};
      case Op::TableSet:
      case Op::StructSet: return {2, 0};
      case Op::Select:
      case Op::SelectT: return {3, 1};
      case Op::ArraySet:
      case Op::MemoryInit:
      case Op::MemoryCopy:
      case Op::TableInit:
      case Op::TableCopy:
      case Op::TableFill: return {3, 0};
      case Op::ArrayFill:
      case Op::ArrayInitData:
      case Op::ArrayInitElem: return {4, 0};
      case Op::ArrayCopy: return {5, 0};
      default: return {};
    }
  }

  // Recursion is at most kMaxBlocks blocks and kMaxDepth operands deep.
  void print(const Form& form, size_t depth) {
    p_.line(depth);
    p_.out_ += form.prefix;
    if (!form.plain) p_.out_ += '(';
    p_.out_ += form.head;
    for (const Form& child : form.children) print(child, depth + 1);
    if (!form.plain) p_.out_ += ')';
  }

  Printer& p_;
  uint32_t func_;
  uint64_t base_;
  std::vector<Scope> scopes_;
};

Status Printer::folded_body(Reader& reader, uint32_t func, uint64_t base) {
  begin_body();
  SKIFF_TRY(Folder(*this, func, base).run(reader));
  return end_body(reader, func);
}

}  // namespace skiff::text
