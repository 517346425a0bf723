// TransferCode: code that takes values from one side of a call to the other: what component/abi/transfer.cc does, written
// out for one signature. Every check of lifting and lowering is in it, with the same traps in the same order.
// Both memories have 32-bit addresses, so that both sides lay values out alike.
#pragma once

#include "component/abi/shape.h"
#include "component/abi/trap.h"
#include "component/fuse/code.h"
#include "component/fuse/imports.h"

namespace skiff::component::fuse {

/// A side with indices of the module.
struct Port {
  const Side* side = nullptr;
  uint32_t memory = 0;
  uint32_t realloc = 0;
  uint32_t may_leave = 0;                     // global
};

/// Flat values, one after the other.
struct Cursor {
  const std::vector<Local>* locals = nullptr;
  size_t at = 0;
  Local next() { return (*locals)[at++]; }
};

class TransferCode {
 public:
  /// `back`: of results. `call`: global that has the call. The code goes to `code`.
  TransferCode(const TypeTable& types, Imports& imports, Code& code, Port from, Port to, bool back, uint32_t call)
      : types_(types), imports_(imports), code_(code), from_(from), to_(to), back_(back), call_(call) {}

  /// From flat values to flat values. The targets are fresh locals.
  void flat(Cursor& in, ValType a, Cursor& out, ValType b);
  /// Table of representations for a borrowed handle, and a local that becomes 1 when the host had to lend it.
  void set_implemented(const std::vector<std::pair<ResourceId, uint32_t>>* implemented, Local lent) {
    implemented_ = implemented;
    lent_ = lent;
  }
  /// From source + offset to target + offset, both known to be in memory.
  void memory(Local source, Local target, uint64_t offset, ValType a, ValType b);
  /// Traps unless [ptr, ptr + size) is aligned and in the memory. `size` of the second form: a local, i32.
  void check_range(const Port& port, Local ptr, uint64_t size, uint32_t align, CmTrap outside);
  void check_range_of(const Port& port, Local ptr, Local size, uint32_t align, CmTrap outside);
  /// Calls the receiver's realloc; a local with what it gave, unchecked. `size`: a local, i32.
  Local allocate(uint32_t align, Local size);
  /// Traps when the i32 on the stack is not 0.
  void trap_if(CmTrap trap);
  void trap(CmTrap trap);

 private:
  void intrinsic(Intrinsic which) { code_.call(imports_.intrinsic(which)); }
  void begin_intrinsic() {
    code_.global_get(call_);
    code_.i32(back_ ? 1 : 0);
  }
  void check_bounds(const Port& port, CmTrap outside);
  void check_char(Local c);
  Local copy_of(CoreType type) {
    const Local local = code_.add_local(type);
    code_.set(local);
    return local;
  }
  void get_as(Local local, CoreType want);
  void set_from(CoreType have, Local local);
  void normalise_flat(Primitive type);
  void canonical_nan(CoreType type);
  void mask_flags(size_t labels);
  void flat_primitive(Cursor& in, Primitive type, Cursor& out);
  void flat_handle(Local index, ValType a, ValType b);
  bool flat_own_borrow(Local index, ValType a, ValType b);
  void flat_variant(Cursor& in, const Shape& s, ValType a, Cursor& out, const Shape& t);
  void memory_primitive(Local source, Local target, uint64_t offset, Primitive type);
  void memory_fields(Local source, Local target, uint64_t offset, const Shape& s, const Shape& t, size_t count);
  void memory_variant(Local source, Local target, uint64_t offset, const Shape& s, ValType a, const Shape& t);
  void memory_pair(Local source, uint64_t offset, Local& first, Local& second);
  void put_pair(Local target, uint64_t offset, Local first, Local second);
  void copy_bytes(Local source, Local target, uint64_t offset, uint64_t size);
  void string(Local ptr, Local units, Local& to_ptr, Local& to_units);
  void list(Local ptr, Local count, const Shape& s, const Shape& t, Local& to_ptr);
  void elements(Local source, Local target, Local count, const Shape& s, const Shape& t);
  /// One case for each payload; `emit(i)` writes that of case i.
  template <class F>
  void cases(Local index, const Shape& s, F&& emit);
  bool is_plain(ValType type) const;

  const TypeTable& types_;
  Imports& imports_;
  Code& code_;
  const Port from_, to_;
  const bool back_;
  const uint32_t call_;
  const std::vector<std::pair<ResourceId, uint32_t>>* implemented_ = nullptr;
  Local lent_ = 0;
};

}  // namespace skiff::component::fuse
