// The script parser: one function per kind of form, over the text format's tokens.
#include "spectest/script.h"

#include <cstring>
#include <map>
#include <span>
#include <utility>

#include "engine/text/numbers.h"

namespace skiff::spectest {

using text::TokenCursor;
using text::TokenKind;

namespace {

constexpr std::pair<std::string_view, Command::Kind> kCommands[] = {
    {"module", Command::Kind::Module},
    {"module instance", Command::Kind::Instance},
    {"component", Command::Kind::Component},
    {"component instance", Command::Kind::ComponentInstance},
    {"register", Command::Kind::Register},
    {"invoke", Command::Kind::Action},
    {"get", Command::Kind::Action},
    {"assert_return", Command::Kind::AssertReturn},
    {"assert_trap", Command::Kind::AssertTrap},
    {"assert_exhaustion", Command::Kind::AssertExhaustion},
    {"assert_exception", Command::Kind::AssertException},
    {"assert_malformed", Command::Kind::AssertMalformed},
    {"assert_invalid", Command::Kind::AssertInvalid},
    {"assert_unlinkable", Command::Kind::AssertUnlinkable},
    {"assert_malformed_custom", Command::Kind::AssertMalformedCustom},
    {"assert_invalid_custom", Command::Kind::AssertInvalidCustom},
    {"thread", Command::Kind::Thread},
    {"wait", Command::Kind::Wait},
};

constexpr std::pair<std::string_view, HeapType> kHeapTypes[] = {
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) {TEXT, HeapType::ID},
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE
};

std::optional<HeapType> find_heap_type(std::string_view keyword) {
  for (const auto& [text, type] : kHeapTypes)
    if (text == keyword) return type;
  return std::nullopt;
}

// Shapes of v128.const, and the scalar constants as one-lane vectors.
struct LaneShape {
  std::string_view keyword;
  ValType type;
  uint8_t lanes;
  uint8_t bits;
  bool is_float;
};
constexpr LaneShape kScalars[] = {
    {"i32.const", ValType::I32, 1, 32, false},
    {"i64.const", ValType::I64, 1, 64, false},
    {"f32.const", ValType::F32, 1, 32, true},
    {"f64.const", ValType::F64, 1, 64, true},
};
constexpr LaneShape kVectors[] = {
    {"i8x16", ValType::V128, 16, 8, false}, {"i16x8", ValType::V128, 8, 16, false},
    {"i32x4", ValType::V128, 4, 32, false}, {"i64x2", ValType::V128, 2, 64, false},
    {"f32x4", ValType::V128, 4, 32, true},  {"f64x2", ValType::V128, 2, 64, true},
};

class Parser {
 public:
  explicit Parser(Script& script) : script_(script), c_(script.tokens) {}

  Status run() {
    if (is_inline_module()) {
      Command command{.kind = Command::Kind::Module};
      command.source = ModuleSource{.kind = ModuleSource::Kind::Inline};
      script_.commands.push_back(std::move(command));
      return {};
    }
    while (c_.ok() && !c_.at(TokenKind::End)) parse_command(script_.commands);
    if (!c_.ok()) return std::unexpected(c_.error());
    return {};
  }

 private:
  // A script may be the fields of one module instead of commands.
  bool is_inline_module() {
    if (c_.at(TokenKind::Annot)) return true;
    if (!c_.at(TokenKind::LParen) || c_.kind(1) != TokenKind::Keyword) return false;
    return !find_command(c_.text(c_.peek(1)));
  }

  static std::optional<Command::Kind> find_command(std::string_view keyword) {
    for (const auto& [text, kind] : kCommands)
      if (text == keyword) return kind;
    return std::nullopt;
  }

  std::string optional_id() {
    return c_.at(TokenKind::Id) ? text::parse_id(c_.text(c_.next())) : std::string();
  }
  std::string required_id() {
    if (!c_.at(TokenKind::Id)) c_.unexpected();
    return optional_id();
  }

  // Threads do not nest, so neither does this.
  void parse_command(std::vector<Command>& out, bool in_thread = false) {
    Command command;
    command.offset = c_.peek().offset;
    const auto kind = c_.at(TokenKind::LParen) && c_.kind(1) == TokenKind::Keyword
                          ? find_command(c_.text(c_.peek(1)))
                          : std::nullopt;
    const bool nested = kind == Command::Kind::Thread || kind == Command::Kind::Wait;
    if (!kind || (in_thread && nested)) return c_.unexpected();
    command.kind = *kind;
    switch (*kind) {
      case Command::Kind::Module:
      case Command::Kind::Instance:
        parse_module(command);
        if (!command.definition_only) note(command.id, false);
        break;
      case Command::Kind::Component:
      case Command::Kind::ComponentInstance:
        parse_component(command);
        if (!command.definition_only) note(command.id, true);
        break;
      case Command::Kind::Register:
        c_.next(), c_.next();
        command.name = c_.expect_string();
        command.id = optional_id();
        command.of_component = is_component(command.id);
        c_.expect_close();
        break;
      case Command::Kind::Action:
        command.action = parse_action();
        break;
      case Command::Kind::Thread:
        parse_thread(command);
        break;
      case Command::Kind::Wait:
        c_.next(), c_.next();
        command.id = required_id();
        c_.expect_close();
        break;
      default:
        parse_assertion(command);
        break;
    }
    if (c_.ok()) out.push_back(std::move(command));
  }

