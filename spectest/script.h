// Script: a .wast file of the official test suite as a list of commands (Spec repository:
// interpreter/README.md, "Scripts", the `thread`/`wait` commands of the threads proposal, and the
// commands of the component suite: `component` in place of `module`, and component values).
//
// Modules are not parsed with the script: a ModuleSource remembers where its text stands, or its
// quoted or binary bytes, because what a module means depends on the features under test and
// because a wrong module must not hide the commands after it. Everything else is checked by
// parse_script.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/exec/value.h"
#include "engine/syntax/types.h"
#include "engine/text/lexer.h"
#include "spectest/component_values.h"

namespace skiff::spectest {

/// A module of a script, in one of its four forms.
struct ModuleSource {
  enum class Kind : uint8_t {
    Text,    // fields in the script itself, from token `fields` on
    Quote,   // text in string literals: `bytes`
    Binary,  // binary in string literals: `bytes`
    Inline,  // the whole script is the fields of one module
  };
  Kind kind = Kind::Text;
  size_t fields = 0;
  std::string bytes;
};

/// A component of a script. Quoted text is that of its fields.
struct ComponentSource {
  ModuleSource source;  // not Inline
  std::string id;       // for outer aliases; empty when it has none
};

/// An argument of an invocation.
struct Const {
  enum class Kind : uint8_t { Number, Null, Extern, Host };
  Kind kind = Kind::Number;
  Val number;       // Number
  HeapType heap;    // Null
  uint64_t id = 0;  // Extern, Host: which host object
};

/// What one lane of a result may be: exact bits, or a class of NaNs.
struct LanePattern {
  enum class Kind : uint8_t { Bits, CanonicalNan, ArithmeticNan };
  Kind kind = Kind::Bits;
  uint64_t bits = 0;
};

/// What a result must look like.
struct Pattern {
  enum class Kind : uint8_t {
    Lanes,   // a number (one lane) or a vector
    Null,    // ref.null, `heap` when given
    Object,  // a non-null reference of abstract type `heap`: ref.func, ref.struct, ...
    Extern,  // ref.extern, with that id when given
    Host,    // ref.host
    Either,  // one of `choices`
  };
  Kind kind = Kind::Lanes;
  ValType type;                    // Lanes
  uint8_t lane_bits = 0;           // Lanes
  std::vector<LanePattern> lanes;  // Lanes
  bool float_lanes = false;        // Lanes, for messages
  std::optional<HeapType> heap;    // Null, Object
  std::optional<uint64_t> id;      // Extern, Host
  std::vector<Pattern> choices;    // Either
};

/// `(invoke $m? "name" arg*)` or `(get $m? "name")`.
struct Action {
  enum class Kind : uint8_t { Invoke, Get };
  Kind kind = Kind::Invoke;
  std::string module;  // without '$'; empty: the latest one
  std::string name;
  std::vector<Const> args;
  bool of_component = false;                  // then `component_args`, else `args`
  std::vector<ComponentConst> component_args;
};

struct Command {
  enum class Kind : uint8_t {
    Module,    // define (and instantiate, unless `definition_only`) `source` as `id`
    Instance,  // instantiate the definition `name` again as `id`
    Component,          // the same of components, `component`
    ComponentInstance,
    Register,  // export the instance `id` as module `name`
    Action,
    AssertReturn,
    AssertTrap,  // of `action`, or of instantiating `source` or `component`
    AssertExhaustion,
    AssertException,
    AssertMalformed,
    AssertInvalid,
    AssertUnlinkable,
    AssertMalformedCustom,
    AssertInvalidCustom,
    Thread,  // run `commands` on a thread called `id`; `shared` modules are known there
    Wait,    // for the thread `id`
  };
  Kind kind = Kind::Action;
  uint64_t offset = 0;  // in the source, for messages
  bool definition_only = false;
  bool of_component = false;  // Register: the instance is one of a component
  std::string id;  // without '$'; empty when there is none
  std::string name;
  std::optional<ModuleSource> source;
  std::optional<ComponentSource> component;
  std::optional<spectest::Action> action;
  std::vector<Pattern> results;
  std::vector<ComponentConst> component_results;  // of an action of a component
  std::string text;  // expected message of an assertion
  std::vector<std::string> shared;
  std::vector<Command> commands;
};
/// The keyword of a command, e.g. "assert_return".
std::string_view name_of(Command::Kind kind);

struct Script {
  std::string source;
  text::TokenList tokens;  // of `source`
  std::vector<Command> commands;
};

/// Parses a whole script.
/// Errors: Malformed ones with the offset in the source.
Result<std::unique_ptr<Script>> parse_script(std::string source);

}  // namespace skiff::spectest
