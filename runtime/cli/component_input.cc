// Text is told from binaries by content; components given as text are assembled.
#include "runtime/cli/component_input.h"

#include <filesystem>

#include "component/binary/binary.h"
#include "component/text/text.h"
#include "component/tools/inspect.h"
#include "component/tools/module.h"
#include "component/wit/load.h"
#include "runtime/cli/input.h"

namespace skiff::cli {
namespace {

namespace tools = component::tools;
namespace wit = component::wit;

Result<wit::Resolved> from_binary(const SharedBytes& binary) {
  if (component::is_component(binary.bytes))
    return tools::component_to_wit(binary, Features::all());
  const Module module = SKIFF_TRY(decode_module(binary, Features::all()));
  std::optional<wit::DecodedWorld> world = SKIFF_TRY(tools::module_world(module));
  if (!world)
    return fail(ErrorCode::InvalidWit, kNoOffset, kNoIndex,
                "this core module has no embedded world");
  const wit::PackageId package = world->resolve[world->world].package;
  return wit::Resolved{std::move(world->resolve), package};
}

}  // namespace

std::optional<wit::Resolved> load_any_wit(const std::string& path, const Arguments& args) {
  wit::Options options;
  options.features = Features::all();
  for (const std::string_view name : args.values("features")) {
    if (name == "all") options.all_unstable = true;
    options.unstable.emplace_back(name);
  }
  std::error_code ignored;
  Result<wit::Resolved> resolved = fail(ErrorCode::FileError);
  if (std::filesystem::is_directory(path, ignored)) {
    resolved = wit::load_wit(path, options);
  } else {
    const auto input = read_input(path);
    if (!input) return std::nullopt;
    const ByteSpan bytes{reinterpret_cast<const uint8_t*>(input->content.data()),
                         input->content.size()};
    if (has_wasm_magic(bytes)) {
      resolved = from_binary({bytes, nullptr});
    } else if (component::is_component_text(input->content)) {
      auto binary = component::component_wat_to_binary(input->content, Features::all());
      if (!binary) return report_error(*input, binary.error()), std::nullopt;
      resolved = from_binary(SharedBytes::own(std::move(*binary)));
    } else {
      resolved = wit::parse_wit(input->name, input->content, options);
    }
  }
  if (resolved) return std::move(*resolved);
  // Messages about WIT text begin with file and line.
  const bool placed = resolved.error().phase() == Phase::Resource ||
                      resolved.error().message().find(path + ":") != std::string::npos;
  report_error((placed ? "" : path + ": ") + resolved.error().message());
  return std::nullopt;
}

}  // namespace skiff::cli
