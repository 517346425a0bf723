// wasi:cli: standard streams.
#include "wasi/os/file_stream.h"
#include "wasi/p3/functions.h"

namespace skiff::wasi::p3 {
namespace {

component::Val tell(const StreamFault& fault) {
  CliError error = CliError::Io;
  if (fault.kind == StreamFault::Kind::Closed || fault.error.code == Errno::Pipe) error = CliError::Pipe;
  else if (fault.error.code == Errno::IlSeq) error = CliError::IllegalByteSequence;
  return component::Val::of_case(static_cast<uint32_t>(error));
}

Ended<CliError> write(P3Call& c, const BytesIn& data, const StdHandle& handle) {
  Interrupt interrupt = c.interrupt();
  interrupt.scheduler = &c.state.scheduler;
  return take_bytes<CliError>(c, data, std_output(handle, interrupt), tell);
}

}  // namespace

BytesOut<CliError> stdin_read(P3Call& c) { return give_bytes<CliError>(c, c.state.in, tell); }
Ended<CliError> stdout_write(P3Call& c, BytesIn data) { return write(c, data, c.state.ctx.out); }
Ended<CliError> stderr_write(P3Call& c, BytesIn data) { return write(c, data, c.state.ctx.err); }

}  // namespace skiff::wasi::p3
