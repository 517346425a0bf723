// The custom sections that the specification defines: names (Spec: binary-namesec) and branch hints. They
// never make a module malformed: each reader below takes what it can and returns the first problem, which
// decode_module ignores and check_custom_sections reports.
#include <iterator>

#include "engine/binary/decode.h"
#include "engine/binary/decode_parts.h"

namespace skiff {
namespace detail {
namespace {

enum class NameKind : uint8_t {
  Module, Func, Local, Label, Type, Table, Memory, Global, Elem, Data, Field, Tag,
};
constexpr auto kNameKinds = static_cast<uint8_t>(NameKind::Tag) + 1;

// The first problem of a custom section.
class Problem {
 public:
  void note(uint64_t offset, std::string what) {
    if (!status_) return;
    status_ = fail(ErrorCode::MalformedCustomSection, offset, kNoIndex, std::move(what));
  }
  void note(const Reader& reader) {
    if (!reader.ok()) note(reader.error().offset, reader.error().message());
  }
  Status take() { return std::move(status_); }

 private:
  Status status_;
};

// Of several entries for one index, one stays.
template <class Entries>
void sort_entries(Entries& entries) {
  auto less = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(entries.begin(), entries.end(), less)) {
    std::sort(entries.begin(), entries.end(), less);
  }
  auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
}

// Spec: binary-indirectnamemap and binary-namemap, whose common part this is: entries by rising index,
// each with what `read_value` reads. Whatever the input, the result is sorted and unique.
template <class Entries, class ReadValue>
void read_map(Reader& reader, Problem& problem, Entries& entries, ReadValue read_value) {
  const uint32_t n = reader.count();
  for (uint32_t i = 0; i < n && reader.ok(); ++i) {
    const uint64_t at = reader.offset();
    const uint32_t index = reader.u32();
    auto value = read_value();
    if (!reader.ok()) break;
    if (!entries.empty() && index <= entries.back().first) problem.note(at, "names are not in order");
    entries.emplace_back(index, std::move(value));
  }
  sort_entries(entries);
}

void read_name_map(Reader& reader, Problem& problem, NameMap& map) {
  read_map(reader, problem, map.entries, [&] { return reader.name(); });
}

void read_indirect_name_map(Reader& reader, Problem& problem, IndirectNameMap& map) {
  read_map(reader, problem, map.entries, [&] {
    NameMap inner;
    read_name_map(reader, problem, inner);
    return inner;
  });
}

void read_name_subsection(NameKind kind, Reader& reader, Problem& problem, Names& names) {
  switch (kind) {
    case NameKind::Module: {
      const std::string_view name = reader.name();
      if (reader.ok()) names.module = name;
      return;
    }
    case NameKind::Func: return read_name_map(reader, problem, names.funcs);
    case NameKind::Local: return read_indirect_name_map(reader, problem, names.locals);
    case NameKind::Label: return read_indirect_name_map(reader, problem, names.labels);
    case NameKind::Type: return read_name_map(reader, problem, names.types);
    case NameKind::Table: return read_name_map(reader, problem, names.tables);
    case NameKind::Memory: return read_name_map(reader, problem, names.memories);
    case NameKind::Global: return read_name_map(reader, problem, names.globals);
    case NameKind::Elem: return read_name_map(reader, problem, names.elems);
    case NameKind::Data: return read_name_map(reader, problem, names.datas);
    case NameKind::Field: return read_indirect_name_map(reader, problem, names.fields);
    case NameKind::Tag: return read_name_map(reader, problem, names.tags);
  }
}

// Spec: binary-namesec. A malformed subsection loses its rest only. Of subsections with equal ids the
// first one counts.
Status read_names(const CustomSection& section, Names& names) {
  Problem problem;
  Reader reader(section.bytes, section.offset, ErrorCode::UnexpectedEndOfSection);
  uint32_t seen = 0;
  int last = -1;
  while (reader.ok() && !reader.at_end()) {
    const uint64_t at = reader.offset();
    const uint8_t id = reader.u8();
    const uint32_t size = reader.u32();
    const uint64_t offset = reader.offset();
    const ByteSpan bytes = reader.bytes(size);
    if (!reader.ok()) break;
    if (id >= kNameKinds) {
      problem.note(at, "unknown name subsection " + std::to_string(id));
      continue;
    }
    if (id <= last) problem.note(at, "name subsections are not in order");
    last = id;
    if (seen >> id & 1) continue;
    seen |= uint32_t{1} << id;
    Reader content(bytes, offset, ErrorCode::UnexpectedEndOfSection);
    read_name_subsection(static_cast<NameKind>(id), content, problem, names);
    problem.note(content);
    if (content.ok() && !content.at_end()) problem.note(content.offset(), "name subsection is too long");
  }
  problem.note(reader);
  return problem.take();
}

// One hint: offset, size of the value (1), value. False on a problem.
bool read_branch_hint(Reader& reader, Problem& problem, BranchHint& hint) {
  const uint64_t at = reader.offset();
  hint.offset = reader.u32();
  const uint32_t size = reader.u32();
  const uint8_t value = reader.u8();
  if (reader.ok() && (size != 1 || value > 1)) {
    problem.note(at, "a branch hint must be one byte, 0 or 1");
    return false;
  }
  hint.likely = value == 1;
  return reader.ok();
}

// Branch hinting, "metadata.code.branch_hint": vec(function index, vec(hint)), both in rising order.
// `hints` is left empty if there is a problem anywhere.
Status read_branch_hints(const Module& module, const CustomSection& section, std::vector<BranchHint>& hints) {
  Problem problem;
  std::vector<BranchHint> found;
  Reader reader(section.bytes, section.offset, ErrorCode::UnexpectedEndOfSection);
  int64_t last_func = -1;
  const uint32_t funcs = reader.count();
  for (uint32_t i = 0; i < funcs && reader.ok(); ++i) {
    const uint64_t at = reader.offset();
    const uint32_t func = reader.u32();
    if (func < module.imported_funcs || func >= module.functions.size()) {
      problem.note(at, "branch hints for function " + std::to_string(func) + ", which has no body");
    }
    if (func <= last_func) problem.note(at, "functions of branch hints are not in order");
    last_func = func;
    const uint32_t n = reader.count();
    for (uint32_t j = 0; j < n && reader.ok(); ++j) {
      BranchHint hint{func, 0, false};
      if (!read_branch_hint(reader, problem, hint)) break;
      if (j > 0 && hint.offset <= found.back().offset) problem.note(at, "branch hints are not in order");
      found.push_back(hint);
    }
  }
  problem.note(reader);
  if (reader.ok() && !reader.at_end()) problem.note(reader.offset(), "branch hints are too long");
  Status status = problem.take();
  if (status) hints = std::move(found);
  return status;
}

}  // namespace

void read_known_custom_sections(Module& module) {
  bool names_read = false, hints_read = false;
  for (const CustomSection& section : module.customs) {
    if (section.name == kNameSection && !names_read) {
      names_read = true;
      (void)read_names(section, module.names);
    } else if (section.name == kBranchHintSection && !hints_read) {
      hints_read = true;
      (void)read_branch_hints(module, section, module.branch_hints);
    }
  }
}

}  // namespace detail

