// NativeImage: the linked machine code of one module, position-independent, the same bytes whether they run
// at once (JIT) or are mapped from an artifact later (AOT). Three page-aligned parts follow each other:
// text (read, execute), rodata (read), data (private, read and write; only fix-up words).
// All offsets count from the image's first byte.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/result.h"

namespace skiff::compiler {

/// Where a trap or call site is in the wasm module. Sorted by `text`; a row holds up to the next one.
struct PcEntry {
  uint32_t text = 0;     // offset in the image of the first byte
  uint32_t func = 0;     // function index, kNoIndex: thunks
  uint32_t wasm = 0;     // byte offset in the module
};

/// What an artifact of this image consists of besides its bytes. Plain vectors; serialised as they are.
struct NativeImage {
  std::vector<uint8_t> bytes;            // text, rodata, data
  uint32_t text_size = 0;                // multiples of the page size
  uint32_t rodata_size = 0;
  uint32_t data_size = 0;
  uint32_t eh_frame_offset = 0, eh_frame_size = 0;
  std::vector<uint32_t> functions;       // entry of each defined function (import count subtracted)
  std::vector<uint32_t> array_entries;   // by module type index; 0: not a function type
  std::vector<uint32_t> import_thunks;   // by module type index; 0: not a function type
  std::vector<PcEntry> pc_table;
  struct Fixup {
    enum class Kind : uint32_t { Personality, ImageBase };
    Kind kind = Kind::Personality;
    uint32_t offset = 0;                 // of an 8-byte word in data
    uint64_t addend = 0;
  };
  std::vector<Fixup> fixups;
};

}  // namespace skiff::compiler
