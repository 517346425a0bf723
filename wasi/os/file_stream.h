// Byte streams over files and over the host's standard streams.
//
// Regular files never make anybody wait: reading and writing happen in the call, errors with them. Other
// files (pipes, terminals, devices) are asked by poll first. Nothing is read before the guest asks for it,
// and output is the host's when write returns: nothing is buffered here.
#pragma once

#include <memory>
#include <optional>

#include "wasi/os/byte_stream.h"
#include "wasi/os/ctx.h"

namespace skiff::wasi {

/// Reads a file from `offset` on; a file without positions as it comes. Errors: BadF, Inval (offset).
Io<std::shared_ptr<InputStream>> file_input(std::shared_ptr<File> file, uint64_t offset);
/// Writes from `offset` on, or at the end, wherever that is then. Errors: BadF, Inval (offset).
Io<std::shared_ptr<OutputStream>> file_output(std::shared_ptr<File> file, std::optional<uint64_t> offset);

/// A standard stream. `interrupt`: how writing to a pipe that is full waits.
std::shared_ptr<InputStream> std_input(const StdHandle& handle);
std::shared_ptr<OutputStream> std_output(const StdHandle& handle, Interrupt interrupt);

}  // namespace skiff::wasi
