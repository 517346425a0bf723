// The two schemes of names.
#include "component/tools/core_names.h"

#include <charconv>

#include "component/wit/version.h"

namespace skiff::component::tools {
namespace {

using Kind = CoreImportName::Kind;

constexpr std::string_view kStandard = "cm32p2";

struct Builtin {
  std::string_view name;
  CanonKind kind;
  bool async_ = false;
  bool cancellable = false;
};
// Built-ins that concern no type. They are fields of "$root".
constexpr Builtin kBuiltins[] = {
    {"[task-cancel]", CanonKind::TaskCancel},
    {"[subtask-drop]", CanonKind::SubtaskDrop},
    {"[subtask-cancel]", CanonKind::SubtaskCancel},
    {"[async-lower][subtask-cancel]", CanonKind::SubtaskCancel, true},
    {"[backpressure-inc]", CanonKind::BackpressureInc},
    {"[backpressure-dec]", CanonKind::BackpressureDec},
    {"[waitable-set-new]", CanonKind::WaitableSetNew},
    {"[waitable-set-wait]", CanonKind::WaitableSetWait},
    {"[cancellable][waitable-set-wait]", CanonKind::WaitableSetWait, false, true},
    {"[waitable-set-poll]", CanonKind::WaitableSetPoll},
    {"[cancellable][waitable-set-poll]", CanonKind::WaitableSetPoll, false, true},
    {"[waitable-set-drop]", CanonKind::WaitableSetDrop},
    {"[waitable-join]", CanonKind::WaitableJoin},
    {"[thread-yield]", CanonKind::ThreadYield},
    {"[cancellable][thread-yield]", CanonKind::ThreadYield, false, true},
    {"[error-context-drop]", CanonKind::ErrorContextDrop},
};

// Built-ins of the futures and streams in a function's type.
constexpr Builtin kPayloadBuiltins[] = {
    {"[stream-new-", CanonKind::StreamNew},
    {"[stream-read-", CanonKind::StreamRead},
    {"[stream-write-", CanonKind::StreamWrite},
    {"[stream-cancel-read-", CanonKind::StreamCancelRead},
    {"[stream-cancel-write-", CanonKind::StreamCancelWrite},
    {"[stream-drop-readable-", CanonKind::StreamDropReadable},
    {"[stream-drop-writable-", CanonKind::StreamDropWritable},
    {"[future-new-", CanonKind::FutureNew},
    {"[future-read-", CanonKind::FutureRead},
    {"[future-write-", CanonKind::FutureWrite},
    {"[future-cancel-read-", CanonKind::FutureCancelRead},
    {"[future-cancel-write-", CanonKind::FutureCancelWrite},
    {"[future-drop-readable-", CanonKind::FutureDropReadable},
    {"[future-drop-writable-", CanonKind::FutureDropWritable},
};

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}
bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

bool parse_number(std::string_view text, uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// "[context-get-0]".
bool parse_context(std::string_view field, CoreImportName& out) {
  if (take_prefix(field, "[context-get-")) {
    out.builtin = CanonKind::ContextGet;
  } else if (take_prefix(field, "[context-set-")) {
    out.builtin = CanonKind::ContextSet;
  } else {
    return false;
  }
  if (!take_suffix(field, "]")) return false;
  out.kind = Kind::Builtin;
  return parse_number(field, out.number);
}

// "[stream-read-0]f", "[async-lower][future-write-unit]".
bool parse_payload(std::string_view field, CoreImportName& out) {
  const bool async_ = take_prefix(field, "[async-lower]");
  for (const Builtin& b : kPayloadBuiltins) {
    std::string_view rest = field;
    if (!take_prefix(rest, b.name)) continue;
    const size_t end = rest.find(']');
    if (end == rest.npos) return false;
    const std::string_view number = rest.substr(0, end);
    if (number == "unit") {
      out.number = CoreImportName::kUnit;
    } else if (!parse_number(number, out.number) || out.number == CoreImportName::kUnit) {
      continue;
    }
    out.kind = Kind::Payload, out.builtin = b.kind, out.async_ = async_;
    out.name = rest.substr(end + 1);
    return true;
  }
  return false;
}

CoreImportName parse_legacy(std::string_view module, std::string_view field) {
  CoreImportName out;
  out.exported = take_prefix(module, "[export]");
  if (module == "$root") {
    for (const Builtin& b : kBuiltins)
      if (b.name == field) {
        out.kind = Kind::Builtin, out.builtin = b.kind;
        out.async_ = b.async_, out.cancellable = b.cancellable;
        return out;
      }
    if (parse_context(field, out)) return out;
  } else {
    out.key = module;
  }
  if (parse_payload(field, out)) return out;
  if (take_prefix(field, "[resource-drop]")) {
    out.kind = Kind::ResourceDrop;
  } else if (out.exported && take_prefix(field, "[resource-new]")) {
    out.kind = Kind::ResourceNew;
  } else if (out.exported && take_prefix(field, "[resource-rep]")) {
    out.kind = Kind::ResourceRep;
  } else if (out.exported && take_prefix(field, "[task-return]")) {
    out.kind = Kind::TaskReturn;
  } else if (take_prefix(field, "[async-lower]")) {
    out.async_ = true;
  }
  out.name = field;
  return out;
}

CoreImportName parse_standard(std::string_view module, std::string_view field) {
  CoreImportName out;
  module.remove_prefix(kStandard.size());
  take_prefix(module, "|");
  out.exported = take_prefix(module, "_ex_");
  out.key = module;
  if (take_suffix(field, "_drop")) {
    out.kind = Kind::ResourceDrop;
  } else if (out.exported && take_suffix(field, "_new")) {
    out.kind = Kind::ResourceNew;
  } else if (out.exported && take_suffix(field, "_rep")) {
    out.kind = Kind::ResourceRep;
  }
  out.name = field;
  return out;
}

std::string standard_name(std::string_view key, std::string_view name) {
  return std::string(kStandard) + "|" + wit::canonical_interface_name(key) + "|" +
         std::string(name);
}

}  // namespace

CoreImportName parse_core_import(std::string_view module, std::string_view field) {
  const bool standard = module == kStandard || module.starts_with(std::string(kStandard) + "|");
  return standard ? parse_standard(module, field) : parse_legacy(module, field);
}

bool same_key(std::string_view key, std::string_view core_key) {
  return key == core_key || wit::canonical_interface_name(key) == core_key ||
         wit::names_compatible(key, core_key);
}

std::vector<CoreExportNames> core_export_names(std::string_view key, std::string_view function) {
  std::string legacy(key);
  if (!key.empty()) legacy += '#';
  legacy += function;
  std::string standard = standard_name(key, function);
  return {{legacy, "cabi_post_" + legacy}, {standard, standard + "_post"}};
}

std::vector<std::string> destructor_names(std::string_view key, std::string_view resource) {
  return {std::string(key) + "#[dtor]" + std::string(resource),
          standard_name(key, resource) + "_dtor"};
}

}  // namespace skiff::component::tools
