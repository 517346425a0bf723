// `skiff dump`: what is in a module: sections, types, imports, exports and the rest of its index
// spaces, and with --disassemble its code.
#include <cstdio>

#include "engine/text/text.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/dump_native.h"
#include "runtime/cli/input.h"
#include "runtime/cli/json.h"

namespace skiff::cli {
namespace {

constexpr std::string_view kSections[] = {"custom", "type",   "import",     "function", "table",
                                          "memory", "global", "export",     "start",    "elem",
                                          "code",   "data",   "data count", "tag"};
constexpr std::string_view kKinds[] = {"func", "table", "memory", "global", "tag"};

std::string_view kind_name(ExternKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::string field_text(const FieldType& field) {
  const std::string storage = to_string(field.storage);
  return field.mut ? "(mut " + storage + ")" : storage;
}

std::string type_text(const SubType& type) {
  std::string text;
  switch (type.comp.kind) {
    case CompositeType::Kind::Func:
      text = to_string(type.comp.func);
      break;
    case CompositeType::Kind::Array:
      text = "(array " + field_text(type.comp.fields[0]) + ")";
      break;
    case CompositeType::Kind::Struct:
      text = "(struct";
      for (const FieldType& field : type.comp.fields) text += " " + field_text(field);
      text += ")";
      break;
  }
  if (type.final && !type.super) return text;
  return "(sub" + std::string(type.final ? " final" : "") +
         (type.super ? " " + std::to_string(*type.super) : "") + " " + text + ")";
}

std::string limits_text(const Limits& limits) {
  return std::to_string(limits.min) + (limits.max ? " " + std::to_string(*limits.max) : "");
}

std::string memory_text(const MemoryType& type) {
  return std::string(type.address == AddressType::I64 ? "i64 " : "") + limits_text(type.limits) +
         (type.shared ? " shared" : "") + (type.page_size_log2 == 16 ? "" : " (pagesize 1)");
}

std::string table_text(const TableType& type) {
  return std::string(type.address == AddressType::I64 ? "i64 " : "") + limits_text(type.limits) +
         " " + to_string(type.elem);
}

std::string global_text(const GlobalType& type) {
  return type.mut ? "(mut " + to_string(type.type) + ")" : to_string(type.type);
}

// The type of an item, e.g. "(type 3)" or "1 2 shared"; empty when the index is out of range, which
// only validation would have noticed.
std::string item_text(const Module& m, ExternKind kind, uint32_t index) {
  switch (kind) {
    case ExternKind::Func:
      return index < m.functions.size() ? "(type " + std::to_string(m.functions[index].type) + ")"
                                        : "";
    case ExternKind::Table:
      return index < m.tables.size() ? table_text(m.tables[index].type) : "";
    case ExternKind::Memory:
      return index < m.memories.size() ? memory_text(m.memories[index].type) : "";
    case ExternKind::Global:
      return index < m.globals.size() ? global_text(m.globals[index].type) : "";
    case ExternKind::Tag:
      return index < m.tags.size() ? "(type " + std::to_string(m.tags[index].type.type) + ")" : "";
  }
  return "";
}

const NameMap& names_of(const Module& m, ExternKind kind) {
  switch (kind) {
    case ExternKind::Func:
      return m.names.funcs;
    case ExternKind::Table:
      return m.names.tables;
    case ExternKind::Memory:
      return m.names.memories;
    case ExternKind::Global:
      return m.names.globals;
    case ExternKind::Tag:
      return m.names.tags;
  }
  return m.names.funcs;
}

size_t count_of(const Module& m, ExternKind kind) {
  switch (kind) {
    case ExternKind::Func:
      return m.functions.size();
    case ExternKind::Table:
      return m.tables.size();
    case ExternKind::Memory:
      return m.memories.size();
    case ExternKind::Global:
      return m.globals.size();
    case ExternKind::Tag:
      return m.tags.size();
  }
  return 0;
}

constexpr ExternKind kAllKinds[] = {ExternKind::Func, ExternKind::Table, ExternKind::Memory,
                                    ExternKind::Global, ExternKind::Tag};

Json segments_json(const Module& m) {
  Json segments = Json::object();
  segments["elems"] = Json::array();
  segments["datas"] = Json::array();
  constexpr std::string_view kModes[] = {"active", "passive", "declarative"};
  for (const ElemSegment& e : m.elems) {
    Json entry{{"mode", kModes[static_cast<size_t>(e.mode)]},
               {"type", to_string(e.type)},
               {"size", e.size()}};
    if (e.mode == ElemSegment::Mode::Active) entry["table"] = e.table;
    segments["elems"].push_back(std::move(entry));
  }
  for (const DataSegment& d : m.datas) {
    Json entry{
        {"mode", d.active ? "active" : "passive"}, {"offset", d.offset}, {"size", d.bytes.size()}};
    if (d.active) entry["memory"] = d.memory;
    segments["datas"].push_back(std::move(entry));
  }
  return segments;
}

// The whole module as a document; the text form below is printed from it, so that both say the
// same.
Json document_of(const Input& input, const Module& m) {
  Json doc{{"file", input.name}, {"size", input.content.size()}};
  if (m.names.module) doc["name"] = *m.names.module;
  for (const char* list : {"sections", "types", "imports", "exports", "customs"})
    doc[list] = Json::array();
  for (const Module::SectionRange& s : m.sections) {
    const std::string_view name = s.id < std::size(kSections) ? kSections[s.id] : "unknown";
    doc["sections"].push_back(
        {{"id", s.id}, {"name", name}, {"offset", s.offset}, {"size", s.length}});
  }
  for (const SubType& type : m.types) doc["types"].push_back(type_text(type));
  for (const Import& i : m.imports) {
    doc["imports"].push_back({{"module", i.module},
                              {"name", i.name},
                              {"kind", kind_name(i.kind)},
                              {"index", i.index},
                              {"type", item_text(m, i.kind, i.index)}});
  }
  for (const ExternKind kind : kAllKinds) {
    Json& items = doc[std::string(kind_name(kind)) + "s"] = Json::array();
    for (uint32_t i = 0; i < count_of(m, kind); ++i) {
      Json item{{"type", item_text(m, kind, i)}};
      if (const auto name = names_of(m, kind).find(i); !name.empty()) item["name"] = name;
      if (kind == ExternKind::Func && !m.functions[i].body.bytes.empty()) {
        item["offset"] = m.functions[i].body.offset;
        item["size"] = m.functions[i].body.bytes.size();
      }
      items.push_back(std::move(item));
    }
  }
  for (const Export& e : m.exports) {
    doc["exports"].push_back({{"name", e.name},
                              {"kind", kind_name(e.kind)},
                              {"index", e.index},
                              {"type", item_text(m, e.kind, e.index)}});
  }
  if (m.start) doc["start"] = *m.start;
  doc.update(segments_json(m));
  for (const CustomSection& c : m.customs) {
    doc["customs"].push_back({{"name", c.name}, {"offset", c.offset}, {"size", c.bytes.size()}});
  }
  return doc;
}

// Names are shown as JSON strings, which escape control characters.
std::string quoted(const Json& name) {
  return name.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string hex(const Json& number) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "0x%06llx",
                static_cast<unsigned long long>(number.get<uint64_t>()));
  return buffer;
}

std::string range_text(const Json& item) {
  return "  offset " + hex(item["offset"]) + "  size " +
         std::to_string(item["size"].get<uint64_t>());
}

std::string item_line(const Json& item) {
  std::string line;
  for (const auto& [key, value] : item.items()) {
    if (key == "offset" || key == "id") continue;
    if (key == "size")
      line += item.contains("offset") ? range_text(item) : "  size " + value.dump();
    else if (key == "name" || key == "module")
      line += " " + quoted(value);
    else if (key == "index" || key == "table" || key == "memory")
      line += " " + std::string(key == "index" ? "" : key + " ") + value.dump();
    else if (value.is_string())
      line += " " + value.get<std::string>();
  }
  return line.empty() ? line : line.substr(1);
}

std::string text_of(const Json& doc) {
  std::string text = doc["file"].get<std::string>() + ": " +
                     std::to_string(doc["size"].get<uint64_t>()) + " bytes";
  if (doc.contains("name")) text += ", module " + quoted(doc["name"]);
  text += "\n";
  for (const auto& [key, list] : doc.items()) {
    if (key == "start") text += "\nstart: func " + list.dump() + "\n";
    if (!list.is_array() || list.empty()) continue;
    text += "\n" + key + " (" + std::to_string(list.size()) + "):\n";
    size_t index = 0;
    for (const Json& item : list) {
      text += "  [" + std::to_string(index++) + "] " +
              (item.is_string() ? item.get<std::string>() : item_line(item)) + "\n";
    }
  }
  return text;
}

int run_dump(const Arguments& args) {
  if (args.has("native")) return dump_native(args, args.operands()[0]);
  const auto input = read_input(args.operands()[0]);
  if (!input) return kExitFailure;
  // Text is assembled first, so that offsets and sections are those of the binary.
  const auto binary = to_binary(*input, Features::all());
  if (!binary) return kExitFailure;
  const auto module = decode_module(*binary, Features::all());
  if (!module) return report_error(*input, module.error(), true), kExitFailure;
  const Json document = document_of(*input, *module);
  if (args.has("json")) return print_json(document) ? kExitOk : kExitFailure;
  if (!print(text_of(document))) return kExitFailure;
  if (!args.has("disassemble")) return kExitOk;
  const auto code = print_wat(*module, {.offsets = true});
  if (!code) return report_error(*input, code.error(), true), kExitFailure;
  return print("\ncode:\n" + *code) ? kExitOk : kExitFailure;
}

constexpr OptionSpec kOptions[] = {
    {.name = "disassemble", .letter = 'd', .help = "also the code, with byte offsets"},
    {.name = "native", .help = "the machine code of FILE, or in FILE if it is compiled, instead"},
    {.name = "func", .value = "FUNC", .help = "--native: of this function only (index, name or export)"},
    {.name = "target", .value = "CPU", .help = "--native: compile for it, as in 'skiff compile'"},
    {.name = "json", .help = "print as JSON (without code)"},
};

}  // namespace

const CommandSpec kDumpCommand = {
    .name = "dump",
    .operands = "FILE",
    .summary = "show what is inside a module",
    .details =
        "Sections, types, imports, exports, functions and segments with their offsets in the "
        "file.\n"
        "The module is decoded but not validated.\n",
    .options = kOptions,
    .run = run_dump,
    .min_operands = 1,
    .max_operands = 1,
};

}  // namespace skiff::cli
