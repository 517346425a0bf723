// The personality function, and the two ways in which unwinders learn of code: libgcc's takes a whole section,
// LLVM's has a function of its own for that.
#include "compiler/target/unwind.h"

#include <cstddef>

#include "compiler/target/lsda.h"
#include "engine/base/check.h"

extern "C" {
void __register_frame(void*);
void __deregister_frame(void*);
[[gnu::weak]] void __unw_add_dynamic_eh_frame_section(uintptr_t);
[[gnu::weak]] void __unw_remove_dynamic_eh_frame_section(uintptr_t);
}

namespace skiff::compiler {
namespace {

constexpr uint64_t kExceptionClass = 0x534B49465741534D;  // "SKIFWASM"

static_assert(offsetof(NativeException, header) == 0);

uintptr_t landing_pad_of(_Unwind_Context* context) {
  const auto* lsda = reinterpret_cast<const uint8_t*>(_Unwind_GetLanguageSpecificData(context));
  if (!lsda) return 0;
  int before_instruction = 0;
  const uintptr_t ip = _Unwind_GetIPInfo(context, &before_instruction);
  // A return address lies after its call, maybe in the next row or function.
  return find_landing_pad(lsda, _Unwind_GetRegionStart(context), before_instruction ? ip : ip - 1);
}

}  // namespace

void raise_native(NativeException& exception) {
  exception.header.exception_class = kExceptionClass;
  exception.header.exception_cleanup = nullptr;
  _Unwind_RaiseException(&exception.header);
  SKIFF_CHECK(!"nobody catches an exception of a guest");
  __builtin_unreachable();
}

void register_eh_frames(const uint8_t* section) {
  if (__unw_add_dynamic_eh_frame_section) {
    __unw_add_dynamic_eh_frame_section(reinterpret_cast<uintptr_t>(section));
  } else {
    __register_frame(const_cast<uint8_t*>(section));
  }
}

void forget_eh_frames(const uint8_t* section) {
  if (__unw_remove_dynamic_eh_frame_section) {
    __unw_remove_dynamic_eh_frame_section(reinterpret_cast<uintptr_t>(section));
  } else {
    __deregister_frame(const_cast<uint8_t*>(section));
  }
}

}  // namespace skiff::compiler

_Unwind_Reason_Code skiff_personality(int version, _Unwind_Action actions, uint64_t exception_class,
                                      _Unwind_Exception* exception, _Unwind_Context* context) {
  if (version != 1) return _URC_FATAL_PHASE1_ERROR;
  if (actions & _UA_FORCE_UNWIND) return _URC_CONTINUE_UNWIND;
  if (exception_class != skiff::compiler::kExceptionClass) return _URC_FATAL_PHASE1_ERROR;
  const uintptr_t pad = skiff::compiler::landing_pad_of(context);
  if (pad == 0) return _URC_CONTINUE_UNWIND;
  if (actions & _UA_SEARCH_PHASE) return _URC_HANDLER_FOUND;
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), reinterpret_cast<uintptr_t>(exception));
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(1), 1);
  _Unwind_SetIP(context, pad);
  return _URC_INSTALL_CONTEXT;
}
