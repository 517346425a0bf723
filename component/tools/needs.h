// Which canonical options a function of WIT needs: memory for values that travel there, realloc
// where the callee's side allocates. Spec: CanonicalABI.md, Flattening; Explainer.md, canonopt.
#pragma once

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

}  // namespace skiff::component::tools
