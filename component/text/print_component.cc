// print_component: definitions as text, in their order.
#include "component/binary/decode_parts.h"
#include "component/binary/encode_parts.h"
#include "component/text/printer.h"
#include "component/text/text.h"
#include "engine/binary/decode.h"
#include "engine/text/printer.h"

namespace skiff::component {
namespace wat {
namespace {

struct CanonText {
  std::string_view text;
  const char* immediates;
};
CanonText text_of(CanonKind kind) {
  switch (kind) {
#define SKIFF_CANON(ID, CODE, TEXT, IMMEDIATES, FEATURE) \
  case CanonKind::ID: return {TEXT, IMMEDIATES};
#include "component/types/canon.def"
  }
  return {"", ""};
}

bool is_empty(const ComponentNames& names) {
  if (!names.component.empty()) return false;
  for (const auto& map : names.of_sort)
    if (!map.empty()) return false;
  return true;
}

// Which sort of index a definition takes, and how many of them.
struct Introduced {
  Sort sort = Sort::Func;
  uint32_t count = 1;
};
Introduced introduced(const Definition& definition) {
  struct Visitor {
    Introduced operator()(const CoreModuleDef&) { return {Sort::CoreModule}; }
    Introduced operator()(const CoreInstanceDef&) { return {Sort::CoreInstance}; }
    Introduced operator()(const CoreTypeDef& def) {
      const auto* group = std::get_if<CoreRecType>(&def.type);
      return {Sort::CoreType, group ? static_cast<uint32_t>(group->types.size()) : 1};
    }
    Introduced operator()(const ComponentDef&) { return {Sort::Component}; }
    Introduced operator()(const InstanceDef&) { return {Sort::Instance}; }
    Introduced operator()(const AliasDef& def) { return {def.sort}; }
    Introduced operator()(const TypeDef&) { return {Sort::Type}; }
    Introduced operator()(const CanonDef& def) {
      return {def.kind == CanonKind::Lift ? Sort::Func : Sort::CoreFunc};
    }
    Introduced operator()(const StartDef& def) { return {Sort::Value, def.results}; }
    Introduced operator()(const ImportDef& def) { return {def.type.sort}; }
    Introduced operator()(const ExportDef& def) { return {def.value.sort}; }
    Introduced operator()(const ValueDef&) { return {Sort::Value}; }
  };
  return std::visit(Visitor{}, definition.def);
}

using Ids = std::unordered_map<uint32_t, std::string_view>;

// Identifiers by sort and index; false unless every name is unique in its space, not empty, and names
// something that exists.
bool identifiers(const Component& component, Ids (&ids)[kSortCount]) {
  uint64_t counts[kSortCount] = {};
  for (const Definition& definition : component.definitions) {
    const Introduced what = introduced(definition);
    counts[static_cast<size_t>(what.sort)] += what.count;
  }
  for (size_t sort = 0; sort < kSortCount; ++sort) {
    std::unordered_map<std::string_view, uint32_t> seen;
    for (const auto& [index, name] : component.names.of_sort[sort]) {
      if (name.empty() || index >= counts[sort] || !seen.try_emplace(name, index).second) return false;
      ids[sort].emplace(index, name);
    }
  }
  return true;
}

}  // namespace

// ---- pieces

void ComponentPrinter::line() {
  out_ += '\n';
  out_.append(2 * depth_, ' ');
}

void ComponentPrinter::string(std::string_view bytes) { text::append_string(out_, bytes); }

// ` $id (;n;)` of the next definition of a sort.
void ComponentPrinter::binder(Sort sort) {
  const uint32_t index = space_.count[static_cast<size_t>(sort)];
  if (space_.ids) {
    const auto& ids = space_.ids[static_cast<size_t>(sort)];
    if (const auto it = ids.find(index); it != ids.end()) out_ += ' ', text::append_id(out_, it->second);
  }
  out_.append(" (;").append(std::to_string(index)).append(";)");
}

void ComponentPrinter::reference(Sort sort, uint32_t index) {
  const auto s = static_cast<size_t>(sort);
  // What is not defined yet would be looked for in an enclosing component.
  if (space_.ids && index < space_.count[s]) {
    if (const auto it = space_.ids[s].find(index); it != space_.ids[s].end())
      return text::append_id(out_, it->second);
  }
  out_ += std::to_string(index);
}

// `(func $f)`; `in_core`: core sorts go without `core`.
void ComponentPrinter::sort_index(const SortIdx& value, bool in_core) {
  const std::string_view text = component::text_of(value.sort);
  out_.append("(").append(in_core ? text.substr(5) : text).append(" ");
  reference(value.sort, value.index);
  out_ += ')';
}

void ComponentPrinter::extern_name(const ExternName& name) {
  string(name.name);
  auto attribute = [&](const char* keyword, const std::optional<std::string>& value) {
    if (!value) return;
    out_.append(" (").append(keyword).append(" ");
    string(*value);
    out_ += ')';
  };
  attribute("implements", name.implements);
  attribute("versionsuffix", name.version_suffix);
  attribute("external-id", name.external_id);
}

// ---- the component

void ComponentPrinter::component(const Component& component, std::string_view id, std::optional<uint32_t> nested) {
  Ids ids[kSortCount];
  const bool as_ids = identifiers(component, ids);
  const std::string& own_name = component.names.component;
  out_ += "(component";
  if (nested) {
    if (!id.empty()) out_ += ' ', text::append_id(out_, id);
    out_.append(" (;").append(std::to_string(*nested)).append(";)");
    if (as_ids && !own_name.empty()) out_ += " (@name ", string(own_name), out_ += ')';
  } else if (as_ids && !own_name.empty()) {
    out_ += ' ';
    text::append_id(out_, own_name);
  }
  ++depth_;
  if (as_ids) space_.ids = ids;
  size_t next_custom = 0;
  auto customs_before = [&](size_t i) {
    for (; next_custom < component.customs.size() && component.customs[next_custom].after <= i; ++next_custom) {
      const ComponentCustom& c = component.customs[next_custom];
      // Names that are shown as identifiers are not shown again.
      if (c.name != detail::kNameSection || is_empty(component.names)) custom(c);
    }
  };
  for (size_t i = 0; i < component.definitions.size(); ++i) {
    customs_before(i);
    line();
    std::visit([&](const auto& def) { define(def); }, component.definitions[i].def);
  }
  customs_before(~size_t{0});
  if (!as_ids) {
    ComponentCustom names;
    names.name = detail::kNameSection;
    names.bytes = SharedBytes::own(detail::encode_names(component.names));
    custom(names);
  }
  --depth_;
  out_ += ')';
}

void ComponentPrinter::custom(const ComponentCustom& custom) {
  line();
  out_ += "(@custom ";
  string(custom.name);
  out_ += ' ';
  string({reinterpret_cast<const char*>(custom.bytes.bytes.data()), custom.bytes.bytes.size()});
  out_ += ')';
}

// ---- definitions

void ComponentPrinter::define(const CoreModuleDef& def) {
  out_ += "(core module";
  binder(Sort::CoreModule);
  module_text(def);
  out_ += ')';
  count(Sort::CoreModule);
}

// The fields of a core module, or its bytes when they are no module that text can show.
void ComponentPrinter::module_text(const CoreModuleDef& def) {
  const auto module = decode_module(def.binary, Features::all());
  const auto printed = module ? print_wat(*module) : Result<std::string>(fail(ErrorCode::Unsupported));
  if (!printed) {
    out_ += " binary ";
    return string({reinterpret_cast<const char*>(def.binary.bytes.data()), def.binary.bytes.size()});
  }
  std::string_view text = *printed;
  text.remove_prefix(std::string_view("(module").size());
  if (module->names.module) {
    // `$name` means the name in the component's index space here.
    std::string name;
    text::append_id(name, *module->names.module);
    if (!module->names.module->empty()) text.remove_prefix(1 + name.size());
    if (!module->names.module->empty()) out_ += " (@name ", string(*module->names.module), out_ += ')';
  }
  text.remove_suffix(2);  // ")\n"
  // Strings have no line breaks, so that every line may be moved.
  for (char c : text) {
    out_ += c;
    if (c == '\n') out_.append(2 * depth_, ' ');
  }
}

void ComponentPrinter::define(const CoreInstanceDef& def) {
  out_ += "(core instance";
  binder(Sort::CoreInstance);
  ++depth_;
  if (def.module) {
    out_ += " (instantiate ";
    reference(Sort::CoreModule, *def.module);
    for (const CoreInstantiateArg& arg : def.args) {
      line();
      out_ += "(with ";
      string(arg.name);
      out_ += " (instance ";
      reference(Sort::CoreInstance, arg.value.index);
      out_ += "))";
    }
    out_ += ')';
  }
  for (const CoreInlineExport& e : def.exports) {
    line();
    out_ += "(export ";
    string(e.name);
    out_ += ' ';
    sort_index(e.value, true);
    out_ += ')';
  }
  --depth_;
  out_ += ')';
  count(Sort::CoreInstance);
}

void ComponentPrinter::define(const CoreTypeDef& def) {
  if (const auto* group = std::get_if<CoreRecType>(&def.type)) return core_rec_type(*group, false);
  out_ += "(core type";
  binder(Sort::CoreType);
  out_ += ' ';
  core_module_type(*std::get<1>(def.type));
  out_ += ')';
  count(Sort::CoreType);
}

void ComponentPrinter::define(const ComponentDef& def) {
  const uint32_t index = space_.count[static_cast<size_t>(Sort::Component)];
  std::string_view id;
  if (space_.ids) {
    const auto& ids = space_.ids[static_cast<size_t>(Sort::Component)];
    if (const auto it = ids.find(index); it != ids.end()) id = it->second;
  }
  ComponentPrinter(out_, depth_).component(*def.component, id, index);
  count(Sort::Component);
}

void ComponentPrinter::define(const InstanceDef& def) {
  out_ += "(instance";
  binder(Sort::Instance);
  ++depth_;
  if (def.component) {
    out_ += " (instantiate ";
    reference(Sort::Component, *def.component);
    for (const InstantiateArg& arg : def.args) {
      line();
      out_ += "(with ";
      string(arg.name);
      out_ += ' ';
      sort_index(arg.value, false);
      out_ += ')';
    }
    out_ += ')';
  }
  for (const InlineExport& e : def.exports) {
    line();
    out_ += "(export ";
    extern_name(e.name);
    out_ += ' ';
    sort_index(e.value, false);
    out_ += ')';
  }
  --depth_;
  out_ += ')';
  count(Sort::Instance);
}

void ComponentPrinter::define(const AliasDef& def) {
  out_ += "(alias ";
  switch (def.kind) {
    case AliasDef::Kind::Export: out_ += "export "; break;
    case AliasDef::Kind::CoreExport: out_ += "core export "; break;
    case AliasDef::Kind::Outer:
      out_ += "outer " + std::to_string(def.count) + " " + std::to_string(def.index);
      break;
  }
  if (def.kind != AliasDef::Kind::Outer) {
    reference(def.kind == AliasDef::Kind::Export ? Sort::Instance : Sort::CoreInstance, def.index);
    out_ += ' ';
    string(def.name);
  }
  out_.append(" (").append(component::text_of(def.sort));
  binder(def.sort);
  out_ += "))";
  count(def.sort);
}

void ComponentPrinter::define(const TypeDef& def) {
  out_ += "(type";
  binder(Sort::Type);
  out_ += ' ';
  std::visit([&](const auto& type) { body(type); }, def.type);
  out_ += ')';
  count(Sort::Type);
}

void ComponentPrinter::define(const CanonDef& def) {
  const Sort sort = def.kind == CanonKind::Lift ? Sort::Func : Sort::CoreFunc;
  out_.append("(").append(component::text_of(sort));
  binder(sort);
  if (sort == Sort::Func) {
    out_ += " (type ";
    reference(Sort::Type, def.type);
    out_ += ')';
  }
  const CanonText row = text_of(def.kind);
  out_.append(" (canon ").append(row.text);
  for (const char* letter = row.immediates; *letter != '\0'; ++letter)
    if (sort != Sort::Func || *letter != 't') immediate(*letter, def);
  out_ += "))";
  count(sort);
}

// `letter`: of a row of canon.def.
void ComponentPrinter::immediate(char letter, const CanonDef& def) {
  auto plain = [&](Sort sort, uint32_t index) { out_ += ' ', reference(sort, index); };
  switch (letter) {
    case 'F':
      out_ += ' ';
      return sort_index({Sort::CoreFunc, def.core_func}, false);
    case 'f':
      out_ += ' ';
      return sort_index({Sort::Func, def.func}, false);
    case 't': return plain(Sort::Type, def.type);
    case 'T': return plain(Sort::CoreType, def.core_type);
    case 'b': return plain(Sort::CoreTable, def.core_table);
    case 'm':
      out_ += " (memory";
      plain(Sort::CoreMemory, def.memory);
      out_ += ')';
      return;
    case 'v': out_.append(" ").append(to_string(def.value_type)); return;
    case 'i': out_.append(" ").append(std::to_string(def.number)); return;
    case 'a': out_ += def.async_ ? " async" : ""; return;
    case 'c': out_ += def.cancellable ? " cancellable" : ""; return;
    case 's': out_ += def.shared ? " shared" : ""; return;
    case 'r':
      if (!def.result) return;
      out_ += " (result ";
      val_type(*def.result);
      out_ += ')';
      return;
    case 'o': return options(def);
  }
}

void ComponentPrinter::options(const CanonDef& def) {
  auto with_index = [&](const char* keyword, Sort sort, uint32_t index) {
    out_.append(" (").append(keyword).append(" ");
    sort_index({sort, index}, false);
    out_ += ')';
  };
  for (const CanonOpt& option : def.options) {
    switch (option.kind) {
      case CanonOpt::Kind::Utf8: out_ += " string-encoding=utf8"; break;
      case CanonOpt::Kind::Utf16: out_ += " string-encoding=utf16"; break;
      case CanonOpt::Kind::Latin1Utf16: out_ += " string-encoding=latin1+utf16"; break;
      case CanonOpt::Kind::Async: out_ += " async"; break;
      case CanonOpt::Kind::Memory: with_index("memory", Sort::CoreMemory, option.index); break;
      case CanonOpt::Kind::Realloc: with_index("realloc", Sort::CoreFunc, option.index); break;
      case CanonOpt::Kind::PostReturn: with_index("post-return", Sort::CoreFunc, option.index); break;
      case CanonOpt::Kind::Callback: with_index("callback", Sort::CoreFunc, option.index); break;
    }
  }
}

void ComponentPrinter::define(const StartDef& def) {
  out_ += "(start ";
  reference(Sort::Func, def.func);
  for (uint32_t arg : def.args) out_ += ' ', sort_index({Sort::Value, arg}, false);
  for (uint32_t i = 0; i < def.results; ++i) {
    out_ += " (result (value";
    binder(Sort::Value);
    out_ += "))";
    count(Sort::Value);
  }
  out_ += ')';
}

void ComponentPrinter::define(const ImportDef& def) {
  out_ += "(import ";
  extern_name(def.name);
  out_ += ' ';
  extern_type(def.type, true);
  out_ += ')';
}

void ComponentPrinter::define(const ExportDef& def) {
  out_ += "(export";
  binder(def.value.sort);
  out_ += ' ';
  extern_name(def.name);
  out_ += ' ';
  sort_index(def.value, false);
  if (def.type) out_ += ' ', extern_type(*def.type, false);
  out_ += ')';
  count(def.value.sort);
}

void ComponentPrinter::define(const ValueDef& def) {
  out_ += "(value";
  binder(Sort::Value);
  out_ += ' ';
  val_type(def.type);
  out_ += " (binary ";
  string({reinterpret_cast<const char*>(def.bytes.data()), def.bytes.size()});
  out_ += "))";
  count(Sort::Value);
}

}  // namespace wat

Result<std::string> print_component(const Component& component) {
  std::string out;
  wat::ComponentPrinter(out, 0).component(component, {}, std::nullopt);
  out += '\n';
  return out;
}

}  // namespace skiff::component
