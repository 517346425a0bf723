// Defining the table (functions.def) in a linker.
#include "wasi/p3/p3.h"

#include "wasi/p3/http_calls.h"

namespace skiff::wasi {

P3::P3() : Face(static_cast<size_t>(p3::ResourceKind::Count)) {}

void P3::define(component::ComponentLinker& linker) const {
  Definer to(*this, linker);
#define SKIFF_P3_INTERFACE(NAME, ROWS) \
  to.interface = NAME;                 \
  ROWS
#define SKIFF_P3_RESOURCE(NAME, R) to.resource(NAME, p3::R::kType);
#define SKIFF_P3_TYPE(NAME, ...) to.type<__VA_ARGS__>(NAME);
#define SKIFF_P3(NAME, PARAMS, F) to.function<&p3::F>(NAME, PARAMS);
#define SKIFF_P3_ASYNC(NAME, PARAMS, F) to.async_function<&p3::F>(NAME, PARAMS);
#include "wasi/p3/functions.def"
#undef SKIFF_P3_ASYNC
#undef SKIFF_P3
#undef SKIFF_P3_TYPE
#undef SKIFF_P3_RESOURCE
#undef SKIFF_P3_INTERFACE
}

}  // namespace skiff::wasi
