// Modules of scripts, and the round trip check.
#include "spectest/modules.h"

#include "component/binary/binary.h"
#include "component/binary/equal.h"
#include "component/text/parse_component.h"
#include "component/text/text.h"
#include "engine/binary/decode.h"
#include "engine/binary/encode.h"
#include "engine/binary/equal.h"
#include "engine/text/parse_module.h"
#include "engine/text/text.h"

namespace skiff::spectest {

Result<Module> load_module(const Script& script, const ModuleSource& source, Features features) {
  switch (source.kind) {
    case ModuleSource::Kind::Text: {
      text::TokenCursor cursor(script.tokens);
      cursor.seek(source.fields);
      return text::parse_module_fields(cursor, features);
    }
    case ModuleSource::Kind::Quote:
      return parse_wat(source.bytes, features);
    case ModuleSource::Kind::Inline:
      return parse_wat(script.source, features);
    case ModuleSource::Kind::Binary:
      return decode_module(SharedBytes::own({source.bytes.begin(), source.bytes.end()}), features);
  }
  return fail(ErrorCode::InvalidArgument);
}

Result<std::vector<uint8_t>> module_binary(const Script& script, const ModuleSource& source,
                                           Features features) {
  if (source.kind == ModuleSource::Kind::Binary) {
    return std::vector<uint8_t>(source.bytes.begin(), source.bytes.end());
  }
  return encode_module(SKIFF_TRY(load_module(script, source, features)));
}

namespace {
std::unexpected<Error> differ(std::string_view where) {
  return fail(ErrorCode::InvalidArgument, kNoOffset, kNoIndex, "differs after " + std::string(where));
}
}  // namespace

Status check_roundtrip(const Script& script, const ModuleSource& source, Features features) {
  const Module first = SKIFF_TRY(load_module(script, source, features));
  const Module decoded = SKIFF_TRY(decode_module(SharedBytes::own(encode_module(first)), features));
  if (!modules_equal(first, decoded)) return differ("encoding and decoding");
  const std::string text = SKIFF_TRY(print_wat(decoded));
  const Module again = SKIFF_TRY(parse_wat(text, features));
  if (modules_equal(first, again)) return {};
  // Bodies of binary modules may hold integers that are not in their shortest form, which text
  // cannot say; then both modules must at least be the same as text.
  if (source.kind == ModuleSource::Kind::Binary && SKIFF_TRY(print_wat(again)) == text) return {};
  return differ("printing and parsing");
}

using ComponentPtr = std::shared_ptr<const component::Component>;

namespace {
Result<ComponentPtr> load_component(const Script& script, const ComponentSource& source, Features features) {
  switch (source.source.kind) {
    case ModuleSource::Kind::Text: {
      text::TokenCursor cursor(script.tokens);
      cursor.seek(source.source.fields);
      return component::parse_component_fields(cursor, source.id, features);
    }
    case ModuleSource::Kind::Quote:
      return component::parse_component("(component " + source.source.bytes + "\n)", features);
    case ModuleSource::Kind::Binary: {
      const std::string& bytes = source.source.bytes;
      return component::decode_component(SharedBytes::own({bytes.begin(), bytes.end()}), features);
    }
    case ModuleSource::Kind::Inline: break;
  }
  return fail(ErrorCode::InvalidArgument);
}
}  // namespace

Result<std::vector<uint8_t>> component_binary(const Script& script, const ComponentSource& source,
                                              Features features) {
  if (source.source.kind == ModuleSource::Kind::Binary) {
    return std::vector<uint8_t>(source.source.bytes.begin(), source.source.bytes.end());
  }
  const ComponentPtr component = SKIFF_TRY(load_component(script, source, features));
  return component::encode_component(*component);
}

Status check_roundtrip(const Script& script, const ComponentSource& source, Features features) {
  const ComponentPtr first = SKIFF_TRY(load_component(script, source, features));
  auto binary = SharedBytes::own(component::encode_component(*first));
  const ComponentPtr decoded = SKIFF_TRY(component::decode_component(std::move(binary), features));
  if (!component::components_equal(*first, *decoded)) return differ("encoding and decoding");
  const std::string text = SKIFF_TRY(component::print_component(*decoded));
  const ComponentPtr again = SKIFF_TRY(component::parse_component(text, features));
  return component::components_equal(*first, *again) ? Status() : differ("printing and parsing");
}

}  // namespace skiff::spectest
