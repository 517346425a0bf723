// Field by field comparison of modules. The syntax structs that carry offsets have no operator== of their
// own, since most users of them care for where they stand.
#include "engine/binary/equal.h"

#include <algorithm>

#include "engine/binary/decode_parts.h"

namespace skiff {
namespace {

using namespace detail;

template <class T, class Equal>
bool all_equal(const std::vector<T>& a, const std::vector<T>& b, Equal equal) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

bool same(ByteSpan a, ByteSpan b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
bool same(const CodeBytes& a, const CodeBytes& b) { return same(a.bytes, b.bytes); }
bool same(const std::optional<ConstExpr>& a, const std::optional<ConstExpr>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}
bool same(const Import& a, const Import& b) {
  return a.module == b.module && a.name == b.name && a.kind == b.kind && a.index == b.index;
}
bool same(const Export& a, const Export& b) {
  return a.name == b.name && a.kind == b.kind && a.index == b.index;
}
bool same(const Function& a, const Function& b) { return a.type == b.type && same(a.body, b.body); }
bool same(const Table& a, const Table& b) { return a.type == b.type && same(a.init, b.init); }
bool same(const Memory& a, const Memory& b) { return a.type == b.type; }
bool same(const Global& a, const Global& b) { return a.type == b.type && same(a.init, b.init); }
bool same(const Tag& a, const Tag& b) { return a.type == b.type; }
bool same(const ElemSegment& a, const ElemSegment& b) {
  return a.mode == b.mode && a.type == b.type && a.table == b.table && same(a.offset_expr, b.offset_expr) &&
         a.uses_exprs == b.uses_exprs && a.funcs == b.funcs &&
         all_equal(a.exprs, b.exprs, [](const ConstExpr& x, const ConstExpr& y) { return same(x, y); });
}
bool same(const DataSegment& a, const DataSegment& b) {
  return a.active == b.active && a.memory == b.memory && same(a.offset_expr, b.offset_expr) &&
         same(a.bytes, b.bytes);
}
bool same(const BranchHint& a, const BranchHint& b) {
  return a.func == b.func && a.offset == b.offset && a.likely == b.likely;
}
bool same(const NameMap& a, const NameMap& b) { return a.entries == b.entries; }
bool same(const IndirectNameMap& a, const IndirectNameMap& b) {
  return all_equal(a.entries, b.entries, [](const auto& x, const auto& y) {
    return x.first == y.first && same(x.second, y.second);
  });
}
bool same(const Names& a, const Names& b) {
  return a.module == b.module && same(a.funcs, b.funcs) && same(a.types, b.types) &&
         same(a.tables, b.tables) && same(a.memories, b.memories) && same(a.globals, b.globals) &&
         same(a.elems, b.elems) && same(a.datas, b.datas) && same(a.tags, b.tags) &&
         same(a.locals, b.locals) && same(a.labels, b.labels) && same(a.fields, b.fields);
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return all_equal(a, b, [](const T& x, const T& y) { return same(x, y); });
}

// Whether a module has anything to put in section `id`.
bool has_content(const Module& m, uint8_t id) {
  switch (id) {
    case 1: return !m.rec_groups.empty();
    case 2: return !m.imports.empty();
    case 3:
    case 10: return m.functions.size() > m.imported_funcs;
    case 4: return m.tables.size() > m.imported_tables;
    case 5: return m.memories.size() > m.imported_memories;
    case 6: return m.globals.size() > m.imported_globals;
    case 7: return !m.exports.empty();
    case 8: return m.start.has_value();
    case 9: return !m.elems.empty();
    case 11: return !m.datas.empty();
    case 13: return m.tags.size() > m.imported_tags;
    default: return false;  // data count: its presence does not count
  }
}

struct PlacedCustom {
  unsigned rank = 0;  // place of the last section with content before it
  const CustomSection* section = nullptr;
};

// The custom sections that are compared by bytes, in the order of the binary format.
std::vector<PlacedCustom> placed_customs(const Module& module) {
  std::vector<PlacedCustom> placed;
  unsigned content_rank = 0;
  for (unsigned rank = 0; rank <= std::size(kSectionOrder); ++rank) {
    if (rank > 0 && has_content(module, kSectionOrder[rank - 1])) content_rank = rank;
    for (const CustomSection& section : module.customs) {
      if (section.name == kNameSection || section.name == kBranchHintSection) continue;
      if (section_rank(section.after) == rank) placed.push_back({content_rank, &section});
    }
  }
  return placed;
}

bool same_customs(const Module& a, const Module& b) {
  return all_equal(placed_customs(a), placed_customs(b), [](const PlacedCustom& x, const PlacedCustom& y) {
    return x.rank == y.rank && x.section->name == y.section->name &&
           same(x.section->bytes, y.section->bytes);
  });
}

}  // namespace

bool modules_equal(const Module& a, const Module& b) {
  return a.types == b.types && a.rec_groups == b.rec_groups && same(a.imports, b.imports) &&
         same(a.functions, b.functions) && same(a.tables, b.tables) && same(a.memories, b.memories) &&
         same(a.globals, b.globals) && same(a.tags, b.tags) && same(a.exports, b.exports) &&
         a.start == b.start && same(a.elems, b.elems) && same(a.datas, b.datas) &&
         same(a.branch_hints, b.branch_hints) && same(a.names, b.names) &&
         a.imported_funcs == b.imported_funcs && a.imported_tables == b.imported_tables &&
         a.imported_memories == b.imported_memories && a.imported_globals == b.imported_globals &&
         a.imported_tags == b.imported_tags && same_customs(a, b);
}

}  // namespace skiff
