// Which canonical options a function of WIT needs: memory for values that travel there, realloc
// where the callee's side allocates. Spec: CanonicalABI.md, Flattening; Explainer.md, canonopt.
#pragma once

#include <vector>

#include "component/wit/model.h"

namespace skiff::component::tools {

struct Needs {
  bool memory = false;
  bool realloc = false;
};

/// Of an import, lowered.
Needs needs_of_lower(const wit::Resolve& resolve, const wit::Function& f, bool async_);
/// Of an export, lifted. Asynchronous ones return by task.return.
Needs needs_of_lift(const wit::Resolve& resolve, const wit::Function& f, bool async_);
/// Of task.return for a function.
Needs needs_of_task_return(const wit::Resolve& resolve, const wit::Function& f);

/// The futures and streams in a function's type, each behind those inside of it.
std::vector<wit::TypeId> payloads_of(const wit::Resolve& resolve, const wit::Function& f);
/// Of reading or writing a future or stream.
Needs needs_of_transfer(const wit::Resolve& resolve, wit::TypeId id, bool read);

}  // namespace skiff::component::tools
