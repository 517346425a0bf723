// Any bytes, as a module with three feature sets: decoding must end in a Module or an Error. Then every
// instruction of every body: what decodes must survive encode_instr and decode_instr unchanged.
#include "engine/base/check.h"
#include "engine/binary/decode.h"
#include "engine/binary/decode_instr.h"
#include "engine/binary/encode.h"

namespace {

using namespace skiff;

std::vector<uint8_t> encoded(const Instr& instr) {
  Writer out;
  encode_instr(out, instr);
  return out.take();
}

void check_instr(const Instr& instr, const DecodeContext& context) {
  const std::vector<uint8_t> bytes = encoded(instr);
  Reader reader(bytes);
  InstrBuffers buffers;
  Instr again;
  SKIFF_CHECK(decode_instr(reader, context, buffers, again));
  SKIFF_CHECK(reader.at_end());
  SKIFF_CHECK(again.op == instr.op);
  SKIFF_CHECK(encoded(again) == bytes);
}

void check_body(const CodeBytes& body, Features features) {
  const DecodeContext context{features};
  Reader reader(body.bytes, body.offset);
  const uint32_t groups = reader.count();
  for (uint32_t i = 0; i < groups && reader.ok(); ++i) {
    reader.u32();
    decode_val_type(reader, features);
  }
  InstrBuffers buffers;
  Instr instr;
  while (!reader.at_end() && decode_instr(reader, context, buffers, instr)) check_instr(instr, context);
  SKIFF_CHECK(reader.ok() || !reader.error().message().empty());
}

void check_module(ByteSpan bytes, Features features) {
  const Result<Module> module = decode_module({bytes, nullptr}, features);
  if (!module) {
    SKIFF_CHECK(module.error().offset <= bytes.size());
    return;
  }
  (void)check_custom_sections(*module);
  for (const Function& function : module->functions) check_body(function.body, features);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan bytes(data, size);
  Features none;
  SKIFF_CHECK(none.apply("none"));
  check_module(bytes, Features());
  check_module(bytes, Features::all());
  check_module(bytes, none);
  return 0;
}
