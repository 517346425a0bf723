// Folded bodies.
#include "engine/text/printer.h"

namespace skiff::text {

Status Printer::folded_body(Reader& reader, uint32_t func, uint64_t base) { return flat_body(reader, func, base); }

}  // namespace skiff::text
