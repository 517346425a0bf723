// A module's functions in groups, each an LLVM module of its own, translated, optimised and emitted by a few
// threads; then all objects are linked into one image. Memory: a group's IR lives only while it is worked on.
#include "compiler/llvm/compile.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "compiler/llvm/emit.h"
#include "compiler/llvm/link.h"
#include "compiler/llvm/pipeline.h"
#include "compiler/llvm/thunks.h"
#include "compiler/llvm/translate.h"
#include "engine/base/check.h"
#include "engine/exec/memory.h"
#include "engine/valid/walker.h"
#include "llvm/IR/DiagnosticHandler.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/thread.h"
#include "llvm/Support/raw_ostream.h"

namespace skiff::llvm_tier {

using compiler::CompileOptions;
using compiler::NativeImage;

namespace {

// Bytes of bodies and number of functions in a group; larger functions are alone in theirs.
constexpr uint64_t kGroupBytes = 12 * 1024;
constexpr size_t kGroupFunctions = 64;
// Instructions of IR from which on a group gets less effort.
constexpr size_t kCheapInstructions = 60'000;
constexpr size_t kLeastInstructions = 400'000;
// A frame larger than this is checked for before it is made; well below compiler::kStackReserve.
constexpr uint64_t kLargeFrame = 16 * 1024;
// LLVM recurses over expressions.
constexpr unsigned kThreadStack = 256u << 20;

/// Remembers which functions have large frames.
class Diagnostics final : public llvm::DiagnosticHandler {
 public:
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getKind() == llvm::DK_StackSize) {
      const auto& stack = static_cast<const llvm::DiagnosticInfoStackSize&>(info);
      large_frames.emplace_back(stack.getFunction().getName().str(), stack.getStackSize());
    } else if (info.getSeverity() == llvm::DS_Error && message.empty()) {
      llvm::raw_string_ostream out(message);
      llvm::DiagnosticPrinterRawOStream printer(out);
      info.print(printer);
    }
    return true;
  }
  std::vector<std::pair<std::string, uint64_t>> large_frames;
  std::string message;
};

// Whether fast_loops.h applies.
bool has_plain_memory(const ModuleInfo& info, const CompileOptions& options) {
  if (info.module.memories.empty()) return false;
  const MemoryType& type = info.module.memories[0].type;
  return LinearMemory::is_guarded(type, options.tunables) && !type.shared;
}

size_t instruction_count(const llvm::Module& module, size_t& largest) {
  size_t all = 0;
  largest = 0;
  for (const llvm::Function& f : module) {
    const size_t n = f.getInstructionCount();
    all += n;
    largest = std::max(largest, n);
  }
  return all;
}

}  // namespace

Result<std::unique_ptr<llvm::Module>> GroupCompiler::build(llvm::LLVMContext& context, const Group& group) {
  auto module = std::make_unique<llvm::Module>("wasm", context);
  module->setTargetTriple(llvm::Triple(choice_.triple));
  SKIFF_TRY(machine(Effort::Full));
  module->setDataLayout(machines_[0]->createDataLayout());
  module->addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  module->addModuleFlag(llvm::Module::Max, "PIC Level", 2);
  if (llvm::Triple(choice_.triple).getArch() == llvm::Triple::riscv64)
    module->addModuleFlag(llvm::Module::Error, "target-abi", llvm::MDString::get(context, "lp64d"));
  traits_ = traits_of(*machines_[0]);
  limit_ = Effort::Full;
  shared_ = std::make_unique<ModuleIr>(*module, info_, static_tables_, options_, traits_);
  for (uint32_t f = group.first; f < group.last; ++f) {
    FunctionTranslator translator(*shared_, f);
    SKIFF_TRY(walk_function(info_, f, translator, scratch_));
    if (translator.too_large())
      return fail(ErrorCode::LimitExceeded, kNoOffset, f, "function is too large to compile");
    limit_ = std::max(limit_, translator.effort());
  }
  for (uint32_t t : group.types) {
    emit_array_entry(*shared_, t);
    emit_import_thunk(*shared_, t);
  }
  for (uint32_t t : group.tables) shared_->define_static_table(t);
  shared_->finish();
  return module;
}

Status GroupCompiler::verify(llvm::Module& module, const char* when) {
  if (!options_.verify) return {};
  std::string message;
  llvm::raw_string_ostream out(message);
  if (!llvm::verifyModule(module, &out)) return {};
  return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, std::string("invalid IR ") + when + ": " + message);
}

