// LLVM's DWARF reader over the module's custom sections. Addresses in them count from the content of the code section.
// The sections are guests' input: what LLVM cannot read gives no positions, and its complaints are nobody's business.
#include "compiler/llvm/dwarf.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/DebugInfo/DWARF/DWARFContext.h"
#include "llvm/Support/MemoryBuffer.h"

namespace skiff::llvm_tier {
namespace {

constexpr uint8_t kCodeSection = 10;
// Beyond that nobody waits for a line number.
constexpr uint64_t kMaxDebugBytes = uint64_t{256} << 20;
constexpr size_t kMaxPath = 400;

llvm::StringRef ref(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::vector<std::string> source_positions(const Module& module, std::span<const uint64_t> offsets) {
  std::vector<std::string> positions(offsets.size());
  uint64_t code = kNoOffset;
  for (const Module::SectionRange& section : module.sections)
    if (section.id == kCodeSection) code = section.offset;
  if (code == kNoOffset) return positions;

  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> sections;
  uint64_t bytes = 0;
  for (const CustomSection& custom : module.customs) {
    if (!custom.name.starts_with(".debug_")) continue;
    bytes += custom.bytes.size();
    sections[ref(custom.name.substr(1))] = llvm::MemoryBuffer::getMemBuffer(
        llvm::StringRef(reinterpret_cast<const char*>(custom.bytes.data()), custom.bytes.size()), "", false);
  }
  if (bytes == 0 || bytes > kMaxDebugBytes) return positions;
  auto ignore = [](llvm::Error error) { llvm::consumeError(std::move(error)); };
  const std::unique_ptr<llvm::DWARFContext> dwarf =
      llvm::DWARFContext::create(sections, 4, /*isLittleEndian=*/true, ignore, ignore);
  llvm::DILineInfoSpecifier wanted(llvm::DILineInfoSpecifier::FileLineInfoKind::RelativeFilePath,
                                   llvm::DILineInfoSpecifier::FunctionNameKind::None);
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i] < code) continue;
    const auto line = dwarf->getLineInfoForAddress({offsets[i] - code}, wanted);
    if (!line || line->Line == 0 || line->FileName == llvm::DILineInfo::BadString) continue;
    positions[i] = line->FileName.substr(0, kMaxPath) + ":" + std::to_string(line->Line);
  }
  return positions;
}

}  // namespace skiff::llvm_tier