  // (thread $t (shared (module $m))* command*)
  void parse_thread(Command& command) {
    c_.next(), c_.next();
    command.id = required_id();
    while (c_.accept_form("shared")) {
      if (!c_.accept_form("module")) return c_.unexpected();
      command.shared.push_back(required_id());
      c_.expect_close();
      c_.expect_close();
    }
    while (c_.ok() && !c_.at(TokenKind::RParen) && !c_.at(TokenKind::End)) {
      parse_command(command.commands, true);
    }
    c_.expect_close();
  }

  // Remembers whether the latest thing, and the one called `id`, is a component: literals of floats look
  // the same in both worlds.
  void note(const std::string& id, bool component) {
    is_component_[""] = component;
    is_component_[id] = component;
  }

  bool is_component(const std::string& id) const {
    const auto known = is_component_.find(id);
    return known != is_component_.end() && known->second;
  }

  // (module definition? $id? (binary string* | quote string* | field*))  |  (module instance $id?
  // $module?)
  void parse_module(Command& command) {
    const uint32_t close = c_.peek().partner;
    c_.next(), c_.next();
    if (c_.accept_keyword("instance")) {
      command.kind = Command::Kind::Instance;
      command.id = optional_id();
      command.name = optional_id();
      return c_.expect_close();
    }
    command.definition_only = c_.accept_keyword("definition");
    command.id = optional_id();
    command.source = parse_source(close);
  }

  // The same with `component`.
  void parse_component(Command& command) {
    const uint32_t close = c_.peek().partner;
    c_.next(), c_.next();
    if (c_.accept_keyword("instance")) {
      command.kind = Command::Kind::ComponentInstance;
      command.id = optional_id();
      command.name = optional_id();
      return c_.expect_close();
    }
    command.definition_only = c_.accept_keyword("definition");
    command.id = optional_id();
    command.component = ComponentSource{parse_source(close), command.id};
  }

  // binary string* | quote string* | field*, and the ")" at token `close`
  ModuleSource parse_source(uint32_t close) {
    ModuleSource source;
    if (c_.at_keyword("binary") || c_.at_keyword("quote")) {
      source.kind =
          c_.at_keyword("binary") ? ModuleSource::Kind::Binary : ModuleSource::Kind::Quote;
      c_.next();
      while (c_.at_string()) source.bytes += c_.expect_string();
      c_.expect_close();
    } else if (c_.ok()) {
      source.fields = c_.position();
      c_.seek(close);
      c_.expect_close();
    }
    return source;
  }

  void parse_assertion(Command& command) {
    c_.next(), c_.next();
    const bool of_module = c_.at_form("module");
    const bool of_component = c_.at_form("component");
    switch (command.kind) {
      case Command::Kind::AssertMalformed:
      case Command::Kind::AssertInvalid:
      case Command::Kind::AssertUnlinkable:
      case Command::Kind::AssertMalformedCustom:
      case Command::Kind::AssertInvalidCustom:
      case Command::Kind::AssertTrap:
        if (of_module) {
          Command module;
          parse_module(module);
          if (!module.source) return c_.unexpected();
          command.id = std::move(module.id);
          command.source = std::move(module.source);
        } else if (of_component) {
          Command component;
          parse_component(component);
          if (!component.component) return c_.unexpected();
          command.id = std::move(component.id);
          command.component = std::move(component.component);
        } else if (command.kind == Command::Kind::AssertTrap) {
          command.action = parse_action();
        } else {
          return c_.unexpected();
        }
        command.text = c_.expect_string();
        break;
      case Command::Kind::AssertExhaustion:
        command.action = parse_action();
        command.text = c_.expect_string();
        break;
      case Command::Kind::AssertReturn:
        command.action = parse_action();
        while (c_.at(TokenKind::LParen)) {
          if (command.action->of_component)
            command.component_results.push_back(parse_component_const(c_));
          else
            command.results.push_back(parse_pattern());
        }
        break;
      default:
        command.action = parse_action();
        break;  // assert_exception
    }
    c_.expect_close();
  }

  Action parse_action() {
    Action action;
    if (c_.accept_form("get")) {
      action.kind = Action::Kind::Get;
    } else if (!c_.accept_form("invoke")) {
      c_.unexpected();
    }
    action.module = optional_id();
    action.name = c_.expect_string();
    action.of_component = is_component(action.module);
    while (c_.at(TokenKind::LParen)) {
      if (action.of_component)
        action.component_args.push_back(parse_component_const(c_));
      else
        action.args.push_back(parse_const());
    }
    c_.expect_close();
    return action;
  }

  HeapType parse_heap_type() {
    const auto type = c_.at(TokenKind::Keyword) ? find_heap_type(c_.text()) : std::nullopt;
    if (!type) return c_.unexpected(), HeapType();
    c_.next();
    return *type;
  }

