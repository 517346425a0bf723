// The code model is the small one and everything is position-independent and hidden, so that references are
// relative (link.h). Only the ISAs that Skiff runs on are there.
#include "compiler/llvm/emit.h"

#include <mutex>

#include "llvm/CodeGen/CodeGenTargetMachineImpl.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstr.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

namespace skiff::llvm_tier {
namespace {

// Options of LLVM that are only reachable as command line flags. They are process-wide, but this copy of LLVM is ours.
void set_flag(llvm::StringRef name, bool value) {
  auto& options = llvm::cl::getRegisteredOptions();
  const auto found = options.find(name);
  if (found != options.end()) static_cast<llvm::cl::opt<bool>*>(found->second)->setValue(value);
}

#define SKIFF_TARGET(NAME)              \
  LLVMInitialize##NAME##TargetInfo();   \
  LLVMInitialize##NAME##Target();       \
  LLVMInitialize##NAME##TargetMC();     \
  LLVMInitialize##NAME##AsmPrinter();   \
  LLVMInitialize##NAME##Disassembler();

}  // namespace

void initialize_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    SKIFF_TARGET(X86)
    SKIFF_TARGET(AArch64)
    SKIFF_TARGET(RISCV)
    // A fault before the prologue would hide the caller from a walk along frame pointers.
    set_flag("enable-shrink-wrap", false);
  });
}

TargetChoice choose_target(const compiler::CompileOptions& options) {
  TargetChoice choice;
  const std::string host = llvm::sys::getDefaultTargetTriple();
  choice.triple = options.triple.empty() ? host : options.triple;
  const llvm::Triple triple(choice.triple);
  const bool is_host = triple.getArch() == llvm::Triple(host).getArch();
  if (options.cpu.empty() && is_host) {
    choice.cpu = llvm::sys::getHostCPUName().str();
    for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
      if (!choice.features.empty()) choice.features += ',';
      choice.features += (feature.second ? "+" : "-") + feature.first().str();
    }
  } else if (!options.cpu.empty() && options.cpu != "baseline") {
    choice.cpu = options.cpu;
  }
  if (triple.getArch() == llvm::Triple::riscv64) {
    if (choice.cpu.empty() || choice.cpu == "generic") choice.cpu = "generic-rv64";
    // Linker relaxation would leave every offset to the linker. Code is for Linux: RV64GC.
    choice.features += (choice.features.empty() ? "" : ",") + std::string("+m,+a,+f,+d,+c,-relax");
  }
  // Vectorised loops would scatter where compilers had unrolled them before.
  if (triple.getArch() == llvm::Triple::x86_64)
    choice.features += (choice.features.empty() ? "" : ",") + std::string("+prefer-no-gather,+prefer-no-scatter");
  if (triple.getArch() == llvm::Triple::aarch64)
    choice.features += (choice.features.empty() ? "" : ",") + std::string("-outline-atomics");
  return choice;
}

Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(const TargetChoice& choice, Effort effort) {
  initialize_llvm();
  std::string message;
  const llvm::Triple triple(choice.triple);
  auto unsupported = [&](std::string what) {
    return fail(ErrorCode::Unsupported, kNoOffset, kNoIndex, "compilation for " + choice.triple + what);
  };
  const auto arch = triple.getArch();
  if (arch != llvm::Triple::x86_64 && arch != llvm::Triple::aarch64 && arch != llvm::Triple::riscv64) return unsupported("");
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target || !triple.isOSBinFormatELF()) return unsupported(": " + message);
  // Asked before it is used: LLVM would print to standard error.
  const std::unique_ptr<llvm::MCSubtargetInfo> cpus(target->createMCSubtargetInfo(triple, "", ""));
  if (!choice.cpu.empty() && !cpus->isCPUStringValid(choice.cpu))
    return unsupported(": unknown CPU " + choice.cpu);
  llvm::TargetOptions options;
  options.ExceptionModel = llvm::ExceptionHandling::DwarfCFI;
  if (arch == llvm::Triple::riscv64) options.MCOptions.ABIName = "lp64d";
  const auto level = effort == Effort::Full    ? llvm::CodeGenOptLevel::Default
                     : effort == Effort::Cheap ? llvm::CodeGenOptLevel::Less
                                               : llvm::CodeGenOptLevel::None;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, choice.cpu, choice.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, level));
  if (!machine) return unsupported(": no code generator");
  return machine;
}

TargetTraits traits_of(const llvm::TargetMachine& machine) {
  TargetTraits traits;
  traits.arch = machine.getTargetTriple().getArch();
  const llvm::MCSubtargetInfo& cpu = *machine.getMCSubtargetInfo();
  switch (traits.arch) {
    case llvm::Triple::x86_64:
      traits.abi = {6, 8, true, true};
      traits.ssse3 = cpu.checkFeatures("+ssse3");
      traits.sse41 = cpu.checkFeatures("+sse4.1");
      traits.avx2 = cpu.checkFeatures("+avx2");
      break;
    case llvm::Triple::aarch64: traits.abi = {8, 8, true, true}; break;
    default:
      traits.abi = {7, 8, false, false};
      traits.zfa = cpu.checkFeatures("+zfa");
      traits.vector = cpu.checkFeatures("+v");
  }
  return traits;
}

