// The table of grants, and decoding for those who only look.
#include "component/tools/inspect.h"

#include "component/binary/binary.h"
#include "component/valid/valid.h"

namespace skiff::component::tools {
namespace {

constexpr Grant kGrants[] = {
    {"wasi:cli/environment", "--env", "environment variables"},
    {"wasi:cli/stdin", "", "standard input"},
    {"wasi:cli/stdout", "", "standard output"},
    {"wasi:cli/stderr", "", "standard error"},
    {"wasi:cli/exit", "", "ending the program"},
    {"wasi:cli/terminal-input", "", "whether a stream is a terminal"},
    {"wasi:cli/terminal-output", "", "whether a stream is a terminal"},
    {"wasi:cli/terminal-stdin", "", "whether a stream is a terminal"},
    {"wasi:cli/terminal-stdout", "", "whether a stream is a terminal"},
    {"wasi:cli/types", "", "types of standard streams"},
    {"wasi:cli/terminal-stderr", "", "whether a stream is a terminal"},
    {"wasi:clocks/types", "", "types of clocks"},
    {"wasi:clocks/monotonic-clock", "", "the monotonic clock"},
    {"wasi:clocks/wall-clock", "", "the time of day"},
    {"wasi:clocks/system-clock", "", "the time of day"},
    {"wasi:clocks/timezone", "", "the time zone"},
    {"wasi:filesystem/preopens", "--dir", "directories"},
    {"wasi:filesystem/types", "--dir", "files in granted directories"},
    {"wasi:http/outgoing-handler", "--allow-http", "requests to servers"},
    {"wasi:http/client", "--allow-http", "requests to servers"},
    {"wasi:http/types", "", "types of HTTP"},
    {"wasi:io/error", "", "errors of streams"},
    {"wasi:io/poll", "", "waiting"},
    {"wasi:io/streams", "", "streams"},
    {"wasi:random/random", "", "random numbers"},
    {"wasi:random/insecure", "", "random numbers"},
    {"wasi:random/insecure-seed", "", "random numbers"},
    {"wasi:sockets/instance-network", "--allow-net", "the network"},
    {"wasi:sockets/ip-name-lookup", "--allow-net", "names of hosts"},
    {"wasi:sockets/network", "--allow-net", "the network"},
    {"wasi:sockets/tcp", "--allow-net", "connections"},
    {"wasi:sockets/tcp-create-socket", "--allow-net", "connections"},
    {"wasi:sockets/udp", "--allow-net", "datagrams"},
    {"wasi:sockets/udp-create-socket", "--allow-net", "datagrams"},
    {"wasi:sockets/types", "--allow-net", "sockets"},
};

}  // namespace

const Grant* grant_of(std::string_view import) {
  const std::string_view interface = import.substr(0, import.find('@'));
  for (const Grant& grant : kGrants)
    if (grant.interface == interface) return &grant;
  return nullptr;
}

Result<wit::DecodedWorld> inspect_component(SharedBytes binary, Features features) {
  std::shared_ptr<const Component> component =
      SKIFF_TRY(decode_component(std::move(binary), features));
  TypeRegistry registry;
  PlainModules modules(registry, features);
  const std::unique_ptr<ComponentInfo> info =
      SKIFF_TRY(validate_component(std::move(component), registry, modules, {features}));
  return wit::decode_component_world(*info);
}

Result<wit::Resolved> component_to_wit(SharedBytes binary, Features features) {
  const std::shared_ptr<const Component> component = SKIFF_TRY(decode_component(binary, features));
  if (wit::is_wit_package(*component)) return wit::decode_package(*component);
  wit::DecodedWorld world = SKIFF_TRY(inspect_component(std::move(binary), features));
  const wit::PackageId package = world.resolve[world.world].package;
  return wit::Resolved{std::move(world.resolve), package};
}

}  // namespace skiff::component::tools
