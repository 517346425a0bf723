// Types as text, each with its own line; what they refer to, by identifier or index.
#include "component/text/printer.h"
#include "engine/text/text.h"

namespace skiff::component::wat {
namespace {

std::string_view text_of(Primitive type) {
  switch (type) {
#define SKIFF_PRIMITIVE(ID, CODE, TEXT, SIZE, FLAT) \
  case Primitive::ID: return TEXT;
#include "component/types/primitives.def"
  }
  return "";
}

}  // namespace

// ---- value types

void ComponentPrinter::val_type(const ValTypeRef& type) {
  if (const auto* primitive = std::get_if<Primitive>(&type.type))
    out_ += text_of(*primitive);
  else
    reference(Sort::Type, std::get<uint32_t>(type.type));
}

void ComponentPrinter::optional_val_type(const OptValType& type) {
  if (type) out_ += ' ', val_type(*type);
}

void ComponentPrinter::body(const PrimitiveDef& type) { out_ += text_of(type.type); }

void ComponentPrinter::body(const RecordDef& type) {
  out_ += "(record";
  for (const LabelledType& field : type.fields) {
    out_ += " (field ";
    string(field.label);
    out_ += ' ';
    val_type(field.type);
    out_ += ')';
  }
  out_ += ')';
}

void ComponentPrinter::body(const VariantDef& type) {
  out_ += "(variant";
  for (const Case& c : type.cases) {
    out_ += " (case ";
    string(c.label);
    optional_val_type(c.type);
    out_ += ')';
  }
  out_ += ')';
}

void ComponentPrinter::body(const ListDef& type) {
  out_ += "(list ";
  val_type(type.element);
  if (type.length) out_.append(" ").append(std::to_string(*type.length));
  out_ += ')';
}

void ComponentPrinter::body(const MapDef& type) {
  out_ += "(map ";
  val_type(type.key);
  out_ += ' ';
  val_type(type.value);
  out_ += ')';
}

void ComponentPrinter::body(const TupleDef& type) {
  out_ += "(tuple";
  for (const ValTypeRef& member : type.types) out_ += ' ', val_type(member);
  out_ += ')';
}

void ComponentPrinter::body(const FlagsDef& type) {
  out_ += "(flags";
  for (const std::string& label : type.labels) out_ += ' ', string(label);
  out_ += ')';
}

void ComponentPrinter::body(const EnumDef& type) {
  out_ += "(enum";
  for (const std::string& label : type.labels) out_ += ' ', string(label);
  out_ += ')';
}

void ComponentPrinter::body(const OptionDef& type) {
  out_ += "(option ";
  val_type(type.type);
  out_ += ')';
}

void ComponentPrinter::body(const ResultDef& type) {
  out_ += "(result";
  optional_val_type(type.ok);
  if (type.error) {
    out_ += " (error ";
    val_type(*type.error);
    out_ += ')';
  }
  out_ += ')';
}

void ComponentPrinter::body(const OwnDef& type) {
  out_ += "(own ";
  reference(Sort::Type, type.resource);
  out_ += ')';
}

void ComponentPrinter::body(const BorrowDef& type) {
  out_ += "(borrow ";
  reference(Sort::Type, type.resource);
  out_ += ')';
}

void ComponentPrinter::body(const StreamDef& type) {
  out_ += "(stream";
  optional_val_type(type.element);
  out_ += ')';
}

void ComponentPrinter::body(const FutureDef& type) {
  out_ += "(future";
  optional_val_type(type.element);
  out_ += ')';
}

void ComponentPrinter::body(const FuncTypeDef& type) {
  out_ += type.async_ ? "(func async" : "(func";
  for (const LabelledType& param : type.params) {
    out_ += " (param ";
    string(param.label);
    out_ += ' ';
    val_type(param.type);
    out_ += ')';
  }
  if (type.result) {
    out_ += " (result ";
    val_type(*type.result);
    out_ += ')';
  }
  out_ += ')';
}

void ComponentPrinter::body(const ResourceDef& type) {
  out_ += "(resource (rep " + to_string(type.rep) + ")";
  if (type.dtor) {
    out_ += " (dtor (core func ";
    reference(Sort::CoreFunc, *type.dtor);
    out_ += "))";
  }
  out_ += ')';
}

// ---- types with declarators

void ComponentPrinter::body(const ComponentTypeDef& type) { type_decls("component", *type.decls); }
void ComponentPrinter::body(const InstanceTypeDef& type) { type_decls("instance", *type.decls); }

void ComponentPrinter::type_decls(const char* keyword, const TypeDecls& decls) {
  out_.append("(").append(keyword);
  const Space outer = std::exchange(space_, {});
  ++depth_;
  for (const TypeDecl& decl : decls.decls) {
    line();
    if (const auto* e = std::get_if<ExportDecl>(&decl.decl)) {
      out_ += "(export ";
      extern_name(e->name);
      out_ += ' ';
      extern_type(e->type, true);
      out_ += ')';
      continue;
    }
    if (const auto* type = std::get_if<CoreTypeDef>(&decl.decl)) define(*type);
    if (const auto* type = std::get_if<TypeDef>(&decl.decl)) define(*type);
    if (const auto* alias = std::get_if<AliasDef>(&decl.decl)) define(*alias);
    if (const auto* import = std::get_if<ImportDef>(&decl.decl)) define(*import);
  }
  --depth_;
  space_ = outer;
  out_ += ')';
}

// `(sort (;n;) type)`; `with_index`: it takes an index of its space.
void ComponentPrinter::extern_type(const ExternTypeRef& type, bool with_index) {
  out_.append("(").append(component::text_of(type.sort));
  if (with_index) binder(type.sort);
  out_ += ' ';
  switch (type.sort) {
    case Sort::Type:
      if (type.sub_resource) {
        out_ += "(sub resource)";
      } else {
        out_ += "(eq ";
        reference(Sort::Type, type.index);
        out_ += ')';
      }
      break;
    case Sort::Value:
      if (type.eq_value) {
        out_ += "(eq ";
        reference(Sort::Value, type.index);
        out_ += ')';
      } else {
        val_type(type.value_type);
      }
      break;
    default:
      out_ += "(type ";
      reference(type.sort == Sort::CoreModule ? Sort::CoreType : Sort::Type, type.index);
      out_ += ')';
  }
  out_ += ')';
  if (with_index) count(type.sort);
}

// ---- core types

void ComponentPrinter::core_sub_type(const SubType& type) {
  auto field = [&](const FieldType& f) {
    out_ += f.mut ? "(mut " + to_string(f.storage) + ")" : to_string(f.storage);
  };
  const bool plain = type.final && !type.super;
  if (!plain) {
    out_ += type.final ? "(sub final " : "(sub ";
    if (type.super) reference(Sort::CoreType, *type.super), out_ += ' ';
  }
  switch (type.comp.kind) {
    case CompositeType::Kind::Func: {
      auto types = [&](const char* keyword, const std::vector<skiff::ValType>& list) {
        if (list.empty()) return;
        out_.append(" (").append(keyword);
        for (skiff::ValType t : list) out_.append(" ").append(to_string(t));
        out_ += ')';
      };
      out_ += "(func";
      types("param", type.comp.func.params);
      types("result", type.comp.func.results);
      break;
    }
    case CompositeType::Kind::Struct:
      out_ += "(struct";
      for (const FieldType& f : type.comp.fields) out_ += " (field ", field(f), out_ += ')';
      break;
    case CompositeType::Kind::Array:
      out_ += "(array ";
      field(type.comp.fields[0]);
      break;
  }
  out_ += plain ? ")" : "))";
}

void ComponentPrinter::core_rec_type(const CoreRecType& group, bool in_module_type) {
  const char* prefix = in_module_type ? "(" : "(core ";
  const bool alone = group.types.size() == 1 && !group.explicit_group;
  out_ += prefix;
  if (!alone) out_ += "rec";
  // Members may refer to each other, so that the identifiers of all are known.
  for (const SubType& type : group.types) {
    out_ += alone ? "type" : " (type";
    binder(Sort::CoreType);
    out_ += ' ';
    core_sub_type(type);
    count(Sort::CoreType);
    if (!alone) out_ += ')';
  }
  out_ += ')';
}

void ComponentPrinter::core_module_type(const CoreModuleType& type) {
  out_ += "(module";
  const Space outer = std::exchange(space_, {});
  ++depth_;
  for (const CoreModuleDecl& decl : type.decls) {
    line();
    if (const auto* import = std::get_if<CoreImportDecl>(&decl.decl)) {
      out_ += "(import ";
      string(import->module);
      out_ += ' ';
      string(import->name);
      out_ += ' ';
      core_extern_type(import->type);
      out_ += ')';
    } else if (const auto* e = std::get_if<CoreExportDecl>(&decl.decl)) {
      out_ += "(export ";
      string(e->name);
      out_ += ' ';
      core_extern_type(e->type);
      out_ += ')';
    } else if (const auto* alias = std::get_if<AliasDef>(&decl.decl)) {
      out_ += "(alias outer " + std::to_string(alias->count) + " " + std::to_string(alias->index) + " (type";
      binder(Sort::CoreType);
      out_ += "))";
      count(Sort::CoreType);
    } else {
      const auto& def = std::get<CoreTypeDef>(decl.decl).type;
      if (const auto* group = std::get_if<CoreRecType>(&def)) {
        core_rec_type(*group, true);
      } else {
        out_ += "(type";
        binder(Sort::CoreType);
        out_ += ' ';
        core_module_type(*std::get<1>(def));
        out_ += ')';
        count(Sort::CoreType);
      }
    }
  }
  --depth_;
  space_ = outer;
  out_ += ')';
}

void ComponentPrinter::limits(const Limits& limits, AddressType address) {
  if (address == AddressType::I64) out_ += "i64 ";
  out_ += std::to_string(limits.min);
  if (limits.max) out_.append(" ").append(std::to_string(*limits.max));
}

void ComponentPrinter::core_extern_type(const CoreExternType& type) {
  switch (type.kind) {
    case ExternKind::Func:
    case ExternKind::Tag:
      out_ += type.kind == ExternKind::Func ? "(func (type " : "(tag (type ";
      reference(Sort::CoreType, type.func_type);
      out_ += ')';
      break;
    case ExternKind::Table:
      out_ += "(table ";
      limits(type.table.limits, type.table.address);
      out_.append(" ").append(to_string(type.table.elem));
      break;
    case ExternKind::Memory: {
      const MemoryType& memory = type.memory;
      out_ += "(memory ";
      limits(memory.limits, memory.address);
      if (memory.shared) out_ += " shared";
      if (memory.page_size_log2 != 16) {
        out_ += " (pagesize " + std::to_string(uint64_t{1} << memory.page_size_log2) + ")";
      }
      break;
    }
    case ExternKind::Global:
      out_ += type.global.mut ? "(global (mut " : "(global ";
      out_ += to_string(type.global.type);
      if (type.global.mut) out_ += ')';
      break;
  }
  out_ += ')';
}

}  // namespace skiff::component::wat
