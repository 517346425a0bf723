// Errors of WASI 0.2 as those of preview 1.
#include "component/tools/adapter/adapter.h"

// In the order of wasi:filesystem/types error-code.
static const uint8_t kErrnos[] = {
    kAcces,   kAgain,  kAlready, kBadF,        kBusy,     kDeadLk, kDQuot,  kExist,   kFBig,           kIlSeq,
    kInProgress, kIntr, kInval,  kIo,          kIsDir,    kLoop,   kMLink,  kMsgSize, kNameTooLong,    kNoDev,
    kNoEnt,   kNoLck,  kNoMem,   kNoSpc,       kNotDir,   kNotEmpty, kNotRecoverable, kNotSup, kNoTty, kNxio,
    kOverflow, kPerm,  kPipe,    kRoFs,        kSPipe,    kTxtBsy, kXDev,
};
_Static_assert(sizeof kErrnos == 37, "error-code has 37 cases");

Errno errno_of(uint8_t code) { return code < sizeof kErrnos ? kErrnos[code] : kIo; }

Errno stream_errno(const struct Streamed* s) {
  if (s->reason == kClosed) return kPipe;
  struct OptionalCode code;
  filesystem_error_code(s->error, &code);
  drop_error(s->error);
  return code.some ? errno_of(code.code) : kIo;
}