Result<llvm::TargetMachine*> GroupCompiler::machine(Effort effort) {
  std::unique_ptr<llvm::TargetMachine>& machine = machines_[static_cast<size_t>(effort)];
  if (!machine) machine = SKIFF_TRY(make_target_machine(choice_, effort));
  return machine.get();
}

Result<std::unique_ptr<llvm::Module>> GroupCompiler::optimized(llvm::LLVMContext& context, const Group& group,
                                                               const LargeFrames& large_frames, Effort& effort) {
  std::unique_ptr<llvm::Module> module = SKIFF_TRY(build(context, group));
  SKIFF_TRY(verify(*module, "from the translator"));
  size_t largest = 0;
  const size_t count = instruction_count(*module, largest);
  effort = count > kLeastInstructions ? Effort::Least : count > kCheapInstructions ? Effort::Cheap : Effort::Full;
  effort = std::max(effort, limit_);
  effort = optimize(*module, *SKIFF_TRY(machine(effort)), effort, has_plain_memory(info_, options_));
  for (llvm::Function& f : *module)
    if (!f.isDeclaration()) f.addFnAttr("warn-stack-size", std::to_string(kLargeFrame));
  finish_functions(*shared_, large_frames);
  SKIFF_TRY(verify(*module, "from the optimiser"));
  return module;
}

Result<std::unique_ptr<llvm::MemoryBuffer>> GroupCompiler::compile(const Group& group) {
  LargeFrames large_frames;
  // The second round, which is rare, knows the sizes of large frames.
  while (true) {
    llvm::LLVMContext context;
    auto handler = std::make_unique<Diagnostics>();
    Diagnostics& diagnostics = *handler;
    context.setDiagnosticHandler(std::move(handler));
    context.setDiscardValueNames(!options_.verify);
    Effort effort = Effort::Full;
    std::unique_ptr<llvm::Module> module = SKIFF_TRY(optimized(context, group, large_frames, effort));
    std::unique_ptr<llvm::MemoryBuffer> object = emit_object(*module, *SKIFF_TRY(machine(effort)));
    shared_.reset();
    if (!object || !diagnostics.message.empty())
      return fail(ErrorCode::Unsupported, kNoOffset, group.first, "code generation: " + diagnostics.message);
    bool again = false;
    for (const auto& [name, size] : diagnostics.large_frames) {
      uint32_t index = 0;
      if (llvm::StringRef(name).drop_front().take_while(llvm::isDigit).getAsInteger(10, index) || name[0] != 'f') continue;
      again |= large_frames.try_emplace(index, size).second;
    }
    if (!again) return object;
  }
}