namespace {

// Every hint of one function must be at an if or br_if. A body that does not decode is left to validation.
Status check_hint_targets(const Module& module, std::span<const BranchHint> hints) {
  const uint32_t func = hints.front().func;
  if (func >= module.functions.size()) {
    return fail(ErrorCode::InvalidBranchHint, kNoOffset, func, "unknown function");
  }
  const CodeBytes& body = module.functions[func].body;
  Reader reader(body.bytes, body.offset);
  detail::skip_locals(reader, module.features);
  DecodeContext context{module.features};
  InstrBuffers buffers;
  Instr instr;
  auto hint = hints.begin();
  while (hint != hints.end() && !reader.at_end() && decode_instr(reader, context, buffers, instr)) {
    const uint64_t offset = instr.offset - body.offset;
    if (offset < hint->offset) continue;
    if (offset > hint->offset || (instr.op != Op::If && instr.op != Op::BrIf)) break;
    ++hint;
  }
  if (hint == hints.end() || !reader.ok()) return {};
  return fail(ErrorCode::InvalidBranchHint, body.offset + hint->offset, func);
}

Status check_branch_hints(const Module& module) {
  const std::span<const BranchHint> hints(module.branch_hints);
  for (size_t i = 0; i < hints.size();) {
    size_t end = i;
    while (end < hints.size() && hints[end].func == hints[i].func) ++end;
    SKIFF_TRY(check_hint_targets(module, hints.subspan(i, end - i)));
    i = end;
  }
  return {};
}

Status misplaced(const CustomSection& section, const char* what) {
  return fail(ErrorCode::MalformedCustomSection, section.offset, kNoIndex, what);
}

}  // namespace

Status check_custom_sections(const Module& module) {
  using namespace detail;
  bool names_seen = false, hints_seen = false;
  for (const CustomSection& section : module.customs) {
    if (section.name == kNameSection) {
      if (names_seen) return misplaced(section, "second name section");
      names_seen = true;
      Names names;
      SKIFF_TRY(read_names(section, names));
      for (const Module::SectionRange& other : module.sections) {
        if (other.offset > section.offset) return misplaced(section, "name section is not the last one");
      }
    } else if (section.name == kBranchHintSection) {
      if (hints_seen) return misplaced(section, "second branch hint section");
      hints_seen = true;
      std::vector<BranchHint> hints;
      SKIFF_TRY(read_branch_hints(module, section, hints));
      if (section_rank(section.after) >= section_rank(kCodeSectionId)) {
        return misplaced(section, "branch hints must come before the code");
      }
    }
  }
  return check_branch_hints(module);
}

}  // namespace skiff
