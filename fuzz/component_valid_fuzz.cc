// Any bytes, as a component's binary (those that begin with the magic number of wasm) or text, under two
// feature sets: validation must end in a ComponentInfo or an Error with a message. The type of a valid
// component is a subtype of itself, and its binary form is valid too. Nothing may stay in the type registry.
#include "component/binary/binary.h"
#include "component/text/text.h"
#include "component/valid/valid.h"
#include "engine/base/check.h"

namespace {

using namespace skiff;
using namespace skiff::component;

using Syntax = Result<std::shared_ptr<const Component>>;

bool validate(const std::shared_ptr<const Component>& component, Features features) {
  TypeRegistry registry;
  bool valid = false;
  {
    PlainModules modules(registry, features);
    const auto info = validate_component(component, registry, modules, {features});
    valid = info.has_value();
    if (!valid) {
      SKIFF_CHECK(!info.error().message().empty());
    } else {
      ExternType type;
      type.sort = Sort::Component;
      type.id = (*info)->type;
      ResourceMap resources;
      const TypeTable& table = *(*info)->types;
      const Status status = matches(table, type, table, type, resources, registry);
      SKIFF_CHECK(status || status.error().code == ErrorCode::ImplementationLimit);
    }
  }
  SKIFF_CHECK(registry.live_types() == 0);
  return valid;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Features all = Features::all();
  const ByteSpan bytes(data, size);
  const bool text = !has_wasm_magic(bytes);
  const Syntax parsed =
      text ? parse_component({reinterpret_cast<const char*>(data), size}, all) : decode_component({bytes, nullptr}, all);
  if (!parsed) return 0;
  validate(*parsed, Features());
  const bool valid = validate(*parsed, all);
  if (!valid) return 0;
  const Syntax again = decode_component(SharedBytes::own(encode_component(**parsed)), all);
  SKIFF_CHECK(again.has_value());
  SKIFF_CHECK(validate(*again, all));
  return 0;
}
