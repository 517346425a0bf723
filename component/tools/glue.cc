// Written in the text format, for readers.
#include "component/tools/glue.h"

#include "engine/base/check.h"
#include "engine/text/text.h"

namespace skiff::component::tools {
namespace {

std::vector<uint8_t> assemble(const std::string& text) {
  Result<std::vector<uint8_t>> binary = wat_to_binary(text, Features::all());
  SKIFF_CHECK(binary.has_value());
  return std::move(*binary);
}

std::string type_text(const skiff::FuncType& type) {
  std::string text;
  for (const skiff::ValType param : type.params) text += " (param " + to_string(param) + ")";
  for (const skiff::ValType result : type.results) text += " (result " + to_string(result) + ")";
  return text;
}

}  // namespace

std::vector<uint8_t> shim_module(const std::vector<skiff::FuncType>& signatures) {
  const std::string size = std::to_string(signatures.size());
  std::string text = "(module (table (export \"$imports\") " + size + " " + size + " funcref)\n";
  for (size_t i = 0; i < signatures.size(); ++i) {
    const std::string type = type_text(signatures[i]), number = std::to_string(i);
    text += "(func (export \"" + number + "\")" + type;
    for (size_t p = 0; p < signatures[i].params.size(); ++p)
      text += " local.get " + std::to_string(p);
    text += " i32.const " + number + " call_indirect" + type + ")\n";
  }
  return assemble(text + ")");
}

std::vector<uint8_t> fixup_module(const std::vector<skiff::FuncType>& signatures) {
  const std::string size = std::to_string(signatures.size());
  std::string text =
      "(module (import \"\" \"$imports\" (table " + size + " " + size + " funcref))\n";
  std::string elements;
  for (size_t i = 0; i < signatures.size(); ++i) {
    text += "(import \"\" \"" + std::to_string(i) + "\" (func" + type_text(signatures[i]) + "))\n";
    elements += " " + std::to_string(i);
  }
  return assemble(text + "(elem (i32.const 0) func" + elements + "))");
}

std::vector<uint8_t> start_module() {
  return assemble("(module (import \"\" \"\" (func)) (start 0))");
}

std::vector<uint8_t> realloc_module() {
  return assemble(R"((module
    (import "env" "memory" (memory 0))
    (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32)
          (param $size i32) (result i32) (local $page i32)
      (if (local.get $old) (then unreachable))
      (local.set $page (memory.grow
        (i32.add (i32.shr_u (local.get $size) (i32.const 16))
                 (i32.ne (i32.and (local.get $size) (i32.const 0xFFFF)) (i32.const 0)))))
      (if (i32.eq (local.get $page) (i32.const -1)) (then unreachable))
      (i32.shl (local.get $page) (i32.const 16)))))");
}

std::vector<uint8_t> transfer_module() {
  return assemble(R"((module
    (import "main" "memory" (memory $main 0))
    (import "adapter" "memory" (memory $own 0))
    (func (export "read") (param $to i32) (param $from i32) (param $size i32)
      (memory.copy $own $main (local.get $to) (local.get $from) (local.get $size)))
    (func (export "write") (param $to i32) (param $from i32) (param $size i32)
      (memory.copy $main $own (local.get $to) (local.get $from) (local.get $size)))
    (func (export "size") (result i32) (memory.size $main))))");
}

std::vector<uint8_t> trap_module(const std::vector<skiff::FuncType>& signatures) {
  std::string text = "(module";
  for (size_t i = 0; i < signatures.size(); ++i)
    text += " (func (export \"" + std::to_string(i) + "\")" + type_text(signatures[i]) +
            " unreachable)";
  return assemble(text + ")");
}

}  // namespace skiff::component::tools
