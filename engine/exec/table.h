// TableObject: owner of a table (Spec: syntax-tableinst).
#pragma once

#include "engine/base/result.h"
#include "engine/exec/vmctx.h"

namespace skiff {

class TableObject {
 public:
  TableInst inst;
  TableType type;                      // canonical
  ~TableObject();
};

}  // namespace skiff
