// Pieces of the module decoder that its files share (decode_module.cc, decode_types.cc,
// decode_segments.cc, decode_custom.cc), and the component decoder with them. Private to these. Every
// function reads from a Reader over one section and leaves errors in it.
#pragma once

#include <algorithm>

#include "engine/binary/decode_instr.h"
#include "engine/syntax/module.h"

namespace skiff::detail {

/// What all sections need besides their Reader.
struct SectionContext {
  DecodeContext instr;               // for constant expressions
  InstrBuffers buffers;
};

/// Spec: binary-list, at the top level of a section. Calls `element()` for each one.
/// Errors: ImplementationLimit above `limit`, UnexpectedEndOfSection.
template <class Element>
void read_elements(Reader& reader, uint32_t n, uint64_t at, uint32_t limit, const char* what,
                   Element element) {
  if (n > limit) {
    return reader.set_error_at(ErrorCode::ImplementationLimit, at, std::string("too many ") + what);
  }
  for (uint32_t i = 0; i < n && reader.ok(); ++i) {
    if (reader.at_end()) {
      return reader.set_error(ErrorCode::UnexpectedEndOfSection,
                              std::to_string(n) + " " + what + " announced, " + std::to_string(i) + " found");
    }
    element();
  }
}

/// The same with the count before it, for elements that go to `list`: reserves as many as there can be in
/// the bytes that are left, at `min_bytes` each.
template <class T, class Element>
void read_list(Reader& reader, std::vector<T>& list, size_t min_bytes, uint32_t limit, const char* what,
               Element element) {
  const uint64_t at = reader.offset();
  const uint32_t n = reader.u32();
  if (n <= limit) list.reserve(list.size() + std::min<size_t>(n, reader.remaining() / min_bytes));
  read_elements(reader, n, at, limit, what, element);
}

/// What an error of a disabled proposal says.
std::string disabled(Feature feature);

/// Spec: binary-local, any number of declarations.
void skip_locals(Reader& reader, Features features);
/// Spec: binary-expr: reads instructions up to and including the matching `end`.
void skip_expr(Reader& reader, const DecodeContext& context, InstrBuffers& buffers);
/// The extent of an expression in a constant position.
ConstExpr read_const_expr(Reader& reader, SectionContext& context);

// decode_types.cc. Spec: binary-types.
void read_type_section(Reader& reader, Module& module);
/// Spec: binary-rectype. Appends the types of one group; true when it is written as a group.
bool read_rec_type(Reader& reader, Features features, std::vector<SubType>& types);
SubType read_sub_type(Reader& reader, Features features);
ValType read_ref_type(Reader& reader, Features features);
TableType read_table_type(Reader& reader, Features features);
MemoryType read_memory_type(Reader& reader, Features features);
GlobalType read_global_type(Reader& reader, Features features);
TagType read_tag_type(Reader& reader);

// decode_segments.cc. Spec: binary-elemsec, binary-datasec.
void read_elem_section(Reader& reader, SectionContext& context, Module& module);
void read_data_section(Reader& reader, SectionContext& context, Module& module);

// decode_custom.cc. Spec: binary-namesec, branch hinting.
inline constexpr std::string_view kNameSection = "name";
inline constexpr std::string_view kBranchHintSection = "metadata.code.branch_hint";

/// Place of a non-custom section id in a module, from 1; 0 for an unknown id.
constexpr unsigned section_rank(uint8_t id) {
  constexpr uint8_t kRanks[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6};
  return id < std::size(kRanks) ? kRanks[id] : 0;
}
inline constexpr uint8_t kCodeSectionId = 10;
/// All non-custom section ids in the order of the binary format.
inline constexpr uint8_t kSectionOrder[] = {1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11};

/// Fills module.names and module.branch_hints from module.customs, ignoring what is malformed.
void read_known_custom_sections(Module& module);

}  // namespace skiff::detail
