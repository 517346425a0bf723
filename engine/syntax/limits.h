// Every implementation limit, with its reason. Exceeding one is ErrorCode::ImplementationLimit (or the
// specification's own error where it has one), never a crash. Values are those of the JavaScript API
// specification ("implementation limits") unless said otherwise, so that what runs elsewhere runs here.
#pragma once

#include <cstdint>

namespace skiff::limits {

inline constexpr uint64_t kModuleSize = uint64_t{1} << 30;  // bytes; offsets fit 32 bits with room to spare
inline constexpr uint32_t kTypes = 1'000'000;
inline constexpr uint32_t kRecGroups = 1'000'000;
inline constexpr uint32_t kSubtypingDepth = 63;  // keeps displays of supertypes small
inline constexpr uint32_t kFunctions = 1'000'000;
inline constexpr uint32_t kImports = 1'000'000;
inline constexpr uint32_t kExports = 1'000'000;
inline constexpr uint32_t kGlobals = 1'000'000;
inline constexpr uint32_t kTags = 1'000'000;
inline constexpr uint32_t kDataSegments = 100'000;
inline constexpr uint32_t kElemSegments = 10'000'000;
inline constexpr uint32_t kTables = 100'000;
inline constexpr uint32_t kMemories = 100'000;
inline constexpr uint32_t kFunctionSize = 7'654'321;  // bytes of one body
inline constexpr uint32_t kLocals = 50'000;           // parameters included
inline constexpr uint32_t kParams = 1'000;
inline constexpr uint32_t kResults = 1'000;
inline constexpr uint32_t kStructFields = 10'000;
inline constexpr uint32_t kArrayNewFixed = 10'000;
inline constexpr uint32_t kBrTableTargets = 7'654'321;
inline constexpr uint64_t kTableElements = 10'000'000;  // at run time
inline constexpr uint32_t kTextNesting = 100'000;       // parentheses of the text format; the parser keeps its own stack
inline constexpr uint32_t kOperands = 1'000'000;        // on the stack at once: calls can push 1,000 with two bytes of code
inline constexpr uint32_t kControlNesting = 50'000;     // blocks in a body: the walker's stack is on the heap

}  // namespace skiff::limits
