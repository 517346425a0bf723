// wasi:cli: standard streams.
#include "wasi/os/file_stream.h"
#include "wasi/p2/functions.h"

namespace skiff::wasi::p2 {
namespace {

Own<Output> output(P2Call& c, const StdHandle& handle) {
  Interrupt interrupt = c.interrupt();
  interrupt.scheduler = &c.state.scheduler;
  return c.make<Output>(nullptr, std_output(handle, interrupt));
}

}  // namespace

Own<Input> get_stdin(P2Call& c) { return c.make<Input>(nullptr, c.state.in); }
Own<Output> get_stdout(P2Call& c) { return output(c, c.state.ctx.out); }
Own<Output> get_stderr(P2Call& c) { return output(c, c.state.ctx.err); }

}  // namespace skiff::wasi::p2
