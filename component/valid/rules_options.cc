// Options of canonical definitions (Spec: CanonicalABI.md, canonopt Validation): what holds of them wherever
// they stand. What each definition requires is in rules_canon.cc.
#include <algorithm>

#include "component/valid/validator.h"

namespace skiff::component {
namespace {

std::string_view name_of(CanonOpt::Kind kind) {
  switch (kind) {
    case CanonOpt::Kind::Utf8: return "utf8";
    case CanonOpt::Kind::Utf16: return "utf16";
    case CanonOpt::Kind::Latin1Utf16: return "latin1-utf16";
    case CanonOpt::Kind::Memory: return "memory";
    case CanonOpt::Kind::Realloc: return "realloc";
    case CanonOpt::Kind::PostReturn: return "post-return";
    case CanonOpt::Kind::Async: return "async";
    case CanonOpt::Kind::Callback: return "callback";
  }
  return "";
}

std::string option(CanonOpt::Kind kind) { return "canonical option `" + std::string(name_of(kind)) + "`"; }

}  // namespace

Result<AddressType> Validator::abi_memory(uint32_t index, Scope& s) {
  if (index >= s.info->core_memories.size()) return out_of_bounds("memory", index);
  const MemoryType& memory = s.info->core_memories[index];
  if (memory.address == AddressType::I64) SKIFF_TRY(need(Feature::CmMemory64, "a 64-bit memory"));
  if (memory.shared) return bad("canonical option `memory` cannot be a shared memory");
  if (memory.page_size_log2 != 16) return bad("canonical option `memory` needs pages of 64 KiB");
  return memory.address;
}

Result<CanonOptions> Validator::options(const std::vector<CanonOpt>& list, Scope& s) {
  using Kind = CanonOpt::Kind;
  if (list.size() > limits::kCanonOptions) return limit("too many canonical options");
  CanonOptions o;
  auto once = [&](std::optional<uint32_t>& place, const CanonOpt& opt, bool func) -> Status {
    if (place) return bad(option(opt.kind) + " is specified more than once");
    if (func && opt.index >= s.info->core_funcs.size()) return out_of_bounds("function", opt.index);
    place = opt.index;
    return {};
  };
  for (const CanonOpt& opt : list) {
    switch (opt.kind) {
      case Kind::Utf8:
      case Kind::Utf16:
      case Kind::Latin1Utf16:
        if (o.encoding) {
          return bad("canonical encoding option `" + std::string(name_of(*o.encoding)) +
                     "` conflicts with option `" + std::string(name_of(opt.kind)) + "`");
        }
        o.encoding = opt.kind;
        break;
      case Kind::Memory: {
        SKIFF_TRY(once(o.memory, opt, false));
        o.address = SKIFF_TRY(abi_memory(opt.index, s));
        break;
      }
      case Kind::Realloc: SKIFF_TRY(once(o.realloc, opt, true)); break;
      case Kind::PostReturn: SKIFF_TRY(once(o.post_return, opt, true)); break;
      case Kind::Async:
        if (o.async_) return bad(option(opt.kind) + " is specified more than once");
        SKIFF_TRY(need(Feature::CmAsync, option(opt.kind)));
        o.async_ = true;
        break;
      case Kind::Callback:
        SKIFF_TRY(need(Feature::CmAsync, option(opt.kind)));
        SKIFF_TRY(once(o.callback, opt, true));
        break;
    }
  }
  SKIFF_TRY(check_realloc(o, s));
  return o;
}

Status Validator::check_realloc(const CanonOptions& o, Scope& s) {
  if (o.realloc) {
    if (!o.memory) return bad("canonical option `realloc` requires `memory` to also be specified");
    const skiff::ValType address = skiff::value_type(o.address);
    const skiff::FuncType& type = *core_func(*o.realloc, s);
    if (type.params != std::vector(4, address) || type.results != std::vector{address})
      return bad("canonical option `realloc` uses a core function with an incorrect signature");
  }
  if (o.callback) {
    const skiff::FuncType& type = *core_func(*o.callback, s);
    if (type.params != std::vector(3, skiff::ValType::I32) || type.results != std::vector{skiff::ValType::I32})
      return bad("canonical option `callback` uses a core function with an incorrect signature");
    if (!o.async_) return bad("cannot specify callback without async");
  }
  if (o.post_return && o.async_) return bad("cannot specify post-return function in async");
  return {};
}

Status Validator::only_options(const std::vector<CanonOpt>& list,
                               std::initializer_list<CanonOpt::Kind> allowed, std::string_view where) {
  for (const CanonOpt& opt : list) {
    if (opt.kind <= CanonOpt::Kind::Latin1Utf16) continue;  // encodings are allowed everywhere
    if (std::find(allowed.begin(), allowed.end(), opt.kind) == allowed.end())
      return bad(option(opt.kind) + " cannot be specified for " + std::string(where));
  }
  return {};
}

}  // namespace skiff::component
