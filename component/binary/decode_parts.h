// Pieces of the component decoder that its files share (decode_component.cc, decode_types.cc,
// decode_names.cc). Private to component/binary. Every function reads from a Reader over one section and
// leaves errors in it; strings are copied, core modules stay byte ranges of the input.
#pragma once

#include <string>
#include <utility>

#include "component/types/component.h"
#include "component/types/limits.h"
#include "engine/base/reader.h"
#include "engine/syntax/features.h"

namespace skiff::component::detail {

inline constexpr std::string_view kNameSection = "component-name";
inline constexpr uint8_t kMagic[] = {0x00, 'a', 's', 'm'};
inline constexpr uint8_t kVersionAndLayer[] = {0x0D, 0x00, 0x01, 0x00};

enum SectionId : uint8_t {
  kCustomId, kCoreModuleId, kCoreInstanceId, kCoreTypeId, kComponentId, kInstanceId, kAliasId, kTypeId,
  kCanonId, kStartId, kImportId, kExportId, kValueId,
};

/// What all of them need: the proposals that are on, and how many scopes are open (limits::kNesting).
struct Context {
  Features features;
  uint32_t depth = 0;
};

/// InvalidLeadingByte, "invalid leading byte (0x7) for `what`".
void wrong_byte(Reader& reader, uint64_t at, uint8_t byte, const char* what);
/// FeatureDisabled unless the proposal is on.
void need(Reader& reader, const Context& context, Feature feature, uint64_t at);
/// A string of at most limits::kStringSize bytes.
std::string read_string(Reader& reader);

/// A vector: its length, at most `limit`, then so many times `element()`.
template <class Element>
void read_vec(Reader& reader, uint32_t limit, const char* what, Element element) {
  const uint64_t at = reader.offset();
  const uint32_t n = reader.count();
  if (n > limit) {
    return reader.set_error_at(ErrorCode::ImplementationLimit, at, std::string("too many ") + what);
  }
  for (uint32_t i = 0; i < n && reader.ok(); ++i) element();
}
/// 0x00 for nothing, 0x01 before the thing itself. `what`: for the error of any other byte.
template <class Read>
auto read_optional(Reader& reader, const char* what, Read read) -> std::optional<decltype(read())> {
  const uint64_t at = reader.offset();
  const uint8_t present = reader.u8();
  if (present > 1) wrong_byte(reader, at, present, what);
  if (present != 1 || !reader.ok()) return std::nullopt;
  return read();
}

// decode_types.cc
ExternName read_extern_name(Reader& reader, const Context& context);
/// Spec: sort. `what`: for the error of an unknown byte.
Sort read_sort(Reader& reader, const Context& context, const char* what);
AliasDef read_alias(Reader& reader, const Context& context);
CoreTypeDef read_core_type(Reader& reader, Context& context);
TypeDef read_type(Reader& reader, Context& context);
ValTypeRef read_val_type(Reader& reader, const Context& context);
OptValType read_result_list(Reader& reader, const Context& context);
ExternTypeRef read_extern_type(Reader& reader, const Context& context);

// decode_names.cc
/// Spec: Name Section. Takes what it can and ignores the rest.
ComponentNames read_names(ByteSpan content, Features features);

}  // namespace skiff::component::detail
