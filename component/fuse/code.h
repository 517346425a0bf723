// Code: writes the body of one core function: instructions, locals, and labels by the number of blocks around them.
// It checks nothing; the engine's validator does.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/base/writer.h"
#include "engine/binary/encode.h"
#include "engine/syntax/instr.h"

namespace skiff::component::fuse {

using CoreType = skiff::ValType;
using Local = uint32_t;

class Code {
 public:
  explicit Code(std::vector<CoreType> params) : locals_(std::move(params)), params_(locals_.size()) {}

  Local add_local(CoreType type) {
    locals_.push_back(type);
    return static_cast<Local>(locals_.size() - 1);
  }
  CoreType type_of(Local local) const { return locals_[local]; }

  void op(Op o) { put({.op = o}); }
  void get(Local local) { put({.op = Op::LocalGet, .index = local}); }
  void set(Local local) { put({.op = Op::LocalSet, .index = local}); }
  void tee(Local local) { put({.op = Op::LocalTee, .index = local}); }
  void global_get(uint32_t global) { put({.op = Op::GlobalGet, .index = global}); }
  void global_set(uint32_t global) { put({.op = Op::GlobalSet, .index = global}); }
  void i32(uint32_t value) { put({.op = Op::I32Const, .bits = value}); }
  void i64(uint64_t value) { put({.op = Op::I64Const, .bits = value}); }
  void f32(uint32_t bits) { put({.op = Op::F32Const, .bits = bits}); }
  void f64(uint64_t bits) { put({.op = Op::F64Const, .bits = bits}); }
  void call(uint32_t func) { put({.op = Op::Call, .index = func}); }
  /// A load or store of natural alignment.
  void access(Op o, uint32_t memory, uint64_t offset) {
    put({.op = o, .memarg = {.offset = offset, .align = info(o).width, .memory = memory}});
  }
  void table_get(uint32_t table) { put({.op = Op::TableGet, .index = table}); }
  void table_size(uint32_t table) { put({.op = Op::TableSize, .index = table}); }
  void br_on_null(uint32_t label) { put({.op = Op::BrOnNull, .index = depth_ - label - 1}); }
  void memory_size(uint32_t memory) { put({.op = Op::MemorySize, .index = memory}); }
  void memory_copy(uint32_t to, uint32_t from) { put({.op = Op::MemoryCopy, .index = to, .index2 = from}); }

  /// Opens a block, loop or if without parameters and results; its label for br.
  uint32_t open(Op o) {
    put({.op = o});
    return depth_++;
  }
  /// A block around which every exception goes on behind the block `to`.
  uint32_t open_catch_all(uint32_t to) {
    const Catch all{.kind = Catch::Kind::CatchAll, .label = depth_ - to - 1};
    Instr instr{.op = Op::TryTable};
    instr.catches = {&all, 1};
    put(instr);
    return depth_++;
  }
  void close() {
    --depth_;
    op(Op::End);
  }
  void br(uint32_t label) { put({.op = Op::Br, .index = depth_ - label - 1}); }
  void br_if(uint32_t label) { put({.op = Op::BrIf, .index = depth_ - label - 1}); }
  /// Absolute labels, the default one last.
  void br_table(std::vector<uint32_t> labels) {
    for (uint32_t& label : labels) label = depth_ - label - 1;
    Instr instr{.op = Op::BrTable};
    instr.labels = labels;
    put(instr);
  }

  /// Bytes so far; the function's size is bounded by that.
  size_t size() const { return out_.size(); }
  /// The body as in the binary format: locals, code, end.
  std::vector<uint8_t> body() {
    op(Op::End);
    Writer out;
    out.u32(locals_.size() - params_);
    for (size_t i = params_; i < locals_.size(); ++i) {
      out.u32(1);
      encode_val_type(out, locals_[i]);
    }
    out.bytes(out_.view());
    return out.take();
  }

 private:
  void put(const Instr& instr) { encode_instr(out_, instr); }

  std::vector<CoreType> locals_;               // parameters first
  size_t params_;
  Writer out_;
  uint32_t depth_ = 0;
};

}  // namespace skiff::component::fuse
