// The words of the text format: instruction keywords from opcodes.def, through a hash table that the
// compiler builds, and the other words that may stand somewhere in a module or script. A keyword that is
// neither is "unknown operator", one that merely stands in the wrong place "unexpected token".
#pragma once

#include <optional>
#include <string_view>

#include "engine/syntax/opcode.h"

namespace skiff::text {

/// The opcode of an instruction keyword. Where two opcodes share a keyword (select, ref.test, ref.cast)
/// the one that comes first in opcodes.def; the parser chooses by the operands.
std::optional<Op> find_op(std::string_view keyword);

/// True for every word of the text format, of scripts, and for `offset=n` and `align=n`.
bool is_keyword(std::string_view keyword);

}  // namespace skiff::text
