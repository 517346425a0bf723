// The host module: a table of its functions and what else it has.
#include "spectest/host.h"

#include "engine/exec/memory.h"
#include "engine/exec/table.h"

namespace skiff::spectest {
namespace {

// The print functions accept their arguments and say nothing: scripts do not check output.
Outcome print_nothing(HostCall&) { return Outcome::Ok; }

struct PrintFunc {
  std::string_view name;
  std::vector<ValType> params;
};

void define_global(Linker& linker, std::string_view name, const Val& value) {
  Extern e{.kind = ExternKind::Global};
  e.global_type = GlobalType{value.type, false};
  e.global = linker.store().new_global(e.global_type, value);
  linker.define("spectest", name, e);
}

Status define_table(Linker& linker, std::string_view name, AddressType address) {
  const TableType type{ValType::FuncRef, {10, 20}, address};
  Extern e{.kind = ExternKind::Table};
  e.table = SKIFF_TRY(linker.store().new_table(type, kNullRef));
  linker.define("spectest", name, e);
  return {};
}

Status define_memory(Linker& linker, std::string_view name, bool shared) {
  Extern e{.kind = ExternKind::Memory};
  e.memory = SKIFF_TRY(linker.store().new_memory(MemoryType{.limits = {1, 2}, .shared = shared}));
  linker.define("spectest", name, e);
  return {};
}

}  // namespace

Status define_spectest(Linker& linker) {
  const PrintFunc functions[] = {
      {"print", {}},
      {"print_i32", {ValType::I32}},
      {"print_i64", {ValType::I64}},
      {"print_f32", {ValType::F32}},
      {"print_f64", {ValType::F64}},
      {"print_i32_f32", {ValType::I32, ValType::F32}},
      {"print_f64_f64", {ValType::F64, ValType::F64}},
  };
  for (const PrintFunc& f : functions) {
    linker.define_func("spectest", f.name, FuncType{f.params, {}}, print_nothing, nullptr);
  }
  define_global(linker, "global_i32", Val::of_i32(666));
  define_global(linker, "global_i64", Val::of_i64(666));
  define_global(linker, "global_f32", Val::of_f32(666.6f));
  define_global(linker, "global_f64", Val::of_f64(666.6));
  const Features features = linker.store().engine().features();
  SKIFF_TRY(define_table(linker, "table", AddressType::I32));
  if (features.has(Feature::Memory64)) SKIFF_TRY(define_table(linker, "table64", AddressType::I64));
  SKIFF_TRY(define_memory(linker, "memory", false));
  if (features.has(Feature::Threads)) SKIFF_TRY(define_memory(linker, "shared_memory", true));
  return {};
}

}  // namespace skiff::spectest