  uint64_t parse_nat() {
    const auto value = c_.at(TokenKind::Nat) ? text::parse_unsigned(c_.text(), 64) : std::nullopt;
    if (!value) return c_.unexpected(), 0;
    c_.next();
    return *value;
  }

  Const parse_const() {
    Const constant;
    if (c_.accept_form("ref.null")) {
      constant.kind = Const::Kind::Null;
      constant.heap = parse_heap_type();
      c_.expect_close();
    } else if (c_.at_form("ref.extern") || c_.at_form("ref.host")) {
      constant.kind = c_.at_form("ref.extern") ? Const::Kind::Extern : Const::Kind::Host;
      c_.next(), c_.next();
      constant.id = parse_nat();
      c_.expect_close();
    } else {
      const Pattern pattern = parse_lanes();
      constant.number = Val::zero(pattern.type);
      size_t byte = 0;
      for (const LanePattern& lane : pattern.lanes) {
        if (lane.kind != LanePattern::Kind::Bits) c_.unexpected();
        std::memcpy(constant.number.v128.bytes.data() + byte, &lane.bits, pattern.lane_bits / 8);
        byte += pattern.lane_bits / 8;
      }
    }
    return constant;
  }

  // Depth: `either` holds plain patterns only.
  Pattern parse_pattern(bool in_either = false) {
    Pattern pattern;
    if (!in_either && c_.accept_form("either")) {
      pattern.kind = Pattern::Kind::Either;
      while (c_.at(TokenKind::LParen)) pattern.choices.push_back(parse_pattern(true));
      c_.expect_close();
      return pattern;
    }
    if (!c_.at(TokenKind::LParen) || c_.kind(1) != TokenKind::Keyword)
      return c_.unexpected(), pattern;
    const std::string_view keyword = c_.text(c_.peek(1));
    if (!keyword.starts_with("ref.")) return parse_lanes();
    c_.next(), c_.next();
    const std::string_view what = keyword.substr(4);
    if (what == "null") {
      pattern.kind = Pattern::Kind::Null;
      if (!c_.at(TokenKind::RParen)) pattern.heap = parse_heap_type();
    } else if (what == "extern" || what == "host") {
      pattern.kind = what == "extern" ? Pattern::Kind::Extern : Pattern::Kind::Host;
      if (!c_.at(TokenKind::RParen)) pattern.id = parse_nat();
    } else {
      pattern.kind = Pattern::Kind::Object;
      pattern.heap = find_heap_type(what);
      if (!pattern.heap) c_.unexpected();
      if (c_.at(TokenKind::Nat)) c_.next();  // the index that older scripts give to ref.func
    }
    c_.expect_close();
    return pattern;
  }

  // A number or vector constant, whose float lanes may be NaN patterns.
  Pattern parse_lanes() {
    Pattern pattern;
    if (!c_.at(TokenKind::LParen)) return c_.unexpected(), pattern;
    c_.next();
    const bool vector = c_.accept_keyword("v128.const");
    const LaneShape* shape = nullptr;
    for (const LaneShape& s :
         vector ? std::span<const LaneShape>(kVectors) : std::span<const LaneShape>(kScalars))
      if (c_.at_keyword(s.keyword)) shape = &s;
    if (!shape) return c_.unexpected(), pattern;
    c_.next();
    pattern.type = shape->type;
    pattern.lane_bits = shape->bits;
    pattern.float_lanes = shape->is_float;
    for (unsigned i = 0; i < shape->lanes; ++i) pattern.lanes.push_back(parse_lane(*shape));
    c_.expect_close();
    return pattern;
  }

  LanePattern parse_lane(const LaneShape& shape) {
    LanePattern lane;
    const std::string_view literal = c_.text();
    if (shape.is_float && literal == "nan:canonical") {
      lane.kind = LanePattern::Kind::CanonicalNan;
    } else if (shape.is_float && literal == "nan:arithmetic") {
      lane.kind = LanePattern::Kind::ArithmeticNan;
    } else {
      const auto bits = parse_number(literal, shape);
      if (!bits) return c_.unexpected(), lane;
      lane.bits = *bits;
    }
    c_.next();
    return lane;
  }

  static std::optional<uint64_t> parse_number(std::string_view literal, const LaneShape& shape) {
    if (!shape.is_float) return text::parse_integer(literal, shape.bits);
    if (shape.bits == 64) return text::parse_f64_bits(literal);
    const auto bits = text::parse_f32_bits(literal);
    return bits ? std::optional<uint64_t>(*bits) : std::nullopt;
  }

  Script& script_;
  TokenCursor c_;
  std::map<std::string, bool> is_component_;
};

}  // namespace

std::string_view name_of(Command::Kind kind) {
  if (kind == Command::Kind::Action) return "action";
  for (const auto& [text, k] : kCommands)
    if (k == kind) return text;
  return "";
}

Result<std::unique_ptr<Script>> parse_script(std::string source) {
  auto script = std::make_unique<Script>();
  script->source = std::move(source);
  script->tokens = text::tokenize(script->source);
  SKIFF_TRY(Parser(*script).run());
  return script;
}

}  // namespace skiff::spectest
