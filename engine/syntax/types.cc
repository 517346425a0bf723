// Text of types, for error messages and the printer.
#include "engine/syntax/types.h"

namespace skiff {

std::string to_string(HeapType type) {
  if (type.is_concrete()) return std::to_string(type.index());
  switch (type.code()) {
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) \
  case CODE: return TEXT;
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE
  }
  return "?";
}

std::string to_string(ValType type) {
  switch (type.kind()) {
    case ValType::Kind::Bot: return "bot";
#define SKIFF_NUM_TYPE(ID, CODE, TEXT) \
  case ValType::Kind::ID: return TEXT;
#include "engine/syntax/types.def"
#undef SKIFF_NUM_TYPE
    case ValType::Kind::Ref: return "(ref " + to_string(type.heap()) + ")";
    case ValType::Kind::RefNull: break;
  }
  if (!type.heap().is_concrete()) {
    switch (type.heap().code()) {
#define SKIFF_HEAP_TYPE(ID, CODE, TEXT, SHORT, TOP) \
  case CODE: return SHORT;
#include "engine/syntax/types.def"
#undef SKIFF_HEAP_TYPE
    }
  }
  return "(ref null " + to_string(type.heap()) + ")";
}

std::string to_string(const FuncType& type) {
  auto list = [](const std::vector<ValType>& types) {
    std::string text = "[";
    for (size_t i = 0; i < types.size(); ++i) text.append(i ? " " : "").append(to_string(types[i]));
    return text + "]";
  };
  return list(type.params) + " -> " + list(type.results);
}

}  // namespace skiff
