// A thin layer over LLVM's disassembler. A function ends where the next one in the image begins.
#include "compiler/llvm/disasm.h"

#include <algorithm>
#include <memory>

#include "compiler/llvm/emit.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace skiff::llvm_tier {

using compiler::NativeImage;

namespace {

uint32_t end_of(const NativeImage& image, uint32_t start) {
  uint32_t end = image.text_size;
  for (const auto* starts : {&image.functions, &image.array_entries, &image.import_thunks})
    for (uint32_t s : *starts)
      if (s > start) end = std::min(end, s);
  return end;
}

}  // namespace

Result<std::string> disassemble(const NativeImage& image, const ModuleInfo& info,
                                const compiler::CompileOptions& options, uint32_t func) {
  const uint32_t imported = info.module.imported_funcs;
  if (func < imported || func - imported >= image.functions.size())
    return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, "no such defined function: " + std::to_string(func));
  const TargetChoice choice = choose_target(options);
  std::unique_ptr<llvm::TargetMachine> machine = SKIFF_TRY(make_target_machine(choice, Effort::Full));
  const llvm::Target& target = machine->getTarget();
  llvm::MCContext context(machine->getTargetTriple(), machine->getMCAsmInfo(), machine->getMCRegisterInfo(),
                          machine->getMCSubtargetInfo());
  std::unique_ptr<llvm::MCDisassembler> decoder(target.createMCDisassembler(*machine->getMCSubtargetInfo(), context));
  std::unique_ptr<llvm::MCInstPrinter> printer(
      target.createMCInstPrinter(machine->getTargetTriple(), 0, *machine->getMCAsmInfo(), *machine->getMCInstrInfo(),
                                 *machine->getMCRegisterInfo()));
  if (!decoder || !printer) return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "no disassembler");
  const uint32_t start = image.functions[func - imported];
  const uint32_t end = end_of(image, start);
  auto row = std::upper_bound(image.pc_table.begin(), image.pc_table.end(), start,
                              [](uint32_t text, const compiler::PcEntry& e) { return text < e.text; });
  if (row != image.pc_table.begin()) --row;
  std::string text;
  llvm::raw_string_ostream out(text);
  for (uint32_t at = start; at < end;) {
    for (; row != image.pc_table.end() && row->text <= at; ++row)
      if (row->wasm != 0) out << ";; @" << llvm::format_hex(row->wasm - 1, 1) << "\n";
    llvm::MCInst inst;
    uint64_t size = 0;
    const llvm::ArrayRef<uint8_t> bytes(image.bytes.data() + at, end - at);
    const bool good = decoder->getInstruction(inst, size, bytes, at, llvm::nulls()) == llvm::MCDisassembler::Success;
    size = std::max<uint64_t>(size, 1);
    out << llvm::format_hex_no_prefix(at, 8);
    if (good) printer->printInst(&inst, at, "", *machine->getMCSubtargetInfo(), out);
    else out << "\t.byte " << llvm::format_hex(bytes[0], 4);
    out << "\n";
    at += static_cast<uint32_t>(size);
  }
  return text;
}

}  // namespace skiff::llvm_tier
