// How it works: JITLink's interfaces are asynchronous. Each object's graph is started; it stops in our memory
// manager's allocate(), by when the sizes of its sections are known. When all graphs have arrived there, one
// layout is made for all of them, and each is resumed; it publishes its symbols (notifyResolved) and stops
// again in lookup(), until all have published; then every look-up is answered from one table.
#include "compiler/llvm/link.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "llvm/DebugInfo/DWARF/DWARFContext.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/ExecutionEngine/JITLink/aarch64.h"
#include "llvm/ExecutionEngine/JITLink/riscv.h"
#include "llvm/ExecutionEngine/JITLink/x86_64.h"
#include "llvm/Object/ObjectFile.h"

namespace skiff::llvm_tier {
namespace {

using namespace llvm;
using namespace llvm::jitlink;
using compiler::NativeImage;
using compiler::PcEntry;
using skiff::Result;

// The image is linked at this address; only differences matter.
constexpr uint64_t kBase = 0x10000000;
// The largest page size of the ISAs we support, so that parts can have their own protection everywhere.
constexpr uint64_t kPageSize = 65536;

enum Part : unsigned { kText, kReadOnly, kEhFrame, kEhEnd, kData, kParts };

struct Graph {
  LinkGraph* graph = nullptr;
  JITLinkMemoryManager::OnAllocatedFunction on_allocated;
  JITLinkContext::LookupMap wanted;
  std::unique_ptr<JITLinkAsyncLookupContinuation> on_lookup;
  std::vector<std::pair<uint64_t, uint32_t>> lines;  // offset in the object's text, wasm offset
};

bool is_absolute_pointer(const Triple& triple, Edge::Kind kind) {
  switch (triple.getArch()) {
    case Triple::x86_64: return kind == x86_64::Pointer64;
    case Triple::aarch64: return kind == aarch64::Pointer64;
    case Triple::riscv64: return kind == riscv::R_RISCV_64;
    default: return false;
  }
}

class Linker {
 public:
  explicit Linker(LinkInput input) : input_(std::move(input)) {}
  Result<NativeImage> run();

  // Called back by JITLink.
  void failed(llvm::Error error) {
    if (message_.empty()) message_ = toString(std::move(error));
    else consumeError(std::move(error));
  }
  void allocating(size_t index, LinkGraph& graph, JITLinkMemoryManager::OnAllocatedFunction resume) {
    graphs_[index].graph = &graph;
    graphs_[index].on_allocated = std::move(resume);
  }
  void resolved(LinkGraph& graph);
  void looking_up(size_t index, const JITLinkContext::LookupMap& symbols,
                  std::unique_ptr<JITLinkAsyncLookupContinuation> resume) {
    graphs_[index].wanted = symbols;
    graphs_[index].on_lookup = std::move(resume);
  }
  void record_fixups(LinkGraph& graph);

 private:
  bool start_all();
  void lay_out();
  void place(Part part, Section& section, bool terminators);
  void answer_lookups();
  void read_lines(size_t index);
  Result<NativeImage> finish();
  static Part part_of(const Section& section);

  LinkInput input_;
  std::shared_ptr<orc::SymbolStringPool> pool_ = std::make_shared<orc::SymbolStringPool>();  // outlives all names
  std::vector<Graph> graphs_;
  NativeImage image_;
  uint64_t cursor_ = 0;
  StringMap<uint64_t> symbols_;
  std::string message_;
};

/// Memory of the image itself: nothing is finalised here, the image's bytes are the result.
class Allocation : public JITLinkMemoryManager::InFlightAlloc {
 public:
  void abandon(OnAbandonedFunction done) override { done(llvm::Error::success()); }
  void finalize(OnFinalizedFunction done) override {
    done(JITLinkMemoryManager::FinalizedAlloc(orc::ExecutorAddr(kBase)));
  }
};

class Manager : public JITLinkMemoryManager {
 public:
  Manager(Linker& linker, size_t index) : linker_(linker), index_(index) {}
  void allocate(const JITLinkDylib*, LinkGraph& graph, OnAllocatedFunction resume) override {
    linker_.allocating(index_, graph, std::move(resume));
  }
  void deallocate(std::vector<FinalizedAlloc> allocs, OnDeallocatedFunction done) override {
    for (FinalizedAlloc& alloc : allocs) alloc.release();
    done(llvm::Error::success());
  }

 private:
  Linker& linker_;
  size_t index_;
};

class Context : public JITLinkContext {
 public:
  Context(Linker& linker, size_t index)
      : JITLinkContext(nullptr), linker_(linker), index_(index), manager_(linker, index) {}

  JITLinkMemoryManager& getMemoryManager() override { return manager_; }
  void notifyFailed(llvm::Error error) override { linker_.failed(std::move(error)); }
  void lookup(const LookupMap& symbols, std::unique_ptr<JITLinkAsyncLookupContinuation> resume) override {
    linker_.looking_up(index_, symbols, std::move(resume));
  }
  llvm::Error notifyResolved(LinkGraph& graph) override {
    linker_.resolved(graph);
    return llvm::Error::success();
  }
  void notifyFinalized(JITLinkMemoryManager::FinalizedAlloc alloc) override { alloc.release(); }
  bool shouldAddDefaultTargetPasses(const Triple&) const override { return true; }

