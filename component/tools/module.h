// Core modules as the tools see them: decoded, with the worlds that their custom sections hold.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/wit/decode.h"
#include "component/wit/resolve.h"
#include "engine/binary/decode.h"

namespace skiff::component::tools {

/// True for the name of a custom section that holds a world: `component-type`, perhaps with a
/// suffix behind a colon.
bool is_world_section(std::string_view name);

/// The worlds of a core module's sections, merged into one; nothing when it has no such section.
/// Errors: those of decode_world_section(); InvalidWit when they contradict each other.
Result<std::optional<wit::DecodedWorld>> module_world(const Module& module);

/// A core module without its sections of worlds. Errors: malformed sections.
Result<std::vector<uint8_t>> without_worlds(ByteSpan module);

/// Adds a world to a core module, in place of those it has. Errors: malformed sections.
Result<std::vector<uint8_t>> embed_world(ByteSpan module, const wit::Resolve& resolve,
                                         wit::WorldId world, StringEncoding strings);

/// Adds what one world imports and exports to another. Interfaces of the same name, in equal or
/// compatible versions, are united; they then have the newer version.
/// Errors: InvalidWit where the same name means different things.
Status merge_world(wit::DecodedWorld& into, const wit::DecodedWorld& from);

}  // namespace skiff::component::tools
