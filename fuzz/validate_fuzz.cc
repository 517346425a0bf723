// Any bytes, as a module with two feature sets: validation must end in a ModuleInfo or an Error with a
// message. Valid modules are walked again with a sink that checks the contract of FunctionSink: blocks
// nest, depths and operand heights follow from what was delivered. Nothing may stay in the type registry.
#include "engine/base/check.h"
#include "engine/binary/decode.h"
#include "engine/valid/walker.h"

namespace {

using namespace skiff;

struct CheckingSink {
  std::vector<BlockInfo> blocks;
  bool ended = false;
  // Operand height that the next callback must see, where a row of opcodes.def or a block says it.
  uint32_t next = 0;
  bool known = false;

  void expect(const WalkView& view) {
    SKIFF_CHECK(!ended && view.depth == blocks.size() + 1);
    SKIFF_CHECK(!known || view.height == next);
    SKIFF_CHECK(blocks.empty() || view.height >= blocks.back().height);
    known = false;
  }
  void now(size_t height) {
    next = static_cast<uint32_t>(height);
    known = true;
  }
  void begin(const FunctionHeader& header) {
    SKIFF_CHECK(header.locals.size() >= header.type->params.size());
    now(0);
  }
  void instr(const Instr& instr, const ResolvedInstr& resolved, const WalkView& view) {
    expect(view);
    const OpInfo& row = info(instr.op);
    if (!row.special()) {
      SKIFF_CHECK(view.height >= row.pops);
      now(view.height - row.pops + row.pushes);
    } else if (instr.op == Op::Call) {
      SKIFF_CHECK(view.height >= resolved.func_type->params.size());
      now(view.height - resolved.func_type->params.size() + resolved.func_type->results.size());
    }
  }
  void block_begin(const Instr& instr, const BlockInfo& block, const WalkView& view) {
    expect(view);
    SKIFF_CHECK(block.height + block.params.size() + (instr.op == Op::If) == view.height);
    blocks.push_back(block);
    now(block.height + block.params.size());
  }
  void block_else(const Instr& instr, const ResolvedInstr& resolved, const BlockInfo& block,
                  const WalkView& view, bool falls_through) {
    if (!falls_through) known = false;
    expect(view);
    SKIFF_CHECK(!blocks.empty() && blocks.back().height == block.height);
    SKIFF_CHECK(!falls_through || view.height == block.height + block.results.size());
    const size_t operands = instr.op == Op::Else    ? block.params.size()
                            : instr.op == Op::Catch ? resolved.func_type->params.size()
                                                    : 0;
    now(block.height + operands);
  }
  void block_end(const Instr&, const BlockInfo& block, const WalkView& view, bool falls_through) {
    if (!falls_through) known = false;
    expect(view);
    SKIFF_CHECK(!falls_through || view.height == block.height + block.results.size());
    if (blocks.empty()) {
      ended = true;
      return;
    }
    SKIFF_CHECK(blocks.back().height == block.height && blocks.back().op == block.op);
    blocks.pop_back();
    now(block.height + block.results.size());
  }
  void end() { SKIFF_CHECK(ended); }
};
static_assert(FunctionSink<CheckingSink>);

void validate(ByteSpan bytes, Features features) {
  TypeRegistry registry;
  {
    Result<Module> module = decode_module({bytes, nullptr}, features);
    if (!module) return;
    Result<std::unique_ptr<ModuleInfo>> info = validate_module(std::move(*module), registry, {1, true});
    if (!info) {
      SKIFF_CHECK(!info.error().message().empty());
    } else {
      WalkScratch scratch;
      const Module& m = (*info)->module;
      for (uint32_t f = m.imported_funcs; f < m.functions.size(); ++f) {
        CheckingSink sink;
        SKIFF_CHECK(walk_function(**info, f, sink, scratch));
      }
    }
  }
  SKIFF_CHECK(registry.live_types() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan bytes(data, size);
  validate(bytes, Features::all());
  validate(bytes, Features());
  return 0;
}
