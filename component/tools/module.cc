// Custom sections of core modules.
#include "component/tools/module.h"

#include "component/wit/encode.h"
#include "engine/base/reader.h"
#include "engine/base/writer.h"

namespace skiff::component::tools {

bool is_world_section(std::string_view name) {
  if (!name.starts_with(wit::kWorldSection)) return false;
  name.remove_prefix(wit::kWorldSection.size());
  return name.empty() || name.front() == ':';
}

Result<std::optional<wit::DecodedWorld>> module_world(const Module& module) {
  std::optional<wit::DecodedWorld> world;
  for (const CustomSection& custom : module.customs) {
    if (!is_world_section(custom.name)) continue;
    std::vector<uint8_t> contents(custom.bytes.begin(), custom.bytes.end());
    wit::DecodedWorld next =
        SKIFF_TRY(wit::decode_world_section(SharedBytes::own(std::move(contents))));
    if (!world) {
      world = std::move(next);
    } else if (world->strings != next.strings) {
      return fail(ErrorCode::InvalidWit, kNoOffset, kNoIndex,
                  "the module's worlds disagree about the encoding of strings");
    } else {
      SKIFF_TRY(merge_world(*world, next));
    }
  }
  return world;
}

Result<std::vector<uint8_t>> without_worlds(ByteSpan module) {
  Reader reader(module);
  Writer out;
  out.bytes(reader.bytes(8, ErrorCode::UnexpectedEnd));
  while (reader.ok() && !reader.at_end()) {
    const uint8_t* begin = reader.pos();
    const uint8_t id = reader.u8();
    const ByteSpan contents = reader.bytes(reader.u32());
    if (!reader.ok()) break;
    if (id == 0) {
      Reader custom(contents);
      const std::string_view name = custom.name();
      if (custom.ok() && is_world_section(name)) continue;
    }
    out.bytes(ByteSpan{begin, static_cast<size_t>(reader.pos() - begin)});
  }
  if (!reader.ok()) return std::unexpected(reader.error());
  return out.take();
}

Result<std::vector<uint8_t>> embed_world(ByteSpan module, const wit::Resolve& resolve,
                                         wit::WorldId world, StringEncoding strings) {
  Writer out;
  out.bytes(std::span<const uint8_t>(SKIFF_TRY(without_worlds(module))));
  Writer section;
  section.name(std::string(wit::kWorldSection) + ":" + resolve[world].name);
  section.bytes(std::span<const uint8_t>(wit::encode_world_section(resolve, world, strings)));
  out.u8(0);
  out.u32(section.size());
  out.bytes(section.view());
  return out.take();
}

}  // namespace skiff::component::tools
