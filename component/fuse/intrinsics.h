// Intrinsic: what adapters ask the host to do (intrinsics.def).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace skiff::component::fuse {

enum class Intrinsic : uint8_t {
#define SKIFF_FUSE_INTRINSIC(ID, SIGNATURE) ID,
#include "component/fuse/intrinsics.def"
};
inline constexpr std::string_view kIntrinsicSignatures[] = {
#define SKIFF_FUSE_INTRINSIC(ID, SIGNATURE) SIGNATURE,
#include "component/fuse/intrinsics.def"
};
inline constexpr size_t kIntrinsicCount = std::size(kIntrinsicSignatures);

}  // namespace skiff::component::fuse