  llvm::Error modifyPassConfig(LinkGraph&, PassConfiguration& passes) override {
    // Everything that code refers to is in the image: no GOT and no stubs are wanted.
    passes.PostPrunePasses.clear();
    passes.PreFixupPasses.clear();
    passes.PrePrunePasses.insert(passes.PrePrunePasses.begin(), [](LinkGraph& graph) {
      for (Section& section : graph.sections()) {
        const bool keep = section.getMemLifetime() != orc::MemLifetime::NoAlloc;
        for (Symbol* symbol : section.symbols()) symbol->setLive(keep);
      }
      return llvm::Error::success();
    });
    passes.PostAllocationPasses.push_back([this](LinkGraph& graph) {
      linker_.record_fixups(graph);
      return llvm::Error::success();
    });
    return llvm::Error::success();
  }

 private:
  Linker& linker_;
  size_t index_;
  Manager manager_;
};

Part Linker::part_of(const Section& section) {
  if (section.getName() == ".eh_frame") return kEhFrame;
  const orc::MemProt prot = section.getMemProt();
  if ((prot & orc::MemProt::Exec) != orc::MemProt::None) return kText;
  if ((prot & orc::MemProt::Write) != orc::MemProt::None) return kData;
  return kReadOnly;
}

bool Linker::start_all() {
  graphs_.resize(input_.objects.size());
  for (size_t i = 0; i < input_.objects.size(); ++i) {
    auto graph = createLinkGraphFromObject(input_.objects[i]->getMemBufferRef(), pool_);
    if (!graph) return failed(graph.takeError()), false;
    link(std::move(*graph), std::make_unique<Context>(*this, i));
    if (!message_.empty()) return false;
    read_lines(i);
  }
  return true;
}

// Rows of the line table: line = wasm offset + 1 (0: no position). Spec of the encoding: translate.h.
void Linker::read_lines(size_t index) {
  auto object = object::ObjectFile::createObjectFile(input_.objects[index]->getMemBufferRef());
  if (!object) return consumeError(object.takeError());
  std::unique_ptr<DWARFContext> dwarf = DWARFContext::create(**object);
  for (const auto& unit : dwarf->compile_units()) {
    const DWARFDebugLine::LineTable* table = dwarf->getLineTableForUnit(unit.get());
    if (!table) continue;
    for (const DWARFDebugLine::Row& row : table->Rows) {
      if (!row.EndSequence) graphs_[index].lines.emplace_back(row.Address.Address, row.Line);
    }
  }
}

// Places the blocks of a section, in their original order, at the cursor. Terminators of .eh_frame (four zero
// bytes that JITLink appends for each object) go behind all records instead.
void Linker::place(Part part, Section& section, bool terminators) {
  std::vector<Block*> blocks(section.blocks().begin(), section.blocks().end());
  std::sort(blocks.begin(), blocks.end(), [](Block* a, Block* b) { return a->getAddress() < b->getAddress(); });
  for (Block* block : blocks) {
    const bool terminator = part == kEhFrame && block->getSize() == 4;
    if (terminator != terminators) continue;
    const uint64_t alignment = std::max<uint64_t>(block->getAlignment(), part == kText ? 16 : 1);
    while ((cursor_ - block->getAlignmentOffset()) % alignment != 0) ++cursor_;
    block->setAddress(orc::ExecutorAddr(kBase + cursor_));
    cursor_ += block->getSize();
  }
}

void Linker::lay_out() {
  auto each = [&](Part part, bool terminators = false) {
    for (Graph& g : graphs_) {
      for (Section& section : g.graph->sections()) {
        if (section.getMemLifetime() != orc::MemLifetime::NoAlloc && part_of(section) == part) {
          place(part, section, terminators);
        }
      }
    }
  };
  auto page = [&] { return cursor_ = (cursor_ + kPageSize - 1) & ~(kPageSize - 1); };
  each(kText);
  image_.text_size = static_cast<uint32_t>(page());
  each(kReadOnly);
  cursor_ = (cursor_ + 7) & ~uint64_t{7};
  image_.eh_frame_offset = static_cast<uint32_t>(cursor_);
  each(kEhFrame);
  each(kEhFrame, true);
  cursor_ += 4;  // there may have been no terminator
  image_.eh_frame_size = static_cast<uint32_t>(cursor_ - image_.eh_frame_offset);
  image_.rodata_size = static_cast<uint32_t>(page() - image_.text_size);
  const uint64_t data = cursor_;
  each(kData);
  image_.data_size = static_cast<uint32_t>(page() - data);
  image_.bytes.resize(cursor_);
  // Blocks now work on their place in the image.
  for (Graph& g : graphs_) {
    for (Section& section : g.graph->sections()) {
      if (section.getMemLifetime() == orc::MemLifetime::NoAlloc) continue;
      for (Block* block : section.blocks()) {
        char* target = reinterpret_cast<char*>(image_.bytes.data()) + (block->getAddress().getValue() - kBase);
        if (!block->isZeroFill()) {
          std::memcpy(target, block->getContent().data(), block->getSize());
          block->setMutableContent(MutableArrayRef<char>(target, block->getSize()));
        }
      }
    }
  }
}

// Absolute words cannot stay: the image has no fixed address. They are taken out and listed.
void Linker::record_fixups(LinkGraph& graph) {
  for (Block* block : graph.blocks()) {
    if (block->getSection().getMemLifetime() == orc::MemLifetime::NoAlloc) continue;
    for (auto edge = block->edges().begin(); edge != block->edges().end();) {
      if (!is_absolute_pointer(graph.getTargetTriple(), edge->getKind())) {
        ++edge;
        continue;
      }
      const Symbol& target = edge->getTarget();
      NativeImage::Fixup fixup;
      fixup.offset = static_cast<uint32_t>(block->getAddress().getValue() - kBase + edge->getOffset());
      const bool personality = target.isExternal() && *target.getName() == kPersonalitySymbol;
      fixup.kind = personality ? NativeImage::Fixup::Kind::Personality : NativeImage::Fixup::Kind::ImageBase;
      fixup.addend = static_cast<uint64_t>(edge->getAddend());
      if (!personality) fixup.addend += target.getAddress().getValue() - kBase;
      if (part_of(block->getSection()) != kData && message_.empty()) {
        message_ = "absolute reference in section " + block->getSection().getName().str();
      }
      image_.fixups.push_back(fixup);
      edge = block->removeEdge(edge);
    }
  }
}

void Linker::resolved(LinkGraph& graph) {
  for (Symbol* symbol : graph.defined_symbols()) {
    if (symbol->hasName()) symbols_[*symbol->getName()] = symbol->getAddress().getValue();
  }
}

void Linker::answer_lookups() {
  for (Graph& g : graphs_) {
    if (!g.on_lookup) continue;
    AsyncLookupResult result;
    for (const auto& [name, flags] : g.wanted) {
      const auto found = symbols_.find(*name);
      // The personality's edges are gone by now, but its symbol is still looked up.
      const bool known = found != symbols_.end() || *name == kPersonalitySymbol;
      if (!known) return failed(make_error<StringError>("undefined symbol " + *name, inconvertibleErrorCode()));
      const uint64_t address = found != symbols_.end() ? found->second : kBase;
      result[name] = orc::ExecutorSymbolDef(orc::ExecutorAddr(address), JITSymbolFlags::Exported);
    }
    g.on_lookup->run(std::move(result));
  }
}

Result<NativeImage> Linker::finish() {
  auto offset = [&](const std::string& name) -> uint32_t {
    const auto found = symbols_.find(name);
    return found == symbols_.end() ? 0 : static_cast<uint32_t>(found->second - kBase);
  };
  image_.functions.resize(input_.functions - input_.imported_functions);
  for (uint32_t i = input_.imported_functions; i < input_.functions; ++i) {
    image_.functions[i - input_.imported_functions] = offset("f" + std::to_string(i));
  }
  image_.array_entries.resize(input_.function_types.size());
  image_.import_thunks.resize(input_.function_types.size());
  for (size_t i = 0; i < input_.function_types.size(); ++i) {
    if (!input_.function_types[i]) continue;
    image_.array_entries[i] = offset("e" + std::to_string(i));
    image_.import_thunks[i] = offset("t" + std::to_string(i));
  }
  std::sort(image_.pc_table.begin(), image_.pc_table.end(),
            [](const PcEntry& a, const PcEntry& b) { return a.text < b.text; });
  return std::move(image_);
}

Result<NativeImage> Linker::run() {
  auto fail_now = [&] { return skiff::fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "linking: " + message_); };
  if (!start_all()) return fail_now();
  lay_out();
  for (Graph& g : graphs_) {
    // Text has one block an object: rows count from its start.
    for (Section& section : g.graph->sections()) {
      if (part_of(section) != kText || section.getMemLifetime() == orc::MemLifetime::NoAlloc) continue;
      uint64_t start = ~uint64_t{0};
      for (Block* block : section.blocks()) start = std::min(start, block->getAddress().getValue());
      if (start == ~uint64_t{0}) continue;
      for (const auto& [address, line] : g.lines) {
        PcEntry entry;
        entry.text = static_cast<uint32_t>(start - kBase + address);
        entry.func = kNoIndex;
        entry.wasm = line;
        image_.pc_table.push_back(entry);
      }
    }
  }
  for (Graph& g : graphs_) g.on_allocated(std::make_unique<Allocation>());
  if (!message_.empty()) return fail_now();
  answer_lookups();
  if (!message_.empty()) return fail_now();
  return finish();
}

}  // namespace

Result<NativeImage> link_objects(LinkInput input) { return Linker(std::move(input)).run(); }

}  // namespace skiff::llvm_tier