namespace {

std::vector<Group> make_groups(const ModuleInfo& info, const StaticTables& static_tables) {
  std::vector<Group> groups;
  const Module& m = info.module;
  uint64_t bytes = 0;
  for (uint32_t f = m.imported_funcs; f < m.functions.size(); ++f) {
    const uint64_t size = m.functions[f].body.bytes.size();
    const bool fresh = groups.empty() || groups.back().last - groups.back().first >= kGroupFunctions ||
                       bytes + size > kGroupBytes;
    if (fresh) {
      groups.push_back({f, f, {}, {}});
      bytes = 0;
    }
    groups.back().last = f + 1;
    bytes += size;
  }
  Group thunks{0, 0, {}, static_tables.tables()};
  for (uint32_t t = 0; t < m.types.size(); ++t) {
    if (m.types[t].comp.kind != CompositeType::Kind::Func) continue;
    thunks.types.push_back(t);
    if (thunks.types.size() == kGroupFunctions) groups.push_back(std::exchange(thunks, {0, 0, {}, {}}));
  }
  if (!thunks.types.empty() || !thunks.tables.empty()) groups.push_back(std::move(thunks));
  return groups;
}

/// Hands out groups to threads and collects what they make.
class Job {
 public:
  Job(const ModuleInfo& info, const CompileOptions& options)
      : info_(info),
        options_(options),
        static_tables_(info),
        groups_(make_groups(info, static_tables_)),
        objects_(groups_.size()) {
    // The largest first, so that none of them is begun when all others are done.
    for (size_t i = 0; i < groups_.size(); ++i) order_.push_back(i);
    std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
      return std::pair(bytes(groups_[b]), a) < std::pair(bytes(groups_[a]), b);
    });
  }

  Result<LinkInput> run() {
    const size_t wanted = options_.threads ? options_.threads : std::max(1u, std::thread::hardware_concurrency());
    const size_t count = std::min(wanted, std::max<size_t>(groups_.size(), 1));
    std::vector<llvm::thread> threads;
    for (size_t i = 0; i < count; ++i) threads.emplace_back(std::optional<unsigned>(kThreadStack), [this] { work(); });
    for (llvm::thread& t : threads) t.join();
    if (error_) return std::unexpected(std::move(*error_));
    LinkInput input;
    input.objects = std::move(objects_);
    input.imported_functions = info_.module.imported_funcs;
    input.functions = static_cast<uint32_t>(info_.module.functions.size());
    for (const SubType& type : info_.module.types)
      input.function_types.push_back(type.comp.kind == CompositeType::Kind::Func);
    return input;
  }

 private:
  uint64_t bytes(const Group& group) const {
    uint64_t sum = 0;
    for (uint32_t f = group.first; f < group.last; ++f) sum += info_.module.functions[f].body.bytes.size();
    return sum;
  }

  void work() {
    GroupCompiler compiler(info_, static_tables_, options_);
    while (!failed_) {
      const size_t next = next_++;
      if (next >= groups_.size()) return;
      const Group& group = groups_[order_[next]];
      Result<std::unique_ptr<llvm::MemoryBuffer>> object =
          options_.cancelled && *options_.cancelled
              ? fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "compilation: given up")
              : compiler.compile(group);
      if (!object) {
        const std::lock_guard lock(mutex_);
        failed_ = true;
        if (!error_) error_ = std::move(object.error());
        return;
      }
      objects_[order_[next]] = std::move(*object);
      if (!options_.progress || group.first == group.last) continue;
      const uint32_t done = done_ += group.last - group.first;
      options_.progress(done, static_cast<uint32_t>(info_.module.functions.size()) - info_.module.imported_funcs);
    }
  }

  const ModuleInfo& info_;
  const CompileOptions& options_;
  const StaticTables static_tables_;
  std::vector<Group> groups_;
  std::vector<size_t> order_;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects_;
  std::atomic<size_t> next_{0};
  std::atomic<uint32_t> done_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::optional<Error> error_;
};

// Thunks belong to no function; and what comes before the first row of a function neither.
void add_end_rows(NativeImage& image) {
  auto add = [&](uint32_t text) {
    if (text != 0 || image.text_size == 0) image.pc_table.push_back({text, kNoIndex, 0});
  };
  for (uint32_t text : image.array_entries) add(text);
  for (uint32_t text : image.import_thunks) add(text);
  // Of rows at one place the one with a position counts, of equal neighbours the first.
  std::sort(image.pc_table.begin(), image.pc_table.end(), [](const compiler::PcEntry& a, const compiler::PcEntry& b) {
    return std::pair(a.text, a.wasm) < std::pair(b.text, b.wasm);
  });
  std::vector<compiler::PcEntry> rows;
  for (const compiler::PcEntry& row : image.pc_table) {
    if (!rows.empty() && rows.back().text == row.text) rows.pop_back();
    if (rows.empty() || rows.back().wasm != row.wasm) rows.push_back(row);
  }
  image.pc_table = std::move(rows);
}

}  // namespace

Result<NativeImage> compile_module(const ModuleInfo& info, const CompileOptions& options) {
  initialize_llvm();
  LinkInput input = SKIFF_TRY(Job(info, options).run());
  NativeImage image = SKIFF_TRY(link_objects(std::move(input)));
  add_end_rows(image);
  return image;
}

Result<std::string> optimized_ir(const ModuleInfo& info, const CompileOptions& options, uint32_t func) {
  initialize_llvm();
  if (func < info.module.imported_funcs || func >= info.module.functions.size())
    return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, "no such defined function: " + std::to_string(func));
  const StaticTables static_tables(info);
  GroupCompiler compiler(info, static_tables, options);
  llvm::LLVMContext context;
  Effort effort = Effort::Full;
  std::unique_ptr<llvm::Module> module = SKIFF_TRY(compiler.optimized(context, {func, func + 1, {}, {}}, LargeFrames(), effort));
  std::string text;
  llvm::raw_string_ostream out(text);
  module->print(out, nullptr);
  return text;
}

}  // namespace skiff::llvm_tier
