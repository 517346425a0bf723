// The module parser over token lists: what the script runner uses for modules inside scripts, and what
// parse_wat is made of. See text.h for what a parsed Module promises.
#pragma once

#include "engine/base/result.h"
#include "engine/syntax/module.h"
#include "engine/text/lexer.h"
#include "engine/text/text.h"

namespace skiff::text {

/// Parses `(module id? field*)` from the "(" here and leaves the cursor behind its ")".
/// Positions of instructions go to `map`, if there is one.
/// Errors: Malformed ones; they are also kept in the cursor.
Result<Module> parse_module(TokenCursor& cursor, Features features, SourceMap* map = nullptr);

/// The same for a script's `(module definition? id? field*)`: the cursor stands where the fields begin,
/// after the caller has read "(", "module" and any identifier; ends behind the closing ")".
Result<Module> parse_module_fields(TokenCursor& cursor, Features features);

/// `field*` up to a ")" or the end, which is left there: a module written without `(module ...)`.
Result<Module> parse_bare_fields(TokenCursor& cursor, Features features, SourceMap* map = nullptr);

}  // namespace skiff::text
