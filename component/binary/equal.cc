// Member by member comparison. The structs with offsets have no operator== of their own, since most users
// of them care for where they stand.
#include "component/binary/equal.h"

#include <algorithm>
#include <concepts>

#include "component/binary/decode_parts.h"
#include "engine/binary/equal.h"

namespace skiff::component {
namespace {

// A class, so that overloads see each other whatever their order.
struct Equal {
  // What has an operator== of its own.
  template <class T>
    requires std::equality_comparable<T>
  static bool same(const T& a, const T& b) {
    return a == b;
  }
  static bool same(const CoreExternType& a, const CoreExternType& b) {
    if (a.kind != b.kind) return false;
    switch (a.kind) {
      case ExternKind::Func:
      case ExternKind::Tag: return a.func_type == b.func_type;
      case ExternKind::Table: return a.table == b.table;
      case ExternKind::Memory: return a.memory == b.memory;
      case ExternKind::Global: return a.global == b.global;
    }
    return false;
  }
  static bool same(const AliasDef& a, const AliasDef& b) {
    return a.kind == b.kind && a.sort == b.sort && a.index == b.index && a.count == b.count && a.name == b.name;
  }
  static bool same(const CoreImportDecl& a, const CoreImportDecl& b) {
    return a.module == b.module && a.name == b.name && same(a.type, b.type);
  }
  static bool same(const CoreExportDecl& a, const CoreExportDecl& b) { return a.name == b.name && same(a.type, b.type); }

  template <class... T>
  static bool same(const std::variant<T...>& a, const std::variant<T...>& b) {
    if (a.index() != b.index()) return false;
    return std::visit([&](const auto& x) { return same(x, std::get<std::decay_t<decltype(x)>>(b)); }, a);
  }
  static bool same(const CoreModuleDecl& a, const CoreModuleDecl& b) { return same(a.decl, b.decl); }
  static bool same(const CoreRecType& a, const CoreRecType& b) {
    return a.types == b.types && a.explicit_group == b.explicit_group;
  }
  static bool same_module_type(const CoreModuleType& a, const CoreModuleType& b) { return same_list(a.decls, b.decls); }
  static bool same(const CoreTypeDef& a, const CoreTypeDef& b) {
    const auto* x = std::get_if<CoreRecType>(&a.type);
    const auto* y = std::get_if<CoreRecType>(&b.type);
    if (x || y) return x && y && same(*x, *y);
    return same_module_type(*std::get<1>(a.type), *std::get<1>(b.type));
  }

  static bool same(const ExternTypeRef& a, const ExternTypeRef& b) {
    return a.sort == b.sort && a.index == b.index && a.sub_resource == b.sub_resource && a.eq_value == b.eq_value &&
           a.value_type == b.value_type;
  }
  static bool same(const ImportDef& a, const ImportDef& b) { return a.name == b.name && same(a.type, b.type); }
  static bool same(const ExportDecl& a, const ExportDecl& b) { return a.name == b.name && same(a.type, b.type); }
  static bool same(const TypeDecl& a, const TypeDecl& b) { return same(a.decl, b.decl); }

  static bool same(const PrimitiveDef& a, const PrimitiveDef& b) { return a.type == b.type; }
  static bool same(const RecordDef& a, const RecordDef& b) { return a.fields == b.fields; }
  static bool same(const VariantDef& a, const VariantDef& b) { return a.cases == b.cases; }
  static bool same(const ListDef& a, const ListDef& b) { return a.element == b.element && a.length == b.length; }
  static bool same(const MapDef& a, const MapDef& b) { return a.key == b.key && a.value == b.value; }
  static bool same(const TupleDef& a, const TupleDef& b) { return a.types == b.types; }
  static bool same(const FlagsDef& a, const FlagsDef& b) { return a.labels == b.labels; }
  static bool same(const EnumDef& a, const EnumDef& b) { return a.labels == b.labels; }
  static bool same(const OptionDef& a, const OptionDef& b) { return a.type == b.type; }
  static bool same(const ResultDef& a, const ResultDef& b) { return a.ok == b.ok && a.error == b.error; }
  static bool same(const OwnDef& a, const OwnDef& b) { return a.resource == b.resource; }
  static bool same(const BorrowDef& a, const BorrowDef& b) { return a.resource == b.resource; }
  static bool same(const StreamDef& a, const StreamDef& b) { return a.element == b.element; }
  static bool same(const FutureDef& a, const FutureDef& b) { return a.element == b.element; }
  static bool same(const FuncTypeDef& a, const FuncTypeDef& b) {
    return a.async_ == b.async_ && a.params == b.params && a.result == b.result;
  }
  static bool same(const ComponentTypeDef& a, const ComponentTypeDef& b) { return same_list(a.decls->decls, b.decls->decls); }
  static bool same(const InstanceTypeDef& a, const InstanceTypeDef& b) { return same_list(a.decls->decls, b.decls->decls); }
  static bool same(const ResourceDef& a, const ResourceDef& b) { return a.rep == b.rep && a.dtor == b.dtor; }
  static bool same(const TypeDef& a, const TypeDef& b) { return same(a.type, b.type); }

