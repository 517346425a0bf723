// Any bytes, as a component and as its text: decoding and parsing must end in a Component or an Error. What
// decodes must encode to an equal component, and print to text that parses to an equal one.
#include "component/binary/binary.h"
#include "component/binary/equal.h"
#include "component/text/text.h"
#include "engine/base/check.h"

using namespace skiff;
using namespace skiff::component;

namespace {

void check_round_trips(const Component& component) {
  const auto decoded = decode_component(SharedBytes::own(encode_component(component)), Features::all());
  SKIFF_CHECK(decoded.has_value());
  SKIFF_CHECK(components_equal(component, **decoded));
  const auto text = print_component(component);
  SKIFF_CHECK(text.has_value());
  const auto again = parse_component(*text, Features::all());
  SKIFF_CHECK(again.has_value());
  // Core modules are compared as modules, whose bodies text cannot always repeat byte by byte: then printing
  // must at least have come to rest.
  if (components_equal(component, **again)) return;
  const auto third = print_component(**again);
  SKIFF_CHECK(third.has_value() && *third == *text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan bytes(data, size);
  const auto decoded = decode_component({bytes, nullptr}, Features::all());
  if (decoded) {
    check_round_trips(**decoded);
  } else {
    SKIFF_CHECK(decoded.error().offset <= size);
  }
  (void)decode_component({bytes, nullptr}, Features());
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_component(source, Features::all());
  if (parsed) {
    check_round_trips(**parsed);
  } else {
    SKIFF_CHECK(parsed.error().offset <= size);
  }
  return 0;
}
