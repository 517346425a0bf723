// The files of both kinds.
#include "component/bindgen/bindgen.h"

#include "component/bindgen/emit.h"

namespace skiff::component::bindgen {

std::string_view guest_runtime() {
  static constexpr std::string_view kText =
#include "guest_runtime.inc"
      ;
  return kText;
}

Result<std::vector<OutputFile>> generate(const wit::Resolve& resolve, wit::WorldId world, const Options& options) {
  const Plan plan = SKIFF_TRY(Plan::make(resolve, world, options));
  const std::string& name = plan.file_name();
  std::vector<OutputFile> out;
  if (options.side == Side::Guest) {
    out.push_back({name + ".h", guest_header(plan)});
    out.push_back({name + ".cc", guest_source(plan)});
    out.push_back({"wit.h", std::string(guest_runtime())});
  } else {
    out.push_back({name + ".h", host_header(plan)});
    out.push_back({name + ".cc", host_source(plan)});
  }
  return out;
}

}  // namespace skiff::component::bindgen
