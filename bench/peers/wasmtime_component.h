// The component of component_bench on Wasmtime's C library, opened at run time; see wasmtime_component.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace skiff::bench {

/// Calls the export of that name with a u32; it gives one.
using PeerFunc = std::function<uint32_t(uint32_t)>;

/// Finds exports of an instance of the component, whose import "f" adds two u32s. Empty, with a note on stderr, when the
/// library cannot be opened or something in it fails.
std::function<PeerFunc(const std::string& name)> wasmtime_component(const char* library, std::span<const uint8_t> component);

}  // namespace skiff::bench
