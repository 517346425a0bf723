// The walker's stacks: reusable buffers, so that walking many functions allocates nothing in the steady state.
#pragma once

#include "engine/binary/decode_instr.h"

namespace skiff {

/// Buffers of a walk. Thread: one walk at a time; any number of walks one after the other.
struct WalkScratch {
  InstrBuffers instr;
};

}  // namespace skiff