  static bool same(const SharedBytes& a, const SharedBytes& b) { return std::ranges::equal(a.bytes, b.bytes); }
  static bool same(const CoreModuleDef& a, const CoreModuleDef& b) {
    if (same(a.binary, b.binary)) return true;
    const auto x = decode_module(a.binary, Features::all());
    const auto y = decode_module(b.binary, Features::all());
    return x && y && modules_equal(*x, *y);
  }
  static bool same(const CoreInstantiateArg& a, const CoreInstantiateArg& b) { return a.name == b.name && a.value == b.value; }
  static bool same(const CoreInlineExport& a, const CoreInlineExport& b) { return a.name == b.name && a.value == b.value; }
  static bool same(const CoreInstanceDef& a, const CoreInstanceDef& b) {
    return a.module == b.module && same_list(a.args, b.args) && same_list(a.exports, b.exports);
  }
  static bool same(const InstantiateArg& a, const InstantiateArg& b) { return a.name == b.name && a.value == b.value; }
  static bool same(const InlineExport& a, const InlineExport& b) { return a.name == b.name && a.value == b.value; }
  static bool same(const InstanceDef& a, const InstanceDef& b) {
    return a.component == b.component && same_list(a.args, b.args) && same_list(a.exports, b.exports);
  }
  static bool same(const CanonOpt& a, const CanonOpt& b) { return a.kind == b.kind && a.index == b.index; }
  static bool same(const CanonDef& a, const CanonDef& b) {
    return a.kind == b.kind && a.core_func == b.core_func && a.func == b.func && a.type == b.type &&
           a.core_type == b.core_type && a.core_table == b.core_table && a.memory == b.memory &&
           a.number == b.number && a.value_type == b.value_type && a.async_ == b.async_ &&
           a.cancellable == b.cancellable && a.shared == b.shared && a.result == b.result &&
           same_list(a.options, b.options);
  }
  static bool same(const StartDef& a, const StartDef& b) {
    return a.func == b.func && a.args == b.args && a.results == b.results;
  }
  static bool same(const ValueDef& a, const ValueDef& b) { return a.type == b.type && a.bytes == b.bytes; }
  static bool same(const ExportDef& a, const ExportDef& b) {
    return a.name == b.name && a.value == b.value && a.type.has_value() == b.type.has_value() &&
           (!a.type || same(*a.type, *b.type));
  }
  static bool same(const ComponentDef& a, const ComponentDef& b) { return components_equal(*a.component, *b.component); }
  static bool same(const Definition& a, const Definition& b) { return same(a.def, b.def); }

  template <class T>
  static bool same_list(const std::vector<T>& a, const std::vector<T>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const T& x, const T& y) { return same(x, y); });
  }
};

std::vector<const ComponentCustom*> compared_customs(const Component& component) {
  std::vector<const ComponentCustom*> out;
  for (const ComponentCustom& custom : component.customs)
    if (custom.name != detail::kNameSection) out.push_back(&custom);
  return out;
}
bool same_customs(const Component& a, const Component& b) {
  return std::ranges::equal(compared_customs(a), compared_customs(b), [](const auto* x, const auto* y) {
    return x->name == y->name && x->after == y->after && Equal::same(x->bytes, y->bytes);
  });
}

}  // namespace

bool components_equal(const Component& a, const Component& b) {
  return Equal::same_list(a.definitions, b.definitions) && same_customs(a, b) && a.names.component == b.names.component &&
         std::ranges::equal(a.names.of_sort, b.names.of_sort);
}

}  // namespace skiff::component
