// Signatures, attributes and metadata that do not depend on a single function.
#include "compiler/llvm/module_ir.h"

#include "compiler/llvm/link.h"
#include "engine/base/check.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/IR/MDBuilder.h"

namespace skiff::llvm_tier {
namespace {

struct LibcallRow {
  const char* name;
  char result;
  const char* args;
};
constexpr LibcallRow kLibcalls[] = {
#define SKIFF_LIBCALL(NAME, RESULT, ARGS) {#NAME, #RESULT[0], ARGS},
#include "compiler/target/native_libcalls.def"
#undef SKIFF_LIBCALL
};

const LibcallRow& row(Libcall call) { return kLibcalls[static_cast<size_t>(call)]; }

llvm::Type* letter_type(llvm::LLVMContext& context, char letter) {
  switch (letter) {
    case 'i':
    case 't': return llvm::Type::getInt32Ty(context);
    case 'l': return llvm::Type::getInt64Ty(context);
    case 'p': return llvm::PointerType::getUnqual(context);
    default: return llvm::Type::getVoidTy(context);
  }
}

}  // namespace

ModuleIr::ModuleIr(llvm::Module& module, const ModuleInfo& info, const StaticTables& static_tables,
                   const compiler::CompileOptions& options, const TargetTraits& target)
    : module(module),
      info(info),
      static_tables(static_tables),
      options(options),
      target(target),
      debug_(module) {
  file_ = debug_.createFile("wasm", "");
  unit_ = debug_.createCompileUnit(llvm::DISourceLanguageName(llvm::dwarf::DW_LANG_C), file_, "", true, "", 0, "",
                                   llvm::DICompileUnit::LineTablesOnly, 0, false);
  no_type_ = debug_.createSubroutineType(debug_.getOrCreateTypeArray({}));
  llvm::MDBuilder metadata(context());
  alias_root_ = metadata.createTBAARoot("skiff");
  cold_weights_ = metadata.createBranchWeights(1, 1u << 20);
}

llvm::MDNode* ModuleIr::alias_node(llvm::StringRef name) {
  llvm::MDBuilder metadata(context());
  llvm::MDNode* type = metadata.createTBAAScalarTypeNode(name, alias_root_);
  return metadata.createTBAAStructTagNode(type, type, 0);
}

llvm::MDNode* ModuleIr::alias(Alias alias_class) {
  static constexpr const char* kNames[] = {"context", "store", "func",  "table",  "length",
                                           "memory",  "heap",  "slots", "globals"};
  const size_t i = static_cast<size_t>(alias_class);
  static_assert(std::size(kNames) == static_cast<size_t>(Alias::Count));
  if (!alias_[i]) alias_[i] = alias_node(kNames[i]);
  return alias_[i];
}

// Two imported globals may be one and the same; a defined one is like no other that this module knows.
llvm::MDNode* ModuleIr::global_alias(uint32_t global) {
  if (global < info.module.imported_globals) return alias(Alias::Globals);
  llvm::MDNode*& node = global_alias_[global];
  if (!node) node = alias_node(("global" + llvm::Twine(global)).str());
  return node;
}

Signature ModuleIr::make_signature(const FuncType& type) {
  const compiler::TargetAbi& abi = target.abi;
  llvm::LLVMContext& c = context();
  auto llvm_type = [&](ValType t) -> llvm::Type* {
    switch (t.kind()) {
      case ValType::Kind::I32: return llvm::Type::getInt32Ty(c);
      case ValType::Kind::F32: return llvm::Type::getFloatTy(c);
      case ValType::Kind::F64: return llvm::Type::getDoubleTy(c);
      case ValType::Kind::V128: return llvm::FixedVectorType::get(llvm::Type::getInt8Ty(c), 16);
      default: return llvm::Type::getInt64Ty(c);
    }
  };
  Signature s;
  std::vector<llvm::Type*> args = {llvm::PointerType::getUnqual(c)};
  unsigned ints = 0, vectors = 0;
  uint32_t slot = 0;
  for (ValType t : type.params) {
    const bool vector = t.is_vec() || t == ValType::F32 || t == ValType::F64;
    bool fits = false;
    if (!vector) fits = ints < abi.max_int_args;
    else if (!t.is_vec() || abi.v128_in_registers) fits = vectors < abi.max_vector_args;
    if (fits) {
      ++(vector ? vectors : ints);
      s.params.push_back({true, static_cast<uint32_t>(args.size())});
      args.push_back(llvm_type(t));
    } else {
      s.params.push_back({false, slot});
      slot += t.slots();
      s.buffered_params = true;
    }
    s.param_slots += t.slots();
  }
  llvm::Type* result = llvm::Type::getVoidTy(c);
  slot = 0;
  for (ValType t : type.results) {
    const bool fits = s.results.empty() && (!t.is_vec() || abi.v128_in_registers);
    if (fits) {
      result = llvm_type(t);
      s.results.push_back({true, 0});
    } else {
      s.results.push_back({false, slot});
      slot += t.slots();
      s.buffered_results = true;
    }
    s.result_slots += t.slots();
  }
  s.type = llvm::FunctionType::get(result, args, false);
  return s;
}

const Signature& ModuleIr::signature(uint32_t type_id, const FuncType& type) {
  std::unique_ptr<Signature>& entry = signatures_[type_id];
  if (!entry) entry = std::make_unique<Signature>(make_signature(type));
  return *entry;
}

void ModuleIr::set_code_attributes(llvm::Function& function) {
  function.addFnAttr("frame-pointer", "all");
  function.addFnAttr("no-builtins");
  function.addFnAttr("no-realign-stack");
  function.setUWTableKind(llvm::UWTableKind::Async);
  function.setVisibility(llvm::GlobalValue::HiddenVisibility);
  function.setDSOLocal(true);
}

llvm::AttributeList ModuleIr::call_attributes() {
  llvm::AttributeList list;
  if (target.abi.swiftself) list = list.addParamAttribute(context(), 0, llvm::Attribute::SwiftSelf);
  return list.addParamAttribute(context(), 0, llvm::Attribute::NoUndef);
}

llvm::Function* ModuleIr::define(llvm::FunctionType* type, const llvm::Twine& name) {
  auto* function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
  set_code_attributes(*function);
  return function;
}

llvm::Function* ModuleIr::function(uint32_t index) {
  llvm::Function*& f = functions_[index];
  if (!f) {
    f = define(signature(info.func_types[index], info.func_type(index)).type, "f" + llvm::Twine(index));
    f->setAttributes(f->getAttributes().addParamAttributes(
        context(), 0, llvm::AttrBuilder(context(), call_attributes().getParamAttrs(0))));
    f->addParamAttr(0, llvm::Attribute::NonNull);
    f->addDereferenceableParamAttr(0, sizeof(VmCtx));
  }
  return f;
}

llvm::GlobalVariable* ModuleIr::static_table(uint32_t table) {
  const std::string name = "c" + std::to_string(table);
  if (llvm::GlobalVariable* known = module.getNamedGlobal(name)) return known;
  llvm::Type* word = llvm::Type::getInt32Ty(context());
  auto* type = llvm::ArrayType::get(word, static_tables.elements(table).size() * (StaticElement::kSize / 4));
  auto* array =
      new llvm::GlobalVariable(module, type, true, llvm::GlobalValue::ExternalLinkage, nullptr, name);
  array->setVisibility(llvm::GlobalValue::HiddenVisibility);
  array->setDSOLocal(true);
  array->setAlignment(llvm::Align(StaticElement::kSize));
  return array;
}

void ModuleIr::define_static_table(uint32_t table) {
  llvm::GlobalVariable* array = static_table(table);
  llvm::Type* word = llvm::Type::getInt32Ty(context());
  llvm::Type* wide = llvm::Type::getInt64Ty(context());
  llvm::Constant* zero = llvm::ConstantInt::get(word, 0);
  std::vector<llvm::Constant*> words;
  for (uint32_t func : static_tables.elements(table)) {
    // Imported functions are never called through the array.
    if (func == kNoIndex || func < info.module.imported_funcs) {
      words.insert(words.end(), {zero, zero});
      continue;
    }
    llvm::Constant* distance = llvm::ConstantExpr::getSub(llvm::ConstantExpr::getPtrToInt(function(func), wide),
                                                          llvm::ConstantExpr::getPtrToInt(array, wide));
    words.push_back(llvm::ConstantExpr::getTrunc(distance, word));
    words.push_back(llvm::ConstantInt::get(word, static_tables.type_number(info.func_types[func])));
  }
  array->setInitializer(llvm::ConstantArray::get(llvm::cast<llvm::ArrayType>(array->getValueType()), words));
}

llvm::FunctionType* ModuleIr::libcall_type(Libcall call) {
  std::vector<llvm::Type*> args = {llvm::PointerType::getUnqual(context())};
  for (const char* c = row(call).args; *c; ++c) args.push_back(letter_type(context(), *c));
  return llvm::FunctionType::get(letter_type(context(), row(call).result), args, false);
}

llvm::AttributeList ModuleIr::libcall_attributes(Libcall call) {
  llvm::LLVMContext& c = context();
  llvm::AttributeList list;
  auto function = [&](llvm::Attribute::AttrKind kind) { list = list.addFnAttribute(c, kind); };
  const bool throws = call == Libcall::raise || call == Libcall::throw_ref || call == Libcall::resume_unwind;
  if (!throws) function(llvm::Attribute::NoUnwind);
  if (row(call).result == 'n') {
    function(llvm::Attribute::NoReturn);
    if (!throws) function(llvm::Attribute::Cold);
  }
  if (call == Libcall::trap) function(llvm::Attribute::NoMerge);
  if (call == Libcall::interrupted) {
    // It returns with everything as it was, or not at all; what wasm code writes is written volatile.
    function(llvm::Attribute::Cold);
    function(llvm::Attribute::NoMerge);
    list = list.addFnAttribute(c, llvm::Attribute::getWithMemoryEffects(c, llvm::MemoryEffects::inaccessibleMemOnly()));
  }
  if (call == Libcall::ref_test || call == Libcall::exception_tag)
    list = list.addFnAttribute(c, llvm::Attribute::getWithMemoryEffects(c, llvm::MemoryEffects::readOnly()));
  if (target.arch == llvm::Triple::riscv64) {
    for (unsigned i = 0; row(call).args[i]; ++i)
      if (row(call).args[i] == 'i') list = list.addParamAttribute(c, i + 1, llvm::Attribute::SExt);
    const char result = row(call).result;
    if (result == 'i' || result == 't') list = list.addRetAttribute(c, llvm::Attribute::SExt);
  }
  return list;
}

llvm::Function* ModuleIr::personality() {
  if (!personality_) {
    auto* type = llvm::FunctionType::get(llvm::Type::getInt32Ty(context()), true);
    personality_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, kPersonalitySymbol, module);
  }
  return personality_;
}

llvm::DISubprogram* ModuleIr::new_subprogram(uint32_t line) {
  return debug_.createFunction(unit_, "", "", file_, line, no_type_, line, llvm::DINode::FlagZero,
                               llvm::DISubprogram::SPFlagDefinition | llvm::DISubprogram::SPFlagOptimized);
}

}  // namespace skiff::llvm_tier