namespace {

/// Gives every machine instruction that may fault the position of the access: when a load becomes an operand of its
/// user, the instruction has the user's position.
class AccessPositions final : public llvm::MachineFunctionPass {
 public:
  AccessPositions() : MachineFunctionPass(id_) {}
  llvm::StringRef getPassName() const override { return "positions of accesses"; }
  void getAnalysisUsage(llvm::AnalysisUsage& usage) const override {
    usage.setPreservesAll();
    MachineFunctionPass::getAnalysisUsage(usage);
  }

  bool runOnMachineFunction(llvm::MachineFunction& function) override {
    bool changed = false;
    find_atomics(function.getFunction());
    for (llvm::MachineBasicBlock& block : function) {
      for (llvm::MachineInstr& instr : block) {
        const llvm::DILocation* position = position_of(instr);
        if (!position || instr.getDebugLoc().get() == position) continue;
        instr.setDebugLoc(llvm::DebugLoc(position));
        changed = true;
      }
    }
    return changed;
  }

 private:
  // Atomic accesses have no alias information; they are known by their addresses.
  void find_atomics(const llvm::Function& function) {
    atomics_.clear();
    for (const llvm::BasicBlock& block : function) {
      for (const llvm::Instruction& i : block) {
        const llvm::Value* pointer = i.isAtomic() ? llvm::getPointerOperand(&i) : nullptr;
        if (const auto* rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&i)) pointer = rmw->getPointerOperand();
        if (const auto* swap = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&i)) pointer = swap->getPointerOperand();
        if (pointer && i.getDebugLoc()) atomics_.try_emplace(pointer, i.getDebugLoc().get());
      }
    }
  }

  // Of an instruction that reads and writes memory the load counts, which comes first.
  const llvm::DILocation* position_of(const llvm::MachineInstr& instr) const {
    const llvm::DILocation* found = nullptr;
    for (const llvm::MachineMemOperand* access : instr.memoperands()) {
      const auto* position = llvm::dyn_cast_or_null<llvm::DILocation>(access->getAAInfo().NoAlias);
      if (!position && access->isAtomic() && access->getValue()) position = atomics_.lookup(access->getValue());
      if (position && (!found || access->isLoad())) found = position;
    }
    return found;
  }

  llvm::DenseMap<const llvm::Value*, const llvm::DILocation*> atomics_;
  static inline char id_ = 0;
};

// Lets the positions of accesses travel with their memory operands: as alias scopes, which nothing else uses here
// and which mean nothing where no access is in any of them.
void keep_access_positions(llvm::Module& module) {
  for (llvm::Function& f : module) {
    for (llvm::BasicBlock& block : f) {
      for (llvm::Instruction& i : block) {
        llvm::DILocation* position = i.isVolatile() ? i.getDebugLoc().get() : nullptr;
        if (position) i.setMetadata(llvm::LLVMContext::MD_noalias, position);
      }
    }
  }
}

}  // namespace

// As TargetMachine::addPassesToEmitFile, but with a say in which passes there are.
std::unique_ptr<llvm::MemoryBuffer> emit_object(llvm::Module& module, llvm::TargetMachine& machine) {
  keep_access_positions(module);
  auto& target = static_cast<llvm::CodeGenTargetMachineImpl&>(machine);
  llvm::SmallVector<char, 0> bytes;
  {
    llvm::raw_svector_ostream out(bytes);
    llvm::legacy::PassManager passes;
    llvm::TargetPassConfig* config = target.createPassConfig(passes);
    // It would look at every function again, and dislikes positions as alias scopes; see compile.cc.
    config->setDisableVerify(true);
    // There are no debug values, only positions; looking for them takes longer than most passes.
    config->disablePass(&llvm::LiveDebugValuesID);
    // Equal accesses at the end of several blocks would lose their positions.
    config->setEnableTailMerge(false);
    // Quadratic in the size of a block.
    if (machine.getOptLevel() < llvm::CodeGenOptLevel::Default) config->disablePass(&llvm::MachineSchedulerID);
    passes.add(config);
    auto* functions = new llvm::MachineModuleInfoWrapperPass(&target);
    passes.add(functions);
    if (config->addISelPasses()) return nullptr;
    config->addMachinePasses();
    config->setInitialized();
    passes.add(new AccessPositions());
    if (target.addAsmPrinter(passes, out, nullptr, llvm::CodeGenFileType::ObjectFile, functions->getMMI().getContext()))
      return nullptr;
    passes.add(llvm::createFreeMachineFunctionPass());
    passes.run(module);
  }
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes), "module.o", false);
}

}  // namespace skiff::llvm_tier
