// Defining the table (functions.def) in a linker.
#include "wasi/p2/p2.h"

#include "wasi/p2/functions.h"

namespace skiff::wasi {

P2::P2() : Face(static_cast<size_t>(p2::ResourceKind::Count)) {}

void P2::define(component::ComponentLinker& linker) const {
  Definer to(*this, linker);
#define SKIFF_P2_INTERFACE(NAME, ROWS) \
  to.interface = NAME;                 \
  ROWS
#define SKIFF_P2_RESOURCE(NAME, R) to.resource(NAME, p2::R::kType);
#define SKIFF_P2_TYPE(NAME, ...) to.type<__VA_ARGS__>(NAME);
#define SKIFF_P2(NAME, PARAMS, F) to.function<&p2::F>(NAME, PARAMS);
#include "wasi/p2/functions.def"
#undef SKIFF_P2
#undef SKIFF_P2_TYPE
#undef SKIFF_P2_RESOURCE
#undef SKIFF_P2_INTERFACE
}

}  // namespace skiff::wasi
